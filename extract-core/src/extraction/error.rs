//! The one error of an extraction, matchable by what happened.

mod display;

use std::time::Duration;

use serde_json::Value;

use super::ledger::Ledger;
use super::limit::Limit;
use crate::contract::{CheckFailure, ContractError, Problems};
use crate::conversation::{ProviderError, RequestState};
use crate::model::ConfigError;

/// What is wrong with the call itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// There is nothing to extract from. Messages of [`examples`](crate::Extraction::examples) are
    /// not looked at.
    #[error("the input is empty: there is nothing to extract from")]
    Empty,
    /// There are tools of the caller's own, and the model (or the mode that was set) takes none.
    #[error("there are tools to be called, and the model is not asked in a mode that has tools")]
    NoTools,
    /// Two tools have the same name, or one has the name of the tool that gives the value.
    #[error("there is more than one tool of the name `{0}`; give one another with `named`")]
    ToolName(String),
    /// A setting is NaN or infinite, which no request can say.
    #[error("`{setting}` is no finite number, and cannot be sent or held to")]
    NotFinite {
        /// Its name: `temperature`, `top_p` or `cost_budget`.
        setting: &'static str,
    },
    /// The error that the stream ended with was given out before.
    #[error("the stream has ended: its error was given before")]
    Ended,
    /// The type has no list at the place that [`items_of`](crate::Extraction::items_of) or
    /// [`items_at`](crate::Extraction::items_at) was given; or it is none, and
    /// [`bad_items`](crate::Extraction::bad_items) speaks of elements.
    #[error("{}", no_list(pointer.as_deref()))]
    NoList {
        /// The place as a JSON pointer. `None` where what a closure gave has none: it is no list of
        /// the value that fields, newtypes and tuples lead to.
        pointer: Option<String>,
    },
    /// No element of the list can be read as the type that [`items_at`](crate::Extraction::items_at)
    /// was given: by their schemas they are JSON of other kinds.
    #[error(
        "no element of the list at {pointer:?} can be read as `{name}`: it is {found}, and has to be {expected}"
    )]
    OtherElements {
        /// Where the list is, as a JSON pointer.
        pointer: String,
        /// The name of the type.
        name: String,
        /// What the type is read from, in words.
        expected: String,
        /// What the elements are, in words.
        found: String,
    },
}

/// A value that could be read and did not pass.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Rejected {
    /// The value.
    pub value: Value,
    /// What is wrong with it.
    pub problems: Problems,
}

