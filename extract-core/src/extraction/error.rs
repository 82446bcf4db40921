//! The error of an extraction.

mod display;

use std::time::Duration;

use serde_json::Value;

use super::ledger::Ledger;
use super::limit::Limit;
use crate::contract::{CheckFailure, ContractError, Problems};
use crate::conversation::{ProviderError, RequestState};
use crate::model::ConfigError;

/// An error of the call: of the input, the tools or the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The input is empty or blank. Messages of [`examples`](crate::Extraction::examples) are not
    /// counted.
    #[error("the input is empty: there is nothing to extract from")]
    Empty,
    /// There are user tools, but the model has no mode with tools, or another mode is set.
    #[error("there are user tools, but the mode of the request has no tools")]
    NoTools,
    /// Two tools have the same name, or one has the name of the value's tool.
    #[error("duplicate tool name `{0}`: rename one of the tools with `named`")]
    ToolName(String),
    /// A setting is NaN or infinite, which JSON cannot represent.
    #[error("`{setting}` must be a finite number")]
    NotFinite {
        /// The name of the setting: `temperature`, `top_p` or `cost_budget`.
        setting: &'static str,
    },
    /// The stream has ended with an error, which was returned before.
    #[error("the stream has ended: its error was returned before")]
    Ended,
    /// The type has no list at the pointer of [`items_of`](crate::Extraction::items_of) or
    /// [`items_at`](crate::Extraction::items_at). Or the type is no list, and
    /// [`bad_items`](crate::Extraction::bad_items) sets a policy for elements.
    #[error("{}", no_list(pointer.as_deref()))]
    NoList {
        /// The JSON pointer. `None` if the list that a closure returned has none, because it is not
        /// reached through fields, newtypes and tuples alone.
        pointer: Option<String>,
    },
    /// No element of the list can be the type of [`items_at`](crate::Extraction::items_at): their schemas
    /// allow different JSON kinds.
    #[error(
        "no element of the list at {pointer:?} can be read as `{name}`: it is {found}, and has to be {expected}"
    )]
    OtherElements {
        /// The JSON pointer of the list.
        pointer: String,
        /// The name of the type.
        name: String,
        /// The JSON kinds of the type, in English.
        expected: String,
        /// The JSON kinds of the elements, in English.
        found: String,
    },
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
/// Every variant that can occur after a request carries the [`Ledger`]: all attempts with their replies
/// and costs. If an answer was rejected before, the [best value](Self::best_value) and its
/// [problems](Self::problems) are available too, whatever happened later.
///
/// Its `Display` is one sentence with all details. `source` does not repeat what that sentence says.
///
/// ```
/// use extract_llm::Error;
///
/// fn explain(error: &Error) -> String {
///     match error {
///         Error::Refused { message, .. } => format!("the model will not: {message}"),
///         Error::Truncated { .. } => "raise max_tokens".to_owned(),
///         Error::Invalid { problems, .. } => format!("never right: {problems}"),
///         Error::Provider { error, .. } if error.is_retryable() => "later, perhaps".to_owned(),
///         other => other.to_string(),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The client could not be created.
    Config(ConfigError),
    /// The contract of the type could not be made.
    Contract(ContractError),
    /// The call is invalid.
    Input(InputError),
    /// A request got no reply.
    Provider {
        /// The error of the request.
        error: ProviderError,
        /// The best of the rejected answers, if any could be read.
        best: Option<Box<Rejected>>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
    /// The model refused to answer. There is no re-ask.
    Refused {
        /// The text of the refusal; empty if there is none.
        message: String,
        /// The best of the rejected answers, if any could be read.
        best: Option<Box<Rejected>>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
    /// The provider's content filter stopped the reply. There is no re-ask.
    ContentFiltered {
        /// The text before the end.
        partial: String,
        /// The best of the rejected answers, if any could be read.
        best: Option<Box<Rejected>>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
    /// The reply was cut off at its token limit. There is no re-ask.
    Truncated {
        /// The text before the end.
        partial: String,
        /// The best of the rejected answers, if any could be read.
        best: Option<Box<Rejected>>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
    /// No answer passed its checks, and a limit allows no further re-ask.
    Invalid {
        /// The problems of the best value; if there is none, of the last answer.
        problems: Problems,
        /// The value with the fewest problems, if any could be read; the last one of equals.
        best: Option<Value>,
        /// The first limit that was reached.
        limit: Limit,
        /// All attempts.
        ledger: Box<Ledger>,
    },
    /// Half or more of the samples yielded no value.
    TooFewSamples {
        /// The required number of values.
        needed: usize,
        /// The number of values.
        given: usize,
        /// The errors of the other samples.
        failures: Vec<Error>,
        /// The attempts of all samples.
        ledger: Box<Ledger>,
    },
    /// A check failed or panicked. There is no re-ask.
    Check {
        /// The JSON pointer of the value that was checked; empty for the whole value.
        pointer: String,
        /// The failure of the check.
        source: CheckFailure,
        /// The value. It may be valid.
        last: Option<Value>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
    /// The deadline passed.
    Deadline {
        /// The deadline that was set.
        deadline: Duration,
        /// The state of the request that was running at that time, if there was one: being answered, or
        /// waiting for a retry after a failure.
        reached: Option<Box<RequestState>>,
        /// The problems of the best value, or else of the last answer; empty if there was no answer.
        problems: Problems,
        /// The value with the fewest problems, if any could be read; the last one of equals.
        best: Option<Value>,
        /// All attempts so far.
        ledger: Box<Ledger>,
    },
}

/// Describes the missing list.
fn no_list(pointer: Option<&str>) -> String {
    match pointer {
        Some("") => "the value is no list; one inside of it is named by `items_of`".to_owned(),
        Some(pointer) => format!("the type has no list at {pointer:?}"),
        None => "what the closure gave is no list that the fields of the type lead to".to_owned(),
    }
}

/// Returns ` at ` and the pointer, or an empty text for the whole value.
pub(super) fn at_pointer(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}

impl Error {
    /// Returns all attempts with their costs, or `None` if no request was made.
    pub fn ledger(&self) -> Option<&Ledger> {
        match self {
            Self::Config(_) | Self::Contract(_) | Self::Input(_) => None,
            Self::Provider { ledger, .. }
            | Self::Refused { ledger, .. }
            | Self::ContentFiltered { ledger, .. }
            | Self::Truncated { ledger, .. }
            | Self::Invalid { ledger, .. }
            | Self::TooFewSamples { ledger, .. }
            | Self::Check { ledger, .. }
            | Self::Deadline { ledger, .. } => Some(ledger),
        }
    }

    /// Returns the best value that could be read although it failed its checks: the one with the fewest
    /// problems, the last one of equals. Returns `None` if there is none.
    pub fn best_value(&self) -> Option<&Value> {
        match self {
            Self::Invalid { best, .. } | Self::Deadline { best, .. } => best.as_ref(),
            Self::Check { last, .. } => last.as_ref(),
            Self::TooFewSamples { failures, .. } => best_of(failures)?.best_value(),
            _ => self.rejected().map(|rejected| &rejected.value),
        }
    }

    /// Returns the problems of the [best value](Self::best_value); if there is none, those of the last
    /// answer, if known.
    pub fn problems(&self) -> Option<&Problems> {
        match self {
            Self::Invalid { problems, .. } | Self::Deadline { problems, .. } => Some(problems),
            Self::TooFewSamples { failures, .. } => best_of(failures)?.problems(),
            _ => self.rejected().map(|rejected| &rejected.problems),
        }
    }

    /// Returns the rejected value of the variants that carry one.
    fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Provider { best, .. }
            | Self::Refused { best, .. }
            | Self::ContentFiltered { best, .. }
            | Self::Truncated { best, .. } => best.as_deref(),
            _ => None,
        }
    }

    /// Returns the last provider error, if it is the reason for the missing value. After a deadline, this
    /// is the error behind the pending retry, if any.
    pub fn provider_error(&self) -> Option<&ProviderError> {
        match self {
            Self::Provider { error, .. } => Some(error),
            Self::Deadline { reached, .. } => reached.as_ref()?.failure.as_ref(),
            _ => None,
        }
    }

    /// Whether the same call may succeed later, without changes.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Provider { error, .. } => error.is_retryable(),
            Self::TooFewSamples { failures, .. } => failures.iter().all(Self::is_retryable),
            Self::Deadline { .. } => true,
            _ => false,
        }
    }
}

/// Returns the error whose best value has the fewest problems, or `None` if none has a value.
fn best_of(failures: &[Error]) -> Option<&Error> {
    let with_value = failures.iter().filter(|failed| failed.best_value().is_some());
    with_value.min_by_key(|failed| failed.problems().map_or(0, Problems::len))
}
