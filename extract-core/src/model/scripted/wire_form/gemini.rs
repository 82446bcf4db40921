//! Google's generateContent.

use serde_json::{Value, json};

use super::super::answer::End;
use super::{Writing, sse};
use crate::conversation::ProviderError;

/// Returns a whole reply, or one chunk of a stream.
fn chunk(writing: &Writing<'_>, parts: &[Value], is_last: bool) -> Value {
    let reason = match writing.answer.end {
        End::Natural => Some("STOP"),
        End::Length => Some("MAX_TOKENS"),
        End::Filter => Some("SAFETY"),
        End::Unstated => None,
    };
    let usage = writing.answer.usage.map(|(input, output)| {
        json!({"promptTokenCount": input, "candidatesTokenCount": output,
            "totalTokenCount": input.saturating_add(output)})
    });
    let mut candidate = json!({"index": 0, "content": {"role": "model", "parts": parts}});
    if let (true, Some(reason), Some(fields)) = (is_last, reason, candidate.as_object_mut()) {
        fields.insert("finishReason".into(), json!(reason));
    }
    json!({
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": writing.model,
    })
}

/// Returns the parts with calls. They are never split.
fn calls(writing: &Writing<'_>) -> Result<Vec<Value>, ProviderError> {
    let calls = writing.answer.calls.iter();
    calls
        .map(|(name, arguments)| {
            let args = writing.arguments(arguments)?;
            Ok(json!({"functionCall": {"name": name, "args": args}}))
        })
        .collect()
}

fn text_part(text: &str) -> Value {
    json!({ "text": text })
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Result<Value, ProviderError> {
    let text = writing.text_or_refusal().map(text_part);
    let parts: Vec<Value> = text.into_iter().chain(calls(writing)?).collect();
    Ok(chunk(writing, &parts, true))
}

/// Returns the events of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Result<Vec<Vec<u8>>, ProviderError> {
    let pieces = writing.text_or_refusal().map(|text| writing.split(text)).unwrap_or_default();
    let texts = pieces.iter().map(|piece| chunk(writing, &[text_part(piece)], false));
    let mut chunks: Vec<Value> = texts.collect();
    chunks.push(chunk(writing, &calls(writing)?, true));
    Ok(chunks.iter().map(sse).collect())
}

/// Returns the body of a failure.
pub(super) fn failure(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        500.. => "INTERNAL",
        _ => "FAILED_PRECONDITION",
    };
    json!({"error": {"code": status, "message": message, "status": name}})
}
