//! [`OpenJournal`]: the file while a run has it, with an index of its rows in memory.

use std::collections::HashMap;
use std::collections::hash_map::Entry as MapEntry;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::line::{Failure, HeaderLine, IndexLine, RowLine, SchemaLine, State, StoredRow, now};
use super::lines::{Line, Lines};
use super::{DeadLetter, FORMAT, Journal, JournalError};
use crate::cache::Entry;
use crate::contract::Contract;
use crate::extraction::{Digest, Ledger};

/// How often a locked file is tried again, and the wait before it.
const LOCK_TRIES: u32 = 20;
const BETWEEN_TRIES: Duration = Duration::from_millis(10);

/// A journal that a run has open.
pub(in crate::pipeline) struct OpenJournal {
    path: PathBuf,
    version: String,
    keeps_replies: bool,
    is_synced: bool,
    inner: Mutex<Inner>,
    /// Lines that could not be read.
    damaged: u64,
}

struct Inner {
    file: File,
    /// The length of the file, up to the end of its last line.
    length: u64,
    /// Whether a row could not be written. No row is written after that.
    is_broken: bool,
    rows: HashMap<Digest, Slot>,
    schemas: HashMap<Digest, Arc<Contract>>,
}

/// The last line of a row.
#[derive(Debug, Clone)]
struct Slot {
    place: Range<u64>,
    schema: Digest,
    state: State,
    /// Whether this run has written it.
    is_new: bool,
}

/// A row that the journal holds.
pub(in crate::pipeline) enum Found {
    Done(Box<DoneRow>),
    Failed(Box<DeadLetter>),
}

/// A value that the journal holds.
pub(in crate::pipeline) struct DoneRow {
    pub(in crate::pipeline) value: Value,
    pub(in crate::pipeline) ledger: Ledger,
    pub(in crate::pipeline) reply: Option<Entry>,
    pub(in crate::pipeline) schema: Digest,
}

/// The end of a row, to be written.
pub(in crate::pipeline) struct Ended<'e> {
    pub(in crate::pipeline) row: Digest,
    pub(in crate::pipeline) schema: Digest,
    pub(in crate::pipeline) contract: &'e Contract,
    pub(in crate::pipeline) id: &'e Value,
    pub(in crate::pipeline) end: Result<&'e Value, &'e Failure>,
    /// Whether a failure has a passing reason.
    pub(in crate::pipeline) is_passing: bool,
    pub(in crate::pipeline) ledger: &'e Ledger,
    pub(in crate::pipeline) reply: Option<&'e Entry>,
}

impl OpenJournal {
    /// Opens the file for a run, or creates it. Removes a last line that was cut.
    pub(in crate::pipeline) fn open(journal: &Journal) -> Result<Self, JournalError> {
        let path = &journal.path;
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let opened = Self::with_file(journal, options.open(path))?;
        {
            let mut inner = opened.lock();
            let (length, written) = (inner.length, inner.file.metadata());
            let written = written.map_err(|error| JournalError::read(path, error))?.len();
            if written > length {
                inner.file.set_len(length).map_err(|error| JournalError::write(path, error))?;
            }
            if length == 0 {
                let header = HeaderLine { extract_llm_journal: FORMAT };
                inner.append(path, &header, false)?;
            }
        }
        Ok(opened)
    }

    /// Opens an existing file without changing it.
    pub(in crate::pipeline) fn open_to_read(journal: &Journal) -> Result<Self, JournalError> {
        Self::with_file(journal, File::open(&journal.path))
    }

