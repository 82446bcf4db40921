//! What goes over the wire, one file a protocol: encode a request, decode a reply. Pure functions
//! from data to bytes and back; they know no sockets, no clock and no keys.

pub mod chat;
mod failure;

pub use failure::{ErrorBody, classify, decode_failure};
