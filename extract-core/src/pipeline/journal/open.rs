//! [`OpenJournal`]: the journal while a run has it, with an index of its rows in memory.

use std::collections::{HashMap, HashSet};
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::file::JournalFile;
use super::folder::Folder;
use super::line::{Failure, IndexLine, RowLine, SchemaLine, State, StoredRow, now};
use super::{DeadLetter, Journal, JournalError};
use crate::cache::Entry;
use crate::contract::Contract;
use crate::extraction::{Digest, Ledger};

/// A journal that a run has open.
pub(in crate::pipeline) struct OpenJournal {
    version: String,
    keeps_replies: bool,
    is_synced: bool,
    inner: Mutex<Inner>,
    /// Lines that could not be read.
    damaged: u64,
}

struct Inner {
    /// The folder of a journal that several processes share.
    folder: Option<Folder>,
    /// The first one is that of this run. The others are those of other processes.
    files: Vec<JournalFile>,
    /// Whether the first file is written.
    is_written: bool,
    index: Index,
}

/// The rows and schemas of all files.
#[derive(Default)]
struct Index {
    rows: HashMap<Digest, Slot>,
    schemas: HashMap<Digest, Arc<Contract>>,
    /// The schemas in the file of this run.
    own_schemas: HashSet<Digest>,
}

/// The last line of a row.
#[derive(Debug, Clone)]
struct Slot {
    /// The number of the file.
    file: usize,
    place: Range<u64>,
    schema: Digest,
    state: State,
    /// Milliseconds since 1970.
    at: u64,
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

/// A process that has written nothing leaves no file in a folder.
impl Drop for Inner {
    fn drop(&mut self) {
        let own = self.files.first().filter(|own| !own.is_of_another() && own.is_empty());
        if let Some(own) = own.filter(|_| self.folder.is_some()) {
            // If this fails, a file without rows remains.
            let _ = std::fs::remove_file(own.path());
        }
    }
}

impl OpenJournal {
    /// Opens the journal for a run, or creates it. Removes a last line that was cut.
    pub(in crate::pipeline) fn open(journal: &Journal) -> Result<Self, JournalError> {
        if !journal.is_shared {
            let mut opened =
                Self::of(journal, None, vec![JournalFile::open_locked(&journal.path)?])?;
            opened.prepare()?;
            return Ok(opened);
        }
        let mut folder = Folder::new(&journal.path);
        let own = folder.create_file()?;
        let mut opened = Self::of(journal, Some(folder), vec![own])?;
        opened.prepare()?;
        Ok(opened)
    }

    /// Opens an existing journal without changing it.
    pub(in crate::pipeline) fn open_to_read(journal: &Journal) -> Result<Self, JournalError> {
        if journal.is_shared {
            return Self::of(journal, Some(Folder::new(&journal.path)), Vec::new());
        }
        Self::of(journal, None, vec![JournalFile::open_locked_to_read(&journal.path)?])
    }

    /// Reads all files.
    fn of(
        journal: &Journal,
        folder: Option<Folder>,
        files: Vec<JournalFile>,
    ) -> Result<Self, JournalError> {
        let Journal { version, keeps_replies, is_synced, .. } = journal;
        let mut inner = Inner { folder, files, is_written: false, index: Index::default() };
        let damaged = inner.read_own()? + inner.read_others()?;
        Ok(Self {
            version: version.clone(),
            keeps_replies: *keeps_replies,
            is_synced: *is_synced,
            inner: Mutex::new(inner),
            damaged,
        })
    }

