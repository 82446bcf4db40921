//! Limits: whether the model may be asked again, and which rejected value is kept.

use super::state::Driver;
use crate::contract::Problems;
use crate::extraction::error::Rejected;
use crate::extraction::ledger::{Attempt, Outcome};
use crate::extraction::limit::Limit;

impl<T> Driver<T> {
    /// Remembers a rejected reply: how often its problems came back, and its value if none before had fewer
    /// problems.
    pub(super) fn remember_rejected(&mut self, problems: &Problems) {
        if *problems == self.problems {
            self.unchanged = self.unchanged.saturating_add(1);
        } else {
            self.unchanged = 0;
            self.problems = problems.clone();
        }
        if self.lists.has_continued() {
            // A value before it has fewer elements.
            self.best = None;
        }
        let fewest = self.best.as_ref().map_or(usize::MAX, |best| best.problems.len());
        if let Some(value) = self.last_value.as_ref().filter(|_| problems.len() <= fewest) {
            self.best = Some(Rejected { value: value.clone(), problems: problems.clone() });
        }
    }

    /// Returns the number of rejected replies.
    pub(super) fn rejected_count(&self) -> u32 {
        let rejected = |attempt: &&Attempt| attempt.outcome == Outcome::Rejected;
        let count = self.ledger.attempts.iter().filter(rejected).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Returns the limit that forbids a re-ask of any model.
    pub(super) fn reached_limit(&self) -> Option<Limit> {
        let retries = self.task.options.validation_retries;
        if self.rejected_count() > retries {
            return Some(Limit::Retries { retries });
        }
        None
    }

    /// Returns the limit of replies with the same problems, if it is reached.
    pub(super) fn unchanged_limit(&self) -> Option<Limit> {
        let limit = self.task.options.policy.unchanged?;
        let is_reached = self.unchanged > 0 && self.unchanged >= limit;
        is_reached.then_some(Limit::Unchanged { times: self.unchanged })
    }

    /// Raises the limit of output tokens after a reply that was cut off. Returns whether it did: the caller
    /// asked for it, the new limit is higher, the request fits into the budgets, and it was not done before.
    pub(super) fn raise_max_tokens(&mut self) -> bool {
        let now = self.dialogue.request.settings.max_tokens;
        let raised = self.task.options.policy.truncated;
        let Some(raised) = raised.filter(|raised| now.is_none_or(|now| now < *raised)) else {
            return false;
        };
        self.dialogue.each_settings(|settings| settings.max_tokens = Some(raised));
        if !self.fits_budgets() {
            self.dialogue.each_settings(|settings| settings.max_tokens = now);
            return false;
        }
        self.task.options.policy.truncated = None;
        self.task.options.settings.max_tokens = Some(raised);
        self.ledger.note_attempt(&format!(
            "the reply was cut off; it is asked for again with at most {raised} tokens"
        ));
        true
    }
}
