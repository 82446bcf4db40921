//! The CPU of consuming whole streams with partial values. A stream is asked for by a base URL that
//! says how long its reply is and in how large pieces it comes. Its lines are read from the standard
//! input, so that the driver can stop a client that has become too slow.

use std::io::{BufRead, Write};
use std::time::Instant;

use cpu_time::ProcessTime;
use futures_util::StreamExt;
use rstructor::{LLMClient, StreamedObject};
use serde_json::json;

use crate::types::Log;

/// Reads a case a line (`size/chunk`), consumes its stream, writes what that took.
pub async fn run(client: &str, url: &str) {
    for case in std::io::stdin().lock().lines() {
        let url = url.replace("{id}", &case.expect("a case"));
        let (from, clock) = (ProcessTime::now(), Instant::now());
        let (partials, entries) = match client {
            "ours" => typed(&url).await,
            "rstructor" => rstructor(&url).await,
            "baseline" => baseline(&url).await,
            other => panic!("no client is called {other}"),
        };
        println!(
            "{}",
            json!({"cpu": from.elapsed().as_secs_f64(), "wall": clock.elapsed().as_secs_f64(), "partials": partials, "entries": entries})
        );
        std::io::stdout().flush().expect("an open pipe");
    }
}

async fn rstructor(url: &str) -> (usize, usize) {
    let client = rstructor::OpenAIClient::new("none").expect("a client").base_url(url);
    let mut stream = client.materialize_stream::<Log>("The log, please.");
    let mut partials = 0;
    while let Some(item) = stream.next().await {
        match item.expect("a whole stream") {
            StreamedObject::Partial(value) => {
                std::hint::black_box(value);
                partials += 1;
            }
            StreamedObject::Complete(value) => return (partials, value.entries.len()),
        }
    }
    panic!("the stream ended without a value");
}

/// The events of a reply of 1 MB in pieces of 4 bytes are 60 MB, more than is taken unless one says so.
fn ours(url: &str) -> extract_llm::Client {
    let client = extract_llm::Client::builder().model("llamacpp/any").base_url(url);
    client.max_reply_bytes(256 << 20).build().expect("a client")
}

/// Typed partials: each delta fills the value in place, and it is looked at when that changed something.
/// At the end the reply is read and checked like any other.
async fn typed(url: &str) -> (usize, usize) {
    use extract_llm::contract::Contract;
    use extract_llm::conversation::{Delta, Message, Request};
    use extract_llm::partial::Live;

    let client = ours(url);
    let request = Request::new(vec![Message::user("The log, please.")]);
    let mut stream = client.model().stream(&request).await.expect("a stream");
    let mut live = Live::<Log>::new(Contract::of::<Log>().expect("a contract"), None);
    let (mut text, mut partials) = (String::new(), 0);
    while let Some(delta) = stream.next().await {
        if let Delta::Text(piece) = delta.expect("a whole stream") {
            text.push_str(&piece);
            live.feed(&piece);
            if live.take_changed() {
                std::hint::black_box(live.partial());
                partials += 1;
            }
        }
    }
    live.end();
    let log = extract_llm::parse::<Log>(&text).expect("a log").value;
    (partials, log.entries.len())
}

/// The deltas alone, put together, and the reply read once at its end: what a stream costs anyway.
async fn baseline(url: &str) -> (usize, usize) {
    use extract_llm::conversation::{Delta, Message, Request};

    let client = ours(url);
    let request = Request::new(vec![Message::user("The log, please.")]);
    let mut stream = client.model().stream(&request).await.expect("a stream");
    let (mut text, mut deltas) = (String::new(), 0);
    while let Some(delta) = stream.next().await {
        if let Delta::Text(piece) = delta.expect("a whole stream") {
            text.push_str(&piece);
            deltas += 1;
        }
    }
    let log: Log = serde_json::from_str(&text).expect("a log");
    (deltas, log.entries.len())
}
