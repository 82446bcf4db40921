//! [`Limit`]: the limits that end the re-asks of an extraction.

use std::fmt;

use crate::conversation::Usd;

/// The limit that ended an extraction without a valid value: the first one that was reached. If one
/// answer reaches several limits, the first in the order below is reported.
///
/// A deadline is no such limit: see [`ErrorKind::Deadline`](crate::extraction::ErrorKind::Deadline).
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
        /// The number of allowed re-asks.
        retries: u32,
    },
    /// [`token_budget`](crate::Extraction::token_budget): the tokens are used up, or their number is
    /// unknown.
    Tokens {
        /// The budget in tokens.
        limit: u64,
        /// The tokens of all attempts; `None` if the usage of any reply is not known.
        used: Option<u64>,
    },
    /// [`cost_budget`](crate::Extraction::cost_budget): the money is used up, or the cost is unknown.
    Cost {
        /// The budget.
        limit: Usd,
        /// The cost of all attempts; `None` if the cost of any reply is not known.
        used: Option<Usd>,
    },
    /// [`stop_unchanged`](crate::Extraction::stop_unchanged): a re-ask led to the same problems.
    Unchanged {
        /// The number of times the same problems were repeated.
        times: u32,
    },
    /// [`BadItems::Stop`](crate::extraction::BadItems::Stop): an element of a streamed list failed its
    /// checks.
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
                write!(f, "the rest of the budget of {limit} tokens is not known")
            }
            Self::Cost { limit, used: Some(used) } => {
                write!(f, "the budget of {limit} is used up ({used} used)")
            }
            Self::Cost { limit, used: None } => {
                write!(f, "the rest of the budget of {limit} is not known")
            }
            Self::Unchanged { times } => {
                write!(f, "the same problems came back {times} times")
            }
            Self::BadItem => f.write_str("a list element failed its checks (`BadItems::Stop`)"),
        }
    }
}
