//! [`Keeper`]: gathers requests into batches, sends them, asks for their state, and gives each row its result.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::faults::{absent, body_of, label, reason_of, refusal};
use super::held::{Held, Place, Waiters};
use super::log::{Again, EndedAs, Step};
use super::model::{Answer, Message};
use super::request_id::RequestId;
use super::service::{NotDownloaded, Remote};
use super::settings::Batches;
use super::store::{Known, Store};
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::extraction::Digest;
use crate::model::{Provider, not_yet};
use crate::pipeline::{JournalError, RunError, Stopper};
use crate::wire::{BatchInfo, Outcome, Sought, Stage};

/// How often a batch is sent that the service does not take for a passing reason.
const SEND_TRIES: u32 = 20;

/// How often the state of a batch is asked for without an answer. With the default time between two questions,
/// this is about a day.
const POLL_TRIES: u32 = 3_000;

/// How often requests are sent again whose batch failed as a whole because of others, or for want of room.
const GENERATIONS: u32 = 20;

/// Gathers requests into batches, and gives each row its result.
pub(super) struct Keeper {
    remote: Remote,
    settings: Batches,
    /// The most requests and bytes of a batch.
    limits: (usize, usize),
    store: Store,
    messages: mpsc::Receiver<Message>,
    /// The time at which the batch that is being filled is sent.
    send_at: Option<Instant>,
    poll_at: Instant,
    flushes: Vec<oneshot::Sender<()>>,
    is_cancelled: bool,
    flags: Arc<Flags>,
    failure: Failure,
    stopper: Stopper,
}

/// What the handle that cancels and the keeper tell each other.
#[derive(Debug, Default)]
pub(super) struct Flags {
    /// Whether the keeper takes messages.
    pub(super) is_started: AtomicBool,
    pub(super) is_cancelled: AtomicBool,
}

impl Keeper {
    pub(super) fn new(
        remote: Remote,
        settings: Batches,
        store: Store,
        messages: mpsc::Receiver<Message>,
        flags: Arc<Flags>,
        failure: Failure,
        stopper: Stopper,
    ) -> Self {
        let (requests, bytes) = remote.service.limits();
        let limits = (requests.min(settings.max_requests), bytes.min(settings.max_bytes));
        Self {
            remote,
            settings,
            limits,
            store,
            messages,
            send_at: None,
            poll_at: Instant::now(),
            flushes: Vec::new(),
            is_cancelled: false,
            flags,
            failure,
            stopper,
        }
    }

    /// Runs until the run over the rows is dropped. An error of the folder ends the run.
    pub(super) async fn run(mut self) {
        if let Err(error) = self.serve().await {
            self.failure.set(error.into());
            self.stopper.stop();
            // Rows in flight get no answer, and end.
        }
    }

    async fn serve(&mut self) -> Result<(), JournalError> {
        if self.flags.is_cancelled.load(Ordering::SeqCst) {
            self.cancel().await?;
        }
        // What an earlier run has left: results are fetched before the first row asks for them.
        self.advance().await?;
        self.poll_all().await?;
        loop {
            let received = match self.next_time() {
                Some(time) => timeout_at(time, self.messages.recv()).await,
                None => Ok(self.messages.recv().await),
            };
            match received {
                Ok(None) => return Ok(()),
                Ok(Some(message)) => {
                    self.take(message).await?;
                    while let Ok(message) = self.messages.try_recv() {
                        self.take(message).await?;
                    }
                }
                Err(_) => {}
            }
            let now = Instant::now();
            if self.send_at.is_some_and(|time| time <= now) {
                self.close_filling()?;
                self.advance().await?;
            }
            if self.poll_at <= now {
                self.advance().await?;
                self.poll_all().await?;
            }
            self.answer_flushes();
        }
    }

    /// Returns the next time at which something is due.
    fn next_time(&self) -> Option<Instant> {
        let is_open = self.store.batches.values().any(|held| held.is_here() || held.is_there());
        let poll = is_open.then_some(self.poll_at);
        self.send_at.into_iter().chain(poll).min()
    }

