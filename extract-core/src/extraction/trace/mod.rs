//! Traces of extractions: a span for each extraction, one for each attempt in it, and a line for people.

mod content;
mod line;
mod names;
mod span;

pub use content::TraceContent;
pub(super) use span::{AttemptSpan, ExtractionSpan};
