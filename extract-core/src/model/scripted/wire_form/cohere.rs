//! Cohere's chat, version 2.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, call_id, sse};

/// Returns the reason to stop. `None` if it is left out.
fn finish_reason(writing: &Writing<'_>) -> Option<&'static str> {
    match writing.answer.end {
        End::Natural if !writing.answer.calls.is_empty() => Some("TOOL_CALL"),
        End::Natural => Some("COMPLETE"),
        End::Length => Some("MAX_TOKENS"),
        End::Filter => Some("ERROR_TOXIC"),
        End::Unstated => None,
    }
}

fn usage(writing: &Writing<'_>) -> Option<Value> {
    let (input, output) = writing.answer.usage?;
    Some(json!({"tokens": {"input_tokens": input, "output_tokens": output}}))
}

fn call(index: usize, name: &str, arguments: &str) -> Value {
    let function = json!({"name": name, "arguments": arguments});
    json!({"id": call_id(index), "type": "function", "function": function})
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Value {
    let part = |text: &str| json!({"type": "text", "text": text});
    let content: Vec<Value> = writing.text_or_refusal().map(part).into_iter().collect();
    let calls = writing.answer.calls.iter().enumerate();
    let calls: Vec<Value> =
        calls.map(|(index, (name, arguments))| call(index, name, arguments)).collect();
    json!({
        "id": "scripted",
        "message": {"role": "assistant", "content": content, "tool_calls": calls},
        "finish_reason": finish_reason(writing),
        "usage": usage(writing),
    })
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Vec<Vec<u8>> {
    let mut events = vec![json!({"type": "message-start", "id": "scripted"})];
    if let Some(text) = writing.text_or_refusal() {
        let delta = |piece: &String| {
            let message = json!({"content": {"text": piece}});
            json!({"type": "content-delta", "index": 0, "delta": {"message": message}})
        };
        events.extend(writing.split(text).iter().map(delta));
    }
    for (index, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let of = |kind: &str, call: Value| json!({"type": kind, "index": index, "delta": {"message": {"tool_calls": call}}});
        events.push(of("tool-call-start", call(index, name, "")));
        for piece in writing.split(arguments) {
            events.push(of("tool-call-delta", json!({"function": {"arguments": piece}})));
        }
        events.push(json!({"type": "tool-call-end", "index": index}));
    }
    let end = json!({"finish_reason": finish_reason(writing), "usage": usage(writing)});
    events.push(json!({"type": "message-end", "delta": end}));
    events.iter().map(sse).collect()
}
