//! [`Store`]: the batches of a folder, and which of them holds which request.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::Value;
use tokio::sync::oneshot;

use super::super::journal::now;
use super::faults::refusal;
use super::folder::{Folder, RequestFile};
use super::held::{Held, Place, ResultIndex, Waiters};
use super::log::{Again, EndedAs, Step};
use super::model::Answer;
use super::request_id::RequestId;
use super::settings::Batches;
use super::status::{BatchState, Board};
use crate::extraction::Digest;
use crate::pipeline::JournalError;
use crate::wire::{BatchService, Counts, Outcome, Stage};

/// The batches of a folder.
pub(super) struct Store {
    pub(super) folder: Folder,
    pub(super) batches: BTreeMap<u64, Held>,
    /// The requests that no row of this run has asked for yet, by their hash.
    unclaimed: HashMap<Digest, VecDeque<(u64, RequestId)>>,
    /// The requests because of which a batch was refused, or that were refused with it, with the error.
    refused: HashMap<RequestId, Arc<Value>>,
    /// The batch that is being filled.
    pub(super) filling: Option<Filling>,
    next_number: u64,
    next_serial: u64,
    board: Board,
}

/// A batch that is being filled.
pub(super) struct Filling {
    number: u64,
    again: Again,
    file: RequestFile,
    requests: Vec<RequestId>,
    bytes: usize,
    waiters: Waiters,
}

/// Where a request is, of those in earlier batches.
pub(super) enum Known {
    /// It has a result.
    Answered(Outcome),
    /// It is in a batch that has not ended.
    Waiting(u64, RequestId),
}

impl Store {
    /// Opens the folder of the batches.
    pub(super) fn open(settings: &Batches, board: Board) -> Result<Self, JournalError> {
        let (folder, steps) = Folder::open(&settings.folder)?;
        let mut store = Self {
            folder,
            batches: BTreeMap::new(),
            unclaimed: HashMap::new(),
            refused: HashMap::new(),
            filling: None,
            next_number: 1,
            next_serial: 0,
            board,
        };
        steps.into_iter().for_each(|step| store.apply(step));
        for held in store.batches.values() {
            store.board.put(held.status());
        }
        Ok(store)
    }

    /// Applies a step of an earlier run.
    fn apply(&mut self, step: Step) {
        match step {
            Step::Prepared { batch, at, again, requests } => {
                self.next_number = self.next_number.max(batch + 1);
                for id in &requests {
                    self.next_serial = self.next_serial.max(id.serial + 1);
                    self.unclaimed.entry(id.key).or_default().push_back((batch, *id));
                }
                self.batches.insert(batch, Held::new(batch, at, again, requests));
            }
            Step::Uploaded { batch, file: uploaded } => {
                if let Some(Place::Here { is_uploaded, file, .. }) = self.place(batch) {
                    (*is_uploaded, *file) = (true, Some(uploaded));
                }
            }
            Step::Creating { batch } => {
                if let Some(Place::Here { may_exist, .. }) = self.place(batch) {
                    *may_exist = true;
                }
            }
            Step::Created { batch, id } => {
                if let Some(place) = self.place(batch) {
                    let file = match place {
                        Place::Here { file, .. } => file.take(),
                        _ => None,
                    };
                    *place = Place::There { id, file, stage: Stage::Waiting };
                }
            }
            Step::Ended { batch, state, succeeded, failed } => {
                if let Some(held) = self.batches.get_mut(&batch) {
                    held.counts = Counts { succeeded, failed };
                    held.end(state, None);
                }
            }
            Step::Refused { requests, error, .. } => {
                let error = Arc::new(error);
                self.refused.extend(requests.into_iter().map(|id| (id, Arc::clone(&error))));
            }
            Step::Dropped { batch, reason } => {
                if let Some(held) = self.batches.get_mut(&batch) {
                    held.place = Place::Dropped;
                    held.requests = Vec::new();
                    held.error = Some(reason);
                }
            }
        }
    }

    fn place(&mut self, number: u64) -> Option<&mut Place> {
        self.batches.get_mut(&number).map(|held| &mut held.place)
    }

    /// Shows the state of a batch.
    pub(super) fn show(&self, number: u64) {
        if let Some(held) = self.batches.get(&number) {
            let status = held.status();
            tracing::info!(%status, "batch");
            self.board.put(status);
        }
    }

    /// Writes a step to the log.
    pub(super) fn log(&self, step: &Step) -> Result<(), JournalError> {
        self.folder.log(step)
    }

    /// Finds a request in earlier batches. A result of a passing failure is no result, and none counts of a batch
    /// before the time `after`.
    pub(super) fn find(
        &mut self,
        key: Digest,
        after: Option<SystemTime>,
        service: BatchService,
    ) -> Result<Option<Known>, JournalError> {
        loop {
            let Some(entries) = self.unclaimed.get_mut(&key) else { return Ok(None) };
            let Some((number, id)) = entries.pop_front() else {
                self.unclaimed.remove(&key);
                return Ok(None);
            };
            if self.filling.as_ref().is_some_and(|filling| filling.number == number) {
                return Ok(Some(Known::Waiting(number, id)));
            }
            let Some(held) = self.batches.get_mut(&number) else { continue };
            if after.is_some_and(|after| held.is_before(after)) {
                continue;
            }
            match &mut held.place {
                Place::Here { .. } | Place::There { .. } => {
                    return Ok(Some(Known::Waiting(number, id)));
                }
                Place::Dropped => {
                    if let Some(error) = self.refused.get(&id) {
                        return Ok(Some(Known::Answered(refusal(error))));
                    }
                }
                Place::Ended { index, .. } => {
                    if index.is_none() {
                        *index = Some(read_index(&self.folder, number, service)?);
                    }
                    let Some(place) = index.as_ref().and_then(|index| index.get(&id)) else {
                        continue;
                    };
                    let line = self.folder.result(number, place)?;
                    let read = service.read_line(&line).map(|line| line.outcome);
                    if let Some(outcome) = read.filter(is_lasting) {
                        return Ok(Some(Known::Answered(outcome)));
                    }
                }
            }
        }
    }

