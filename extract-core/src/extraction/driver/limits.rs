//! Limits: whether the model may be asked again, and what is kept of the answers that did not pass.

use super::Driver;
use crate::contract::Problems;
use crate::extraction::Limit;
use crate::extraction::error::Rejected;
use crate::extraction::ledger::{Attempt, Outcome};

impl<T> Driver<T> {
    /// Remembers an answer that did not pass: how often its problems came back, and the best value
    /// of all, which is the one with the fewest problems, the later one of equals.
    pub(super) fn note_rejected(&mut self, problems: &Problems) {
        if *problems == self.problems {
            self.unchanged = self.unchanged.saturating_add(1);
        } else {
            self.unchanged = 0;
            self.problems = problems.clone();
        }
        let fewest = self.best.as_ref().map_or(usize::MAX, |best| best.problems.len());
        if let Some(value) = self.last.as_ref().filter(|_| problems.len() <= fewest) {
            self.best = Some(Rejected { value: value.clone(), problems: problems.clone() });
        }
    }

    /// How many answers did not pass.
    pub(super) fn rejected(&self) -> u32 {
        let rejected = |attempt: &&Attempt| attempt.outcome == Outcome::Rejected;
        let count = self.ledger.attempts.iter().filter(rejected).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The limit that forbids a re-ask, whoever would be asked.
    pub(super) fn limit(&self) -> Option<Limit> {
        let retries = self.task.options.validation_retries;
        if self.rejected() > retries {
            return Some(Limit::Retries { retries });
        }
        self.spent()
    }

    /// The budget that forbids one more request.
    pub(super) fn spent(&self) -> Option<Limit> {
        let policy = &self.task.options.policy;
        if let Some(limit) = policy.tokens {
            let used = self.ledger.known_usage().map(|usage| usage.total_tokens());
            let opening = self.ledger.attempts.iter().find_map(|attempt| attempt.usage);
            let next = opening.unwrap_or_default().input_tokens;
            if used.is_none_or(|used| used.saturating_add(next) >= limit) {
                return Some(Limit::Tokens { limit, used });
            }
        }
        if let Some(limit) = policy.cost {
            let used = self.ledger.cost();
            if used.is_none_or(|used| used >= limit) {
                return Some(Limit::Cost { limit, used });
            }
        }
        None
    }

    /// Whether the same problems came back too often.
    pub(super) fn is_stuck(&self) -> Option<Limit> {
        let most = self.task.options.policy.unchanged?;
        let stuck = self.unchanged > 0 && self.unchanged >= most;
        stuck.then_some(Limit::Unchanged { times: self.unchanged })
    }

    /// Raises the limit of tokens after a reply that was cut off, where that was asked for, is a raise
    /// and was not done before.
    pub(super) fn raise_max_tokens(&mut self) -> bool {
        let now = self.request.settings.max_tokens;
        let raised = self.task.options.policy.truncated;
        let Some(raised) = raised.filter(|raised| now.is_none_or(|now| now < *raised)) else {
            return false;
        };
        if self.spent().is_some() {
            return false;
        }
        self.task.options.policy.truncated = None;
        self.task.options.settings.max_tokens = Some(raised);
        self.request.settings.max_tokens = Some(raised);
        let attempt = self.ledger.attempts.len();
        self.ledger.notes.push(format!(
            "attempt {attempt}: the reply was cut off; it is asked for again with at most {raised} tokens"
        ));
        true
    }
}
