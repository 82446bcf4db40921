//! Framing: from bytes to events, for every protocol. Knows no connection.

mod amazon;
mod event;
mod framer;
mod lines;
mod sse;

pub use event::Event;
pub use framer::{Framer, Framing};
