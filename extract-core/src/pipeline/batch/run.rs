//! [`BatchRun`]: a run over the batch service of a provider.

use std::fmt;
use std::future::{Future as _, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::stream::Stream;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};

use super::failure::Failure;
use super::folder::Log;
use super::keeper::{Flags, Keeper};
use super::model::{BatchModel, Message};
use super::service::Remote;
use super::settings::Batches;
use super::status::{BatchStatus, Board};
use super::store::Store;
use crate::contract::Extract;
use crate::extraction::Error;
use crate::model::Model;
use crate::pipeline::row::Row;
use crate::pipeline::spawned::Spawned;
use crate::pipeline::{Plan, Progress, Run, RunError, Stopper, Summary};

/// The most messages that wait for the keeper of the batches.
const MESSAGES: usize = 64;

/// Extractions of many inputs over the batch service of a provider: [`Run::in_batches`] makes one. It is a stream
/// of rows, as the [`Run`] is.
///
/// The requests of the rows are gathered into batches and sent together, at half the price of single requests.
/// The provider answers within 24 hours, mostly sooner. Each result is read and checked like any reply. Rows
/// that fail the checks are asked again in a further batch, which is smaller.
///
/// The [folder](Batches) holds the state. If the program ends or is killed, the same program goes on where it
/// was: batches that run are asked for their state, results that came are not asked for again, and a batch whose
/// creation was not confirmed is looked for before it is created again.
///
/// ```no_run
/// use extract_llm::{Client, Extract};
///
/// /// A support ticket.
/// #[derive(Debug, Extract)]
/// struct Ticket {
///     product: String,
///     is_urgent: bool,
/// }
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new("openai/gpt-6-luna")?;
/// let text = std::fs::read_to_string("tickets.txt")?;
/// let lines: Vec<String> = text.lines().map(str::to_owned).collect();
/// let mut run = client
///     .extract_many::<Ticket, _>(lines.into_iter().enumerate())
///     .in_batches("tickets.batches");
/// while let Some(row) = run.next().await {
///     let row = row?;
///     println!("{}: {:?}", row.id, row.result);
/// }
/// for batch in run.status() {
///     println!("{batch}");
/// }
/// println!("{}", run.summary()); // the cost is that of the batch service
/// # Ok(()) }
/// ```
#[must_use = "nothing is sent until the rows are awaited"]
pub struct BatchRun<T, K> {
    run: Run<T, K>,
    model: Arc<dyn Model>,
    settings: Batches,
    messages: Option<mpsc::Receiver<Message>>,
    sender: mpsc::Sender<Message>,
    keeper: Option<Spawned<()>>,
    /// The log of the folder, once it is open.
    log: Option<Log>,
    flags: Arc<Flags>,
    board: Board,
    failure: Failure,
    /// The end of the last batch, once no row is left.
    flushed: Option<oneshot::Receiver<()>>,
    is_over: bool,
}

// No field is pinned in place.
impl<T, K> Unpin for BatchRun<T, K> {}

impl<T, K> fmt::Debug for BatchRun<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchRun")
            .field("run", &self.run)
            .field("folder", &self.settings.folder)
            .finish_non_exhaustive()
    }
}

/// # Batches of the provider
impl<T, K> Run<T, K> {
    /// Sends the requests to the batch service of the provider, at half price: see [`BatchRun`]. `batches` is a
    /// folder, or [`Batches`] with settings. OpenAI, Anthropic, Google, Mistral and Groq have such a service.
    ///
    /// All settings of the run are made before. They hold, with these differences:
    /// - The default of [`concurrency`](Self::concurrency) is the size of a batch: so many rows are in memory.
    /// - The journal is `rows.jsonl` in the folder, unless the run has one. A run without batches can go on with
    ///   it.
    /// - The [limits](crate::model::Limits) of the client do not hold: a batch has limits of its own. A
    ///   [`deadline`](crate::Extraction::deadline) ends the wait for a batch, so set none.
    /// - [`hedge_after`](crate::Extraction::hedge_after) has no effect. Other models of a
    ///   [fallback](crate::Extraction::fallback_to) are asked at once, at the full price.
    /// - Costs are half of the published prices. [Prices](crate::Extraction::prices) of your own are taken as
    ///   they are.
    pub fn in_batches(mut self, batches: impl Into<Batches>) -> BatchRun<T, K> {
        let settings = batches.into();
        let (sender, messages) = mpsc::channel(MESSAGES);
        let of_run = &mut self.settings.rows;
        let model = of_run.client.shared_model();
        let batched = BatchModel { inner: Arc::clone(&model), keeper: sender.clone() };
        of_run.client = of_run.client.in_batches_of(Arc::new(batched));
        of_run.concurrency.get_or_insert(settings.max_requests);
        of_run.journal.get_or_insert_with(|| settings.journal().into());
        self.settings.is_batched = true;
        BatchRun {
            run: self,
            model,
            settings,
            messages: Some(messages),
            sender,
            keeper: None,
            log: None,
            flags: Arc::default(),
            board: Board::default(),
            failure: Failure::default(),
            flushed: None,
            is_over: false,
        }
    }
}

/// Cancels the rows in flight, and lets others have the folder.
impl<T, K> Drop for BatchRun<T, K> {
    fn drop(&mut self) {
        self.close();
    }
}

impl<T, K> BatchRun<T, K> {
    fn close(&mut self) {
        self.keeper = None;
        if let Some(log) = &self.log {
            log.close();
        }
    }

    /// Returns how far the rows are.
    pub fn progress(&self) -> Progress {
        self.run.progress()
    }

