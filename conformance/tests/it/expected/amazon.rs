//! Splits Bedrock's recorded streams into messages by the length prefixes, without verifying
//! checksums. Shares no code with the library's framing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Expected, arguments, text, word};

/// Returns the events of a recorded stream as `{name: payload}`, or `None` if the exchange has no
/// binary stream.
pub(crate) fn events(exchange: &Value) -> Option<Vec<Value>> {
    let binary = exchange["response_headers"].to_string().contains("vnd.amazon.eventstream");
    let encoded = exchange["response_body"]["base64"]
        .as_str()
        .or_else(|| exchange["response_text"].as_str())
        .filter(|_| binary)?;
    let mut rest = &STANDARD.decode(encoded.trim()).unwrap()[..];
    let mut events = Vec::new();
    while !rest.is_empty() {
        let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let (total, headers) = (number(0), number(4));
        let payload: Value = serde_json::from_slice(&rest[12 + headers..total - 4]).unwrap();
        events.push(json!({ event_type(&rest[12..12 + headers]): payload }));
        rest = &rest[total..];
    }
    Some(events)
}

/// Returns the value of the header `:event-type`. All headers of these streams are texts: the name's
/// length in one byte, the name, 7, the value's length in two bytes, the value.
fn event_type(mut headers: &[u8]) -> String {
    while !headers.is_empty() {
        let name = 1 + usize::from(headers[0]);
        assert_eq!(headers[name], 7);
        let value = usize::from(u16::from_be_bytes([headers[name + 1], headers[name + 2]]));
        let (this, rest) = headers.split_at(name + 3 + value);
        if &this[1..name] == b":event-type" {
            return String::from_utf8(this[name + 3..].to_vec()).unwrap();
        }
        headers = rest;
    }
    panic!("a message without a type")
}

pub(crate) fn streamed(events: &[Value]) -> Expected {
    let of = |kind: &'static str| events.iter().filter_map(move |event| event.get(kind));
    let deltas = || of("contentBlockDelta");
    let starts = of("contentBlockStart").filter(|start| start["start"]["toolUse"].is_object());
    let calls = starts.map(|start| {
        let index = &start["contentBlockIndex"];
        let pieces = deltas().filter(|delta| delta["contentBlockIndex"] == *index);
        let json: String = pieces.map(|delta| text(&delta["delta"]["toolUse"]["input"])).collect();
        let json = if json.is_empty() { "{}" } else { &json };
        (text(&start["start"]["toolUse"]["name"]), arguments(json))
    });
    let usage = of("metadata").map(|metadata| &metadata["usage"]).next_back();
    let count = |usage: &Value, key: &str| usage[key].as_u64().unwrap_or(0);
    Expected {
        text: deltas().map(|delta| text(&delta["delta"]["text"])).collect(),
        calls: calls.collect(),
        stop: of("messageStop").filter_map(|stop| word(&stop["stopReason"])).next_back(),
        tokens: usage.map(|usage| {
            let output = count(usage, "outputTokens");
            (count(usage, "totalTokens") - output, output)
        }),
    }
}