/// Why an extraction gave no value.
///
/// Every variant that comes after a request was made carries the [`Ledger`]: all attempts, what
/// came back, and what it cost. Where an answer had been rejected before, the
/// [best value](Self::best_value) and its [problems](Self::problems) are there, whatever came after.
///
/// Its `Display` is one sentence that holds all of it; what that says already is not said again by
/// `source`.
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
    /// The client cannot be made.
    Config(ConfigError),
    /// The type cannot be asked for.
    Contract(ContractError),
    /// The call cannot be made as it is.
    Input(InputError),
    /// A request brought no reply.
    Provider {
        /// What happened.
        error: ProviderError,
        /// The best of the answers that were rejected before, if any could be read.
        best: Option<Box<Rejected>>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The model refused to answer. It is not asked again.
    Refused {
        /// Its words; empty where it gave none.
        message: String,
        /// The best of the answers that were rejected before, if any could be read.
        best: Option<Box<Rejected>>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The provider's content filter stopped the reply. The model is not asked again.
    ContentFiltered {
        /// What was written before.
        partial: String,
        /// The best of the answers that were rejected before, if any could be read.
        best: Option<Box<Rejected>>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The reply was cut off at its limit of tokens. The model is not asked again.
    Truncated {
        /// What was written before.
        partial: String,
        /// The best of the answers that were rejected before, if any could be read.
        best: Option<Box<Rejected>>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// No attempt gave a value that passed, and a limit forbids another.
    Invalid {
        /// What is wrong with the best value; where there is none, with the last answer.
        problems: Problems,
        /// The value with the fewest problems, the later one of equals, if any could be read.
        best: Option<Value>,
        /// What ended the asking again: the first limit that was met.
        limit: Limit,
        /// All attempts.
        ledger: Box<Ledger>,
    },
    /// Of several samples, half or more gave no value.
    TooFewSamples {
        /// How many have to.
        needed: usize,
        /// How many did.
        given: usize,
        /// Why the others did not.
        failures: Vec<Error>,
        /// The attempts of all samples.
        ledger: Box<Ledger>,
    },
    /// A check could not be made: it failed by itself, or panicked. The model is not asked again.
    Check {
        /// JSON pointer of the value that it was to look at; empty for the whole of it.
        pointer: String,
        /// Why it could not be made.
        source: CheckFailure,
        /// The value, which may be right.
        last: Option<Value>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The deadline passed.
    Deadline {
        /// The deadline that was set.
        deadline: Duration,
        /// How far the request had come that was under way then, if one was: whether it was
        /// answered or was waiting to be sent again, and after which failure.
        reached: Option<Box<RequestState>>,
        /// What is wrong with the best value, or else with the last answer; empty where none came.
        problems: Problems,
        /// The value with the fewest problems, the later one of equals, if any could be read.
        best: Option<Value>,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
}

fn no_list(pointer: Option<&str>) -> String {
    match pointer {
        Some("") => "the value is no list; one inside of it is named by `items_of`".to_owned(),
        Some(pointer) => format!("the type has no list at {pointer:?}"),
        None => "what the closure gave is no list that the fields of the type lead to".to_owned(),
    }
}

pub(super) fn place(pointer: &str) -> String {
    if pointer.is_empty() { String::new() } else { format!(" at {pointer}") }
}

impl Error {
    /// All attempts and what they cost, if any request was made.
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

    /// The best value that could be read, though it did not pass: the one with the fewest problems,
    /// the later one of equals.
    pub fn best_value(&self) -> Option<&Value> {
        match self {
            Self::Invalid { best, .. } | Self::Deadline { best, .. } => best.as_ref(),
            Self::Check { last, .. } => last.as_ref(),
            Self::TooFewSamples { failures, .. } => best_of(failures)?.best_value(),
            _ => self.rejected().map(|rejected| &rejected.value),
        }
    }

    /// What is wrong with the [best value](Self::best_value).
    pub fn problems(&self) -> Option<&Problems> {
        match self {
            Self::Invalid { problems, .. } | Self::Deadline { problems, .. } => Some(problems),
            Self::TooFewSamples { failures, .. } => best_of(failures)?.problems(),
            _ => self.rejected().map(|rejected| &rejected.problems),
        }
    }

    fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Provider { best, .. }
            | Self::Refused { best, .. }
            | Self::ContentFiltered { best, .. }
            | Self::Truncated { best, .. } => best.as_deref(),
            _ => None,
        }
    }

    /// The last failure between the request and its reply, where that is what there is instead of
    /// a value: also the one that a request was about to be sent again after when the deadline
    /// passed.
    pub fn provider_error(&self) -> Option<&ProviderError> {
        match self {
            Self::Provider { error, .. } => Some(error),
            Self::Deadline { reached, .. } => reached.as_ref()?.failure.as_ref(),
            _ => None,
        }
    }

    /// Whether the same call may well succeed later, unchanged.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Provider { error, .. } => error.is_retryable(),
            Self::TooFewSamples { failures, .. } => failures.iter().all(Self::is_retryable),
            Self::Deadline { .. } => true,
            _ => false,
        }
    }
}

/// The one of several failures whose best value has the fewest problems.
fn best_of(failures: &[Error]) -> Option<&Error> {
    let with_value = failures.iter().filter(|failed| failed.best_value().is_some());
    with_value.min_by_key(|failed| failed.problems().map_or(0, Problems::len))
}
