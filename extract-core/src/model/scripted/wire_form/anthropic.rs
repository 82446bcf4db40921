//! Anthropic's Messages.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, typed_sse};
use crate::conversation::ProviderError;

/// Returns the reason to stop. The filter is a refusal. `None` if it is left out.
fn stop_reason(writing: &Writing<'_>) -> Option<&'static str> {
    let answer = writing.answer;
    match answer.end {
        End::Unstated => None,
        _ if answer.refusal.is_some() => Some("refusal"),
        End::Natural if !answer.calls.is_empty() => Some("tool_use"),
        End::Natural => Some("end_turn"),
        End::Length => Some("max_tokens"),
        End::Filter => Some("refusal"),
    }
}

/// Returns the explanation of a refusal.
fn stop_details(writing: &Writing<'_>) -> Option<Value> {
    let refusal = writing.answer.refusal.as_ref()?;
    Some(json!({"type": "refusal", "explanation": refusal}))
}

/// Returns the text of the answer, unless it is empty: the provider sends no empty blocks.
fn text<'a>(writing: &'a Writing<'_>) -> Option<&'a str> {
    writing.answer.text.as_deref().filter(|text| !text.is_empty())
}

fn call_id(index: usize) -> String {
    format!("toolu_{index}")
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Result<Value, ProviderError> {
    let mut content: Vec<Value> =
        text(writing).map(|text| json!({"type": "text", "text": text})).into_iter().collect();
    for (index, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let input = writing.arguments(arguments)?;
        content
            .push(json!({"type": "tool_use", "id": call_id(index), "name": name, "input": input}));
    }
    let usage = writing.answer.usage;
    let usage =
        usage.map(|(input, output)| json!({"input_tokens": input, "output_tokens": output}));
    Ok(json!({
        "id": "msg_scripted",
        "type": "message",
        "role": "assistant",
        "model": writing.model,
        "content": content,
        "stop_reason": stop_reason(writing),
        "stop_details": stop_details(writing),
        "usage": usage,
    }))
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Vec<Vec<u8>> {
    let usage = writing.answer.usage;
    let first = usage.map(|(input, _)| json!({"input_tokens": input, "output_tokens": 1}));
    let last = usage.map(|(_, output)| json!({ "output_tokens": output }));
    let started = json!({"id": "msg_scripted", "type": "message", "role": "assistant",
        "model": writing.model, "content": [], "usage": first});
    let mut events = vec![json!({"type": "message_start", "message": started})];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        for delta in deltas {
            events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        events.push(json!({"type": "content_block_stop", "index": index}));
        index += 1;
    };
    if let Some(text) = text(writing) {
        let delta = |piece: &String| json!({"type": "text_delta", "text": piece});
        let deltas = writing.split(text).iter().map(delta).collect();
        block(json!({"type": "text", "text": ""}), deltas);
    }
    for (number, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let delta = |piece: &String| json!({"type": "input_json_delta", "partial_json": piece});
        let deltas = writing.split(arguments).iter().map(delta).collect();
        let start = json!({"type": "tool_use", "id": call_id(number), "name": name, "input": {}});
        block(start, deltas);
    }
    let delta = json!({"stop_reason": stop_reason(writing), "stop_details": stop_details(writing)});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": last}));
    events.push(json!({"type": "message_stop"}));
    events.iter().map(typed_sse).collect()
}

/// Returns the body of a failure.
pub(super) fn failure(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}})
}
