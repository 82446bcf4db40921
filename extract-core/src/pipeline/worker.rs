//! [`Worker`]: extractions of single rows, with the settings of a run, for programs that have the loop.

use std::fmt;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use futures_util::future::select;
use serde::Serialize;
use tokio::sync::{AcquireError, Notify, OnceCell, OwnedSemaphorePermit, Semaphore};

use super::error::RunError;
use super::job::{End, Finished, Job};
use super::journal::OpenJournal;
use super::queue::wait_after;
use super::row::{FailedRows, Row, RowError, RowValue};
use super::settings::RowSettings;
use super::shared::Shared;
use super::spawned::Spawned;
use crate::contract::Extract;
use crate::conversation::Conversation;
use crate::extraction::{Client, Ledger};
use crate::http::timer;

/// Extractions of single rows with the settings of a run: [`Client::worker`] makes one. It is for programs that
/// have their own loop over the rows, such as a query engine or the consumer of a queue. For all rows of a
/// worker and of its clones:
///
/// - at most [`concurrency`](Self::concurrency) of them are in flight, and the others wait for a place;
/// - a row that fails for a passing reason is asked again, as often as [`row_retries`](Self::row_retries) says,
///   and leaves its place free while it waits;
/// - they share the [budgets](Self::budget) and the [`journal`](Self::journal);
/// - an error that every row would meet, such as a wrong key, stops the worker: all later calls return it at
///   once, without a request.
///
/// Nothing happens before the first row. A clone is cheap and shares everything with the worker. The journal is
/// closed when the last of them is dropped.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::{Client, Extract, Usd};
///
/// #[derive(Debug, Extract)]
/// struct Person {
///     name: String,
///     age: u8,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([
/// #     reply::tool(json!({"name": "Maria", "age": 34})), reply::refusal("No."),
/// # ]));
/// let worker = client.worker::<Person>().concurrency(64);
/// for (id, text) in [("first", "Maria is 34."), ("second", "Tom is 40.")] {
///     let row = worker.ask(id, text).await?; // an error stops the worker
///     match row.result {
///         Ok(done) => println!("{}: {:?}", row.id, done.value),
///         Err(error) => println!("{}: {error}", row.id),
///     }
/// }
/// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
/// ```
pub struct Worker<T> {
    settings: RowSettings<T>,
    state: Arc<State<T>>,
}

/// The state that a worker and its clones share.
struct State<T> {
    shared: OnceCell<Arc<Shared<T>>>,
    /// A place for each row in flight. The first row gets the only one, and makes the others.
    places: Arc<Semaphore>,
    is_cold: AtomicBool,
    /// The number of the next row.
    number: AtomicU64,
    failed: AtomicU64,
    stopped: OnceLock<Arc<RunError>>,
    /// Wakes the rows that wait to be asked again.
    stop_signal: Notify,
}

impl<T> Default for State<T> {
    fn default() -> Self {
        Self {
            shared: OnceCell::new(),
            places: Arc::new(Semaphore::new(1)),
            is_cold: AtomicBool::new(true),
            number: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            stopped: OnceLock::new(),
            stop_signal: Notify::new(),
        }
    }
}

impl<T> State<T> {
    /// Stops the worker, unless an earlier error has. Returns the error that did.
    fn stop(&self, reason: RunError) -> RunError {
        let reason = Arc::clone(self.stopped.get_or_init(|| Arc::new(reason)));
        self.places.close();
        self.stop_signal.notify_waiters();
        RunError::Stopped(reason)
    }

    /// Returns the error that stopped the worker.
    fn stopped(&self) -> Option<RunError> {
        self.stopped.get().map(|reason| RunError::Stopped(Arc::clone(reason)))
    }
}

/// Lets others have the journal.
impl<T> Drop for State<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.get() {
            shared.journal.iter().for_each(OpenJournal::close);
        }
    }
}

/// Makes the places of the rows behind the first one, at the latest when it is dropped.
struct FirstRow {
    places: Arc<Semaphore>,
    more: usize,
}

impl Drop for FirstRow {
    fn drop(&mut self) {
        self.places.add_permits(self.more);
    }
}

impl<T> Clone for Worker<T> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), state: Arc::clone(&self.state) }
    }
}

impl<T> fmt::Debug for Worker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("client", &self.settings.client)
            .field("stopped", &self.error())
            .finish_non_exhaustive()
    }
}

impl<T> From<&Client> for Worker<T> {
    fn from(client: &Client) -> Self {
        client.clone().into()
    }
}

impl<T> From<Client> for Worker<T> {
    fn from(client: Client) -> Self {
        Self { settings: RowSettings::new(client), state: Arc::default() }
    }
}

/// # Single rows of many
impl Client {
    /// Returns a [`Worker`](crate::pipeline::Worker), which extracts from many inputs that are handed over one
    /// by one. For an iterator or a stream of inputs, [`extract_many`](Self::extract_many) is simpler.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let worker = client.worker::<u8>().concurrency(16).max_failures(100);
    /// let row = worker.ask("a", "There were seven.").await?;
    /// assert_eq!(row.result.unwrap().value, 7);
    /// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
    /// ```
    pub fn worker<T: Extract>(&self) -> Worker<T> {
        Worker::from(self.clone())
    }
}

