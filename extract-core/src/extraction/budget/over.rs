//! [`OverBudget`]: a request that was not sent, because it does not fit into a budget.

use std::fmt;
use std::time::Duration;

use crate::conversation::Usd;

/// The name of the budget of tokens of one call.
pub(in crate::extraction) const TOKEN_BUDGET: &str = "token_budget";

/// The name of the budget of money of one call.
pub(in crate::extraction) const COST_BUDGET: &str = "cost_budget";

/// A request that was not sent, because it does not fit into a budget: see
/// [`ErrorKind::Budget`](crate::extraction::ErrorKind::Budget) for a first request and
/// [`Limit::Budget`](crate::extraction::Limit::Budget) for a re-ask.
///
/// ```
/// use extract_llm::extraction::Shortage;
/// use extract_llm::scripted::Scripted;
/// use extract_llm::{Client, ErrorKind};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let model = Scripted::new([]);
/// let client = Client::with_model(model.clone());
/// let text = "a very long text ".repeat(60_000); // 1 MB
/// let error = client.extract::<u8>(text).token_budget(10).await.unwrap_err();
///
/// let ErrorKind::Budget(over) = error.kind() else { panic!("{error}") };
/// assert_eq!(over.budget, "token_budget");
/// assert!(matches!(over.shortage, Shortage::Tokens { left: 10, limit: 10, .. }));
/// assert_eq!(model.seen().len(), 0);
/// # });
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OverBudget {
    /// The name of the budget: that of [`Budget::named`](super::Budget::named), or else `budget`,
    /// `token_budget` or `cost_budget`, as the setting.
    pub budget: String,
    /// The shortage of the budget.
    pub shortage: Shortage,
    /// The number of requests whose use is not known. They count with all that was reserved for them.
    pub unknown: u64,
    /// The time until the next window of the budget. `None` if it has no windows.
    pub renews_in: Option<Duration>,
}

impl OverBudget {
    /// Whether it is the budget of one call, which says nothing about other calls.
    pub(crate) fn is_of_one_call(&self) -> bool {
        [TOKEN_BUDGET, COST_BUDGET].contains(&&*self.budget)
    }
}

/// The shortage of a budget for a request.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Shortage {
    /// Too few tokens are left.
    Tokens {
        /// The tokens that the request may use at most, input and output.
        needed: u64,
        /// The tokens that are neither spent nor reserved.
        left: u64,
        /// The limit of the budget.
        limit: u64,
    },
    /// Too little money is left.
    Cost {
        /// The money that the request may cost at most.
        needed: Usd,
        /// The money that is neither spent nor reserved.
        left: Usd,
        /// The limit of the budget.
        limit: Usd,
    },
    /// The price of the model is not known. [`prices`](crate::Extraction::prices) sets it.
    UnknownPrice {
        /// The limit of the budget.
        limit: Usd,
    },
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.budget;
        match &self.shortage {
            Shortage::Tokens { needed, left, limit } => write!(
                f,
                "the request may use {needed} tokens, and {left} of the `{name}` of {limit} are left \
                 (`max_tokens` limits the reply)"
            ),
            Shortage::Cost { needed, left, limit } => write!(
                f,
                "the request may cost {needed}, and {left} of the `{name}` of {limit} are left \
                 (`max_tokens` limits the reply)"
            ),
            Shortage::UnknownPrice { limit } => write!(
                f,
                "the price of the model is not known, and the `{name}` is {limit}: set `prices`"
            ),
        }?;
        match self.unknown {
            0 => {}
            1 => f.write_str("; 1 request of unknown use counts as reserved")?,
            count => write!(f, "; {count} requests of unknown use count as reserved")?,
        }
        match self.renews_in {
            Some(rest) => write!(f, "; the next window begins in {rest:.0?}"),
            None => Ok(()),
        }
    }
}