    async fn take(&mut self, message: Message) -> Result<(), JournalError> {
        match message {
            Message::Ask { key, body, after, answer } => self.ask(key, &body, after, answer).await,
            Message::Flush(done) => {
                self.flushes.push(done);
                self.close_filling()?;
                self.advance().await
            }
            Message::Cancel(done) => {
                self.cancel().await?;
                let _ = done.send(());
                Ok(())
            }
        }
    }

    /// Takes a request of a row.
    async fn ask(
        &mut self,
        key: Digest,
        body: &[u8],
        after: Option<SystemTime>,
        answer: oneshot::Sender<Answer>,
    ) -> Result<(), JournalError> {
        match self.store.find(key, after, self.remote.service)? {
            Some(Known::Answered(outcome)) => {
                let _ = answer.send(Ok(outcome));
                return Ok(());
            }
            Some(Known::Waiting(number, id)) => {
                if self.settings.waits {
                    self.store.wait_for(number, id, answer);
                } else {
                    self.store.give_back(number, id);
                    let _ = answer.send(Err(not_yet("it waits in a batch")));
                }
                return Ok(());
            }
            None => {}
        }
        if self.is_cancelled {
            let _ = answer.send(Err(not_yet("the batches were cancelled")));
            return Ok(());
        }
        let id = self.store.name(key);
        let path = self.remote.provider().map(Provider::batch_path);
        let path = path.unwrap_or_default();
        let line = self.remote.service.line(&id.to_string(), &path, body);
        if line.len() > self.limits.1 {
            let message = format!(
                "the request has {} bytes, and a batch may have {}: shorten the input, or raise `max_bytes`",
                line.len(),
                self.limits.1
            );
            let _ = answer.send(Err(ProviderError::new(ProviderErrorKind::Encode, message)));
            return Ok(());
        }
        self.put(id, &line, Again::default(), Some(answer)).await
    }

    /// Puts a line into the batch that is being filled.
    async fn put(
        &mut self,
        id: RequestId,
        line: &[u8],
        again: Again,
        answer: Option<oneshot::Sender<Answer>>,
    ) -> Result<(), JournalError> {
        let (requests, bytes) = self.limits;
        if self.store.is_full_for(line.len(), requests, bytes) {
            self.close_filling()?;
            self.advance().await?;
        }
        let waiter = match answer {
            Some(answer) if !self.settings.waits => {
                let _ = answer.send(Err(not_yet("it waits in a batch")));
                None
            }
            answer => answer,
        };
        self.store.add(id, line, again, waiter)?;
        self.send_at = Some(Instant::now() + self.settings.quiet);
        Ok(())
    }

    fn close_filling(&mut self) -> Result<(), JournalError> {
        self.send_at = None;
        if self.store.filling.is_some() && !self.store.batches.values().any(Held::is_there) {
            // The first question comes after the usual time.
            self.poll_at = Instant::now() + self.settings.poll;
        }
        self.store.close_filling()
    }

    /// Sends all batches that are not yet with the provider.
    async fn advance(&mut self) -> Result<(), JournalError> {
        let here = self.store.batches.values().filter(|held| held.is_here());
        let numbers: Vec<u64> = here.map(|held| held.number).collect();
        for number in numbers {
            if let Err(error) = self.send(number).await? {
                self.not_sent(number, error).await?;
            }
        }
        Ok(())
    }

