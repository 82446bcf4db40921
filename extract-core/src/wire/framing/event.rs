//! Events, and their size limit.

use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::wire::parse;

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The name, if the event has one.
    pub name: Option<String>,
    /// The data.
    pub data: String,
}

/// Returns the data of an event as text.
///
/// # Errors
/// The data is not UTF-8.
pub(super) fn text(data: Vec<u8>) -> Result<String, ProviderError> {
    String::from_utf8(data)
        .or_else(|error| parse::utf8(error.as_bytes(), "an event").map(str::to_owned))
}

/// Returns the error of an event with more than `limit` bytes.
pub(super) fn too_large(limit: usize) -> ProviderError {
    let message = format!("one event is longer than the limit of {limit} bytes");
    ProviderError::new(ProviderErrorKind::TooLarge, message)
}