    /// Makes the file of this run ready to be written.
    fn prepare(&mut self) -> Result<(), JournalError> {
        let inner = self.inner.get_mut().unwrap_or_else(PoisonError::into_inner);
        inner.files.first_mut().map_or(Ok(()), JournalFile::prepare)?;
        inner.is_written = true;
        Ok(())
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

    /// Returns the row of a key; `None` if it is not there. For a row without a value, the files of other
    /// processes are read on.
    pub(in crate::pipeline) fn find(&self, row: Digest) -> Result<Option<Found>, JournalError> {
        let mut inner = self.lock();
        if !inner.has_value(row) {
            inner.read_others()?;
        }
        let Some(slot) = inner.index.rows.get(&row) else { return Ok(None) };
        let schema = slot.schema;
        let stored = inner.read(slot)?;
        drop(inner);
        let Some(stored) = stored.filter(|stored| stored.row == row) else { return Ok(None) };
        if stored.state == State::Done {
            let reply = stored.reply.and_then(|reply| Entry::from_bytes(reply.get().as_bytes()));
            let StoredRow { value, ledger, .. } = stored;
            return Ok(Some(Found::Done(Box::new(DoneRow { value, ledger, reply, schema }))));
        }
        Ok(DeadLetter::of(stored).map(|letter| Found::Failed(Box::new(letter))))
    }

    /// Whether a row has a value.
    pub(in crate::pipeline) fn has_value(&self, row: Digest) -> bool {
        self.lock().has_value(row)
    }

    /// Whether this run has written a row.
    pub(in crate::pipeline) fn is_of_this_run(&self, row: Digest) -> bool {
        self.lock().index.rows.get(&row).is_some_and(|slot| slot.is_new)
    }

    /// Returns the contract of a schema that an earlier run has written; `None` if it is not known.
    pub(in crate::pipeline) fn contract(&self, schema: Digest) -> Option<Arc<Contract>> {
        self.lock().index.schemas.get(&schema).map(Arc::clone)
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
        if !inner.index.own_schemas.contains(&schema) {
            let line = SchemaLine { schema, name: contract.name(), json_schema: contract.schema() };
            inner.append(&line, false)?;
            inner.index.own_schemas.insert(schema);
            let known = Contract::from_schema_named(contract.name(), contract.schema().clone());
            if let Ok(known) = known {
                inner.index.schemas.insert(schema, known);
            }
        }
        let place = inner.append(&line, self.is_synced)?;
        let slot = Slot { file: 0, place, schema, state, at: line.at, is_new: true };
        inner.index.rows.insert(row, slot);
        Ok(())
    }

    /// Lets others have the file. Nothing is written after that.
    pub(in crate::pipeline) fn close(&self) {
        let mut inner = self.lock();
        inner.is_written = false;
        inner.files.iter().for_each(JournalFile::unlock);
    }

    /// Returns the rows that failed and have no value since.
    pub(super) fn dead_letters(&self) -> Result<Vec<DeadLetter>, JournalError> {
        let inner = self.lock();
        let failed = inner.index.rows.values().filter(|slot| slot.state != State::Done);
        let mut failed: Vec<&Slot> = failed.collect();
        match inner.folder {
            Some(_) => failed.sort_by_key(|slot| (slot.at, slot.file, slot.place.start)),
            None => failed.sort_by_key(|slot| slot.place.start),
        }
        let mut letters = Vec::with_capacity(failed.len());
        for slot in failed {
            letters.extend(inner.read(slot)?.and_then(DeadLetter::of));
        }
        Ok(letters)
    }
}

impl Inner {
    fn has_value(&self, row: Digest) -> bool {
        self.index.rows.get(&row).is_some_and(|slot| slot.state == State::Done)
    }

    /// Reads the file of this run, and returns the number of damaged lines.
    fn read_own(&mut self) -> Result<u64, JournalError> {
        let Self { files, index, .. } = self;
        let Some(own) = files.first_mut() else { return Ok(0) };
        own.read_new(|line, place| index.add(line, 0, place).is_some())
    }

    /// Reads the lines that other processes have written since the last call, and returns the number of damaged
    /// ones.
    fn read_others(&mut self) -> Result<u64, JournalError> {
        let Self { folder, files, index, .. } = self;
        let Some(folder) = folder else { return Ok(0) };
        files.extend(folder.new_files()?);
        let mut damaged = 0;
        for (number, file) in files.iter_mut().enumerate().filter(|(_, file)| file.is_of_another())
        {
            damaged += file.read_new(|line, place| index.add(line, number, place).is_some())?;
        }
        Ok(damaged)
    }

    /// Reads the line of a row. `None` if it is damaged.
    fn read(&self, slot: &Slot) -> Result<Option<StoredRow>, JournalError> {
        let Some(file) = self.files.get(slot.file) else { return Ok(None) };
        Ok(serde_json::from_slice(&file.read(&slot.place)?).ok())
    }

    /// Writes a line at the end of the file of this run, and returns its place. After a failure, nothing more is
    /// written.
    fn append(
        &mut self,
        line: &impl Serialize,
        is_synced: bool,
    ) -> Result<Range<u64>, JournalError> {
        let Some(own) = self.files.first_mut() else { return Ok(0..0) };
        if !self.is_written {
            let earlier = io::Error::other("an earlier row could not be written");
            return Err(JournalError::write(own.path(), earlier));
        }
        let written = own.append(line, is_synced);
        self.is_written = written.is_ok();
        written
    }
}

impl Index {
    /// Adds a line of a file. `None` if it is damaged. Of the lines of a row in one file, the last one counts,
    /// and of those in different files the latest.
    fn add(&mut self, line: &[u8], file: usize, place: Range<u64>) -> Option<()> {
        let line: IndexLine<'_> = serde_json::from_slice(line).ok()?;
        let (schema, at) = (line.schema?, line.at);
        match (line.row, line.state, line.json_schema) {
            (Some(row), Some(state), _) => {
                let known = self.rows.get(&row);
                if known.is_none_or(|known| known.file == file || known.at <= at) {
                    self.rows.insert(row, Slot { file, place, schema, state, at, is_new: false });
                }
            }
            (None, None, Some(json)) => {
                let json = serde_json::from_str(json.get()).ok()?;
                let contract = Contract::from_schema_named(&line.name?, json).ok()?;
                self.schemas.insert(schema, contract);
                if file == 0 {
                    self.own_schemas.insert(schema);
                }
            }
            _ => return None,
        }
        Some(())
    }
}
