//! The one error of an extraction, matchable by what happened.

use std::time::Duration;

use serde_json::Value;

use super::ledger::Ledger;
use super::limit::Limit;
use crate::contract::{CheckFailure, ContractError, Problems};
use crate::conversation::ProviderError;
use crate::model::ConfigError;

/// What is wrong with the call itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// There is nothing to extract from. Messages of [`history`](crate::Extraction::history) are
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

/// Why an extraction gave no value.
///
/// Every variant that comes after a request was made carries the [`Ledger`]: all attempts, what
/// came back, and what it cost.
///
/// ```
/// use extract_core::Error;
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
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client cannot be made.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The type cannot be asked for.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// The call cannot be made as it is.
    #[error(transparent)]
    Input(#[from] InputError),
    /// A request brought no reply.
    #[error("no reply from the model: {error}")]
    Provider {
        /// What happened.
        #[source]
        error: ProviderError,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The model refused to answer. It is not asked again.
    #[error("the model refused: {message}")]
    Refused {
        /// Its words; empty where it gave none.
        message: String,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The provider's content filter stopped the reply. The model is not asked again.
    #[error("the provider's content filter stopped the reply")]
    ContentFiltered {
        /// What was written before.
        partial: String,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// The reply was cut off at its limit of tokens. The model is not asked again.
    #[error(
        "the reply was cut off after {} output tokens: raise `max_tokens`, or ask for less at once",
        ledger.attempts.last().and_then(|last| last.usage).unwrap_or_default().output_tokens
    )]
    Truncated {
        /// What was written before.
        partial: String,
        /// Everything up to then.
        ledger: Box<Ledger>,
    },
    /// No attempt gave a value that passed, and a limit forbids another.
    #[error("after {} no value passed, and {limit}: {problems}", attempts(ledger))]
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
    #[error(
        "{needed} samples have to give a value for an agreement, and {given} did; the first failure: {}",
        failures.first().map(ToString::to_string).unwrap_or_default()
    )]
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
    #[error("the value could not be checked{}: {source}", place(pointer))]
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
    #[error("the deadline of {deadline:?} passed after {}", attempts(ledger))]
    Deadline {
        /// The deadline that was set.
        deadline: Duration,
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

fn attempts(ledger: &Ledger) -> String {
    match ledger.attempts.len() {
        1 => String::from("1 attempt"),
        n => format!("{n} attempts"),
    }
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
            _ => None,
        }
    }

    /// What is wrong with the [best value](Self::best_value).
    pub fn problems(&self) -> Option<&Problems> {
        match self {
            Self::Invalid { problems, .. } | Self::Deadline { problems, .. } => Some(problems),
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
