//! Chat Completions.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, call_id, sse};

/// Returns the reason to stop. `None` if it is left out.
fn finish_reason(writing: &Writing<'_>) -> Option<&'static str> {
    match writing.answer.end {
        End::Natural if !writing.answer.calls.is_empty() => Some("tool_calls"),
        End::Natural => Some("stop"),
        End::Length => Some("length"),
        End::Filter => Some("content_filter"),
        End::Unstated => None,
    }
}

fn usage(writing: &Writing<'_>) -> Option<Value> {
    let (input, output) = writing.answer.usage?;
    Some(json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input.saturating_add(output),
    }))
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Value {
    let answer = writing.answer;
    let mut message = json!({"role": "assistant", "content": answer.text});
    if let (Some(refusal), Some(fields)) = (&answer.refusal, message.as_object_mut()) {
        fields.insert("refusal".into(), json!(refusal));
    }
    if let (false, Some(fields)) = (answer.calls.is_empty(), message.as_object_mut()) {
        let calls = answer.calls.iter().enumerate().map(|(index, (name, arguments))| {
            let function = json!({"name": name, "arguments": arguments});
            json!({"id": call_id(index), "type": "function", "function": function})
        });
        fields.insert("tool_calls".into(), calls.collect());
    }
    json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": writing.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason(writing)}],
        "usage": usage(writing),
    })
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Vec<Vec<u8>> {
    let chunk = |delta: Value, finish_reason: Option<&str>| {
        let choice = json!({"index": 0, "delta": delta, "finish_reason": finish_reason});
        sse(&json!({
            "id": "chatcmpl-scripted",
            "object": "chat.completion.chunk",
            "model": writing.model,
            "choices": [choice],
        }))
    };
    let answer = writing.answer;
    let mut events = vec![chunk(json!({"role": "assistant", "content": ""}), None)];
    if let Some(text) = &answer.text {
        events.extend(
            writing.split(text).iter().map(|piece| chunk(json!({ "content": piece }), None)),
        );
    }
    if let Some(refusal) = &answer.refusal {
        events.extend(
            writing.split(refusal).iter().map(|piece| chunk(json!({ "refusal": piece }), None)),
        );
    }
    for (index, (name, arguments)) in answer.calls.iter().enumerate() {
        let function = json!({"name": name, "arguments": ""});
        let call =
            json!({"index": index, "id": call_id(index), "type": "function", "function": function});
        events.push(chunk(json!({"tool_calls": [call]}), None));
        for piece in writing.split(arguments) {
            let call = json!({"index": index, "function": {"arguments": piece}});
            events.push(chunk(json!({"tool_calls": [call]}), None));
        }
    }
    events.push(chunk(json!({}), finish_reason(writing)));
    events.extend(usage(writing).map(|usage| {
        sse(&json!({
            "id": "chatcmpl-scripted",
            "object": "chat.completion.chunk",
            "model": writing.model,
            "choices": [],
            "usage": usage,
        }))
    }));
    events.push(b"data: [DONE]\n\n".to_vec());
    events
}
