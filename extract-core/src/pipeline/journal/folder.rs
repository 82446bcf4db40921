//! [`Folder`]: the files of a journal that several processes share.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::JournalError;
use super::file::JournalFile;
use super::line::now;

/// How often another name is tried for the file of this process.
const NAMES: u32 = 10;

/// The folder of a journal that several processes share.
pub(super) struct Folder {
    path: PathBuf,
    /// The names of the files that are known.
    known: HashSet<OsString>,
}

impl Folder {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), known: HashSet::new() }
    }

    /// Creates the folder if it is missing, and a file in it for this process.
    pub(super) fn create_file(&mut self) -> Result<JournalFile, JournalError> {
        self.create()?;
        let mut tries = 0;
        loop {
            tries += 1;
            let (pid, random) = (std::process::id(), fastrand::u32(..));
            let name = format!("{}-{pid}-{random:08x}.jsonl", now() / 1_000);
            match JournalFile::create(&self.path.join(&name)) {
                Err(JournalError::Open { source, .. })
                    if source.kind() == io::ErrorKind::AlreadyExists && tries < NAMES => {}
                created => {
                    self.known.insert(name.into());
                    return created;
                }
            }
        }
    }

    fn create(&self) -> Result<(), JournalError> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        match builder.create(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(JournalError::open(&self.path, error))
            }
            _ => Ok(()),
        }
    }

    /// Returns the files that are new in the folder: those whose names end in `.jsonl`.
    pub(super) fn new_files(&mut self) -> Result<Vec<JournalFile>, JournalError> {
        let failed = |error| JournalError::open(&self.path, error);
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            let is_journal = Path::new(&name).extension().is_some_and(|end| end == "jsonl");
            if is_journal && !self.known.contains(&name) {
                files.push(JournalFile::of_another(self.path.join(&name)));
                self.known.insert(name);
            }
        }
        Ok(files)
    }
}
