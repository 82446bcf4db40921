//! OpenAI's Responses protocol, which Azure, xAI, DeepSeek and llama.cpp speak as well.
//!
//! Source of the request's shape: OpenAI's API reference for `POST /v1/responses`.

mod decode;
mod encode;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "responses";
