//! The journal of a run: a file with one line for each row that ended, or a folder of such files. A later run
//! reads it, and asks only for what is missing.

mod dead_letter;
mod error;
mod file;
mod folder;
mod line;
mod lines;
mod open;

use std::path::{Path, PathBuf};

pub use dead_letter::DeadLetter;
pub use error::JournalError;
pub(super) use file::lock_file;
pub(super) use line::{Failure, now};
pub(super) use lines::{Line, Lines};
pub(super) use open::{DoneRow, Ended, Found, OpenJournal};

/// The format that this version writes.
const FORMAT: u64 = 1;

/// A file that keeps the rows of a run: one line of JSON for each row that ended. Pass it to
/// [`Run::journal`](super::Run::journal).
///
/// - **A row is never paid twice.** A row with the same key has its value already: no request is sent. The key
///   is a hash of the model, the prompt, the settings of the request, the schema and the input. The id is not
///   part of it, nor are `max_tokens`, the service tier, the prompt cache, the base URL, headers and limits.
/// - **Nothing is lost.** Each line is written when its row ends, before the run returns the row. After a kill,
///   the rows that were in flight are asked again. A last line that was cut is removed.
/// - **One run at a time.** A second run on the same file fails with [`JournalError::InUse`]. For several
///   processes there is [`Journal::shared`].
/// - **A changed type asks for its changes only.** If a field was added, or its schema changed, the rest of the
///   earlier value is kept, and the field is asked for. The whole value is checked again.
/// - **Values are checked again**: a row whose value fails a rule that is new is asked again.
///
/// Rules in closures and functions are not part of the key, because they have no name: change
/// [`version`](Self::version) if they change what a value means. The file holds inputs of failed rows and
/// replies as plain text, and on Unix only its owner can read it. Ledgers of rows with a value are kept without
/// the texts of replies, unless [`keep_replies`](Self::keep_replies) is set.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::Client;
/// use extract_llm::pipeline::Journal;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("run.jsonl");
/// # let model = Scripted::new([reply::tool(json!({"value": 7})), reply::tool(json!({"value": 2}))]);
/// let client = Client::with_model(model); // it answers twice
/// let texts = [("a", "There were seven."), ("b", "A couple of pears.")];
/// for _ in 0..3 {
///     let mut run = client.extract_many::<u8, _>(texts).journal(Journal::new(&path));
///     while let Some(row) = run.next().await {
///         let row = row?;
///         println!("{}: {:?}", row.id, row.result);
///     }
///     assert_eq!(run.summary().done, 2);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
    version: String,
    keeps_replies: bool,
    is_synced: bool,
    /// Whether the path is a folder with a file for each process.
    is_shared: bool,
}

impl Journal {
    /// Names the file. The run opens it, or creates it; the folder must exist.
    pub fn new(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_owned();
        let version = String::new();
        Self { path, version, keeps_replies: false, is_synced: false, is_shared: false }
    }

    /// Names a folder for several processes at a time, on one machine or on a shared file system. Each process
    /// writes a file of its own there and reads those of the others: at the start, and for each row that has no
    /// value yet, what they have added since. All that a journal of one file does holds for the folder too. The
    /// folder is created if it is missing; its parent must exist. All files in it whose names end in `.jsonl`
    /// are read, so a file of [`new`](Self::new) can be put there.
    ///
    /// - **A process that is killed loses nothing.** Its file stays and is read, but for a last line that was
    ///   cut. A process that has written no row removes its file.
    /// - **Two processes can ask for the same row at the same time**, because a row is seen only when it has
    ///   ended. Then the later line counts, by the clocks of the machines.
    /// - **On a network file system**, a row is seen when the other machine has sent it to the server, and at
    ///   once only by systems that look there when a file is opened, as NFS does.
    ///   [`sync_each_row`](Self::sync_each_row) sends each row. Until then another process may pay for a row
    ///   again; no row gets lost or mixed up. No file locks are used.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::pipeline::{Journal, Origin};
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("journal");
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
    /// let one = client.worker::<u8>().journal(Journal::shared(&path)); // these two
    /// let other = client.worker::<u8>().journal(Journal::shared(&path)); // are in different processes
    /// one.ask("a", "There were seven.").await?;
    /// let row = other.ask("a", "There were seven.").await?;
    /// assert_eq!(row.origin, Origin::Journal);
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn shared(folder: impl AsRef<Path>) -> Self {
        Self { is_shared: true, ..Self::new(folder) }
    }

    /// Makes a text part of every key. Change it to ask all rows again. The default is an empty text.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Keeps the replies of rows with a value too, so that [`Run::reread`](super::Run::reread) can read them
    /// again without requests. The default is not to keep them. A value that is made of several replies has
    /// none.
    pub fn keep_replies(mut self) -> Self {
        self.keeps_replies = true;
        self
    }

    /// Waits for the disk after each row, so that rows outlive a loss of power. The default is to hand each row
    /// to the operating system, so that rows outlive the process.
    pub fn sync_each_row(mut self) -> Self {
        self.is_synced = true;
        self
    }

    /// Returns the path of the file, or of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the rows that failed and have no value since, in the order of their failures. Their inputs are the
    /// texts that were sent.
    ///
    /// Fails if the file cannot be read, is no journal, or is in use by a run. A [shared](Self::shared) journal
    /// can be read while it is in use.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// use extract_llm::pipeline::Journal;
    ///
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("run.jsonl");
    /// # let client = Client::with_model(Scripted::new([reply::refusal("No.")]));
    /// # let mut run = client.extract_many::<u8, _>([("a", "How many?")]).journal(Journal::new(&path));
    /// # while let Some(row) = run.next().await { assert!(row?.result.is_err()); }
    /// # drop(run);
    /// for letter in Journal::new(&path).dead_letters()? {
    ///     println!("{}: {} for {:?}, replied {:?}", letter.id, letter.kind, letter.input, letter.reply());
    ///     # assert_eq!((letter.kind.as_str(), letter.input.as_str()), ("refused", "How many?"));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
    /// ```
    pub fn dead_letters(&self) -> Result<Vec<DeadLetter>, JournalError> {
        OpenJournal::open_to_read(self)?.dead_letters()
    }
}

impl<P: AsRef<Path> + ?Sized> From<&P> for Journal {
    fn from(path: &P) -> Self {
        Self::new(path)
    }
}

impl From<PathBuf> for Journal {
    fn from(path: PathBuf) -> Self {
        Self::new(path)
    }
}
