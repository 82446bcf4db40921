//! [`Failure`]: the error of the folder that ended a run over batches.

use std::sync::{Arc, Mutex, PoisonError};

use crate::pipeline::JournalError;

/// The error of the folder, if there was one.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<JournalError>>>);

impl Failure {
    pub(super) fn set(&self, error: JournalError) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    pub(super) fn take(&self) -> Option<JournalError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
