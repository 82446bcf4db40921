//! A file lock between processes and threads. The operating system releases it when its holder ends
//! for any reason.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::error::LocalError;
use crate::progress::{Progress, Sink};

const POLL: Duration = Duration::from_millis(50);
/// A shorter wait is not reported.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// Holds the lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock, and waits at most `timeout` for other holders. Fails with
    /// [`LocalError::Locked`] then, or if the file cannot be opened.
    pub(crate) fn take(path: &Path, timeout: Duration, sink: &Sink) -> Result<Self, LocalError> {
        let began = Instant::now();
        let mut told = false;
        // The file is never removed, because two processes could then hold different locks of the
        // same name.
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|e| LocalError::cache("open", path, e))?;
        loop {
            match fs4::FileExt::try_lock(&file) {
                Ok(()) => return Ok(Self { _file: file }),
                Err(fs4::TryLockError::WouldBlock) => {}
                Err(fs4::TryLockError::Error(e)) => return Err(LocalError::cache("lock", path, e)),
            }
            let waited = began.elapsed();
            if waited > timeout {
                return Err(LocalError::Locked { path: path.to_path_buf(), after: timeout });
            }
            if waited > WORTH_TELLING && !told {
                told = true;
                sink.send(&Progress::Waiting);
            }
            thread::sleep(POLL);
        }
    }
}
