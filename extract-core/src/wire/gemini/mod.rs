//! Google's generateContent, of the Gemini API and of Vertex AI.
//!
//! Source of the request's shape: Google's API reference for `models.generateContent`.

mod decode;
mod encode;

pub(super) use decode::{Stream, decode};
pub(super) use encode::encode;

/// The name under which this protocol keeps what must be replayed.
const STATE: &str = "gemini";
