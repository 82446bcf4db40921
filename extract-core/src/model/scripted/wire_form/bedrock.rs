//! Amazon Bedrock's Converse, with its binary event stream.

use serde_json::{Value, json};

use super::super::answer::End;
use super::Writing;
use crate::conversation::ProviderError;

/// Returns the reason to stop. `None` if it is left out.
fn stop_reason(writing: &Writing<'_>) -> Option<&'static str> {
    let answer = writing.answer;
    match answer.end {
        End::Unstated => None,
        _ if answer.refusal.is_some() => Some("refusal"),
        End::Natural if !answer.calls.is_empty() => Some("tool_use"),
        End::Natural => Some("end_turn"),
        End::Length => Some("max_tokens"),
        End::Filter => Some("content_filtered"),
    }
}

fn usage(writing: &Writing<'_>) -> Option<Value> {
    let (input, output) = writing.answer.usage?;
    Some(json!({"inputTokens": input, "outputTokens": output,
        "totalTokens": input.saturating_add(output)}))
}

fn call_id(index: usize) -> String {
    format!("tooluse_{index}")
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Result<Value, ProviderError> {
    let text = writing.text_or_refusal().map(|text| json!({ "text": text }));
    let mut content: Vec<Value> = text.into_iter().collect();
    for (index, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let input = writing.arguments(arguments)?;
        let call = json!({"toolUseId": call_id(index), "name": name, "input": input});
        content.push(json!({ "toolUse": call }));
    }
    Ok(json!({
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop_reason(writing),
        "usage": usage(writing),
    }))
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Vec<Vec<u8>> {
    let mut events = vec![event("messageStart", &json!({"role": "assistant"}))];
    let delta = |index: usize, delta: Value| {
        event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta}))
    };
    let stop = |index: usize| event("contentBlockStop", &json!({ "contentBlockIndex": index }));
    let mut index = 0;
    if let Some(text) = writing.text_or_refusal() {
        events.extend(writing.split(text).iter().map(|piece| delta(0, json!({ "text": piece }))));
        events.push(stop(0));
        index = 1;
    }
    for (number, (name, arguments)) in writing.answer.calls.iter().enumerate() {
        let start = json!({"toolUse": {"toolUseId": call_id(number), "name": name}});
        let start = json!({"contentBlockIndex": index, "start": start});
        events.push(event("contentBlockStart", &start));
        for piece in writing.split(arguments) {
            events.push(delta(index, json!({"toolUse": {"input": piece}})));
        }
        events.push(stop(index));
        index += 1;
    }
    events.push(event("messageStop", &json!({"stopReason": stop_reason(writing)})));
    events.push(event("metadata", &json!({"usage": usage(writing)})));
    events
}

/// Returns a message of Amazon's event stream: lengths, a checksum, headers, the payload, a checksum.
fn event(name: &str, payload: &Value) -> Vec<u8> {
    /// The type of a header value that is a string.
    const STRING: u8 = 7;
    /// The size of lengths and checksums, in bytes.
    const AROUND: usize = 16;
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", name)] {
        headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX));
        headers.extend_from_slice(name.as_bytes());
        headers.push(STRING);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
    let mut message = length(AROUND + headers.len() + payload.len()).to_vec();
    message.extend_from_slice(&length(headers.len()));
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}
