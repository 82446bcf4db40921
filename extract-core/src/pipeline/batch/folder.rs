//! [`Folder`]: the files of the batches.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::journal::{Line, Lines, lock_file};
use super::log::{FORMAT, HeaderLine, Step};
use crate::pipeline::JournalError;

/// The name of the log.
const LOG: &str = "batches.jsonl";

/// The folder of the batches, with its log open and locked.
pub(super) struct Folder {
    path: PathBuf,
    pub(super) log: Log,
}

/// The log. It is shared with the run, which lets others have the folder at its end.
#[derive(Clone)]
pub(super) struct Log(Arc<Mutex<LogFile>>);

struct LogFile {
    path: PathBuf,
    file: File,
    /// The length of the file, up to the end of its last line.
    length: u64,
    is_closed: bool,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, LogFile> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a line.
    fn append(&self, line: &impl serde::Serialize) -> Result<(), JournalError> {
        let mut log = self.lock();
        let failed = |error| JournalError::write(&log.path, error);
        if log.is_closed {
            return Err(failed(io::Error::other("the run has ended")));
        }
        let mut bytes = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        // A batch costs money, so its id outlives a loss of power.
        let written = (&log.file).write_all(&bytes).and_then(|()| log.file.sync_data());
        if let Err(error) = written {
            // If this fails too, the next run removes the line.
            let _ = log.file.set_len(log.length);
            return Err(failed(error));
        }
        log.length += bytes.len() as u64;
        Ok(())
    }

    /// Lets others have the folder. Nothing is written to the log after that.
    pub(super) fn close(&self) {
        let mut log = self.lock();
        log.is_closed = true;
        // The lock ends with the file at the latest.
        let _ = fs4::FileExt::unlock(&log.file);
    }
}

/// A file of requests that is being written.
pub(super) struct RequestFile {
    path: PathBuf,
    output: BufWriter<File>,
}

impl RequestFile {
    /// Writes a line, with its end.
    pub(super) fn write(&mut self, line: &[u8]) -> Result<(), JournalError> {
        self.output.write_all(line).map_err(|error| JournalError::write(&self.path, error))
    }

    /// Waits until all lines are on the disk.
    pub(super) fn finish(self) -> Result<(), JournalError> {
        let Self { path, output } = self;
        let file = output.into_inner().map_err(|error| {
            let error = error.into_error();
            JournalError::write(&path, error)
        })?;
        file.sync_all().map_err(|error| JournalError::write(&path, error))
    }
}

