//! The error of an extraction.

mod best_partial;
mod display;
mod failed_chunk;
mod input;

use std::time::Duration;

use serde_json::Value;

use super::budget::OverBudget;
use super::ledger::Ledger;
use super::limit::Limit;
use super::parse::ParseError;
use super::tools::ToolFailure;
use crate::contract::{CheckFailure, ContractError, Problems};
use crate::conversation::{ProviderError, RequestState};
use crate::model::ConfigError;
pub use best_partial::{BestPartial, FieldStatus, ReviewedField};
pub use failed_chunk::FailedChunk;
pub use input::InputError;

/// The reason why an extraction has no value. [`Error::kind`] returns it.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The client could not be created.
    Config(ConfigError),
    /// The contract of the type could not be made.
    Contract(ContractError),
    /// The call is invalid.
    Input(InputError),
    /// A request got no reply.
    Provider(ProviderError),
    /// The model refused to answer. There is no re-ask.
    Refused {
        /// The text of the refusal; empty if there is none.
        message: String,
    },
    /// The provider's content filter stopped the reply. There is no re-ask.
    ContentFiltered {
        /// The text before the end.
        partial: String,
    },
    /// The reply was cut off at its token limit. There is no re-ask.
    Truncated {
        /// The text before the end.
        partial: String,
    },
    /// No answer passed its checks, and a limit allows no further re-ask.
    Invalid {
        /// The problems of the best value; if there is none, of the last answer.
        problems: Problems,
        /// The first limit that was reached.
        limit: Limit,
    },
    /// A request was not sent, because it does not fit into a budget. After a rejected answer, this is
    /// [`Invalid`](Self::Invalid) with [`Limit::Budget`].
    Budget(OverBudget),
    /// Half or more of the samples yielded no value.
    TooFewSamples {
        /// The required number of values.
        needed: usize,
        /// The number of values.
        found: usize,
        /// The errors of the other samples.
        failures: Vec<Error>,
    },
    /// More chunks of a long document failed than
    /// [`allow_failed_chunks`](crate::document::DocumentRequest::allow_failed_chunks) allows. The
    /// [best value](Error::best) holds what the others gave.
    FailedChunks {
        /// The chunks that failed, in the order of the passes and of the document.
        failed: Vec<FailedChunk>,
        /// The number of chunks that may fail.
        allowed: usize,
    },
    /// A check failed or panicked. There is no re-ask.
    Check {
        /// The JSON pointer of the value that was checked; empty for the whole value.
        pointer: String,
        /// The failure of the check.
        source: CheckFailure,
    },
    /// A [tool](crate::Extraction::tool) ended the extraction, or its result cannot be sent. There is no
    /// re-ask. The ledger has the calls so far in [`tool_runs`](crate::extraction::Ledger::tool_runs).
    Tool {
        /// The name of the tool.
        name: String,
        /// The reason.
        source: ToolFailure,
    },
    /// The model called tools in more replies than [`max_steps`](crate::Extraction::max_steps) allows. The
    /// calls of the last reply were not made.
    TooManySteps {
        /// The number of replies that may call tools.
        steps: u32,
    },
    /// The deadline passed, or the [limits](crate::model::Limits) need a wait that ends after it. In the
    /// second case the extraction fails at once, and the request's state holds the wait.
    Deadline {
        /// The deadline that was set, or the default of 30 minutes.
        deadline: Duration,
        /// The state of the request that was running at that time, if there was one: being answered, or
        /// waiting for a retry after a failure.
        request: Option<RequestState>,
        /// The problems of the best value, or else of the last answer; empty if there was no answer.
        problems: Problems,
    },
    /// A text that was there already holds no valid value: see [`parse`](crate::parse).
    Parse(ParseError),
}

impl ErrorKind {
    /// Returns the name of the kind in snake case, such as `refused`, for logs and counters. For
    /// [`Provider`](Self::Provider) it is that of the
    /// [provider's error](crate::conversation::ProviderErrorKind::name), such as `rate_limited`.
    ///
    /// ```
    /// use extract_llm::ErrorKind;
    ///
    /// let refused = ErrorKind::Refused { message: String::new() };
    /// assert_eq!(refused.name(), "refused");
    /// ```
    pub fn name(&self) -> &'static str {
        match self {
            Self::Config(_) => "config",
            Self::Contract(_) => "contract",
            Self::Input(_) => "input",
            Self::Provider(error) => error.kind.name(),
            Self::Refused { .. } => "refused",
            Self::ContentFiltered { .. } => "content_filtered",
            Self::Truncated { .. } => "truncated",
            Self::Invalid { .. } => "invalid",
            Self::Budget(_) => "budget",
            Self::TooFewSamples { .. } => "too_few_samples",
            Self::FailedChunks { .. } => "failed_chunks",
            Self::Check { .. } => "check",
            Self::Tool { .. } => "tool",
            Self::TooManySteps { .. } => "too_many_steps",
            Self::Deadline { .. } => "deadline",
            Self::Parse(_) => "parse",
        }
    }
}

/// A value that could be read and failed its checks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rejected {
    /// The value.
    pub value: Value,
    /// The problems of the value.
    pub problems: Problems,
}

