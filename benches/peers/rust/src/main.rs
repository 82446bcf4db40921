//! Drives one Rust client, a peer or ours, against a server, and prints one JSON line per answer.
//! The server counts the cost of the answers.
//!
//! ```text
//! peers ask <client> <base url with {id}> <cases.jsonl> <re-asks> [<most tokens>]
//! peers stream <client> <base url> <size> <chunk> …
//! ```

mod clients;
mod stream;
mod types;

use std::fs;

use serde::Deserialize;
use serde_json::{Value, json};

use clients::{Client, Settings};

/// One line of the file of cases. `schema` is the JSON Schema of a type that is not in `types.rs`.
#[derive(Deserialize)]
struct Case {
    name: String,
    r#type: String,
    prompt: String,
    schema: Option<Value>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["ask", client, url, cases, reasks] => ask(client, url, cases, reasks, None).await,
        ["ask", client, url, cases, reasks, most] => {
            ask(client, url, cases, reasks, Some(most)).await
        }
        ["stream", client, url] => stream::run(client, url).await,
        _ => panic!("see the top of main.rs"),
    }
}

async fn ask(client: &str, url: &str, cases: &str, reasks: &str, most: Option<&str>) {
    let client: Client = client.parse().expect("a client that there is");
    let settings = Settings {
        reasks: reasks.parse().expect("a number of re-asks"),
        most_tokens: most.map(|most| most.parse().expect("a number of tokens")),
    };
    for line in fs::read_to_string(cases).expect("the cases").lines() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let url = url.replace("{id}", &case.name);
        let answer = match case.schema {
            Some(schema) => client.ask_for_value(schema, &url, &case.prompt, &settings).await,
            None => client.ask_for(&case.r#type, &url, &case.prompt, &settings).await,
        };
        let line = match answer {
            Ok(value) => json!({"name": case.name, "value": value}),
            Err(error) => json!({"name": case.name, "error": error.kind, "message": error.message}),
        };
        println!("{line}");
    }
}
