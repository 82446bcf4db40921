//! Google's generateContent, of the Gemini API and of Vertex AI.
//!
//! Source of the request's shape: Google's API reference for `models.generateContent`.

mod decode;
mod encode;

use super::decoder::boxed;
use super::descriptor::{Delivery, Descriptor, segments};
use super::framing::Framing;

pub(super) static DESCRIPTOR: Descriptor = Descriptor {
    name: "generateContent",
    encode: encode::encode,
    decode: decode::decode,
    stream: boxed::<decode::Stream>,
    opening: None,
    framing: Framing::ServerSentEvents,
    path: |model, delivery| {
        let verb = match delivery {
            Delivery::Whole => "generateContent",
            Delivery::Streamed => "streamGenerateContent",
        };
        let model = model.strip_prefix("models/").unwrap_or(model);
        segments(&["models", &format!("{model}:{verb}")])
    },
    // Without it, the stream is one JSON list.
    query: |delivery| (delivery == Delivery::Streamed).then_some(("alt", "sse")),
    unsupported_settings: &[],
};
