//! Ctrl-C and SIGTERM: the first one stops the run, and the second one ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use extract_llm::pipeline::Stopper;
use tokio::sync::Notify;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::remove_partial;
use crate::say::tell;

/// The message after the first signal.
pub(crate) const ROWS_END_FIRST: &str =
    "stopping: rows in flight end first; Ctrl-C again ends at once";

/// Whether a signal has stopped the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    is_stopped: AtomicBool,
    notify: Notify,
}

impl Signals {
    pub(crate) fn have_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Acquire)
    }

    /// Waits for the signal that stops the run.
    pub(crate) async fn stopped(&self) {
        self.0.notify.notified().await;
    }
}

/// Receives signals from now on.
pub(crate) fn listen() -> Result<Listener, CliError> {
    Listener::new().map_err(|error| {
        CliError::usage(format!("signals such as Ctrl-C cannot be received: {error}"))
    })
}

/// Waits for signals on a task of its own. `advice` says what happens after the first one.
pub(crate) fn watch(
    stopper: Stopper,
    advice: &'static str,
    is_quiet: bool,
) -> Result<Signals, CliError> {
    let mut listener = listen()?;
    let signals = Signals::default();
    let stopped = signals.clone();
    tokio::spawn(async move {
        listener.next().await;
        // Before the run stops, because the process may end right after it.
        if !is_quiet {
            tell(advice);
        }
        stopped.0.is_stopped.store(true, Ordering::Release);
        stopped.0.notify.notify_one();
        stopper.stop();
        listener.next().await;
        remove_partial();
        std::process::exit(i32::from(Exit::Stopped.code()));
    });
    Ok(signals)
}

/// Receives the signals that end a program.
#[cfg(unix)]
pub(crate) struct Listener {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Listener {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
pub(crate) struct Listener {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Listener {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    pub(crate) async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
