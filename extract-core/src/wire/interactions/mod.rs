//! Google's Interactions: the successor of generateContent, a conversation of typed steps.
//!
//! Source of the shapes: the types of Google's own client for this API.

mod decode;
mod encode;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Interactions",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: Some("interaction.created"),
    framing: Framing::ServerSentEvents,
    path: |_, _| segments(&["interactions"]),
    query: no_query,
    unsupported_settings: &["logprobs"],
};
