//! Measures the CPU time of consuming whole streams with partial values. The base URL selects the
//! reply's length and the size of its pieces. Cases are read from standard input, one per line, so
//! that the driver can stop a client that has become too slow.

use std::io::{BufRead, Write};
use std::time::Instant;

use cpu_time::ProcessTime;
use futures_util::StreamExt;
use rstructor::{LLMClient, StreamedObject};
use serde_json::json;

use crate::types::Log;

/// Reads one case per line (`size/chunk`), consumes its stream, and writes the measured times.
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

/// The events of a 1 MB reply in pieces of 4 bytes are 60 MB, more than the default limit allows.
fn ours(url: &str) -> extract_llm::Client {
    let client = extract_llm::Client::builder().model("llamacpp/any").base_url(url);
    client.max_reply_bytes(256 << 20).build().expect("a client")
}

/// Reads typed partials, borrowed in place, and at the end the checked value.
async fn typed(url: &str) -> (usize, usize) {
    let client = ours(url);
    let mut stream =
        client.extract::<Log>("The log, please.").mode(extract_llm::Mode::JsonSchema).stream();
    let mut partials = 0;
    while let Some(partial) = stream.next().await {
        std::hint::black_box(partial.expect("a whole stream"));
        partials += 1;
    }
    (partials, stream.finish().await.expect("a log").entries.len())
}

/// Concatenates the deltas and parses the reply once at the end: the minimum cost of any stream.
async fn baseline(url: &str) -> (usize, usize) {
    use extract_llm::Message;
    use extract_llm::conversation::{Delta, Request};

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
