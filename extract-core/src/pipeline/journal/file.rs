//! [`JournalFile`]: one file of a journal, which is read line by line and written at its end.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;

use super::line::HeaderLine;
use super::lines::{Line, Lines};
use super::{FORMAT, JournalError};

/// How often a locked file is tried again, and the wait before it.
const LOCK_TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// One file of a journal.
pub(super) struct JournalFile {
    path: PathBuf,
    /// `None` for a file of another process, which is opened for each read: a network file system then shows
    /// its newest lines, and a folder may have any number of files.
    file: Option<File>,
    /// The byte behind the last whole line.
    length: u64,
    /// The size of the file when it was read last.
    seen: u64,
}

impl JournalFile {
    /// Opens a file for a run, or creates it. No other run can open it meanwhile.
    pub(super) fn open_locked(path: &Path) -> Result<Self, JournalError> {
        let opened = Self::of(path, options().create(true).open(path))?;
        opened.lock()?;
        Ok(opened)
    }

    /// Opens an existing file without changing it. No run can open it meanwhile.
    pub(super) fn open_locked_to_read(path: &Path) -> Result<Self, JournalError> {
        let opened = Self::of(path, File::open(path))?;
        opened.lock()?;
        Ok(opened)
    }

    /// Creates a file for this process alone. There is no lock: nobody else writes to it, and on Windows a lock
    /// would keep others from reading.
    pub(super) fn create(path: &Path) -> Result<Self, JournalError> {
        Self::of(path, options().create_new(true).open(path))
    }

    /// Names a file that another process writes.
    pub(super) fn of_another(path: PathBuf) -> Self {
        Self { path, file: None, length: 0, seen: 0 }
    }

    fn of(path: &Path, file: io::Result<File>) -> Result<Self, JournalError> {
        let file = file.map_err(|error| JournalError::open(path, error))?;
        Ok(Self { path: path.to_owned(), file: Some(file), length: 0, seen: 0 })
    }

    fn lock(&self) -> Result<(), JournalError> {
        self.file.as_ref().map_or(Ok(()), |file| lock_file(file, &self.path))
    }

    /// Lets others have the file.
    pub(super) fn unlock(&self) {
        // The lock ends with the file at the latest.
        let _ = self.file.as_ref().map(fs4::FileExt::unlock);
    }

    /// Whether the file has no line but the first one.
    pub(super) fn is_empty(&self) -> bool {
        self.length <= header().len() as u64 + 1
    }

    /// Whether another process writes the file.
    pub(super) fn is_of_another(&self) -> bool {
        self.file.is_none()
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn handle(&self) -> io::Result<File> {
        self.file.as_ref().map_or_else(|| File::open(&self.path), File::try_clone)
    }

    /// Reads the lines that were written since it was read last, and returns the number of those that are
    /// damaged. `add` takes a line with its place and returns whether it is whole. A last line without an end is
    /// read again later.
    pub(super) fn read_new(
        &mut self,
        mut add: impl FnMut(&[u8], Range<u64>) -> bool,
    ) -> Result<u64, JournalError> {
        let path = &self.path;
        let failed = |error| JournalError::read(path, error);
        let mut file = match self.handle() {
            // Another process has removed its file.
            Err(error) if self.file.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(0);
            }
            file => file.map_err(failed)?,
        };
        let size = file.metadata().map_err(failed)?.len();
        if size == self.seen && size > 0 {
            return Ok(0);
        }
        self.seen = size;
        file.seek(SeekFrom::Start(self.length)).map_err(failed)?;
        let mut lines = Lines::at(file, self.length);
        if self.length == 0 && !read_header(&mut lines, path)? {
            return Ok(0);
        }
        let mut damaged = 0;
        while let Some(line) = lines.next().map_err(failed)? {
            match line {
                Line::Whole(line, place) => damaged += u64::from(!add(line, place)),
                Line::TooLong => damaged += 1,
                Line::Torn(_) => break,
            }
        }
        self.length = lines.end();
        Ok(damaged)
    }

