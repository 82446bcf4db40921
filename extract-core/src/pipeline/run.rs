//! [`Run`]: extractions of many inputs.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::stream::{BoxStream, FuturesUnordered, Stream, StreamExt};
use serde::Serialize;
use tokio::time::Sleep;

use super::error::RunError;
use super::job::{End, Finished, Job};
use super::journal::{JournalError, OpenJournal};
use super::progress::Progress;
use super::queue::{Ready, Retries};
use super::row::{Row, RowError};
use super::rows::{IntoRows, RowKind, Rows};
use super::settings::RunSettings;
use super::shared::Shared;
use super::spawned::Spawned;
use super::stop::Stopper;
use super::summary::Summary;
use super::tally::Tally;
use crate::contract::{Contract, Extract};
use crate::conversation::Conversation;
use crate::extraction::{Client, Ledger};
use crate::http::timer;

/// The rows of a run that may wait for a row before them, for each row in flight.
const WINDOW: u64 = 4;

/// The least time between two calls of [`Run::on_progress`].
const BETWEEN_REPORTS: Duration = Duration::from_millis(500);

/// Extractions of many inputs: [`Client::extract_many`] makes one. It is a stream of rows. Each row has a value
/// or an error, and the run goes on after it. An error of the run itself, such as a wrong key or a full disk,
/// is returned once, behind the rows that were in flight, and ends the stream.
///
/// Nothing happens before the first row is awaited. Rows are taken from the source as places become free, and
/// while the consumer takes no rows, the run starts no more than
/// [`concurrency`](Self::concurrency) of them. Each row runs on a task of its own, so a runtime with several
/// threads uses them. Dropping the run cancels the rows in flight; [`stopper`](Self::stopper) lets them end.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::{Client, Extract};
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
/// let texts = [("first", "Maria is 34."), ("second", "Tom is 40.")];
/// let mut run = client.extract_many::<Person, _>(texts).each(|row| row.max_tokens(200));
/// while let Some(row) = run.next().await {
///     let row = row?;
///     match row.result {
///         Ok(done) => println!("{}: {:?} for {} tokens", row.id, done.value, done.ledger.usage().total_tokens()),
///         Err(error) => println!("{}: {error}", row.id),
///     }
/// }
/// println!("{}", run.summary());
/// # assert_eq!((run.summary().done, run.summary().failed), (1, 1));
/// # Ok::<(), extract_llm::pipeline::RunError>(()) }).unwrap();
/// ```
#[must_use = "nothing is sent until the rows are awaited"]
pub struct Run<T, K> {
    pub(super) settings: RunSettings<T>,
    pub(super) source: BoxStream<'static, (K, Conversation)>,
    /// Whether the source has no more rows.
    pub(super) is_drained: bool,
    /// The number of the next row.
    number: u64,
    phase: Phase<T>,
    tasks: FuturesUnordered<Spawned<Finished<T, K>>>,
    /// Rows that a plan has taken from the source.
    pub(super) planned: VecDeque<Job<K>>,
    retries: Retries<K>,
    retry_timer: Option<Pin<Box<Sleep>>>,
    ready: Ready<T, K>,
    /// Whether the first row runs alone.
    is_warming_up: bool,
    /// The reason to stop, until it was returned.
    halt: Option<RunError>,
    is_halted: bool,
    stopper: Stopper,
    tally: Tally,
    reported: Option<Instant>,
}

enum Phase<T> {
    New,
    Opening(Spawned<Result<OpenJournal, JournalError>>),
    Going(Arc<Shared<T>>),
    Ended,
}

/// Cancels the rows in flight, and lets others have the journal.
impl<T, K> Drop for Run<T, K> {
    fn drop(&mut self) {
        self.close_journal();
    }
}

// No field is pinned in place.
impl<T, K> Unpin for Run<T, K> {}

impl<T, K> fmt::Debug for Run<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("client", &self.settings.rows.client)
            .field("progress", &self.progress())
            .finish_non_exhaustive()
    }
}

