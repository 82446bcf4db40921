//! OpenAI's Responses protocol, which Azure, xAI, DeepSeek and llama.cpp speak as well.
//!
//! Source of the request's shape: OpenAI's API reference for `POST /v1/responses`.

mod decode;
mod encode;
mod item;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Responses",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: Some("response.created"),
    framing: Framing::ServerSentEvents,
    path: |_, _| segments(&["responses"]),
    query: no_query,
    unsupported_settings: &["seed", "stop"],
};
