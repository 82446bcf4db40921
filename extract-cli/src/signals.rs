//! Ctrl-C and SIGTERM: the first one stops the run, and the second one ends the process.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use extract_llm::pipeline::Stopper;

use crate::error::CliError;
use crate::exit::Exit;
use crate::output::remove_partial;
use crate::say::tell;

/// Whether a signal has stopped the run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Signals(Arc<AtomicBool>);

impl Signals {
    pub(crate) fn have_stopped(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Waits for signals on a task of its own.
pub(crate) fn watch(stopper: Stopper, is_quiet: bool) -> Result<Signals, CliError> {
    let mut listener = Listener::new().map_err(|error| {
        CliError::usage(format!("signals such as Ctrl-C cannot be received: {error}"))
    })?;
    let signals = Signals::default();
    let stopped = signals.clone();
    tokio::spawn(async move {
        listener.next().await;
        stopped.0.store(true, Ordering::Release);
        stopper.stop();
        if !is_quiet {
            tell("stopping: rows in flight end first; Ctrl-C again ends at once");
        }
        listener.next().await;
        remove_partial();
        std::process::exit(i32::from(Exit::Stopped.code()));
    });
    Ok(signals)
}

/// Receives the signals that end a program.
#[cfg(unix)]
struct Listener {
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

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Listener {
    interrupt: tokio::signal::windows::CtrlC,
}

#[cfg(windows)]
impl Listener {
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) {
        self.interrupt.recv().await;
    }
}
