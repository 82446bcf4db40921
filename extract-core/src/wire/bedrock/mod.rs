//! Amazon Bedrock's Converse protocol. Streams come in Amazon's binary framing, whose events carry
//! the same JSON as a whole reply would.
//!
//! Source of the request's shape: Amazon's API reference for `Converse` and `ConverseStream`.

mod decode;
mod encode;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "bedrock";
