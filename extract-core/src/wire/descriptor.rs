//! The description of one protocol: its functions and constants. Every protocol's folder defines one.

use super::decoder::StreamDecoder;
use super::framing::Framing;
use super::object::Object;
use super::quirks::Quirks;
use crate::conversation::{ProviderError, Reply, Request};

/// The delivery that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// The reply in one body.
    Whole,
    /// The reply as a stream of events.
    Streamed,
}

/// A request, and everything that decides about the form of its body.
#[derive(Clone, Copy)]
pub(super) struct EncodeContext<'a> {
    pub(super) request: &'a Request,
    pub(super) model: &'a str,
    pub(super) quirks: &'a Quirks,
    pub(super) delivery: Delivery,
}

/// Everything that the rest of the library needs to know about a protocol.
pub(super) struct Descriptor {
    /// The name for error messages.
    pub(super) name: &'static str,
    /// Returns the body of a request.
    pub(super) encode: fn(&EncodeContext<'_>) -> Result<Object, ProviderError>,
    /// Decodes the body of a successful answer.
    pub(super) decode: fn(&[u8]) -> Result<Reply, ProviderError>,
    /// Returns a decoder for one streamed reply.
    pub(super) stream: fn() -> Box<dyn StreamDecoder>,
    /// The type of the event that opens a streamed reply. `None` if the protocol has no such event.
    pub(super) opening: Option<&'static str>,
    /// The framing of streams.
    pub(super) framing: Framing,
    /// Returns the segments of the path below the base URL, for a model and a delivery.
    pub(super) path: fn(&str, Delivery) -> Vec<String>,
    /// Returns the query parameter of a request, as name and value.
    pub(super) query: fn(Delivery) -> Option<(&'static str, &'static str)>,
    /// The settings that no field of the protocol can carry, by their names in
    /// [`Settings`](crate::conversation::Settings).
    pub(super) unsupported_settings: &'static [&'static str],
}

/// Returns owned copies of the segments of a path.
pub(super) fn segments(path: &[&str]) -> Vec<String> {
    path.iter().map(|segment| (*segment).to_owned()).collect()
}

/// The query of protocols that need none.
pub(super) fn no_query(_: Delivery) -> Option<(&'static str, &'static str)> {
    None
}
