//! [`Judgements`]: the attempts of models that checks asked, and the budgets that they use.

use std::sync::{Mutex, PoisonError};

use super::budget::Budget;
use super::ledger::Attempt;

/// Attempts of models that the checks of one extraction asked, until the ledger takes them.
#[derive(Debug)]
pub(super) struct Judgements {
    attempts: Mutex<Vec<Attempt>>,
    /// The budgets of the extraction.
    budgets: Vec<Budget>,
}

impl Judgements {
    /// Creates an empty record for an extraction with these budgets.
    pub(super) fn new(budgets: Vec<Budget>) -> Self {
        Self { attempts: Mutex::default(), budgets }
    }

    /// Returns the budgets of the extraction.
    pub(super) fn budgets(&self) -> &[Budget] {
        &self.budgets
    }

    /// Appends the attempts of one check.
    pub(super) fn add(&self, attempts: &[Attempt]) {
        let mut all = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(attempts);
    }

    /// Removes and returns the attempts added since the last call.
    pub(super) fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.attempts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
