//! The errors of a journal.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An error of a [`Journal`](super::Journal).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened, created or locked.
    #[error("the journal `{}` cannot be opened: {source}", path.display())]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// Another run has the file open, in this process or in another one.
    #[error("the journal `{}` is in use by another run: wait for its end, or use another file", path.display())]
    InUse {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file has other content than a journal. Nothing was changed.
    #[error("`{}` is no journal: name a new file, or one that an earlier run has written", path.display())]
    NotAJournal {
        /// The path of the file.
        path: PathBuf,
    },
    /// A later version of this crate has written the file. Nothing was changed.
    #[error("the journal `{}` has the format {version}, and this version reads up to {}", path.display(), super::FORMAT)]
    Version {
        /// The path of the file.
        path: PathBuf,
        /// The format of the file.
        version: u64,
    },
    /// The file cannot be read.
    #[error("the journal `{}` cannot be read: {source}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
    /// A row cannot be written, for example because the disk is full. The rows before it are safe.
    #[error("the journal `{}` cannot be written: {source}", path.display())]
    Write {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: Arc<io::Error>,
    },
}

impl JournalError {
    pub(in crate::pipeline) fn open(path: &Path, source: io::Error) -> Self {
        Self::Open { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(in crate::pipeline) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source: Arc::new(source) }
    }

    pub(in crate::pipeline) fn write(path: &Path, source: io::Error) -> Self {
        Self::Write { path: path.to_owned(), source: Arc::new(source) }
    }
}
