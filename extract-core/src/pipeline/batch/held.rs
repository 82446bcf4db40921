//! [`Held`]: one batch as the keeper of the batches holds it.

use std::collections::HashMap;
use std::ops::Range;
use std::time::{Duration, SystemTime};

use tokio::sync::oneshot;

use super::log::Again;
use super::model::Answer;
use super::request_id::RequestId;
use super::status::{BatchState, BatchStatus};
use crate::wire::{BatchInfo, Counts, Stage};

/// The rows that wait for the requests of a batch.
pub(super) type Waiters = HashMap<RequestId, oneshot::Sender<Answer>>;

/// The places of the results in their file.
pub(super) type ResultIndex = HashMap<RequestId, Range<u64>>;

/// One batch.
pub(super) struct Held {
    pub(super) number: u64,
    /// When its requests were put together, in milliseconds since 1970.
    pub(super) at: u64,
    pub(super) again: Again,
    /// Its requests in the order of the file; none once it has ended.
    pub(super) requests: Vec<RequestId>,
    /// The number of its requests.
    pub(super) size: u64,
    pub(super) place: Place,
    pub(super) waiters: Waiters,
    pub(super) counts: Counts,
    /// How often the service failed for it in a row.
    pub(super) failures: u32,
    pub(super) error: Option<String>,
    /// Whether it is still to be cancelled at the provider.
    pub(super) is_unwanted: bool,
}

/// Where a batch is.
pub(super) enum Place {
    /// In the folder. `file` is its uploaded file.
    Here {
        is_uploaded: bool,
        file: Option<String>,
        /// Whether it may have been created, although no answer came.
        may_exist: bool,
    },
    /// At the provider.
    There { id: String, file: Option<String>, stage: Stage },
    /// It has ended.
    Ended { id: String, state: BatchState, index: Option<ResultIndex> },
    /// It was given up.
    Dropped,
}

impl Held {
    pub(super) fn new(number: u64, at: u64, again: Again, requests: Vec<RequestId>) -> Self {
        Self {
            number,
            at,
            again,
            size: requests.len() as u64,
            requests,
            place: Place::Here { is_uploaded: false, file: None, may_exist: false },
            waiters: Waiters::new(),
            counts: Counts::default(),
            failures: 0,
            error: None,
            is_unwanted: false,
        }
    }

    /// Whether it was put together before this time.
    pub(super) fn is_before(&self, time: SystemTime) -> bool {
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.at));
        at.is_some_and(|at| at < time)
    }

    /// Whether it is not yet at the provider.
    pub(super) fn is_here(&self) -> bool {
        matches!(self.place, Place::Here { .. })
    }

    /// Whether it is at the provider and has not ended.
    pub(super) fn is_there(&self) -> bool {
        matches!(self.place, Place::There { .. })
    }

    /// Takes the state that the provider states.
    pub(super) fn take(&mut self, info: &BatchInfo) {
        self.counts = info.counts;
        if let Place::There { stage, .. } = &mut self.place {
            *stage = info.stage;
        }
    }

    /// Answers all rows that wait for it.
    pub(super) fn answer_all(&mut self, answer: &Answer) {
        for (_, waiter) in self.waiters.drain() {
            // A row that was dropped needs no answer.
            let _ = waiter.send(answer.clone());
        }
    }

    pub(super) fn status(&self) -> BatchStatus {
        let (id, state) = match &self.place {
            Place::Here { .. } => (None, BatchState::Prepared),
            Place::There { id, stage, .. } => (Some(id), state_of(*stage)),
            Place::Ended { id, state, .. } => (Some(id), *state),
            Place::Dropped => (None, BatchState::Failed),
        };
        BatchStatus {
            number: self.number,
            id: id.cloned(),
            state,
            requests: self.size,
            succeeded: self.counts.succeeded,
            failed: self.counts.failed,
            error: self.error.clone(),
        }
    }
}

fn state_of(stage: Stage) -> BatchState {
    match stage {
        Stage::Waiting => BatchState::Waiting,
        Stage::Running => BatchState::Running,
        Stage::Cancelling => BatchState::Cancelling,
        Stage::Completed => BatchState::Completed,
        Stage::Failed => BatchState::Failed,
        Stage::Expired => BatchState::Expired,
        Stage::Cancelled => BatchState::Cancelled,
    }
}
