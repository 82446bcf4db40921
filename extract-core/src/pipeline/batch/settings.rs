//! [`Batches`]: the settings of a run over the batch service of a provider.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// The default number of requests in a batch.
const MAX_REQUESTS: usize = 10_000;

/// The default size of a batch, in bytes. A batch is in memory while it is uploaded.
const MAX_BYTES: usize = 100_000_000;

/// The default time without a further request after which a batch is sent.
const QUIET: Duration = Duration::from_secs(2);

/// The default time between two questions for the state of a batch.
const POLL: Duration = Duration::from_secs(30);

/// A folder with the batches of a run, and their settings: see [`Run::in_batches`](super::super::Run::in_batches).
///
/// The folder holds all that a later run needs to go on: `rows.jsonl`, the [`Journal`](super::super::Journal) of
/// the rows; `batches.jsonl`, the batches with their ids at the provider; and the requests and results of each
/// batch as the provider reads and writes them. Inputs and replies are in it as plain text.
///
/// ```no_run
/// use std::time::Duration;
/// use extract_llm::Client;
/// use extract_llm::pipeline::Batches;
///
/// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
/// # let texts = [("a", "There were seven.")];
/// let batches = Batches::new("tickets.batches")
///     .max_requests(10_000)
///     .poll_every(Duration::from_secs(60));
/// let mut run = client.extract_many::<u8, _>(texts).in_batches(batches);
/// while let Some(row) = run.next().await {
///     println!("{:?}", row?.result);
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct Batches {
    pub(super) folder: PathBuf,
    pub(super) max_requests: usize,
    pub(super) max_bytes: usize,
    pub(super) quiet: Duration,
    pub(super) poll: Duration,
    pub(super) waits: bool,
}

impl Batches {
    /// Names the folder. The run creates it if it does not exist; the folder above it must exist.
    pub fn new(folder: impl AsRef<Path>) -> Self {
        Self {
            folder: folder.as_ref().to_owned(),
            max_requests: MAX_REQUESTS,
            max_bytes: MAX_BYTES,
            quiet: QUIET,
            poll: POLL,
            waits: true,
        }
    }

    /// Sets the largest number of requests in a batch. The default is 10,000; 0 counts as 1. The limit of the
    /// provider holds as well. A smaller number is for accounts with a low limit on waiting tokens.
    pub fn max_requests(mut self, requests: usize) -> Self {
        self.max_requests = requests.max(1);
        self
    }

    /// Sets the largest size of a batch, in bytes. The default is 100,000,000. The limit of the provider holds
    /// as well. A batch is in memory while it is uploaded.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets after what time without a further request a batch is sent that is not full. The default is 2
    /// seconds. A source that gives its rows more slowly needs more.
    pub fn send_after(mut self, quiet: Duration) -> Self {
        self.quiet = quiet;
        self
    }

    /// Sets the time between two questions for the state of a batch. The default is 30 seconds; at least 10
    /// milliseconds.
    pub fn poll_every(mut self, time: Duration) -> Self {
        self.poll = time.max(Duration::from_millis(10));
        self
    }

    /// Does not wait for the provider: the run sends all requests that are new, returns the rows whose results
    /// are there, and passes over the others. Run the program again later, with the same inputs, until
    /// [`Summary::passed_over`](super::super::Summary::passed_over) is 0. The default is to wait.
    ///
    /// In this way, the number of rows is not limited by the memory, and the program need not run all day.
    pub fn without_waiting(mut self) -> Self {
        self.waits = false;
        self
    }

    /// Returns the path of the folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the journal in the folder.
    pub fn journal(&self) -> PathBuf {
        self.folder.join("rows.jsonl")
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Batches {
    fn from(folder: &P) -> Self {
        Self::new(folder)
    }
}

impl From<PathBuf> for Batches {
    fn from(folder: PathBuf) -> Self {
        Self::new(folder)
    }
}
