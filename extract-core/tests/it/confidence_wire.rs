//! The log-probabilities of all protocols that have them, and those of recorded replies. The recordings are no
//! part of this repository: `EXTRACT_CASES_DIR` names the folder that holds `recordings/*.jsonl`.

use extract_core::conversation::{Assembly, Reply};
use extract_core::model::DeltaReader;
use extract_core::wire::Protocol;
use extract_llm::Client;
use extract_llm::scripted::{Scripted, reply};
use serde_json::{Value, json};

/// The text of a reply, and the probabilities that are told of its tokens.
fn told(reply: &Reply) -> (String, Vec<(Vec<u8>, f64, usize)>) {
    let tokens = reply.logprobs.iter();
    let tokens = tokens.map(|token| (token.bytes.clone(), token.logprob, token.alternatives.len()));
    (reply.text(), tokens.collect())
}

fn streamed(protocol: Protocol, stream: &[u8], size: usize) -> Reply {
    let mut reader = DeltaReader::new(protocol, 64 << 20);
    let (mut deltas, mut assembly) = (Vec::new(), Assembly::new());
    stream.chunks(size).for_each(|piece| reader.push(piece, &mut deltas).unwrap());
    reader.end(&mut deltas).unwrap();
    deltas.into_iter().for_each(|delta| assembly.push(delta));
    assembly.finish().unwrap()
}

fn token(text: &str, logprob: f64) -> Value {
    json!({"token": text, "bytes": text.as_bytes(), "logprob": logprob,
        "top_logprobs": [{"token": "x", "bytes": [120], "logprob": -3.0}]})
}

#[test]
fn every_form_of_log_probabilities_is_read() {
    let list = || json!([token("Hi", -0.5), token("!", -0.25)]);
    let text = json!({"type": "output_text", "text": "Hi!", "annotations": [], "logprobs": list()});
    let item = json!({"type": "message", "id": "m", "role": "assistant", "content": [text]});
    let bodies = [
        (
            Protocol::Chat,
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi!"},
                "finish_reason": "stop", "logprobs": {"content": list(), "refusal": null}}]}),
            1,
        ),
        (
            Protocol::Chat,
            json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi!"},
                "finish_reason": "stop",
                "logprobs": {"tokens": ["Hi", "!"], "token_logprobs": [-0.5, -0.25]}}]}),
            0,
        ),
        (Protocol::Responses, json!({"status": "completed", "output": [item]}), 1),
        (
            Protocol::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "Hi!"}]}, "finishReason": "STOP",
            "avgLogprobs": -0.3, "logprobsResult": {
                "chosenCandidates": [
                    {"token": "Hi", "tokenId": 1, "logProbability": -0.5},
                    {"token": "!", "tokenId": 2, "logProbability": -0.25},
                ],
                "topCandidates": [
                    {"candidates": [{"token": "Ho", "logProbability": -3.0}]},
                    {"candidates": [{"token": "?", "logProbability": -3.0}]},
                ],
            }}]}),
            1,
        ),
        (
            Protocol::Ollama,
            json!({"model": "m", "message": {"role": "assistant", "content": "Hi!"}, "done": true,
                "done_reason": "stop", "logprobs": list()}),
            1,
        ),
    ];
    for (protocol, body, others) in bodies {
        let reply = protocol.decode(body.to_string().as_bytes()).unwrap();
        let tokens = vec![(b"Hi".to_vec(), -0.5, others), (b"!".to_vec(), -0.25, others)];
        assert_eq!(told(&reply), ("Hi!".into(), tokens), "{protocol}: {body}");
    }
}

#[test]
fn a_stream_of_responses_tells_each_token_once() {
    let part = |list: Value| json!({"type": "output_text", "text": "Hi!", "logprobs": list});
    let item = |content: Value| json!({"type": "message", "id": "m", "role": "assistant", "content": content});
    let all = json!([part(json!([token("Hi", -0.5), token("!", -0.25)]))]);
    let events = [
        json!({"type": "response.output_item.added", "output_index": 0, "item": item(json!([]))}),
        json!({"type": "response.output_text.delta", "item_id": "m", "delta": "Hi", "logprobs": [token("Hi", -0.5)]}),
        json!({"type": "response.output_text.delta", "item_id": "m", "delta": "!", "logprobs": [token("!", -0.25)]}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": item(all.clone())}),
        json!({"type": "response.completed", "response": {"status": "completed", "output": [item(all)]}}),
    ];
    let mut stream = String::new();
    for event in &events {
        stream += &format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap());
    }
    for size in [1, 13, 10_000] {
        let reply = streamed(Protocol::Responses, stream.as_bytes(), size);
        let tokens = vec![(b"Hi".to_vec(), -0.5, 1), (b"!".to_vec(), -0.25, 1)];
        assert_eq!(told(&reply), ("Hi!".into(), tokens));
    }
}

