//! [`PassedOver`]: a model that did not give the value, although it was asked or could have been.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A model that another one took over from, and why: see [`Ledger::passed_over`](super::Ledger::passed_over).
///
/// ```
/// use extract_llm::extraction::{CircuitBreaker, FallbackOn, PassedOverReason};
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::Client;
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let second = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
/// let first = Client::builder()
///     .fallback_to(&second, FallbackOn::default())
///     .with_model(Scripted::new([reply::status(503)]));
///
/// let done = first.extract::<u8>("There were seven.").report().await?;
///
/// assert_eq!(done.value, 7);
/// assert_eq!(done.ledger.passed_over[0].reason, PassedOverReason::Failed);
/// println!("{}", done.ledger.passed_over[0]); // scripted/… failed: the provider is overloaded …
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// The address of the model: `provider/model`.
    pub address: String,
    /// Why it did not give the value.
    pub reason: PassedOverReason,
    /// The error, if there is one.
    pub detail: Option<String>,
}

/// Why a model did not give the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PassedOverReason {
    /// Its provider failed.
    Failed,
    /// It refused, or a content filter stopped its reply.
    Refused,
    /// Its answers failed their checks.
    FailedChecks,
    /// It was not asked, because its [circuit](crate::extraction::CircuitBreaker) was open.
    CircuitOpen,
    /// Another model that was asked [at the same time](crate::Extraction::hedge_after) answered first.
    Slower,
    /// It was not asked, because it cannot express the type or takes no tools.
    NotAble,
}

impl PassedOver {
    pub(in crate::extraction) fn circuit_open(address: String) -> Self {
        Self { address, reason: PassedOverReason::CircuitOpen, detail: None }
    }

    pub(in crate::extraction) fn not_able(address: String, detail: String) -> Self {
        Self { address, reason: PassedOverReason::NotAble, detail: Some(detail) }
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = match self.reason {
            PassedOverReason::Failed => "failed",
            PassedOverReason::Refused => "refused to answer",
            PassedOverReason::FailedChecks => "gave invalid answers",
            PassedOverReason::CircuitOpen => "was not asked: it failed again and again before",
            PassedOverReason::Slower => "was slower",
            PassedOverReason::NotAble => "cannot be asked",
        };
        write!(f, "{} {reason}", self.address)?;
        self.detail.iter().try_for_each(|detail| write!(f, ": {detail}"))
    }
}