    fn with_file(journal: &Journal, file: io::Result<File>) -> Result<Self, JournalError> {
        let Journal { path, version, keeps_replies, is_synced } = journal;
        let file = file.map_err(|error| JournalError::open(path, error))?;
        lock_file(&file, path)?;
        let mut inner = Inner {
            file,
            length: 0,
            is_broken: false,
            rows: HashMap::new(),
            schemas: HashMap::new(),
        };
        let damaged = inner.index(path)?;
        Ok(Self {
            path: path.clone(),
            version: version.clone(),
            keeps_replies: *keeps_replies,
            is_synced: *is_synced,
            inner: Mutex::new(inner),
            damaged,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the user's version.
    pub(in crate::pipeline) fn version(&self) -> &str {
        &self.version
    }

    /// Whether replies are kept.
    pub(in crate::pipeline) fn keeps_replies(&self) -> bool {
        self.keeps_replies
    }

    /// Returns the number of lines that could not be read.
    pub(in crate::pipeline) fn damaged(&self) -> u64 {
        self.damaged
    }

    /// Returns the row of a key; `None` if it is not there.
    pub(in crate::pipeline) fn find(&self, row: Digest) -> Result<Option<Found>, JournalError> {
        let mut inner = self.lock();
        let Some(slot) = inner.rows.get(&row).cloned() else { return Ok(None) };
        let stored = inner.read(&self.path, &slot)?;
        drop(inner);
        let Some(stored) = stored.filter(|stored| stored.row == row) else { return Ok(None) };
        if stored.state == State::Done {
            let reply = stored.reply.and_then(|reply| Entry::from_bytes(reply.get().as_bytes()));
            let StoredRow { value, ledger, .. } = stored;
            let schema = slot.schema;
            return Ok(Some(Found::Done(Box::new(DoneRow { value, ledger, reply, schema }))));
        }
        Ok(DeadLetter::of(stored).map(|letter| Found::Failed(Box::new(letter))))
    }

    /// Whether a row has a value.
    pub(in crate::pipeline) fn has_value(&self, row: Digest) -> bool {
        self.lock().rows.get(&row).is_some_and(|slot| slot.state == State::Done)
    }

    /// Whether this run has written a row.
    pub(in crate::pipeline) fn is_of_this_run(&self, row: Digest) -> bool {
        self.lock().rows.get(&row).is_some_and(|slot| slot.is_new)
    }

    /// Returns the contract of a schema that an earlier run has written; `None` if it is not known.
    pub(in crate::pipeline) fn contract(&self, schema: Digest) -> Option<Arc<Contract>> {
        self.lock().schemas.get(&schema).map(Arc::clone)
    }

    /// Writes the end of a row.
    pub(in crate::pipeline) fn write(&self, ended: &Ended<'_>) -> Result<(), JournalError> {
        let Ended { row, schema, contract, id, end, is_passing, ledger, reply } = *ended;
        let reply = reply.filter(|_| self.keeps_replies).and_then(Entry::to_bytes);
        let reply =
            reply.and_then(|bytes| RawValue::from_string(String::from_utf8(bytes).ok()?).ok());
        let state = match end {
            Ok(_) => State::Done,
            Err(_) if is_passing => State::Passing,
            Err(_) => State::Failed,
        };
        let line = RowLine {
            row,
            schema,
            state,
            id,
            at: now(),
            value: end.ok(),
            failure: end.err(),
            ledger,
            reply: reply.as_deref(),
        };
        let mut inner = self.lock();
        if let MapEntry::Vacant(_) = inner.schemas.entry(schema) {
            let line = SchemaLine { schema, name: contract.name(), json_schema: contract.schema() };
            inner.append(&self.path, &line, false)?;
            let known = Contract::from_schema_named(contract.name(), contract.schema().clone());
            if let Ok(known) = known {
                inner.schemas.insert(schema, known);
            }
        }
        let place = inner.append(&self.path, &line, self.is_synced)?;
        inner.rows.insert(row, Slot { place, schema, state, is_new: true });
        Ok(())
    }

    /// Lets others have the file. Nothing is written after that.
    pub(in crate::pipeline) fn close(&self) {
        let mut inner = self.lock();
        inner.is_broken = true;
        // The lock ends with the file at the latest.
        let _ = fs4::FileExt::unlock(&inner.file);
    }

    /// Returns the rows that failed and have no value since.
    pub(super) fn dead_letters(&self) -> Result<Vec<DeadLetter>, JournalError> {
        let mut inner = self.lock();
        let failed = inner.rows.values().filter(|slot| slot.state != State::Done);
        let mut failed: Vec<Slot> = failed.cloned().collect();
        failed.sort_by_key(|slot| slot.place.start);
        let mut letters = Vec::with_capacity(failed.len());
        for slot in failed {
            letters.extend(inner.read(&self.path, &slot)?.and_then(DeadLetter::of));
        }
        Ok(letters)
    }
}

impl Inner {
    /// Reads all lines, and returns the number of those that are damaged.
    fn index(&mut self, path: &Path) -> Result<u64, JournalError> {
        let failed = |error| JournalError::read(path, error);
        let not_a_journal = || JournalError::NotAJournal { path: path.to_owned() };
        let file = self.file.try_clone().map_err(failed)?;
        let mut lines = Lines::new(file);
        match lines.next().map_err(failed)? {
            None => return Ok(0),
            Some(Line::Torn(start)) if is_start_of_header(start) => return Ok(0),
            Some(Line::Whole(line, _)) => {
                let header: HeaderLine =
                    serde_json::from_slice(line).map_err(|_| not_a_journal())?;
                let version = header.extract_llm_journal;
                if version > FORMAT {
                    return Err(JournalError::Version { path: path.to_owned(), version });
                }
            }
            Some(_) => return Err(not_a_journal()),
        }
        let mut damaged = 0;
        while let Some(line) = lines.next().map_err(failed)? {
            match line {
                Line::Whole(line, place) => damaged += u64::from(self.add(line, place).is_none()),
                Line::TooLong => damaged += 1,
                Line::Torn(_) => break,
            }
        }
        self.length = lines.end();
        Ok(damaged)
    }

    /// Adds a line to the index. `None` if it is damaged.
    fn add(&mut self, line: &[u8], place: Range<u64>) -> Option<()> {
        let line: IndexLine<'_> = serde_json::from_slice(line).ok()?;
        let schema = line.schema?;
        match (line.row, line.state, line.json_schema) {
            (Some(row), Some(state), _) => {
                self.rows.insert(row, Slot { place, schema, state, is_new: false });
            }
            (None, None, Some(json)) => {
                let json = serde_json::from_str(json.get()).ok()?;
                let contract = Contract::from_schema_named(&line.name?, json).ok()?;
                self.schemas.insert(schema, contract);
            }
            _ => return None,
        }
        Some(())
    }

    /// Reads the line of a row. `None` if it is damaged.
    fn read(&mut self, path: &Path, slot: &Slot) -> Result<Option<StoredRow>, JournalError> {
        let length = slot.place.end.saturating_sub(slot.place.start);
        let mut line = vec![0; usize::try_from(length).unwrap_or_default()];
        let file = &mut self.file;
        let read =
            file.seek(SeekFrom::Start(slot.place.start)).and_then(|_| file.read_exact(&mut line));
        read.map_err(|error| JournalError::read(path, error))?;
        Ok(serde_json::from_slice(&line).ok())
    }

    /// Writes a line at the end of the file, and returns its place. After a failure, the file ends with its
    /// last whole line, and nothing more is written.
    fn append(
        &mut self,
        path: &Path,
        line: &impl Serialize,
        is_synced: bool,
    ) -> Result<Range<u64>, JournalError> {
        let failed = |error| JournalError::write(path, error);
        if self.is_broken {
            return Err(failed(io::Error::other("an earlier row could not be written")));
        }
        let mut bytes = serde_json::to_vec(line).map_err(|error| failed(error.into()))?;
        bytes.push(b'\n');
        let mut written = self.file.write_all(&bytes);
        if is_synced {
            written = written.and_then(|()| self.file.sync_data());
        }
        if let Err(error) = written {
            self.is_broken = true;
            // If this fails too, the next run removes the line.
            let _ = self.file.set_len(self.length);
            return Err(failed(error));
        }
        let start = self.length;
        self.length += bytes.len() as u64;
        Ok(start..self.length - 1)
    }
}

/// Locks the file. A process that is started meanwhile has the locks of this one for a moment, so it is tried
/// more than once.
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

/// Whether a text is the start of the first line.
fn is_start_of_header(text: &[u8]) -> bool {
    let header = serde_json::to_vec(&HeaderLine { extract_llm_journal: FORMAT });
    header.is_ok_and(|header| header.starts_with(text))
}
