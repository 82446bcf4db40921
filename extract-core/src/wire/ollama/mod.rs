//! Ollama's native chat protocol: one JSON object a line, tool arguments as objects, no ids of calls.
//!
//! Source of the request's shape: Ollama's API reference for `POST /api/chat`.

mod decode;
mod encode;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Ollama chat",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: None,
    framing: Framing::Lines,
    path: |_, _| segments(&["api", "chat"]),
    query: no_query,
    unsupported_settings: &["service_tier"],
};