    /// Removes a last line that was cut, and writes the first line if there is none.
    pub(super) fn prepare(&mut self) -> Result<(), JournalError> {
        let failed = |error| JournalError::write(&self.path, error);
        let Some(file) = &self.file else { return Ok(()) };
        let size = file.metadata().map_err(|error| JournalError::read(&self.path, error))?.len();
        if size > self.length {
            file.set_len(self.length).map_err(failed)?;
        }
        if self.length == 0 {
            self.append(&HeaderLine { extract_llm_journal: FORMAT }, false)?;
        }
        Ok(())
    }

    /// Reads a line.
    pub(super) fn read(&self, place: &Range<u64>) -> Result<Vec<u8>, JournalError> {
        let failed = |error| JournalError::read(&self.path, error);
        let length = place.end.saturating_sub(place.start);
        let mut line = vec![0; usize::try_from(length).unwrap_or_default()];
        let mut file = self.handle().map_err(failed)?;
        let read = file.seek(SeekFrom::Start(place.start)).and_then(|_| file.read_exact(&mut line));
        read.map_err(failed)?;
        Ok(line)
    }

    /// Writes a line at the end of the file, and returns its place. After a failure, the file ends with its
    /// last whole line.
    pub(super) fn append(
        &mut self,
        line: &impl Serialize,
        is_synced: bool,
    ) -> Result<Range<u64>, JournalError> {
        let path = &self.path;
        let failed = |error| JournalError::write(path, error);
        let mut bytes = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        let Some(file) = &mut self.file else {
            return Err(failed(io::Error::other("it is the file of another process")));
        };
        let mut written = file.write_all(&bytes);
        if is_synced {
            written = written.and_then(|()| file.sync_data());
        }
        if let Err(error) = written {
            // If this fails too, the next run removes the line.
            let _ = file.set_len(self.length);
            return Err(failed(error));
        }
        let start = self.length;
        self.length += bytes.len() as u64;
        self.seen = self.length;
        Ok(start..self.length - 1)
    }
}

/// Locks a file. A process that is started meanwhile has the locks of this one for a moment, so it is tried more
/// than once.
pub(in crate::pipeline) fn lock_file(file: &File, path: &Path) -> Result<(), JournalError> {
    let mut tries = 0;
    loop {
        match fs4::FileExt::try_lock(file) {
            Ok(()) => return Ok(()),
            Err(fs4::TryLockError::Error(error)) => return Err(JournalError::open(path, error)),
            Err(fs4::TryLockError::WouldBlock) if tries < LOCK_TRIES => {
                tries += 1;
                std::thread::sleep(BETWEEN_TRIES);
            }
            Err(fs4::TryLockError::WouldBlock) => {
                return Err(JournalError::InUse { path: path.to_owned() });
            }
        }
    }
}

/// Returns how a file is opened to be written: its owner alone can read it.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options
}

/// Reads the first line. Returns `false` if it is not whole yet.
fn read_header(lines: &mut Lines<File>, path: &Path) -> Result<bool, JournalError> {
    let not_a_journal = || JournalError::NotAJournal { path: path.to_owned() };
    match lines.next().map_err(|error| JournalError::read(path, error))? {
        None => Ok(false),
        Some(Line::Torn(start)) if header().starts_with(start) => Ok(false),
        Some(Line::Whole(line, _)) => {
            let header: HeaderLine = serde_json::from_slice(line).map_err(|_| not_a_journal())?;
            let version = header.extract_llm_journal;
            if version > FORMAT {
                return Err(JournalError::Version { path: path.to_owned(), version });
            }
            Ok(true)
        }
        Some(_) => Err(not_a_journal()),
    }
}

/// Returns the first line.
fn header() -> Vec<u8> {
    serde_json::to_vec(&HeaderLine { extract_llm_journal: FORMAT }).unwrap_or_default()
}
