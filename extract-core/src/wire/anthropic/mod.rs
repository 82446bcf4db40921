//! Anthropic's Messages protocol, which llama.cpp, DeepSeek and others speak as well.
//!
//! Source of the request's shape: Anthropic's API reference for `POST /v1/messages`. The version
//! header is in the provider's row, not in the body.

mod decode;
mod encode;
mod thinking;

use super::decoder::boxed;
use super::descriptor::{Descriptor, no_query, segments};
use super::framing::Framing;

pub(super) use thinking::{effort, thinking, tool_choice_form};

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "Messages",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: Some("message_start"),
    framing: Framing::ServerSentEvents,
    path: |_, _| segments(&["messages"]),
    query: no_query,
    unsupported_settings: &["seed", "logprobs"],
};
