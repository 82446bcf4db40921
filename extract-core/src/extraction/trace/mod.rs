//! Traces of extractions: a span for each extraction, one for each attempt in it, a line for people, and metrics.

mod content;
mod line;
#[cfg(feature = "metrics")]
mod metrics;
mod names;
mod settings;
mod span;

pub use content::TraceContent;
#[cfg(feature = "metrics")]
pub use metrics::{MetricNames, SECONDS_BUCKETS, TOKEN_BUCKETS, describe_metrics};
pub(super) use span::{AttemptSpan, ExtractionSpan};
