//! Events, and their size limit.

use crate::conversation::{ProviderError, ProviderErrorKind};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The name, if the event has one.
    pub name: Option<String>,
    /// The data.
    pub data: String,
}

/// Returns the error of an event with more than `limit` bytes.
pub(super) fn too_large(limit: usize) -> ProviderError {
    let message = format!("one event is longer than the limit of {limit} bytes");
    ProviderError::new(ProviderErrorKind::TooLarge, message)
}
