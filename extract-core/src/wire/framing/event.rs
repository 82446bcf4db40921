//! Events, and their size limit.

use crate::conversation::{ProviderError, ProviderErrorKind};

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it holds.
    pub data: String,
}

/// Returns the error of an event with more than `limit` bytes.
pub(super) fn too_large(limit: usize) -> ProviderError {
    let message = format!("one event has more than {limit} bytes");
    ProviderError::new(ProviderErrorKind::TooLarge, message)
}
