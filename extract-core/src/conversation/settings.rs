//! What a caller may set on a request. Nothing here is sent unless it was set.

use serde_json::{Map, Value};

/// How hard a reasoning model should think, in the words that providers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReasoningEffort {
    /// No reasoning.
    None,
    /// As little as possible.
    Minimal,
    /// Little.
    Low,
    /// The usual.
    Medium,
    /// Much.
    High,
    /// More.
    XHigh,
    /// All there is.
    Max,
}

impl ReasoningEffort {
    /// The word that goes on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
}

/// Settings of one request. Many models refuse sampling parameters, so none has a default.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The most tokens that the reply may have, reasoning included.
    pub max_tokens: Option<u32>,
    /// Sampling temperature.
    pub temperature: Option<f64>,
    /// Nucleus sampling.
    pub top_p: Option<f64>,
    /// Sampling seed.
    pub seed: Option<u64>,
    /// Texts that end the reply.
    pub stop: Vec<String>,
    /// How hard to think.
    pub reasoning_effort: Option<ReasoningEffort>,
    /// Fields laid over the encoded body as they are: the escape hatch for what has no setter.
    pub extra_body: Map<String, Value>,
}