    /// Sends a batch: uploads it, creates it, and writes down each step.
    async fn send(&mut self, number: u64) -> Result<Result<(), ProviderError>, JournalError> {
        if self.waits_for_room(number) {
            return Ok(Ok(()));
        }
        let Some(held) = self.store.batches.get(&number) else { return Ok(Ok(())) };
        let Place::Here { is_uploaded, file, may_exist } = &held.place else { return Ok(Ok(())) };
        let (is_uploaded, mut file, may_exist) = (*is_uploaded, file.clone(), *may_exist);
        let requests = held.size;
        let lines = self.store.folder.requests(number)?;
        if !is_uploaded {
            file = match self.remote.upload(&format!("{number}.jsonl"), &lines).await {
                Ok(file) => file,
                Err(error) => return Ok(Err(error)),
            };
            if let Some(file) = &file {
                self.store.log(&Step::Uploaded { batch: number, file: file.clone() })?;
            }
            self.set_here(number, file.clone(), false);
        }
        let label = label(number, &lines);
        let mut id = None;
        if may_exist {
            let known = self.known_ids();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let file = file.as_deref();
            let sought = Sought { label: &label, file, requests, known: &known };
            id = match self.remote.find(&sought).await {
                Ok(id) => id,
                Err(error) => return Ok(Err(error)),
            };
        }
        let id = match id {
            Some(id) => id,
            None => {
                self.store.log(&Step::Creating { batch: number })?;
                self.set_here(number, file.clone(), true);
                match self.remote.create(&label, file.as_deref(), &lines).await {
                    Ok(id) => id,
                    Err(error) => {
                        // An answer without a batch says that there is none.
                        let is_answer = error.status.is_some_and(|status| status < 500);
                        let is_read = error.kind != ProviderErrorKind::Malformed;
                        self.set_here(number, file, !(is_answer && is_read));
                        return Ok(Err(error));
                    }
                }
            }
        };
        self.store.log(&Step::Created { batch: number, id: id.clone() })?;
        if let Some(held) = self.store.batches.get_mut(&number) {
            held.place = Place::There { id, file, stage: Stage::Waiting };
            (held.failures, held.error) = (0, None);
            held.is_unwanted = self.is_cancelled;
        }
        self.store.show(number);
        Ok(Ok(()))
    }

    /// Whether a batch that found no room waits for the end of another one.
    fn waits_for_room(&self, number: u64) -> bool {
        let held = self.store.batches.get(&number);
        let wants_room = held.is_some_and(|held| held.is_here() && held.again.wants_room);
        wants_room && self.store.batches.values().any(Held::is_there)
    }

    fn set_here(&mut self, number: u64, file: Option<String>, may_exist: bool) {
        if let Some(held) = self.store.batches.get_mut(&number) {
            held.place = Place::Here { is_uploaded: true, file, may_exist };
        }
    }

    fn known_ids(&self) -> Vec<String> {
        let ids = self.store.batches.values().filter_map(|held| match &held.place {
            Place::There { id, .. } | Place::Ended { id, .. } => Some(id.clone()),
            _ => None,
        });
        ids.collect()
    }

    /// Takes note that a batch was not sent: it is sent later, or its rows fail.
    async fn not_sent(&mut self, number: u64, error: ProviderError) -> Result<(), JournalError> {
        let Some(held) = self.store.batches.get_mut(&number) else { return Ok(()) };
        held.failures += 1;
        held.error = Some(error.to_string());
        let is_passing = error.is_retryable() || error.kind == ProviderErrorKind::Malformed;
        if is_passing && held.failures < SEND_TRIES {
            tracing::warn!(batch = number, %error, "the batch is sent later");
            self.store.show(number);
            return Ok(());
        }
        let file = match &mut held.place {
            Place::Here { file, .. } => file.take(),
            _ => None,
        };
        held.answer_all(&Err(error.clone()));
        self.drop_batch(number, &error.to_string())?;
        if !self.settings.waits {
            // No row waits that would get the error.
            self.failure.set(RunError::Batch { number, error });
        }
        if let Some(file) = file {
            self.remote.delete_file(&file).await;
        }
        Ok(())
    }

    /// Gives a batch up.
    fn drop_batch(&mut self, number: u64, reason: &str) -> Result<(), JournalError> {
        self.store.log(&Step::Dropped { batch: number, reason: reason.to_owned() })?;
        if let Some(held) = self.store.batches.get_mut(&number) {
            held.place = Place::Dropped;
            held.requests = Vec::new();
            held.error = Some(reason.to_owned());
        }
        self.store.folder.remove_requests(number);
        self.store.show(number);
        Ok(())
    }

    /// Asks for the state of all batches at the provider.
    async fn poll_all(&mut self) -> Result<(), JournalError> {
        let there = self.store.batches.values().filter(|held| held.is_there());
        let numbers: Vec<u64> = there.map(|held| held.number).collect();
        for number in numbers {
            self.poll(number).await?;
        }
        self.poll_at = Instant::now() + self.settings.poll;
        Ok(())
    }

