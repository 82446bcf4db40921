//! Google's Interactions: the successor of generateContent, a conversation of typed steps.
//!
//! Source of the shapes: the types of Google's own client for this API.

mod decode;
mod encode;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "interactions";
