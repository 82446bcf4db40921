//! Wire protocols: one folder per protocol encodes a request, decodes a whole reply, and decodes a
//! stream event by event. All functions are pure: this module knows no sockets, no clock and no keys.
//!
//! A new protocol is a folder with a `DESCRIPTOR`, and a variant in the list of `protocol.rs`.

mod anthropic;
mod batch;
mod bedrock;
mod chat;
mod cohere;
mod count;
mod cut_json;
mod decoder;
mod descriptor;
mod failure;
mod failure_class;
mod framing;
mod function;
mod gemini;
mod interactions;
mod lenient;
mod logprobs;
mod media;
mod object;
mod ollama;
mod open_blocks;
mod parse;
mod prompt_cache;
mod protocol;
mod quirks;
mod replay;
mod reply_state;
mod responses;
mod sampling;
mod setting_support;
mod surrogates;
mod thinking;
mod tool_offer;
mod turns;
mod unsupported;
mod usage;
mod validation;

pub use batch::BatchForm;
pub(crate) use batch::{
    BatchFault, BatchInfo, BatchService, Call, Counts, Creation, Outcome, Sought, Stage, Target,
    Upload, Verb, upload,
};
pub use count::CountForm;
pub use decoder::{EndState, StreamDecoder};
pub use descriptor::Delivery;
pub use failure::{ErrorBody, decode_failure};
pub use failure_class::classify;
pub use framing::{Event, Framer, Framing};
pub use logprobs::{LogprobsField, LogprobsSupport};
pub(crate) use parse::{beginning, empty_body, without_byte_order_mark};
pub(crate) use prompt_cache::cache_key;
pub use protocol::Protocol;
pub use quirks::{
    CacheForm, CacheKeyField, MaxTokensField, MediaForm, Quirks, Sampling, SchemaField, SeedField,
    SystemPlace, TierField, ToolChoiceForm,
};
pub use thinking::{ThinkingForm, ThinkingOff, ThinkingSupport};
pub use unsupported::unsupported;
