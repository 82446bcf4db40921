//! Ollama's native chat.

use serde_json::{Value, json};

use super::super::answer::End;
use super::Writing;
use crate::conversation::ProviderError;

/// Returns the reason to stop. `None` if it is left out. Fails for the filter, which the protocol does not
/// have.
fn done_reason(writing: &Writing<'_>) -> Result<Option<&'static str>, ProviderError> {
    match writing.answer.end {
        End::Natural => Ok(Some("stop")),
        End::Length => Ok(Some("length")),
        End::Unstated => Ok(None),
        End::Filter => Err(writing.inexpressible("content filter")),
    }
}

/// Returns the calls. They are never split.
fn calls(writing: &Writing<'_>) -> Result<Vec<Value>, ProviderError> {
    let calls = writing.answer.calls.iter();
    calls
        .map(|(name, arguments)| {
            let arguments = writing.arguments(arguments)?;
            Ok(json!({"function": {"name": name, "arguments": arguments}}))
        })
        .collect()
}

/// Returns a whole reply, or the last line of a stream.
fn last_line(writing: &Writing<'_>, text: &str) -> Result<Value, ProviderError> {
    let (input, output) = writing.answer.usage.unzip();
    let message = json!({"role": "assistant", "content": text, "tool_calls": calls(writing)?});
    Ok(json!({
        "model": writing.model,
        "message": message,
        "done": true,
        "done_reason": done_reason(writing)?,
        "prompt_eval_count": input,
        "eval_count": output,
    }))
}

/// Returns the body that is not streamed.
pub(super) fn body(writing: &Writing<'_>) -> Result<Value, ProviderError> {
    last_line(writing, writing.text_or_refusal().unwrap_or_default())
}

/// Returns the lines of the stream.
pub(super) fn events(writing: &Writing<'_>) -> Result<Vec<Vec<u8>>, ProviderError> {
    let pieces = writing.text_or_refusal().map(|text| writing.split(text)).unwrap_or_default();
    let line = |piece: &String| {
        let message = json!({"role": "assistant", "content": piece});
        json!({"model": writing.model, "message": message, "done": false})
    };
    let lines = pieces.iter().map(line).chain([last_line(writing, "")?]);
    Ok(lines.map(|line| format!("{line}\n").into_bytes()).collect())
}
