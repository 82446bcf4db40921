//! A model that answers from a script, for tests without a network. Its replies are written in the wire form
//! of a provider and go through the same decoder as a provider's. Its requests are encoded as for that
//! provider, and kept.

mod answer;
mod in_flight;
mod model;
pub mod reply;
mod reply_chunks;
mod scripted_reply;
mod seen_request;
mod wire_form;

pub use model::Scripted;
pub use scripted_reply::ScriptedReply;
pub use seen_request::SeenRequest;
pub use wire_form::WireForm;