#[test]
fn a_list_with_a_token_that_cannot_be_read_is_none() {
    for broken in
        [json!({"token": "Hi"}), json!({"logprob": -1.0}), json!({"bytes": [300], "logprob": -1})]
    {
        let body = json!({"choices": [{"message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "stop", "logprobs": {"content": [broken]}}]});
        let reply = Protocol::Chat.decode(body.to_string().as_bytes()).unwrap();
        assert!(reply.logprobs.is_empty(), "{body}");
    }
}

/// Returns the recorded replies of a file that have log-probabilities: protocol, exchange and reply.
fn recorded(file: &str) -> Vec<(Protocol, Value, Reply)> {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return Vec::new();
    };
    let path = std::path::Path::new(&folder).join("recordings").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| line.contains("logprob")) {
        let exchange: Value = serde_json::from_str(line).unwrap();
        if exchange["status"] != 200 {
            continue;
        }
        let path = exchange["path"].as_str().unwrap_or_default();
        let protocol =
            if path.ends_with("/responses") { Protocol::Responses } else { Protocol::Chat };
        let reply = match exchange["sse_body"].as_str() {
            Some(stream) => streamed(protocol, stream.as_bytes(), 64),
            None => match protocol.decode(exchange["response_body"].to_string().as_bytes()) {
                Ok(reply) => reply,
                Err(_) => continue,
            },
        };
        if !reply.logprobs.is_empty() {
            found.push((protocol, exchange, reply));
        }
    }
    found
}

#[test]
fn the_tokens_of_recorded_replies_are_the_bytes_of_their_texts() {
    let mut counts = Vec::new();
    for file in [
        "openai-chat.jsonl",
        "openai-responses.jsonl",
        "deepseek-chat.jsonl",
        "openrouter-chat.jsonl",
    ] {
        let replies = recorded(file);
        for (_, exchange, reply) in &replies {
            let bytes: Vec<u8> =
                reply.logprobs.iter().flat_map(|token| token.bytes.clone()).collect();
            assert_eq!(String::from_utf8_lossy(&bytes), reply.text(), "{}", exchange["id"]);
        }
        counts.push((file, replies.len()));
    }
    println!("{counts:?}");
    if std::env::var_os("EXTRACT_CASES_DIR").is_some() {
        assert!(counts.iter().all(|(_, count)| *count > 0), "{counts:?}");
    }
}

#[tokio::test]
async fn recorded_replies_have_the_confidence_of_their_tokens() {
    let mut weighed = 0;
    for file in ["openai-chat.jsonl", "deepseek-chat.jsonl", "openrouter-chat.jsonl"] {
        for (_, exchange, reply) in recorded(file) {
            // Those whose text is a JSON value.
            let text = reply.text();
            if serde_json::from_str::<u64>(&text).is_err() {
                continue;
            }
            let answer = match exchange["sse_body"].as_str() {
                Some(stream) => reply::events(stream),
                None => reply::body(exchange["response_body"].clone()),
            };
            let model = Scripted::new([answer]).provider("openai/gpt-4.1-mini").unwrap();
            let asked = Client::with_model(model).extract::<u64>("…").confidence(true);
            let done = if exchange["sse_body"].is_string() {
                asked.stream().report().await
            } else {
                asked.report().await
            };
            // Some were recorded at a limit of tokens.
            let Ok(done) = done else { continue };
            let confidence = done.confidence("").unwrap_or_else(|| panic!("{}", done.ledger));
            assert_eq!(confidence.tokens, reply.logprobs.len(), "{}", exchange["id"]);
            let log: f64 = reply.logprobs.iter().map(|token| token.logprob).sum();
            #[allow(clippy::cast_precision_loss)]
            let mean = (log / reply.logprobs.len() as f64).exp();
            assert!((confidence.mean - mean).abs() < 1e-9, "{confidence:?} {mean}");
            weighed += 1;
        }
    }
    println!("{weighed} recorded replies weighed");
    if std::env::var_os("EXTRACT_CASES_DIR").is_some() {
        assert!(weighed > 0);
    }
}
