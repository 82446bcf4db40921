//! OpenAI's Chat Completions protocol, and the many servers that speak it.
//!
//! Source of the request's shape: OpenAI's API reference for `POST /v1/chat/completions`.

mod decode;
mod encode;
mod message;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "chat";
