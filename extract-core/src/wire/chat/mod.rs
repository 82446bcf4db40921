//! OpenAI's Chat Completions protocol, and the many servers that speak it.
//!
//! Source of the request's shape: OpenAI's API reference for `POST /v1/chat/completions`.

mod calls;
mod decode;
mod encode;
mod message;
mod turn;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Chat Completions",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: None,
    framing: Framing::ServerSentEvents,
    path: |_, _| segments(&["chat", "completions"]),
    query: no_query,
    unsupported_settings: &[],
};
