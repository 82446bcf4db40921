//! A model that answers from a script, for tests without a network. Its replies are bodies of the
//! Chat Completions protocol and go through the same decoder as a provider's. Its requests are encoded
//! as for a provider, and kept.

mod model;
pub mod reply;
mod scripted_reply;

pub use model::{Scripted, SeenRequest};
pub use scripted_reply::ScriptedReply;
