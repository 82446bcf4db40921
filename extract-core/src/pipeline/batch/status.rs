//! [`BatchStatus`]: how far a batch is.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// How far a batch is: [`BatchRun::status`](super::BatchRun::status) returns one for each batch of the folder.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BatchStatus {
    /// The number of the batch in its folder, from 1.
    pub number: u64,
    /// The id of the batch at the provider; `None` before it is created.
    pub id: Option<String>,
    /// Its state.
    pub state: BatchState,
    /// The number of its requests.
    pub requests: u64,
    /// The requests that succeeded. Some providers tell it only at the end.
    pub succeeded: u64,
    /// The requests that failed.
    pub failed: u64,
    /// The last error of the service about this batch, such as one while it was polled.
    pub error: Option<String>,
}

/// The state of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchState {
    /// Its requests are in the folder, and not yet at the provider.
    Prepared,
    /// The provider checks it, or it waits there.
    Waiting,
    /// The provider runs it.
    Running,
    /// It is being cancelled.
    Cancelling,
    /// It has ended.
    Completed,
    /// It failed as a whole: no request was run.
    Failed,
    /// Its time was over. The requests that were run have results.
    Expired,
    /// It was cancelled. The requests that were run have results.
    Cancelled,
}

impl BatchState {
    /// Whether the batch has ended.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Expired | Self::Cancelled)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Cancelling => "being cancelled",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// A line for people.
impl fmt::Display for BatchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, id, state, requests, succeeded, failed, error } = self;
        write!(f, "batch {number}")?;
        if let Some(id) = id {
            write!(f, " ({id})")?;
        }
        write!(f, ": {}, {requests} requests", state.name())?;
        if succeeded + failed > 0 {
            write!(f, ", {succeeded} succeeded, {failed} failed")?;
        }
        match error {
            Some(error) => write!(f, "; {error}"),
            None => Ok(()),
        }
    }
}

/// The states of all batches, which the keeper of the batches writes.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<Vec<BatchStatus>>>);

impl Board {
    fn lock(&self) -> MutexGuard<'_, Vec<BatchStatus>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn all(&self) -> Vec<BatchStatus> {
        self.lock().clone()
    }

    /// Adds a batch or replaces its state.
    pub(super) fn put(&self, status: BatchStatus) {
        let mut all = self.lock();
        match all.binary_search_by_key(&status.number, |known| known.number) {
            Ok(place) => {
                if let Some(known) = all.get_mut(place) {
                    *known = status;
                }
            }
            Err(place) => all.insert(place, status),
        }
    }
}
