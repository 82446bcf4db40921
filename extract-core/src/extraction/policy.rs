//! [`Policy`]: when an extraction asks again, what for, and how much of the failed attempts it repeats.

use super::budget::{Budget, COST_BUDGET, TOKEN_BUDGET};
use crate::conversation::Usd;

/// How many of the failed attempts a re-ask repeats.
///
/// ```
/// # use extract_llm::scripted::Scripted;
/// # use extract_llm::Client;
/// use extract_llm::extraction::RetryContext;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let extraction = client.extract::<Vec<u8>>("one, two").retry_context(RetryContext::Last);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum RetryContext {
    /// All of them, appended one after the other. The messages sent before stay a stable prefix, which
    /// prompt caches keep. The input grows with each attempt.
    #[default]
    Append,
    /// The latest failed answer and its problems, behind the initial messages. The input keeps the size
    /// of the second attempt. Messages are dropped whole, with the provider's state in them, so every
    /// protocol allows it.
    Last,
}

/// Whether a re-ask asks for the invalid parts or for the whole value.
///
/// ```
/// # use extract_llm::scripted::Scripted;
/// # use extract_llm::Client;
/// use extract_llm::extraction::Reask;
///
/// # let client = Client::with_model(Scripted::new([]));
/// let extraction = client.extract::<Vec<u8>>("one, two").reask(Reask::Whole);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Reask {
    /// The invalid parts, if the value has at least 1 KiB of JSON and they have at most a third of it.
    /// Otherwise, and after parts that came back with the same problems, the whole value. With
    /// [`prompt_cache`](crate::Extraction::prompt_cache), also the whole value in modes that send a
    /// schema: another schema would change the cached start of the prompt.
    #[default]
    Auto,
    /// The whole value.
    Whole,
    /// The invalid parts, wherever they can be separated: elements of lists, entries of maps, members of
    /// objects. A problem of the value as a whole asks for the whole value.
    Parts,
}

/// When an extraction asks again, and what for.
#[derive(Clone)]
pub(super) struct Policy {
    /// Limit of tokens over all attempts.
    pub(super) tokens: Option<u64>,
    /// Limit of cost over all attempts.
    pub(super) cost: Option<Usd>,
    /// How often the same problems may come back.
    pub(super) unchanged: Option<u32>,
    /// Limit of output tokens of one more attempt after a reply that was cut off.
    pub(super) truncated: Option<u32>,
    pub(super) retry_context: RetryContext,
    pub(super) reask: Reask,
}

impl Policy {
    /// Creates the budgets of one call.
    pub(super) fn budgets(&self) -> impl Iterator<Item = Budget> {
        let tokens = self.tokens.map(|limit| Budget::new().tokens(limit).named(TOKEN_BUDGET));
        let cost = self.cost.map(|limit| Budget::from(limit).named(COST_BUDGET));
        tokens.into_iter().chain(cost)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            tokens: None,
            cost: None,
            unchanged: Some(2),
            truncated: None,
            retry_context: RetryContext::default(),
            reask: Reask::default(),
        }
    }
}
