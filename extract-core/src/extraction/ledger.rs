//! The ledger: what was asked, what came back, and what it cost, attempt by attempt. The same
//! ledger travels in a [`Report`] and in an [`Error`](super::Error).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::contract::Problem;
use crate::conversation::{Mode, StopReason, Usage, Usd};
use crate::reading::Repair;

/// How an [`Attempt`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The value was right.
    Accepted,
    /// The value had problems.
    Rejected,
    /// The model refused.
    Refused,
    /// The content filter cut in.
    Filtered,
    /// The reply was cut off.
    Truncated,
    /// No reply came.
    Failed,
}

/// One request and what came of it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Attempt {
    /// From 1.
    pub number: u32,
    /// How the answer was asked for.
    pub mode: Mode,
    /// The model that answered, where the provider says.
    pub model: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why the reply ended.
    pub stop: Option<StopReason>,
    /// The reply as it was written: its text, or the arguments of its tool calls. Empty where no
    /// reply came.
    pub reply: String,
    /// What had to be done to read it.
    pub repairs: Vec<Repair>,
    /// What was wrong with it.
    pub problems: Vec<Problem>,
    /// What it cost in tokens, where the provider says.
    pub usage: Option<Usage>,
    /// What it cost in money, where the provider says or the client knows its prices.
    pub cost: Option<Usd>,
    /// From the request to the whole reply.
    pub latency: Duration,
    /// The provider's id of the request.
    pub request_id: Option<String>,
}

/// All attempts of one extraction.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Ledger {
    /// Oldest first.
    pub attempts: Vec<Attempt>,
    /// What was done otherwise than asked, in words: a mode or a dialect that was stepped down from.
    pub notes: Vec<String>,
    /// From the call to its end, everything included.
    pub elapsed: Duration,
}

impl Ledger {
    /// Tokens over all attempts.
    pub fn usage(&self) -> Usage {
        let mut total = Usage::default();
        self.attempts.iter().filter_map(|attempt| attempt.usage).for_each(|usage| total += usage);
        total
    }

    /// Money over all attempts; none if the cost of any reply is not known.
    pub fn cost(&self) -> Option<Usd> {
        let mut total = Usd::default();
        let replies = self.attempts.iter().filter(|attempt| attempt.outcome != Outcome::Failed);
        for attempt in replies {
            total += attempt.cost?;
        }
        Some(total)
    }

    /// The provider's ids of all requests, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }
}

/// A value and everything that happened on the way to it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report<T> {
    /// The checked value.
    pub value: T,
    /// Tokens over all attempts.
    pub usage: Usage,
    /// Money over all attempts, where the provider states it or the client was given prices.
    pub cost: Option<Usd>,
    /// What had to be done to read the accepted reply.
    pub repairs: Vec<Repair>,
    /// Oldest first; the last one was accepted.
    pub attempts: Vec<Attempt>,
    /// What was done otherwise than asked, in words.
    pub notes: Vec<String>,
    /// From the call to its end, everything included.
    pub elapsed: Duration,
}

impl<T> Report<T> {
    pub(super) fn new(value: T, ledger: Ledger) -> Self {
        Self {
            value,
            usage: ledger.usage(),
            cost: ledger.cost(),
            repairs: ledger.attempts.last().map(|last| last.repairs.clone()).unwrap_or_default(),
            attempts: ledger.attempts,
            notes: ledger.notes,
            elapsed: ledger.elapsed,
        }
    }

    /// The provider's ids of all requests, oldest first.
    pub fn request_ids(&self) -> impl Iterator<Item = &str> {
        self.attempts.iter().filter_map(|attempt| attempt.request_id.as_deref())
    }
}
