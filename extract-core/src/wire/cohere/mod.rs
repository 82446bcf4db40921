//! Cohere's chat protocol, version 2; replies of version 1 are decoded as well.
//!
//! Source of the request's shape: Cohere's API reference for `POST /v2/chat`.

mod decode;
mod encode;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Cohere chat v2",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: Some("message-start"),
    framing: Framing::ServerSentEvents,
    path: |_, _| segments(&["v2", "chat"]),
    query: no_query,
    unsupported_settings: &["service_tier", "logprobs"],
};
