//! Parses bodies and events. Every error names the expected value and quotes the first bytes.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::conversation::{ProviderError, ProviderErrorKind};

/// The byte order mark, which some servers put before a body.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Parses a whole body. `expected` names the value with its article, for the error. The kind of the error
/// is [`Interrupted`](ProviderErrorKind::Interrupted) if the body is the beginning of a JSON value.
pub(super) fn body<'a, T: Deserialize<'a>>(
    body: &'a [u8],
    expected: &str,
) -> Result<T, ProviderError> {
    serde_json::from_slice(body).map_err(|error| unreadable(expected, &error, body))
}

/// Parses the data of an event. `None` for events without data: see [`is_empty_event`].
pub(super) fn event<'a, T: Deserialize<'a>>(
    data: &'a str,
    expected: &str,
) -> Result<Option<T>, ProviderError> {
    if is_empty_event(data) {
        return Ok(None);
    }
    let data = data.trim();
    serde_json::from_str(data)
        .map(Some)
        .map_err(|error| unreadable(expected, &error, data.as_bytes()))
}

/// Whether the data of an event is the marker `[DONE]`, which ends a stream.
pub(super) fn is_done(data: &str) -> bool {
    data.trim() == "[DONE]"
}

/// Whether the data of an event is blank, the marker `[DONE]`, or a comment that a gateway sent as data.
pub(super) fn is_empty_event(data: &str) -> bool {
    matches!(data.trim().as_bytes(), [] | b"[DONE]" | [b':', ..])
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
    let message = format!("expected {expected}, found {}: {error}", beginning(text));
    if error.is_eof() {
        return ProviderError::new(ProviderErrorKind::Interrupted, message);
    }
    malformed(message)
}

pub(super) fn malformed(message: String) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Malformed, message)
}

/// The most calls, items or details of reasoning in a reply. Their lists are searched for every piece.
const MAX_PARTS: usize = 4096;

/// Returns the error of a reply with so many parts, if they are too many.
pub(super) fn check_parts(count: usize) -> Result<(), ProviderError> {
    if count <= MAX_PARTS {
        return Ok(());
    }
    let message = format!("the reply has more than {MAX_PARTS} calls or other parts");
    Err(ProviderError::new(ProviderErrorKind::TooLarge, message))
}

/// Returns the error of a stream that ended without `marker`.
pub(super) fn interrupted(marker: &str) -> ProviderError {
    let message = format!("the stream ended without {marker}");
    ProviderError::new(ProviderErrorKind::Interrupted, message)
}

/// Returns the error of a successful response without a body. It is the same for whole and streamed
/// replies.
pub(crate) fn empty_body() -> ProviderError {
    ProviderError::new(ProviderErrorKind::Interrupted, "the body of the response is empty")
}

/// Returns the bytes after the byte order mark, or all bytes if there is none.
pub(crate) fn without_byte_order_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes)
}

/// Returns bytes as text. `of` names them with their article, for the error.
///
/// # Errors
/// The bytes are not UTF-8. No character is replaced: the text would differ from the model's.
pub(super) fn utf8<'a>(bytes: &'a [u8], of: &str) -> Result<&'a str, ProviderError> {
    std::str::from_utf8(bytes).map_err(|error| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        malformed(format!(
            "expected UTF-8 in {of}, found the byte 0x{byte:02X} at offset {at}; it begins {}",
            beginning(bytes)
        ))
    })
}

/// Returns the first 200 bytes of a text, quoted, for an error message.
pub(crate) fn beginning(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..200).unwrap_or(body));
    format!("{:?}", text.trim())
}
