//! [`Limit`]: the limits that end the re-asks of an extraction.

use std::fmt;

use super::budget::OverBudget;

/// The limit that ended an extraction without a valid value: the first one that was reached. If one
/// answer reaches several limits, the first in the order below is reported.
///
/// A deadline is no such limit: see [`ErrorKind::Deadline`](crate::extraction::ErrorKind::Deadline).
///
/// ```
/// use extract_llm::extraction::Limit;
///
/// let limit = Limit::Retries { retries: 2 };
/// assert_eq!(limit.to_string(), "all 2 re-asks are used up");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// [`validation_retries`](crate::Extraction::validation_retries): all re-asks were made.
    Retries {
        /// The number of allowed re-asks.
        retries: u32,
    },
    /// [`stop_unchanged`](crate::Extraction::stop_unchanged): a re-ask led to the same problems.
    Unchanged {
        /// The number of times the same problems were repeated.
        times: u32,
    },
    /// [`token_budget`](crate::Extraction::token_budget), [`cost_budget`](crate::Extraction::cost_budget) or
    /// a [`budget`](crate::Extraction::budget) has no room for another request.
    Budget(OverBudget),
    /// [`BadItems::Stop`](crate::extraction::BadItems::Stop): an element of a streamed list failed its
    /// checks.
    BadItem,
    /// [`list_continuations`](crate::Extraction::list_continuations): a list is incomplete, and all requests
    /// for more elements were made.
    Continuations {
        /// The number of allowed requests.
        most: u32,
    },
    /// A list has fewer elements than expected, and the model gave no new ones twice in a row: see
    /// [`expect_items`](crate::Extraction::expect_items).
    NoMoreItems,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Retries { retries: 1 } => f.write_str("the one re-ask is used up"),
            Self::Retries { retries: 0 } => f.write_str("there are no re-asks"),
            Self::Retries { retries } => write!(f, "all {retries} re-asks are used up"),
            Self::Unchanged { times } => {
                write!(f, "the same problems came back {times} times")
            }
            Self::Budget(over) => over.fmt(f),
            Self::Continuations { most } => {
                write!(f, "a list is incomplete after {most} requests for more elements")
            }
            Self::NoMoreItems => {
                f.write_str("a list is incomplete, and the model gives no more elements")
            }
            Self::BadItem => f.write_str("a list element failed its checks (`BadItems::Stop`)"),
        }
    }
}