/// The error of an extraction.
///
/// [`kind`](Self::kind) is the reason, [`ledger`](Self::ledger) holds all attempts with their replies and
/// costs, and [`best`](Self::best) is the best value that failed its checks, whatever happened later.
///
/// `{}` is one line: the reason, and the type, model, attempt and request id. `{:?}` adds a line for each
/// attempt. `{:#?}` is everything.
///
/// ```
/// use extract_llm::{Error, ErrorKind};
///
/// fn explain(error: &Error) -> String {
///     match error.kind() {
///         ErrorKind::Refused { message } => format!("the model will not: {message}"),
///         ErrorKind::Truncated { .. } => "raise max_tokens".to_owned(),
///         ErrorKind::Invalid { problems, .. } => format!("never right: {problems}"),
///         _ if error.is_retryable() => "later, perhaps".to_owned(),
///         _ => error.to_string(),
///     }
/// }
/// ```
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    /// The name of the type's contract, once it is known.
    type_name: String,
    best: Option<Rejected>,
    ledger: Ledger,
}

impl Error {
    /// Makes an error before the first request.
    pub(super) fn new(kind: ErrorKind) -> Self {
        Self::with_ledger(kind, Ledger::default())
    }

    /// Makes an error with the attempts so far.
    pub(super) fn with_ledger(kind: ErrorKind, ledger: Ledger) -> Self {
        Self(Box::new(Inner { kind, type_name: String::new(), best: None, ledger }))
    }

    /// Sets the best of the rejected values.
    pub(super) fn with_best(mut self, best: Option<Rejected>) -> Self {
        self.0.best = best;
        self
    }

    /// Replaces the reason by one that is made from it.
    pub(crate) fn map_kind(mut self, map: impl FnOnce(ErrorKind) -> ErrorKind) -> Self {
        let placeholder = ErrorKind::Input(InputError::Empty);
        self.0.kind = map(std::mem::replace(&mut self.0.kind, placeholder));
        self
    }

    /// Sets the name of the type, unless it is known.
    pub(crate) fn of_type(mut self, name: &str) -> Self {
        if self.0.type_name.is_empty() {
            name.clone_into(&mut self.0.type_name);
        }
        self
    }

    /// Returns the reason.
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// Returns the reason, without the rest of the error.
    pub fn into_kind(self) -> ErrorKind {
        self.0.kind
    }

    /// Returns all attempts with their costs. It is empty if no request was made.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// Returns the ledger, to be changed.
    pub(crate) fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.0.ledger
    }

    /// Returns the best value that could be read although it failed its checks: the one with the fewest
    /// problems, the last one of equals. Returns `None` if there is none.
    ///
    /// After [`ErrorKind::Check`] it is the value whose check failed, without problems.
    pub fn best(&self) -> Option<&Rejected> {
        match &self.0.kind {
            ErrorKind::TooFewSamples { failures, .. } => best_of(failures),
            _ => self.0.best.as_ref(),
        }
    }

    /// Returns the problems of the [best value](Self::best); if there is none, those of the last answer.
    /// Returns `None` if no answer was rejected.
    pub fn problems(&self) -> Option<&Problems> {
        match &self.0.kind {
            ErrorKind::Invalid { problems, .. } => Some(problems),
            ErrorKind::Deadline { problems, .. } if self.0.best.is_none() => {
                Some(problems).filter(|problems| !problems.is_empty())
            }
            _ => self.best().map(|best| &best.problems),
        }
    }

    /// Returns the last provider error, if it is the reason for the missing value. After a deadline, this
    /// is the error behind the pending retry, if any.
    pub fn provider_error(&self) -> Option<&ProviderError> {
        match &self.0.kind {
            ErrorKind::Provider(error) => Some(error),
            ErrorKind::Deadline { request, .. } => request.as_ref()?.failure.as_ref(),
            _ => None,
        }
    }

    /// Returns the provider's id of the last request, if it is known.
    pub fn request_id(&self) -> Option<&str> {
        self.0.ledger.attempts.last()?.request_id.as_deref()
    }

    /// Returns whether the call itself is the reason: no request can be made.
    pub(crate) fn is_before_requests(&self) -> bool {
        let kind = &self.0.kind;
        matches!(kind, ErrorKind::Config(_) | ErrorKind::Contract(_) | ErrorKind::Input(_))
    }

    /// Returns whether the same call may succeed later, without changes.
    pub fn is_retryable(&self) -> bool {
        match &self.0.kind {
            ErrorKind::Provider(error) => error.is_retryable(),
            ErrorKind::TooFewSamples { failures, .. } => failures.iter().all(Self::is_retryable),
            ErrorKind::FailedChunks { failed, .. } => {
                failed.iter().all(|chunk| chunk.error.is_retryable())
            }
            ErrorKind::Deadline { .. } => true,
            ErrorKind::Budget(over) => over.renews_in.is_some(),
            _ => false,
        }
    }
}

/// Returns the best value with the fewest problems.
fn best_of(failures: &[Error]) -> Option<&Rejected> {
    failures.iter().filter_map(Error::best).min_by_key(|best| best.problems.len())
}
