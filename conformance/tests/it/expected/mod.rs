//! Reads the expected content of a recorded answer from its JSON, field by field. Deliberately slow
//! and plain, and without shared code with the library's decoding.

mod amazon;

use extract_core::wire::Protocol;
use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) text: String,
    pub(crate) calls: Vec<(String, Value)>,
    pub(crate) stop: Option<String>,
    pub(crate) tokens: Option<(u64, u64)>,
}

/// Returns the expected content of the exchange, or `None` for a failure or an unsupported binary
/// body.
pub(crate) fn of(exchange: &Value, protocol: Protocol) -> Option<Expected> {
    if exchange["status"] != 200 {
        return None;
    }
    if let Some(sse) = exchange["sse_body"].as_str() {
        let events = events(sse);
        if events.iter().any(|event| event.get("error").is_some_and(|error| !error.is_null())) {
            return None;
        }
        return Some(streamed(protocol, &events));
    }
    if let Some(events) = amazon::events(exchange) {
        return Some(amazon::streamed(&events));
    }
    let body = &exchange["response_body"];
    if body.get("base64").is_some() || body.is_null() {
        return None;
    }
    Some(whole(protocol, body))
}

/// Returns whether a truncated stream already contains its end marker.
pub(crate) fn ends_early(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let marks = [
        "\"finish_reason\":\"",
        "\"finish_reason\": \"",
        "\"finishReason\"",
        "\"stop_reason\":\"",
        "\"stop_reason\": \"",
        "response.completed",
        "message-end",
        "messageStop",
    ];
    marks.iter().any(|mark| text.contains(mark))
}