    async fn poll(&mut self, number: u64) -> Result<(), JournalError> {
        self.cancel_unwanted(number).await;
        let Some(held) = self.store.batches.get(&number) else { return Ok(()) };
        let Place::There { id, .. } = &held.place else { return Ok(()) };
        let id = id.clone();
        let info = match self.remote.poll(&id).await {
            Ok(info) => info,
            Err(error) => return self.not_polled(number, &error),
        };
        if let Some(held) = self.store.batches.get_mut(&number) {
            held.take(&info);
            (held.failures, held.error) = (0, None);
        }
        match info.stage {
            Stage::Failed if info.results.is_empty() => self.failed(number, &info).await,
            stage if stage.is_end() => self.ended(number, &id, &info).await,
            _ => {
                self.store.show(number);
                Ok(())
            }
        }
    }

    /// Takes note that the state of a batch, or its results, did not come.
    fn not_polled(&mut self, number: u64, error: &ProviderError) -> Result<(), JournalError> {
        tracing::warn!(batch = number, %error, "the state of the batch did not come");
        let Some(held) = self.store.batches.get_mut(&number) else { return Ok(()) };
        held.failures += 1;
        held.error = Some(error.to_string());
        let is_passing = error.is_retryable() || error.kind == ProviderErrorKind::Malformed;
        if !is_passing || held.failures >= POLL_TRIES {
            // The batch goes on. A later run may get its results.
            held.answer_all(&Err(error.clone()));
            if error.kind == ProviderErrorKind::NotFound {
                return self.drop_batch(number, &error.to_string());
            }
        }
        self.store.show(number);
        Ok(())
    }

    /// Fetches the results of a batch that has ended.
    async fn ended(&mut self, number: u64, id: &str, info: &BatchInfo) -> Result<(), JournalError> {
        match self.remote.download(&self.store.folder, number, id, info).await {
            Ok(()) => {}
            Err(NotDownloaded::Provider(error)) => return self.not_polled(number, &error),
            Err(NotDownloaded::Folder(error)) => return Err(error),
        }
        let (state, absent) = match info.stage {
            Stage::Expired => (EndedAs::Expired, Outcome::Expired),
            Stage::Cancelled => (EndedAs::Cancelled, Outcome::Cancelled),
            _ => (EndedAs::Completed, absent()),
        };
        let (succeeded, failed) = (info.counts.succeeded, info.counts.failed);
        self.store.log(&Step::Ended { batch: number, state, succeeded, failed })?;
        let Some(held) = self.store.batches.get_mut(&number) else { return Ok(()) };
        let file = match &mut held.place {
            Place::There { file, .. } => file.take(),
            _ => None,
        };
        held.end(state, None);
        let mut waiters = std::mem::take(&mut held.waiters);
        self.store.folder.each_result(number, |line, _| {
            let Some(read) = self.remote.service.read_line(line) else {
                tracing::warn!(batch = number, "a line of the results cannot be read");
                return;
            };
            let waiter = read.id.parse().ok().and_then(|id| waiters.remove(&id));
            if let Some(waiter) = waiter {
                let _ = waiter.send(Ok(read.outcome));
            }
        })?;
        if !waiters.is_empty() {
            tracing::warn!(batch = number, rows = waiters.len(), "requests without a result");
        }
        for (_, waiter) in waiters {
            let _ = waiter.send(Ok(absent.clone()));
        }
        self.store.folder.remove_requests(number);
        self.store.show(number);
        if let Some(file) = file {
            self.remote.delete_file(&file).await;
        }
        Ok(())
    }

