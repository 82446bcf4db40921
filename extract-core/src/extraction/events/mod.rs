//! Typed events of extractions for listeners.

mod before;
mod event;
mod listener;

pub use before::NextRequest;
pub(super) use before::{BeforeRequest, changed};
pub use event::Event;
pub use listener::Listener;
