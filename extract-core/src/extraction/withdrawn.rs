//! [`Withdrawn`]: an element that a stream emitted and the accepted value does not hold.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An element that [`next`](crate::extraction::ExtractionStream::next) returned and that the accepted value
/// does not hold. It was in a list before the answer, or in an attempt that failed its checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Withdrawn {
    /// Its position among the emitted elements, from 0.
    pub index: usize,
    /// Its JSON.
    pub value: Value,
}