/// # Many inputs
impl Client {
    /// Extracts from many inputs: any iterator or stream of pairs of an id and an input. The id comes back with
    /// the row; it is written to the journal and the report as JSON. Limits, budgets, fallback and cache of the
    /// client hold for all rows.
    ///
    /// For a schema that is known only at run time, `T` is `serde_json::Value`, and
    /// [`each`](Run::each) sets the [`contract`](crate::Extraction::contract).
    pub fn extract_many<T: Extract, Kind: RowKind>(
        &self,
        rows: impl IntoRows<Kind>,
    ) -> Run<T, Kind::Id> {
        Run::new(self.clone(), rows.into_rows())
    }
}

impl<T: Extract, K> Run<T, K> {
    pub(super) fn new(client: Client, rows: Rows<K>) -> Self {
        let contract = Contract::of::<T>();
        let name = contract.as_ref().map(|contract| contract.name().to_owned()).unwrap_or_default();
        Self {
            settings: RunSettings::new(client),
            source: rows.stream,
            is_drained: false,
            number: 0,
            phase: Phase::New,
            tasks: FuturesUnordered::new(),
            planned: VecDeque::new(),
            retries: Retries::default(),
            retry_timer: None,
            ready: Ready::new(false),
            is_warming_up: false,
            halt: None,
            is_halted: false,
            stopper: Stopper::default(),
            tally: Tally::new(name, rows.total),
            reported: None,
        }
    }
}

impl<T, K> Run<T, K> {
    /// Returns a handle that stops the run. It can be used on another task, such as one that waits for Ctrl-C.
    ///
    /// ```no_run
    /// # use extract_llm::Client;
    /// # async fn run(client: Client) {
    /// # let texts = [("a", "There were seven.")];
    /// let run = client.extract_many::<u8, _>(texts).journal("run.jsonl");
    /// let stopper = run.stopper();
    /// tokio::spawn(async move {
    ///     if tokio::signal::ctrl_c().await.is_ok() {
    ///         stopper.stop(); // the rows in flight end; the next run goes on behind them
    ///     }
    /// });
    /// # }
    /// ```
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Returns how far the run is.
    pub fn progress(&self) -> Progress {
        self.tally.progress(self.tasks.len(), self.retries.len(), self.is_going())
    }

    /// Returns what came of the run so far. It is complete once [`next`](Self::next) has returned `None`.
    pub fn summary(&self) -> Summary {
        self.tally.summary(self.is_going())
    }

    fn is_going(&self) -> bool {
        !matches!(self.phase, Phase::Ended)
    }

    /// Ends the run: the rows that are to be asked again count as not started.
    fn end(&mut self) {
        self.close_journal();
        self.phase = Phase::Ended;
        self.settings.close_bar();
        for job in self.retries.drain() {
            self.tally.spend(&job.earlier);
            self.tally.put_back += 1;
        }
        let unstarted = self.planned.drain(..).count();
        self.tally.put_back += unstarted as u64;
        let progress = self.progress();
        tracing::info!(%progress, "the run has ended");
        self.settings.report(&progress);
    }

    fn close_journal(&self) {
        if let Phase::Going(shared) = &self.phase {
            shared.journal.iter().for_each(OpenJournal::close);
        }
    }

    fn stop_with(&mut self, reason: RunError) {
        if !self.is_halted {
            self.tally.stopped = Some(reason.to_string());
            self.halt = Some(reason);
            self.is_halted = true;
        }
    }

    /// Whether no further row is started.
    fn is_stopped(&self) -> bool {
        self.is_halted || self.stopper.is_stopped()
    }
}

