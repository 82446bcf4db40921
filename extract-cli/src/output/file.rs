//! [`RowFile`]: stdout or a file, to which rows are written at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::CliError;

/// A row was not written.
pub(super) enum WriteError {
    /// The reader of stdout has closed it.
    Closed,
    Failed(CliError),
}

/// Stdout or a file.
pub(super) struct RowFile {
    target: Target,
    /// Whether something was written.
    is_begun: bool,
}

enum Target {
    Stdout,
    File { file: File, path: PathBuf },
}

impl RowFile {
    /// Opens a file, or stdout. What an earlier run has written stays until the first row is written.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, CliError> {
        let target = match path {
            Some(path) => {
                let opened = OpenOptions::new().append(true).create(true).open(path);
                let file = opened.map_err(|error| CliError::write(path, error))?;
                Target::File { file, path: path.to_owned() }
            }
            None => Target::Stdout,
        };
        Ok(Self { target, is_begun: false })
    }

    /// Whether something was written.
    pub(super) fn is_begun(&self) -> bool {
        self.is_begun
    }

    /// Writes bytes at once, so that they outlive the process.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        match &mut self.target {
            Target::Stdout => {
                let mut stdout = io::stdout().lock();
                let written = stdout.write_all(bytes).and_then(|()| stdout.flush());
                written.map_err(|error| match error.kind() {
                    io::ErrorKind::BrokenPipe => WriteError::Closed,
                    _ => WriteError::Failed(CliError::write(Path::new("stdout"), error)),
                })
            }
            Target::File { file, path } => {
                let cleared = match file.metadata() {
                    Ok(metadata) if is_first && metadata.is_file() => file.set_len(0),
                    Ok(_) => Ok(()),
                    Err(error) => Err(error),
                };
                let written = cleared.and_then(|()| file.write_all(bytes));
                written.map_err(|error| WriteError::Failed(CliError::write(path, error)))
            }
        }
    }
}

/// The file that is written and has not got its name yet.
static PARTIAL: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Notes a file that has not got its name yet, or that there is none any more.
#[cfg_attr(
    not(feature = "parquet"),
    expect(dead_code, reason = "only Parquet files get a name at the end")
)]
pub(super) fn set_partial(path: Option<PathBuf>) {
    *PARTIAL.lock().unwrap_or_else(PoisonError::into_inner) = path;
}

/// Removes the file that has not got its name yet, when the process ends at once.
pub(crate) fn remove_partial() {
    if let Some(path) = PARTIAL.lock().unwrap_or_else(PoisonError::into_inner).take() {
        // Nothing can be done about a failure: the process ends.
        let _ = std::fs::remove_file(path);
    }
}