fn events(sse: &str) -> Vec<Value> {
    let unified = sse.replace("\r\n", "\n");
    let blocks = unified.split("\n\n").map(|block| {
        let data = block.lines().filter_map(|line| line.strip_prefix("data:"));
        data.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
    });
    blocks.filter_map(|data| serde_json::from_str(&data).ok()).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Returns the arguments as JSON, or as a string if they are not JSON.
fn arguments(written: &str) -> Value {
    serde_json::from_str(written).unwrap_or_else(|_| Value::String(written.to_owned()))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn chat_text(content: &Value) -> String {
    match content {
        Value::Array(chunks) => chunks.iter().map(|chunk| text(&chunk["text"])).collect(),
        content => text(content),
    }
}

fn tokens(usage: &Value, input: &[&str], output: &[&str]) -> Option<(u64, u64)> {
    if !usage.is_object() {
        return None;
    }
    let sum = |keys: &[&str]| keys.iter().map(|key| usage[*key].as_u64().unwrap_or(0)).sum();
    Some((sum(input), sum(output)))
}

const ANTHROPIC_INPUT: [&str; 3] =
    ["input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"];
const GEMINI_INPUT: [&str; 2] = ["promptTokenCount", "toolUsePromptTokenCount"];
const GEMINI_OUTPUT: [&str; 2] = ["candidatesTokenCount", "thoughtsTokenCount"];

fn cohere_tokens(usage: &Value) -> Option<(u64, u64)> {
    let counts =
        if usage["tokens"].is_object() { &usage["tokens"] } else { &usage["billed_units"] };
    tokens(counts, &["input_tokens"], &["output_tokens"])
}

fn whole(protocol: Protocol, body: &Value) -> Expected {
    match protocol {
        Protocol::Chat => {
            let choice = &body["choices"][0];
            let message = &choice["message"];
            let mut calls: Vec<(String, Value)> = list(&message["tool_calls"])
                .iter()
                .map(|call| &call["function"])
                .map(|call| (text(&call["name"]), arguments(call["arguments"].as_str().unwrap())))
                .collect();
            if let Some(call) = message["function_call"].as_object() {
                calls.push((text(&call["name"]), arguments(call["arguments"].as_str().unwrap())));
            }
            Expected {
                text: chat_text(&message["content"]),
                calls,
                stop: word(&choice["finish_reason"]),
                tokens: tokens(&body["usage"], &["prompt_tokens"], &["completion_tokens"]),
            }
        }
        Protocol::Anthropic => {
            let of = |kind: &'static str| {
                list(&body["content"]).iter().filter(move |block| block["type"] == kind)
            };
            Expected {
                text: of("text").map(|block| text(&block["text"])).collect(),
                calls: of("tool_use")
                    .map(|block| (text(&block["name"]), block["input"].clone()))
                    .collect(),
                stop: word(&body["stop_reason"]),
                tokens: tokens(&body["usage"], &ANTHROPIC_INPUT, &["output_tokens"]),
            }
        }
        Protocol::Responses => response(body),
        Protocol::Gemini => {
            let one = [body.clone()];
            gemini(body.as_array().map_or(&one[..], Vec::as_slice))
        }
        Protocol::Cohere => {
            let v1 = body["text"].is_string();
            let parts = list(&body["message"]["content"]).iter();
            Expected {
                text: if v1 {
                    text(&body["text"])
                } else {
                    parts.map(|part| text(&part["text"])).collect()
                },
                calls: list(&body["message"]["tool_calls"])
                    .iter()
                    .map(|call| &call["function"])
                    .map(|call| (text(&call["name"]), arguments(&text(&call["arguments"]))))
                    .collect(),
                stop: word(&body["finish_reason"]),
                tokens: cohere_tokens(if v1 { &body["meta"] } else { &body["usage"] }),
            }
        }
        _ => {
            let content = list(&body["output"]["message"]["content"]);
            let calls = content.iter().filter_map(|block| block.get("toolUse"));
            let usage = &body["usage"];
            let total = usage["totalTokens"].as_u64().unwrap_or(0);
            let output = usage["outputTokens"].as_u64().unwrap_or(0);
            Expected {
                text: content.iter().map(|block| text(&block["text"])).collect(),
                calls: calls.map(|call| (text(&call["name"]), call["input"].clone())).collect(),
                stop: word(&body["stopReason"]),
                tokens: Some((total - output, output)),
            }
        }
    }
}

fn response(body: &Value) -> Expected {
    let of =
        |kind: &'static str| list(&body["output"]).iter().filter(move |item| item["type"] == kind);
    let texts = of("message")
        .flat_map(|item| list(&item["content"]))
        .filter(|part| part["type"] == "output_text");
    Expected {
        text: texts.map(|part| text(&part["text"])).collect(),
        calls: of("function_call")
            .map(|call| (text(&call["name"]), arguments(call["arguments"].as_str().unwrap())))
            .collect(),
        stop: word(&body["incomplete_details"]["reason"]).or_else(|| word(&body["status"])),
        tokens: tokens(&body["usage"], &["input_tokens"], &["output_tokens"]),
    }
}

fn gemini(chunks: &[Value]) -> Expected {
    let parts =
        || chunks.iter().flat_map(|chunk| list(&chunk["candidates"][0]["content"]["parts"]));
    let usage = chunks.iter().rev().map(|chunk| &chunk["usageMetadata"]);
    let usage = usage.into_iter().find(|usage| usage.is_object());
    let mut stops =
        chunks.iter().filter_map(|chunk| chunk["candidates"][0]["finishReason"].as_str());
    Expected {
        text: parts().filter(|part| part["thought"] != true).map(|p| text(&p["text"])).collect(),
        calls: parts()
            .filter_map(|part| part.get("functionCall"))
            .map(|call| {
                (text(&call["name"]), call.get("args").cloned().unwrap_or_else(|| json!({})))
            })
            .collect(),
        stop: stops.next_back().map(str::to_owned),
        tokens: tokens(usage.unwrap_or(&Value::Null), &GEMINI_INPUT, &GEMINI_OUTPUT),
    }
}

fn streamed(protocol: Protocol, events: &[Value]) -> Expected {
    match protocol {
        Protocol::Chat => chat_stream(events),
        Protocol::Anthropic => anthropic_stream(events),
        Protocol::Responses => {
            let last = events.iter().rev().find(|event| event["response"]["output"].is_array());
            response(&last.unwrap()["response"])
        }
        Protocol::Gemini => gemini(events),
        _ => cohere_stream(events),
    }
}

fn chat_stream(events: &[Value]) -> Expected {
    let mut expected = Expected { text: String::new(), calls: vec![], stop: None, tokens: None };
    let mut written: Vec<(String, String)> = Vec::new();
    for event in events {
        if let Some(counts) = tokens(&event["usage"], &["prompt_tokens"], &["completion_tokens"]) {
            expected.tokens = Some(counts);
        }
        for choice in list(&event["choices"]).iter().filter(|choice| choice["index"] == 0) {
            expected.text += &chat_text(&choice["delta"]["content"]);
            expected.stop = word(&choice["finish_reason"]).or(expected.stop.take());
            for call in list(&choice["delta"]["tool_calls"]) {
                let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
                written.resize(written.len().max(index + 1), (String::new(), String::new()));
                written[index].0 += &text(&call["function"]["name"]);
                written[index].1 += &text(&call["function"]["arguments"]);
            }
        }
    }
    expected.calls = written.into_iter().map(|(name, json)| (name, arguments(&json))).collect();
    expected
}

fn anthropic_stream(events: &[Value]) -> Expected {
    let of = |kind: &'static str| events.iter().filter(move |event| event["type"] == kind);
    let deltas = |kind: &'static str| {
        of("content_block_delta").filter(move |event| event["delta"]["type"] == kind)
    };
    let starts = of("content_block_start").filter(|e| e["content_block"]["type"] == "tool_use");
    let calls = starts.map(|start| {
        let pieces = deltas("input_json_delta").filter(|delta| delta["index"] == start["index"]);
        let json: String = pieces.map(|delta| text(&delta["delta"]["partial_json"])).collect();
        let json = if json.is_empty() { "{}" } else { &json };
        (text(&start["content_block"]["name"]), arguments(json))
    });
    let mut usage = json!({});
    let told = of("message_start").map(|event| &event["message"]["usage"]);
    for counts in told.chain(of("message_delta").map(|event| &event["usage"])) {
        for (key, value) in counts.as_object().unwrap() {
            usage[key] = value.clone();
        }
    }
    Expected {
        text: deltas("text_delta").map(|event| text(&event["delta"]["text"])).collect(),
        calls: calls.collect(),
        stop: of("message_delta")
            .filter_map(|event| word(&event["delta"]["stop_reason"]))
            .next_back(),
        tokens: tokens(&usage, &ANTHROPIC_INPUT, &["output_tokens"]),
    }
}

fn cohere_stream(events: &[Value]) -> Expected {
    let mut expected = Expected { text: String::new(), calls: vec![], stop: None, tokens: None };
    let mut written: Vec<(String, String)> = Vec::new();
    for event in events {
        let message = &event["delta"]["message"];
        expected.text += &text(&message["content"]["text"]);
        let call = &message["tool_calls"]["function"];
        if event["type"] == "tool-call-start" {
            written.push((text(&call["name"]), String::new()));
        }
        if let Some(last) = written.last_mut() {
            last.1 += &text(&call["arguments"]);
        }
        if event["type"] == "message-end" {
            expected.stop = word(&event["delta"]["finish_reason"]);
            expected.tokens = cohere_tokens(&event["delta"]["usage"]);
        }
    }
    expected.calls = written.into_iter().map(|(name, json)| (name, arguments(&json))).collect();
    expected
}