impl<T: Extract + Send + 'static, K: Serialize + Send + 'static> Run<T, K> {
    /// Waits for a row and returns it. Returns `None` after the last one, and after an error of the run, which
    /// is returned once.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Row<T, K>, RunError>> {
        poll_fn(|context| self.poll_row(context)).await
    }

    /// Runs all rows and drops their values, for a run whose [`journal`](Self::journal) is what counts. Returns
    /// the summary, or the error that stopped the run.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.jsonl");
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let summary = client.extract_many::<u8, _>([("a", "Seven.")]).journal(&path).finish().await?;
    /// assert_eq!(summary.done, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub async fn finish(mut self) -> Result<Summary, RunError> {
        while let Some(row) = self.next().await {
            row?;
        }
        Ok(self.summary())
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row<T, K>, RunError>>> {
        self.stopper.register(context);
        let shared = match self.poll_start(context) {
            Poll::Ready(Some(shared)) => shared,
            Poll::Ready(None) => return Poll::Ready(self.halt.take().map(Err)),
            Poll::Pending => return Poll::Pending,
        };
        loop {
            if let Some(row) = self.ready.take(false) {
                return Poll::Ready(Some(Ok(row)));
            }
            self.fill(&shared, context);
            match self.tasks.poll_next_unpin(context) {
                Poll::Ready(Some(Some(finished))) => self.take_finished(finished),
                Poll::Ready(Some(None)) => self.stop_with(RunError::Shutdown),
                Poll::Ready(None) if self.is_over() => {
                    if let Some(row) = self.ready.take(true) {
                        return Poll::Ready(Some(Ok(row)));
                    }
                    self.end();
                    return Poll::Ready(self.halt.take().map(Err));
                }
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Runs the rows that a plan has taken, until they have ended.
    pub(super) fn poll_planned(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let shared = match self.poll_start(context) {
            Poll::Ready(Some(shared)) => shared,
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        };
        loop {
            if !self.planned.is_empty() {
                self.fill_planned(&shared);
            }
            match self.tasks.poll_next_unpin(context) {
                Poll::Ready(Some(Some(finished))) => self.take_finished(finished),
                Poll::Ready(Some(None)) => self.stop_with(RunError::Shutdown),
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Takes the reason to stop, if there is one, and ends the run with it.
    pub(super) fn take_halt(&mut self) -> Option<RunError> {
        let halt = self.halt.take()?;
        self.end();
        Some(halt)
    }

    /// Whether no row is left to be started.
    fn is_over(&self) -> bool {
        let is_empty = self.is_drained && self.retries.is_empty() && self.planned.is_empty();
        self.is_stopped() || is_empty
    }

    /// Opens the journal. `None` once the run has ended.
    fn poll_start(&mut self, context: &mut Context<'_>) -> Poll<Option<Arc<Shared<T>>>> {
        loop {
            match &mut self.phase {
                Phase::Going(shared) => return Poll::Ready(Some(Arc::clone(shared))),
                Phase::Ended => return Poll::Ready(None),
                Phase::New => match self.settings.rows.journal.clone() {
                    Some(journal) => {
                        let opening = Spawned::blocking(move || OpenJournal::open(&journal));
                        self.phase = Phase::Opening(opening);
                    }
                    None => self.go(None),
                },
                Phase::Opening(opening) => match Pin::new(opening).poll(context) {
                    Poll::Pending => return Poll::Pending,
                    Poll::Ready(Some(Ok(journal))) => self.go(Some(journal)),
                    Poll::Ready(Some(Err(error))) => {
                        self.stop_with(error.into());
                        self.end();
                    }
                    Poll::Ready(None) => {
                        self.stop_with(RunError::Shutdown);
                        self.end();
                    }
                },
            }
        }
    }

    fn go(&mut self, journal: Option<OpenJournal>) {
        let settings = &mut self.settings;
        self.tally.damaged_lines = journal.as_ref().map_or(0, OpenJournal::damaged);
        self.ready = Ready::new(settings.is_ordered);
        settings.open_bar(self.tally.total);
        self.phase = Phase::Going(Arc::new(settings.rows.share(journal, settings.report_rows)));
    }

    /// Starts rows as long as there is room.
    fn fill(&mut self, shared: &Arc<Shared<T>>, context: &mut Context<'_>) {
        while !self.is_stopped() && self.tasks.len() < self.settings.rows.in_flight() {
            if self.is_warming_up && !self.tasks.is_empty() {
                return;
            }
            let Some(job) = self.next_job(context) else { return };
            self.start(job, shared);
        }
    }

    /// Starts the rows of a plan as long as there is room.
    fn fill_planned(&mut self, shared: &Arc<Shared<T>>) {
        while !self.is_stopped() && self.tasks.len() < self.settings.rows.in_flight() {
            if self.is_warming_up && !self.tasks.is_empty() {
                return;
            }
            let Some(job) = self.planned.pop_front() else { return };
            self.start(job, shared);
        }
    }

    /// Starts a row. The first one runs alone if it writes the prompt cache of the provider.
    fn start(&mut self, job: Job<K>, shared: &Arc<Shared<T>>) {
        if job.number == 0 && job.tries == 0 {
            self.tally.start();
            if let Ok(row) = shared.prepare(job.input.clone()) {
                // `each` may have set another contract than that of the type.
                row.contract().name().clone_into(&mut self.tally.type_name);
                let may_wait = !self.settings.is_batched && self.settings.rows.in_flight() > 1;
                self.is_warming_up = may_wait && row.caches_prompt();
            }
        }
        self.tasks.push(Spawned::new(job.run(Arc::clone(shared))));
    }

    /// Returns the next row to be started. Rows that failed for a passing reason come last, or when there are
    /// many of them.
    fn next_job(&mut self, context: &mut Context<'_>) -> Option<Job<K>> {
        if let Some(job) = self.planned.pop_front() {
            return Some(job);
        }
        let most = self.settings.rows.in_flight().saturating_mul(4).max(1_000);
        let has_room = !self.settings.is_ordered
            || self.ready.ahead(self.number)
                < WINDOW.saturating_mul(self.settings.rows.in_flight() as u64);
        if !self.is_drained && has_room && self.retries.len() < most {
            match self.source.poll_next_unpin(context) {
                Poll::Ready(Some((id, input))) => return self.job(id, input),
                Poll::Ready(None) => self.is_drained = true,
                Poll::Pending => return None,
            }
        }
        loop {
            if let Some(job) = self.retries.take_ready() {
                self.tally.asked_again += 1;
                return Some(job);
            }
            let at = self.retries.next_at()?;
            let Ok(sleep) = timer(|| tokio::time::sleep_until(at)) else {
                // Without timers nothing can be waited for.
                return self.retries.take_now();
            };
            let sleep = self.retry_timer.insert(Box::pin(sleep));
            if sleep.as_mut().poll(context).is_pending() {
                return None;
            }
        }
    }

    /// Makes a row of an input.
    pub(super) fn job(&mut self, id: K, input: Conversation) -> Option<Job<K>> {
        let number = self.number;
        self.number += 1;
        match serde_json::to_value(&id) {
            Ok(json_id) => {
                Some(Job { number, id, json_id, input, tries: 0, earlier: Ledger::default() })
            }
            Err(error) => {
                self.stop_with(RunError::Id { row: number, message: error.to_string() });
                None
            }
        }
    }

    fn take_finished(&mut self, finished: Finished<T, K>) {
        let Finished { job, end, unwritten, kept, latency } = finished;
        self.is_warming_up = false;
        if let Some(kept) = kept {
            self.tally.keep(kept);
        }
        match end {
            End::Again => self.retries.push(job),
            End::PassedOver => {
                self.tally.passed_over += 1;
                self.ready.skip(job.number);
            }
            End::Stop(reason) => {
                self.tally.spend(&job.earlier);
                self.tally.put_back += 1;
                self.ready.skip(job.number);
                self.stop_with(reason);
            }
            End::Row(result, origin) => {
                self.tally.row(&job.json_id, &result, origin, latency);
                tracing::debug!(id = %job.json_id, ?origin, ok = result.is_ok(), "a row has ended");
                self.check_failures(&result);
                let Job { number, id, tries, .. } = job;
                self.ready.push(Row { id, number, result, origin, tries });
            }
        }
        if let Some(error) = unwritten {
            self.stop_with(error.into());
        }
        self.report();
    }

    fn check_failures<V>(&mut self, result: &Result<V, RowError>) {
        let Err(RowError::Failed(error)) = result else { return };
        let failed = self.tally.failed;
        if self.settings.rows.max_failures.is_some_and(|most| failed > most) {
            self.stop_with(RunError::TooManyFailures { failed, last: error.to_string() });
        }
    }

    /// Reports the progress, but not too often.
    fn report(&mut self) {
        let is_due = self.reported.is_none_or(|last| last.elapsed() >= BETWEEN_REPORTS);
        if is_due {
            self.reported = Some(Instant::now());
            let progress = self.progress();
            tracing::debug!(%progress, "the run goes on");
            self.settings.report(&progress);
        }
    }
}

impl<T: Extract + Send + 'static, K: Serialize + Send + 'static> Stream for Run<T, K> {
    type Item = Result<Row<T, K>, RunError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(context)
    }
}