impl<T> Worker<T> {
    /// Returns the error that stopped the worker; `None` while it goes on. Besides those that
    /// [`ask`](Self::ask) returns, this may be a journal that could not be written: the row is returned then,
    /// and later calls fail.
    pub fn error(&self) -> Option<Arc<RunError>> {
        self.state.stopped.get().cloned()
    }

    /// Changes the settings. Clones keep theirs.
    pub(super) fn change(&mut self) -> &mut RowSettings<T> {
        self.state = Arc::default();
        &mut self.settings
    }
}

impl<T: Extract + Send + 'static> Worker<T> {
    /// Extracts from an input: a text or a [`Conversation`]. The id comes back with the row, and the journal holds
    /// it. Waits for a place among the rows in flight. [`Row::number`] counts the calls, from 0.
    ///
    /// Returns a row with a value or with an error of its own. Fails with
    /// [`RunError::Stopped`] if the worker has stopped, by this row or by an earlier one, and
    /// with [`RunError::Id`] if the id cannot be written as JSON. Dropping the future cancels the request.
    pub async fn ask<K: Serialize + Send + 'static>(
        &self,
        id: K,
        input: impl Into<Conversation>,
    ) -> Result<Row<T, K>, RunError> {
        let number = self.state.number.fetch_add(1, Ordering::Relaxed);
        let json_id = serde_json::to_value(&id)
            .map_err(|error| RunError::Id { row: number, message: error.to_string() })?;
        let input = input.into();
        let shared = self.shared().await?;
        let mut job = Job { number, id, json_id, input, tries: 0, earlier: Ledger::default() };
        loop {
            let Finished { job: tried, end, unwritten, .. } = self.try_once(job, &shared).await?;
            if let Some(error) = unwritten {
                self.state.stop(error.into());
            }
            match end {
                End::Row(result, origin) => {
                    self.check_failures(&result);
                    let Job { number, id, tries, .. } = tried;
                    return Ok(Row { id, number, result, origin, tries });
                }
                End::Stop(reason) => return Err(self.state.stop(reason)),
                // No row is passed over: see `shared`.
                End::Again | End::PassedOver => job = tried,
            }
            self.wait(job.tries).await;
        }
    }

    /// Waits before a row is asked again, or until the worker stops.
    async fn wait(&self, tries: u32) {
        let mut stopped = pin!(self.state.stop_signal.notified());
        stopped.as_mut().enable();
        if self.error().is_some() {
            return;
        }
        // Without timers nothing can be waited for.
        if let Ok(sleep) = timer(|| tokio::time::sleep(wait_after(tries))) {
            select(pin!(sleep), stopped).await;
        }
    }

    /// Runs one try of a row, as soon as there is a place for it.
    async fn try_once<K: Send + 'static>(
        &self,
        job: Job<K>,
        shared: &Arc<Shared<T>>,
    ) -> Result<Finished<T, K>, RunError> {
        let place = Arc::clone(&self.state.places).acquire_owned().await;
        let _place = self.place(place)?;
        let _first = self.first_row(&job, shared);
        let finished = Spawned::new(job.run(Arc::clone(shared))).await;
        finished.ok_or_else(|| self.state.stop(RunError::Shutdown))
    }

    fn place(
        &self,
        place: Result<OwnedSemaphorePermit, AcquireError>,
    ) -> Result<OwnedSemaphorePermit, RunError> {
        match (place, self.state.stopped()) {
            (Ok(place), None) => Ok(place),
            (_, Some(stopped)) => Err(stopped),
            // Places are closed behind the error alone.
            (Err(_), None) => Err(self.state.stop(RunError::Shutdown)),
        }
    }

    /// For the first row, returns what makes the places of the others. If it writes the prompt cache of the
    /// provider, they wait until it has ended.
    fn first_row<K>(&self, job: &Job<K>, shared: &Shared<T>) -> Option<FirstRow> {
        if !self.state.is_cold.swap(false, Ordering::AcqRel) {
            return None;
        }
        let more = self.settings.in_flight().min(Semaphore::MAX_PERMITS).saturating_sub(1);
        let first = FirstRow { places: Arc::clone(&self.state.places), more };
        let row = shared.prepare(job.input.clone());
        row.is_ok_and(|row| row.caches_prompt()).then_some(first)
    }

    /// Opens the journal before the first row.
    async fn shared(&self) -> Result<Arc<Shared<T>>, RunError> {
        if let Some(stopped) = self.state.stopped() {
            return Err(stopped);
        }
        let open = || async {
            let journal = match self.settings.journal.clone() {
                Some(journal) => {
                    let opening = Spawned::blocking(move || OpenJournal::open(&journal));
                    Some(opening.await.ok_or(RunError::Shutdown)??)
                }
                None => None,
            };
            let mut settings = self.settings.clone();
            if settings.failed_rows == FailedRows::Only {
                settings.failed_rows = FailedRows::AskAgain;
            }
            Ok(Arc::new(settings.share(journal, 0)))
        };
        let shared = self.state.shared.get_or_try_init(open).await;
        shared.cloned().map_err(|error: RunError| self.state.stop(error))
    }

    fn check_failures(&self, result: &Result<RowValue<T>, RowError>) {
        let Err(RowError::Failed(error)) = result else { return };
        let failed = self.state.failed.fetch_add(1, Ordering::Relaxed) + 1;
        if self.settings.max_failures.is_some_and(|most| failed > most) {
            self.state.stop(RunError::TooManyFailures { failed, last: error.to_string() });
        }
    }
}