impl Folder {
    /// Opens the folder, or creates it, and returns the steps of its log. Removes a last line that was cut.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Step>), JournalError> {
        if !path.is_dir() {
            fs::create_dir(path).map_err(|error| JournalError::open(path, error))?;
        }
        let log_path = path.join(LOG);
        let failed = |error| JournalError::open(&log_path, error);
        let mut log = private(OpenOptions::new().read(true).append(true).create(true))
            .open(&log_path)
            .map_err(failed)?;
        lock_file(&log, &log_path)?;
        let (steps, length) = read_log(&mut log, &log_path)?;
        log.set_len(length).map_err(failed)?;
        let log = LogFile { path: log_path, file: log, length, is_closed: false };
        let log = Log(Arc::new(Mutex::new(log)));
        if length == 0 {
            log.append(&HeaderLine { extract_llm_batches: FORMAT })?;
        }
        Ok((Self { path: path.to_owned(), log }, steps))
    }

    /// Writes a step to the log.
    pub(super) fn log(&self, step: &Step) -> Result<(), JournalError> {
        self.log.append(step)
    }

    fn requests_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number}.requests.jsonl"))
    }

    fn results_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number}.results.jsonl"))
    }

    /// Creates the file for the requests of a batch.
    pub(super) fn create_requests(&self, number: u64) -> Result<RequestFile, JournalError> {
        let path = self.requests_path(number);
        let file = private(OpenOptions::new().write(true).create(true).truncate(true))
            .open(&path)
            .map_err(|error| JournalError::write(&path, error))?;
        Ok(RequestFile { path, output: BufWriter::with_capacity(1 << 16, file) })
    }

    /// Returns the lines of the requests of a batch.
    pub(super) fn requests(&self, number: u64) -> Result<Vec<u8>, JournalError> {
        let path = self.requests_path(number);
        fs::read(&path).map_err(|error| JournalError::read(&path, error))
    }

    /// Removes the requests of a batch that has ended.
    pub(super) fn remove_requests(&self, number: u64) {
        // Nothing needs the file any more.
        let _ = fs::remove_file(self.requests_path(number));
    }

    /// Creates a file for results that come. It gets its name at their end.
    pub(super) fn create_results(&self, number: u64) -> Result<File, JournalError> {
        let path = self.partial_path(number);
        private(OpenOptions::new().write(true).create(true).truncate(true))
            .open(&path)
            .map_err(|error| JournalError::write(&path, error))
    }

    fn partial_path(&self, number: u64) -> PathBuf {
        self.path.join(format!("{number}.results.part"))
    }

    /// Writes a part of the results.
    pub(super) fn write_results(
        &self,
        number: u64,
        file: &mut File,
        bytes: &[u8],
    ) -> Result<(), JournalError> {
        let path = || self.partial_path(number);
        file.write_all(bytes).map_err(|error| JournalError::write(&path(), error))
    }

    /// Gives a file of results its name.
    pub(super) fn finish_results(&self, number: u64, file: &File) -> Result<(), JournalError> {
        let (from, to) = (self.partial_path(number), self.results_path(number));
        let named = file.sync_all().and_then(|()| fs::rename(&from, &to));
        named.map_err(|error| JournalError::write(&to, error))
    }

    /// Calls a function with each line of the results of a batch, and its place. Without the file, there is no
    /// line.
    pub(super) fn each_result(
        &self,
        number: u64,
        mut take: impl FnMut(&[u8], Range<u64>),
    ) -> Result<(), JournalError> {
        let path = self.results_path(number);
        let failed = |error| JournalError::read(&path, error);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        let mut lines = Lines::at(file, 0);
        while let Some(line) = lines.next().map_err(failed)? {
            match line {
                Line::Whole(line, place) => take(line, place),
                Line::Torn(line) => {
                    // The last line of a service may have no end.
                    let end = fs::metadata(&path).map_err(failed)?.len();
                    take(line, end.saturating_sub(line.len() as u64)..end);
                }
                Line::TooLong => {}
            }
        }
        Ok(())
    }

    /// Reads one line of the results of a batch.
    pub(super) fn result(&self, number: u64, place: &Range<u64>) -> Result<Vec<u8>, JournalError> {
        let path = self.results_path(number);
        let failed = |error| JournalError::read(&path, error);
        let mut file = File::open(&path).map_err(failed)?;
        let length = usize::try_from(place.end.saturating_sub(place.start)).unwrap_or_default();
        let mut line = vec![0; length];
        file.seek(SeekFrom::Start(place.start)).map_err(failed)?;
        file.read_exact(&mut line).map_err(failed)?;
        Ok(line)
    }
}

/// Lets only the owner read a new file.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Reads the steps of a log, and the length of its whole lines.
fn read_log(log: &mut File, path: &Path) -> Result<(Vec<Step>, u64), JournalError> {
    let failed = |error| JournalError::read(path, error);
    let not_a_log = || JournalError::NotAJournal { path: path.to_owned() };
    log.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut lines = Lines::at(&*log, 0);
    match lines.next().map_err(failed)? {
        // A first line that was cut is written again.
        None | Some(Line::Torn(b"" | b"{")) => return Ok((Vec::new(), 0)),
        Some(Line::Torn(start)) if start.starts_with(b"{\"extract_llm_batches") => {
            return Ok((Vec::new(), 0));
        }
        Some(Line::Whole(line, _)) => {
            let header: HeaderLine = serde_json::from_slice(line).map_err(|_| not_a_log())?;
            let version = header.extract_llm_batches;
            if version > FORMAT {
                return Err(JournalError::Version { path: path.to_owned(), version });
            }
        }
        Some(_) => return Err(not_a_log()),
    }
    let mut steps = Vec::new();
    while let Some(line) = lines.next().map_err(failed)? {
        match line {
            // Without a step, a batch would be paid twice.
            Line::Whole(line, _) => steps.push(serde_json::from_slice(line).map_err(|error| {
                let message = format!("a line is damaged: {error}");
                failed(io::Error::new(io::ErrorKind::InvalidData, message))
            })?),
            Line::TooLong => return Err(not_a_log()),
            Line::Torn(_) => break,
        }
    }
    Ok((steps, lines.end()))
}
