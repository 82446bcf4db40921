//! Parses bodies and events. Every error names the expected value and quotes the first bytes.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::conversation::{ProviderError, ProviderErrorKind};

/// Parses a whole body. `expected` names the value with its article, for the error.
pub(super) fn body<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    expected: &str,
) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|error| unreadable(expected, &error, body))
}

/// Parses the data of an event. `None` for blank data and for the marker `[DONE]`.
pub(super) fn event<'a, T: Deserialize<'a>>(
    data: &'a str,
    expected: &str,
) -> Result<Option<T>, ProviderError> {
    let data = data.trim();
    if data.is_empty() || data == "[DONE]" {
        return Ok(None);
    }
    serde_json::from_str(data)
        .map(Some)
        .map_err(|error| unreadable(expected, &error, data.as_bytes()))
}

/// Parses one element of a list in a body or an event.
pub(super) fn element<'a, T: Deserialize<'a>>(
    raw: &'a RawValue,
    expected: &str,
) -> Result<T, ProviderError> {
    serde_json::from_str(raw.get())
        .map_err(|error| malformed(format!("expected {expected}: {error}")))
}

fn unreadable(expected: &str, error: &serde_json::Error, text: &[u8]) -> ProviderError {
    malformed(format!("expected {expected}, found {}: {error}", beginning(text)))
}

/// Returns the error of a body that lacks a required field.
pub(super) fn incomplete(body: &[u8], message: &str) -> ProviderError {
    malformed(format!("{message}; the body begins {}", beginning(body)))
}

fn malformed(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Malformed, message)
}

/// Returns the error of a stream that ended without `marker`.
pub(super) fn interrupted(marker: &str) -> ProviderError {
    let message = format!("the stream ended without {marker}");
    ProviderError::new(ProviderErrorKind::Interrupted, message)
}

/// Returns the first 200 bytes of a text, quoted, for an error message.
pub(crate) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(200)]);
    format!("{:?}", text.trim())
}
