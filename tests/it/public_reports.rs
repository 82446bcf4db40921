//! Replies rebuilt from public bug reports about other libraries, in the folder that
//! `EXTRACT_CASES_DIR` names: those about the text of a reply. Without the variable the test prints
//! a notice and passes.

use std::collections::BTreeMap;
use std::path::Path;

use extract_llm::contract::Contract;
use extract_llm::{Client, Extract, parse};
use serde::Serialize;
use serde_json::{Value, json};
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, ResponseTemplate};

#[derive(Debug, Serialize, Extract)]
struct Person {
    name: String,
    age: u8,
}

#[derive(Debug, Serialize, Extract)]
struct Doc {
    path: String,
}

#[derive(Debug, Serialize, Extract)]
struct Filters {
    min: Option<u32>,
    max: Option<u32>,
}

#[derive(Debug, Serialize, Extract)]
struct Company {
    name: String,
    note: Option<String>,
}

type Read = fn(&str) -> Result<Value, String>;

/// Returns the value of a text, or of a server's completion, as JSON.
fn read<T: Extract + Serialize>(input: &str) -> Result<Value, String> {
    let input = input.replace("{{TOOL}}", Contract::of::<T>().unwrap().name());
    if !input.starts_with("{\"id\"") {
        let parsed = parse::<T>(&input).map_err(|error| error.to_string())?;
        return Ok(serde_json::to_value(parsed.value).unwrap());
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(200).set_body_raw(input, "application/json");
        Mock::given(method("POST")).respond_with(template).mount(&server).await;
        let client = Client::builder()
            .base_url(format!("{}/v1", server.uri()))
            .model("custom/m1")
            .transport_retries(0)
            .build()
            .unwrap();
        let value = client.extract::<T>("Ida is 41.").validation_retries(0).await;
        value.map(|value| serde_json::to_value(value).unwrap()).map_err(|error| error.to_string())
    })
}

#[test]
fn replies_from_reports_are_read_correctly_or_refused() {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return;
    };
    let types: BTreeMap<&str, Read> = [
        ("Person", read::<Person> as Read),
        ("Doc", read::<Doc>),
        ("Filters", read::<Filters>),
        ("Company", read::<Company>),
        ("Vec<String>", read::<Vec<String>>),
    ]
    .into();
    let text = std::fs::read_to_string(Path::new(&folder).join("public/reports.jsonl")).unwrap();
    let (mut held, mut wrong) = (0, Vec::new());
    for line in text.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (id, input) = (&case["id"], case["input"].as_str().unwrap_or_default());
        // Bodies of other protocols are not about the text of a reply.
        let is_body = input.starts_with("{\"model\"") || input.starts_with("{\"candidates\"");
        if case["kind"] != "reply" || is_body {
            continue;
        }
        let asked = case["type"].as_str().unwrap();
        let name = asked
            .strip_prefix("struct ")
            .map_or(asked, |rest| rest.split([' ', '{']).next().unwrap_or_default());
        let expected = case["expected"].as_str().unwrap();
        let answer = types[name](input);
        let right = match &answer {
            Ok(value) => expected
                .strip_prefix("value ")
                .and_then(|rest| {
                    serde_json::Deserializer::from_str(rest).into_iter::<Value>().next()
                })
                .is_some_and(|one| one.is_ok_and(|one| one == *value)),
            Err(_) => expected.contains("error"),
        };
        held += 1;
        if !right {
            wrong.push(json!([id, expected, format!("{answer:?}")]).to_string());
        }
    }
    assert!(held > 10, "{held} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
