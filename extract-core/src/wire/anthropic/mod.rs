//! Anthropic's Messages protocol, which llama.cpp, DeepSeek and others speak as well.
//!
//! Source of the request's shape: Anthropic's API reference for `POST /v1/messages`. The version
//! header belongs to the provider's row, not to the body.

mod decode;
mod encode;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "anthropic";