    /// Returns what came of the run so far. It is complete once [`next`](Self::next) has returned `None`.
    pub fn summary(&self) -> Summary {
        self.run.summary()
    }

    /// Returns the batches of the folder in the order of their numbers, with the last known state. Before the
    /// first row is awaited, there are none.
    pub fn status(&self) -> Vec<BatchStatus> {
        self.board.all()
    }

    /// Returns a handle that stops the run: no further row is started, and the batches go on. Rows that wait for
    /// them hold up the end, so drop the run to end at once: see [`Run::stopper`].
    pub fn stopper(&self) -> Stopper {
        self.run.stopper()
    }

    /// Returns a handle that cancels the batches. It can be used on another task.
    ///
    /// ```no_run
    /// # use extract_llm::Client;
    /// # async fn run(client: Client) {
    /// # let texts = [("a", "There were seven.")];
    /// let run = client.extract_many::<u8, _>(texts).in_batches("numbers.batches");
    /// let canceller = run.canceller();
    /// tokio::spawn(async move {
    ///     if tokio::signal::ctrl_c().await.is_ok() {
    ///         canceller.cancel().await;
    ///     }
    /// });
    /// # }
    /// ```
    pub fn canceller(&self) -> BatchCanceller {
        BatchCanceller {
            sender: self.sender.clone(),
            flags: Arc::clone(&self.flags),
            stop: self.run.stopper(),
            status: self.board.clone(),
        }
    }
}

impl<T: Extract + Send + 'static, K: Serialize + Send + 'static> BatchRun<T, K> {
    /// Waits for a row and returns it. Returns `None` after the last one, and after an error of the run, which
    /// is returned once. With [`without_waiting`](Batches::without_waiting), `None` comes when all requests are
    /// with the provider.
    ///
    /// Dropping the future loses nothing.
    pub async fn next(&mut self) -> Option<Result<Row<T, K>, RunError>> {
        poll_fn(|context| self.poll_row(context)).await
    }

    /// Runs all rows and drops their values, for a run whose [`journal`](Run::journal) is what counts. Returns
    /// the summary, or the error that stopped the run.
    pub async fn finish(mut self) -> Result<Summary, RunError> {
        while let Some(row) = self.next().await {
            row?;
        }
        Ok(self.summary())
    }

    /// Estimates the tokens and the cost of the run from its first rows: see [`Run::plan`]. The price is that of
    /// the batch service.
    pub async fn plan(&mut self, sample: usize) -> Result<Plan, RunError> {
        self.run.plan(sample).await
    }

    fn poll_row(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Row<T, K>, RunError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Some(messages) = self.messages.take() {
            if let Err(error) = self.start(messages) {
                self.is_over = true;
                return Poll::Ready(Some(Err(error)));
            }
        }
        if self.flushed.is_none() {
            match Pin::new(&mut self.run).poll_next(context) {
                Poll::Ready(None) => {}
                row => return row,
            }
            let (done, flushed) = oneshot::channel();
            let message = Message::Flush(done);
            // The rows are over, so there is room for a message, or there is no keeper any more.
            let _ = self.sender.try_send(message);
            self.flushed = Some(flushed);
        }
        if let Some(flushed) = &mut self.flushed {
            if Pin::new(flushed).poll(context).is_pending() {
                return Poll::Pending;
            }
        }
        self.is_over = true;
        self.close();
        Poll::Ready(self.failure.take().map(Err))
    }

    /// Opens the folder and starts the keeper of the batches.
    fn start(&mut self, messages: mpsc::Receiver<Message>) -> Result<(), RunError> {
        let remote =
            Remote::of(&self.model).map_err(|error| RunError::EveryRow(Error::from(error)))?;
        let store = Store::open(&self.settings, self.board.clone())?;
        self.log = Some(store.folder.log.clone());
        let (settings, failure) = (self.settings.clone(), self.failure.clone());
        let stopper = self.run.stopper();
        self.flags.is_started.store(true, Ordering::SeqCst);
        let flags = Arc::clone(&self.flags);
        let keeper = Keeper::new(remote, settings, store, messages, flags, failure, stopper);
        self.keeper = Some(Spawned::new(keeper.run()));
        Ok(())
    }
}

impl<T: Extract + Send + 'static, K: Serialize + Send + 'static> Stream for BatchRun<T, K> {
    type Item = Result<Row<T, K>, RunError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_row(context)
    }
}

/// Cancels the batches of a run: [`BatchRun::canceller`] returns it. A clone cancels the same run.
#[derive(Clone)]
pub struct BatchCanceller {
    sender: mpsc::Sender<Message>,
    flags: Arc<Flags>,
    stop: Stopper,
    status: Board,
}

impl fmt::Debug for BatchCanceller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchCanceller").finish_non_exhaustive()
    }
}

impl BatchCanceller {
    /// Cancels all batches at the provider, and starts no further row. The run goes on until they have ended:
    /// requests that were run until then have results, which are returned, and cost money. The other rows are
    /// passed over, and a later run asks for them. Returns when the provider was told. Before the first row is
    /// awaited, it returns at once, and the run tells the provider when it starts.
    pub async fn cancel(&self) {
        self.stop.stop();
        self.flags.is_cancelled.store(true, Ordering::SeqCst);
        if !self.flags.is_started.load(Ordering::SeqCst) {
            return;
        }
        let (done, told) = oneshot::channel();
        // Without a keeper there is nothing to cancel.
        if self.sender.send(Message::Cancel(done)).await.is_ok() {
            let _ = told.await;
        }
    }

    /// Returns the batches with their last known state: see [`BatchRun::status`].
    pub fn status(&self) -> Vec<BatchStatus> {
        self.status.all()
    }
}
