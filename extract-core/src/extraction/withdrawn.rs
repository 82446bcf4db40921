//! [`Withdrawn`]: an element that a stream emitted and the accepted value does not hold.

use serde::Serialize;
use serde_json::Value;

/// An element that [`next`](crate::extraction::ExtractionStream::next) gave and that is not in the value: a list
/// that stood before the answer, or one of an attempt that did not pass.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Withdrawn {
    /// Which of the elements that were given it was, from 0.
    pub index: usize,
    /// What it was.
    pub value: Value,
}
