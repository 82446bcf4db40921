//! Measures a run over many rows against a server on a loopback socket, beside the same by hand with
//! `buffer_unordered`, `reqwest` and `serde_json`.
//!
//! ```text
//! cargo run --release -p extract-core --example rows
//! ```
//!
//! Arguments, each as `name=value`:
//! - `rows` (100000), `in_flight` (1000), and `latency` of an answer in milliseconds (50)
//! - `threads`: the threads of the client (1); the server has one of its own process
//! - `limits=off`: turns the limits of the client off, which begin with 32 requests at once
//! - `by`: `run` (default), `journal` (a run with a journal) or `hand`

#![expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

#[allow(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/support/limited.rs"]
mod limited;

use std::collections::HashMap;
use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use extract_core::Client;
use extract_core::conversation::Mode;
use extract_core::model::Limits;
use futures_util::{StreamExt, stream};
use limited::{LimitedServer, Rules, Says};
use serde_json::{Value, json};

struct Arguments(HashMap<String, String>);

impl Arguments {
    fn number(&self, name: &str, default: u64) -> u64 {
        self.0.get(name).map_or(default, |value| value.parse().expect("a number"))
    }
}

fn main() {
    let pairs = std::env::args().skip(1).filter_map(|argument| {
        argument.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()))
    });
    let arguments = Arguments(pairs.collect());
    let latency = Duration::from_millis(arguments.number("latency", 50));
    if arguments.0.contains_key("serve") {
        serve(latency);
        return;
    }
    let (mut server, url) = start_server(latency);
    let threads = usize::try_from(arguments.number("threads", 1)).expect("a small number");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .expect("a runtime");
    let (rows, in_flight) =
        (arguments.number("rows", 100_000), arguments.number("in_flight", 1_000));
    let by = arguments.0.get("by").map_or("run", String::as_str);
    let folder = tempfile::tempdir().expect("a folder");
    let journal = folder.path().join("journal.jsonl");
    let started = Instant::now();
    let done = runtime.block_on(async {
        match by {
            "hand" => by_hand(&url, rows, in_flight).await,
            _ => {
                let places = u32::try_from(in_flight).expect("a small number");
                let limits = match arguments.0.get("limits").map(String::as_str) {
                    Some("off") => Limits::off(),
                    _ => Limits::default().concurrency(places),
                };
                let journal = (by == "journal").then_some(&*journal);
                by_run(&url, rows, in_flight, limits, journal).await
            }
        }
    });
    let wall = started.elapsed().as_secs_f64();
    let cpu = cpu_seconds(std::process::id());
    let least = latency.as_secs_f64() * rows as f64 / in_flight as f64;
    println!(
        "{by}: {done} of {rows} rows in {wall:.2} s, {:.0} % of {least:.2} s",
        100.0 * wall / least
    );
    println!(
        "CPU {:.1} µs a row here, {:.1} µs in the server; memory at most {} MB",
        1e6 * cpu / rows as f64,
        1e6 * cpu_seconds(server.id()) / rows as f64,
        most_memory_kb() / 1_000
    );
    if let Ok(file) = std::fs::metadata(&journal) {
        println!("the journal has {} bytes a row", file.len() / rows);
    }
    server.kill().expect("the server ends");
}

/// Runs the rows by this crate. Returns how many have a right value.
async fn by_run(
    url: &str,
    rows: u64,
    in_flight: u64,
    limits: Limits,
    journal: Option<&std::path::Path>,
) -> u64 {
    let client = Client::builder()
        .base_url(url)
        .model("m")
        .mode(Mode::JsonSchema)
        .limits(limits)
        .build()
        .expect("a client");
    let inputs = (0..rows).map(|row| (row, format!("item-{row}")));
    let places = usize::try_from(in_flight).expect("a small number");
    let mut run = client.extract_many::<u64, _>(inputs).concurrency(places);
    if let Some(path) = journal {
        run = run.journal(path);
    }
    let mut right = 0;
    while let Some(row) = run.next().await {
        let row = row.expect("the run goes on");
        right += u64::from(row.result.is_ok_and(|done| done.value == row.id));
    }
    right
}

/// Runs the rows as one would by hand. Returns how many have a right value.
async fn by_hand(url: &str, rows: u64, in_flight: u64) -> u64 {
    // What the library does for its own clients.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    let url = format!("{url}/chat/completions");
    let schema = json!({
        "type": "object", "properties": {"value": {"type": "integer", "minimum": 0}},
        "required": ["value"], "additionalProperties": false,
    });
    let answers = stream::iter(0..rows).map(|row| {
        let body = json!({
            "model": "m",
            "messages": [{"role": "user", "content": format!("<text>\nitem-{row}\n</text>")}],
            "response_format": {
                "type": "json_schema", "json_schema": {"name": "uint64", "schema": schema},
            },
        });
        let request = client.post(&url).body(body.to_string());
        async move {
            let text = request.send().await.ok()?.text().await.ok()?;
            let reply: Value = serde_json::from_str(&text).ok()?;
            let content = reply["choices"][0]["message"]["content"].as_str()?;
            let answer: Value = serde_json::from_str(content).ok()?;
            (answer["value"].as_u64()? == row).then_some(())
        }
    });
    let places = usize::try_from(in_flight).expect("a small number");
    let right = answers.buffer_unordered(places).filter_map(|right| async move { right });
    right.count().await as u64
}

fn serve(latency: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let rules = Rules { limits: Vec::new(), says: Says::Nothing, latency, faults: false };
        println!("{}", LimitedServer::start(rules).await.url());
        std::future::pending::<()>().await;
    });
}

/// Starts this program as a server, and returns its URL.
fn start_server(latency: Duration) -> (Child, String) {
    let mut server = Command::new(std::env::current_exe().expect("the path of this program"))
        .args(["serve=yes", &format!("latency={}", latency.as_millis())])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the server starts");
    let output = server.stdout.take().expect("its output");
    let mut url = String::new();
    std::io::BufReader::new(output).read_line(&mut url).expect("its URL");
    (server, url.trim().to_owned())
}

/// Returns the seconds of CPU that a process has used (Linux).
fn cpu_seconds(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks =
        |index: usize| fields.get(index).and_then(|field| field.parse().ok()).unwrap_or(0.0);
    // 100 ticks a second.
    (ticks(11) + ticks(12)) / 100.0
}

/// Returns the most memory that this process has used, in kilobytes (Linux).
fn most_memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