    /// Takes note that a batch failed as a whole. The rows that are at fault fail. The others are sent again.
    async fn failed(&mut self, number: u64, info: &BatchInfo) -> Result<(), JournalError> {
        let Some(held) = self.store.batches.get_mut(&number) else { return Ok(()) };
        let requests = std::mem::take(&mut held.requests);
        let mut waiters = std::mem::take(&mut held.waiters);
        let generation = held.again.generation + 1;
        let wants_room = info
            .errors
            .iter()
            .any(|fault| fault.code.as_deref().is_some_and(|code| code.contains("token_limit")));
        let mut at_fault = HashSet::new();
        for fault in &info.errors {
            let place = fault.line.and_then(|line| usize::try_from(line).ok()?.checked_sub(1));
            let Some(id) = place.and_then(|place| requests.get(place)) else { continue };
            if at_fault.insert(*id) {
                self.refuse(number, &[*id], &body_of(fault), &mut waiters)?;
            }
        }
        let reason = reason_of(&info.errors);
        tracing::warn!(batch = number, reason, "the batch failed as a whole");
        if (at_fault.is_empty() && !wants_room) || generation > GENERATIONS {
            let mut error = info.errors.first().map_or_else(|| json!({}), body_of);
            if let Some(Value::String(message)) = error.pointer_mut("/error/message") {
                if wants_room {
                    message.push_str(" (set a lower `max_requests`)");
                }
            }
            let rest: Vec<RequestId> =
                requests.into_iter().filter(|id| !at_fault.contains(id)).collect();
            self.refuse(number, &rest, &error, &mut waiters)?;
            return self.drop_batch(number, &reason);
        }
        let again = Again { generation, wants_room };
        let lines = self.store.folder.requests(number)?;
        for (id, line) in requests.iter().zip(lines.split_inclusive(|byte| *byte == b'\n')) {
            if !at_fault.contains(id) {
                self.put(*id, line, again, waiters.remove(id)).await?;
            }
        }
        self.drop_batch(number, &reason)
    }

    /// Fails the rows of requests that were refused: those that wait at once, and others when they ask.
    fn refuse(
        &mut self,
        number: u64,
        requests: &[RequestId],
        error: &Value,
        waiters: &mut Waiters,
    ) -> Result<(), JournalError> {
        let mut others = Vec::new();
        for id in requests {
            match waiters.remove(id) {
                Some(waiter) => {
                    let _ = waiter.send(Ok(refusal(error)));
                }
                None => others.push(*id),
            }
        }
        if others.is_empty() { Ok(()) } else { self.store.refuse(number, others, error.clone()) }
    }

    /// Cancels all batches.
    async fn cancel(&mut self) -> Result<(), JournalError> {
        self.is_cancelled = true;
        self.close_filling()?;
        let here = self.store.batches.values().filter(|held| held.is_here());
        let certain =
            here.filter(|held| !matches!(held.place, Place::Here { may_exist: true, .. }));
        let numbers: Vec<u64> = certain.map(|held| held.number).collect();
        for number in numbers {
            if let Some(held) = self.store.batches.get_mut(&number) {
                held.answer_all(&Ok(Outcome::Cancelled));
            }
            self.drop_batch(number, "cancelled before it was sent")?;
        }
        let there: Vec<u64> = {
            let there = self.store.batches.values_mut().filter(|held| held.is_there());
            there.map(|held| (held.is_unwanted = true, held.number).1).collect()
        };
        for number in there {
            self.cancel_unwanted(number).await;
        }
        // The end is near.
        self.poll_at = Instant::now() + self.settings.poll.min(Duration::from_secs(2));
        Ok(())
    }

    /// Cancels a batch at the provider, if that is still to be done. One that ends meanwhile has its results.
    async fn cancel_unwanted(&mut self, number: u64) {
        let Some(held) = self.store.batches.get_mut(&number).filter(|held| held.is_unwanted) else {
            return;
        };
        let Place::There { id, .. } = &held.place else { return };
        match self.remote.cancel(id).await {
            Err(error) if error.is_retryable() => {
                tracing::warn!(batch = number, %error, "the batch is cancelled later");
            }
            done => {
                held.is_unwanted = false;
                if let Err(error) = done {
                    tracing::debug!(batch = number, %error, "the batch was not cancelled");
                }
            }
        }
    }

    /// Says that all is with the provider, if it is so.
    fn answer_flushes(&mut self) {
        let mut here = self.store.batches.values().filter(|held| held.is_here());
        // One that waits for room is sent by a later run.
        let is_here = here.any(|held| !self.waits_for_room(held.number));
        if is_here || self.store.filling.is_some() {
            return;
        }
        for done in self.flushes.drain(..) {
            let _ = done.send(());
        }
    }
}
