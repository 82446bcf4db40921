//! [`Failure`]: the error of the folder or of a batch, which a run over batches returns at its end.

use std::sync::{Arc, Mutex, PoisonError};

use crate::pipeline::RunError;

/// The first error of the folder or of a batch that no row gets.
#[derive(Debug, Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<RunError>>>);

impl Failure {
    pub(super) fn set(&self, error: RunError) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    pub(super) fn take(&self) -> Option<RunError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
