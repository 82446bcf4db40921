//! Amazon Bedrock's Converse protocol. Streams use Amazon's binary framing; their events hold the
//! same JSON as a whole reply.
//!
//! Source of the request's shape: Amazon's API reference for `Converse` and `ConverseStream`.

mod decode;
mod encode;

use super::decoder::boxed;
use super::descriptor::{Delivery, Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Converse",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: Some("messageStart"),
    framing: Framing::AmazonEvents,
    path: |model, delivery| match delivery {
        Delivery::Whole => segments(&["model", model, "converse"]),
        Delivery::Streamed => segments(&["model", model, "converse-stream"]),
    },
    query: no_query,
    unsupported_settings: &["seed", "logprobs"],
};
