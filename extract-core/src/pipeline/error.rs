//! [`RunError`]: the reason why a run stopped before its end.

use std::sync::Arc;

use super::journal::JournalError;
use crate::conversation::ProviderError;
use crate::extraction::{Error, OverBudget};

/// The reason why a run stopped before its end, or why a [`Worker`](super::Worker) stopped. The rows that were in flight have ended and were returned. The
/// others were not started: with a [`Journal`](super::Journal), the next run goes on with them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The journal cannot be opened, read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A budget that the rows share is used up. The row that did not fit counts as not started.
    #[error("the run stopped: {0}")]
    Budget(OverBudget),
    /// An error that every row would meet: the key is wrong, the model is not known, the quota is used up, the
    /// type or a setting is invalid. The row that met it counts as not started.
    #[error("the run stopped, because every row would fail in this way: {0}")]
    EveryRow(Error),
    /// A [batch](super::Batches) of a run that does not wait was not accepted. Its rows are asked for in the next
    /// run.
    #[error("batch {number} was not accepted: {error}")]
    Batch {
        /// The number of the batch in its folder.
        number: u64,
        /// The error of the service.
        error: ProviderError,
    },
    /// The id of a row cannot be written as JSON.
    #[error("the id of row {row} cannot be written as JSON: {message}")]
    Id {
        /// The number of the row, from 0.
        row: u64,
        /// The reason.
        message: String,
    },
    /// The runtime was shut down while rows were in flight.
    #[error("the runtime was shut down while rows were in flight")]
    Shutdown,
    /// A [`Worker`](super::Worker) has stopped for this reason, in this call or in an earlier one.
    #[error(transparent)]
    Stopped(Arc<RunError>),
    /// More rows failed than [`max_failures`](super::Run::max_failures) allows.
    #[error("the run stopped, because {failed} rows failed; the last one: {last}")]
    TooManyFailures {
        /// The number of rows that failed.
        failed: u64,
        /// The error of the last one.
        last: String,
    },
}
