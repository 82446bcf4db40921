//! Limits: what ends the asking again, named so that a program can tell one from another.

use std::fmt;

use crate::conversation::Usd;

/// The limit that ended an extraction whose answers did not pass: the first that was met. Where
/// several are met by the same answer, they are named in the order in which they stand here.
///
/// A deadline is no limit of this kind; it has an error of its own,
/// [`Error::Deadline`](crate::Error::Deadline).
///
/// ```
/// use extract_llm::extraction::Limit;
///
/// let limit = Limit::Tokens { limit: 5_000, used: Some(5_210) };
/// assert_eq!(limit.to_string(), "the budget of 5000 tokens is used up (5210 used)");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// [`validation_retries`](crate::Extraction::validation_retries): all re-asks were made.
    Retries {
        /// How many there were to make.
        retries: u32,
    },
    /// [`token_budget`](crate::Extraction::token_budget).
    Tokens {
        /// The budget.
        limit: u64,
        /// Tokens used by all attempts; none where a provider did not say.
        used: Option<u64>,
    },
    /// [`cost_budget`](crate::Extraction::cost_budget).
    Cost {
        /// The budget.
        limit: Usd,
        /// What all attempts cost; none where it is not known of each.
        used: Option<Usd>,
    },
    /// [`stop_unchanged`](crate::Extraction::stop_unchanged): the same problems came back.
    Unchanged {
        /// How often they came back.
        times: u32,
    },
    /// [`BadItems::Stop`](crate::extraction::BadItems::Stop): an element of a streamed list did not
    /// pass.
    BadItem,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retries { retries: 1 } => f.write_str("the one re-ask is used up"),
            Self::Retries { retries: 0 } => f.write_str("there are no re-asks"),
            Self::Retries { retries } => write!(f, "all {retries} re-asks are used up"),
            Self::Tokens { limit, used: Some(used) } => {
                write!(f, "the budget of {limit} tokens is used up ({used} used)")
            }
            Self::Tokens { limit, used: None } => {
                write!(f, "what is left of the budget of {limit} tokens is not known")
            }
            Self::Cost { limit, used: Some(used) } => {
                write!(f, "the budget of {limit} is used up ({used} used)")
            }
            Self::Cost { limit, used: None } => {
                write!(f, "what is left of the budget of {limit} is not known")
            }
            Self::Unchanged { times } => {
                write!(f, "the same problems came back {times} times")
            }
            Self::BadItem => f.write_str("a bad element is to end the stream"),
        }
    }
}
