//! How much a model thinks before it answers.

use std::fmt;

/// A level of thinking, by the names that providers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Effort {
    /// Minimal effort.
    Minimal,
    /// Low effort.
    Low,
    /// Medium effort.
    Medium,
    /// High effort.
    High,
    /// More than high effort.
    XHigh,
    /// Maximal effort.
    Max,
}

impl Effort {
    /// Returns the name in the protocols, such as `low`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much a model thinks before it answers. Each provider's field for it is filled in; no model accepts
/// every form. A form that the model does not accept is an error of the kind
/// [`Unsupported`](super::ProviderErrorKind::Unsupported) for the setting `thinking`, which says what the
/// model accepts.
///
/// ```
/// use extract_llm::conversation::{Effort, Thinking};
///
/// assert_eq!(Thinking::from(Effort::Low), Thinking::Effort(Effort::Low));
/// assert_eq!(Thinking::Budget(2_000).to_string(), "a budget of 2000 tokens");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Thinking {
    /// The model answers without thinking.
    Off,
    /// The model decides how much it thinks.
    Adaptive,
    /// A level.
    Effort(Effort),
    /// At most this many tokens.
    Budget(u32),
}

impl From<Effort> for Thinking {
    fn from(effort: Effort) -> Self {
        Self::Effort(effort)
    }
}

impl fmt::Display for Thinking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Adaptive => f.write_str("adaptive"),
            Self::Effort(effort) => write!(f, "effort {effort}"),
            Self::Budget(tokens) => write!(f, "a budget of {tokens} tokens"),
        }
    }
}