    /// Writes down that a batch was refused because of these requests, or with all of them.
    pub(super) fn refuse(
        &mut self,
        batch: u64,
        requests: Vec<RequestId>,
        error: Value,
    ) -> Result<(), JournalError> {
        let step = Step::Refused { batch, requests, error };
        self.log(&step)?;
        self.apply(step);
        Ok(())
    }

    /// Has a row wait for a request of an earlier batch, or of the one that is being filled.
    pub(super) fn wait_for(&mut self, number: u64, id: RequestId, answer: oneshot::Sender<Answer>) {
        match (self.batches.get_mut(&number), &mut self.filling) {
            (Some(held), _) => {
                held.waiters.insert(id, answer);
            }
            (None, Some(filling)) => {
                filling.waiters.insert(id, answer);
            }
            (None, None) => {}
        }
    }

    /// Gives back a request that no row waits for after all.
    pub(super) fn give_back(&mut self, number: u64, id: RequestId) {
        self.unclaimed.entry(id.key).or_default().push_front((number, id));
    }

    /// Returns a new name for a request.
    pub(super) fn name(&mut self, key: Digest) -> RequestId {
        let serial = self.next_serial;
        self.next_serial += 1;
        RequestId { key, serial }
    }

    /// Whether a line does not fit into the batch that is being filled.
    pub(super) fn is_full_for(&self, line: usize, requests: usize, bytes: usize) -> bool {
        self.filling.as_ref().is_some_and(|filling| {
            filling.requests.len() >= requests || filling.bytes.saturating_add(line) > bytes
        })
    }

    /// Adds a line to the batch that is being filled. Without a row that waits, the next one that asks gets it.
    pub(super) fn add(
        &mut self,
        id: RequestId,
        line: &[u8],
        again: Again,
        waiter: Option<oneshot::Sender<Answer>>,
    ) -> Result<(), JournalError> {
        let mut filling = match self.filling.take() {
            Some(filling) => filling,
            None => {
                let number = self.next_number;
                let file = self.folder.create_requests(number)?;
                self.next_number += 1;
                let (requests, waiters) = (Vec::new(), Waiters::new());
                Filling { number, again, file, requests, bytes: 0, waiters }
            }
        };
        filling.file.write(line)?;
        filling.again = filling.again.and(again);
        filling.bytes += line.len();
        filling.requests.push(id);
        match waiter {
            Some(waiter) => {
                filling.waiters.insert(id, waiter);
            }
            None => {
                let entries = self.unclaimed.entry(id.key).or_default();
                entries.push_back((filling.number, id));
            }
        }
        self.filling = Some(filling);
        Ok(())
    }

    /// Closes the batch that is being filled, so that it can be sent.
    pub(super) fn close_filling(&mut self) -> Result<(), JournalError> {
        let Some(filling) = self.filling.take() else { return Ok(()) };
        let Filling { number, again, file, requests, waiters, .. } = filling;
        file.finish()?;
        let at = now();
        let step = Step::Prepared { batch: number, at, again, requests };
        self.log(&step)?;
        if let Step::Prepared { requests, .. } = step {
            let held = Held { waiters, ..Held::new(number, at, again, requests) };
            self.batches.insert(number, held);
            self.show(number);
        }
        Ok(())
    }
}

impl Held {
    /// Ends it.
    pub(super) fn end(&mut self, state: EndedAs, index: Option<ResultIndex>) {
        let id = match &mut self.place {
            Place::There { id, .. } => std::mem::take(id),
            _ => String::new(),
        };
        let state = match state {
            EndedAs::Completed => BatchState::Completed,
            EndedAs::Expired => BatchState::Expired,
            EndedAs::Cancelled => BatchState::Cancelled,
        };
        self.requests = Vec::new();
        self.place = Place::Ended { id, state, index };
    }
}

/// Whether a result would be the same if the request was sent again.
fn is_lasting(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Response { status, .. } => {
            matches!(status, 200..=299)
                || (matches!(status, 400..=499)
                    && !matches!(status, 401 | 402 | 403 | 404 | 408 | 409 | 429))
        }
        Outcome::Expired | Outcome::Cancelled => false,
    }
}

/// Reads the places of the results of a batch.
fn read_index(
    folder: &Folder,
    number: u64,
    service: BatchService,
) -> Result<ResultIndex, JournalError> {
    let mut index = ResultIndex::new();
    folder.each_result(number, |line, place| {
        let id = service.read_line(line).and_then(|line| line.id.parse().ok());
        if let Some(id) = id {
            index.entry(id).or_insert(place);
        }
    })?;
    Ok(index)
}
