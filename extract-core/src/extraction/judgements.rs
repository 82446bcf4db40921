//! [`Judgements`]: the attempts of models that checks asked.

use std::sync::{Mutex, PoisonError};

use super::ledger::Attempt;

/// Attempts of models that the checks of one extraction asked, until the ledger takes them.
#[derive(Debug, Default)]
pub(super) struct Judgements(Mutex<Vec<Attempt>>);

impl Judgements {
    /// Appends the attempts of one check.
    pub(super) fn add(&self, attempts: &[Attempt]) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.extend_from_slice(attempts);
    }

    /// Removes and returns the attempts added since the last call.
    pub(super) fn take(&self) -> Vec<Attempt> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
