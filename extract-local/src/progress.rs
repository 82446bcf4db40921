//! Progress for human readers: the events, their sentences, and the default output to standard
//! error. The same events go to `tracing`.

use std::fmt;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One step of finding or starting a server, passed to
/// [`Options::on_progress`](crate::Options::on_progress). Its `Display` is a sentence for human
/// readers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// An already running server is used.
    Found {
        /// The kind of server, such as "Ollama".
        what: String,
        /// Its base URL.
        base_url: String,
        /// The model that will be used.
        model: String,
    },
    /// Another process holds the lock, and this one waits for it.
    Waiting,
    /// First use: the packages are about to be downloaded and installed.
    SettingUp {
        /// The number of bytes to download.
        download: u64,
    },
    /// The installation is running. Sent about once a second.
    Installing {
        /// The time since its start.
        elapsed: Duration,
        /// The number of bytes on disk so far.
        bytes: u64,
    },
    /// The packages are installed.
    Installed {
        /// The time that the installation took.
        elapsed: Duration,
    },
    /// The managed server is being started.
    Starting,
    /// The managed server is ready.
    Ready {
        /// Its base URL.
        base_url: String,
        /// Its model.
        model: String,
        /// Whether it was already running.
        reused: bool,
    },
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { what, base_url, model } => {
                write!(f, "using {model} of {what} at {base_url}")
            }
            Self::Waiting => {
                f.write_str("waiting for another process that prepares the embedded model")
            }
            Self::SettingUp { download } => write!(
                f,
                "setting up the embedded model (SmolLM2-135M, {} MB, once)…",
                megabytes(*download)
            ),
            Self::Installing { elapsed, bytes } => {
                write!(f, "setting up: {} s, {} MB on disk", elapsed.as_secs(), megabytes(*bytes))
            }
            Self::Installed { elapsed } => {
                write!(f, "set up in {:.1} s", elapsed.as_secs_f64())
            }
            Self::Starting => f.write_str("starting the embedded model…"),
            Self::Ready { model, .. } => {
                write!(
                    f,
                    "using the embedded model {model}: 135M parameters, meant for first steps"
                )
            }
        }
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// The receiver of progress events.
#[derive(Clone)]
pub(crate) struct Sink(Arc<dyn Fn(&Progress) + Send + Sync>);

impl Sink {
    pub(crate) fn new(sink: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Returns a sink that writes lines to standard error. The ticking line appears only on a
    /// terminal, where it is overwritten.
    pub(crate) fn stderr() -> Self {
        let ticking = AtomicBool::new(false);
        Self::new(move |progress| {
            let mut err = std::io::stderr().lock();
            // A closed standard error is not a failure.
            let _ = match progress {
                Progress::Installing { .. } if err.is_terminal() => {
                    ticking.store(true, Ordering::Relaxed);
                    write!(err, "\rextract-llm: {progress}\u{1b}[K").and_then(|()| err.flush())
                }
                Progress::Installing { .. } | Progress::Starting => Ok(()),
                _ => {
                    let clear = ticking.swap(false, Ordering::Relaxed);
                    writeln!(
                        err,
                        "{}extract-llm: {progress}",
                        if clear { "\r\u{1b}[K" } else { "" }
                    )
                }
            };
        })
    }

    pub(crate) fn send(&self, progress: &Progress) {
        match progress {
            Progress::Installing { .. } => tracing::debug!("{progress}"),
            Progress::Ready { base_url, reused, .. } => {
                tracing::info!(base_url, reused, "{progress}");
            }
            _ => tracing::info!("{progress}"),
        }
        (self.0)(progress);
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}
