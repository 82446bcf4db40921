//! Which errors stop a whole run, and [`Stopper`], by which a program stops one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::task::AtomicWaker;

use super::error::RunError;
use crate::conversation::ProviderErrorKind;
use crate::extraction::{Error, ErrorKind, InputError, Ledger, Limit};

/// The reason to stop a run, with the requests of the row that met it.
pub(super) struct Stopping {
    pub(super) reason: RunError,
    pub(super) ledger: Ledger,
}

/// Returns the error of a row, or the reason to stop the run.
pub(super) fn stop_of(mut error: Error) -> Result<Error, Box<Stopping>> {
    let over = match error.kind() {
        ErrorKind::Budget(over) | ErrorKind::Invalid { limit: Limit::Budget(over), .. } => {
            Some(over.clone()).filter(|over| !over.is_of_one_call())
        }
        _ => None,
    };
    if let Some(over) = over {
        let ledger = std::mem::take(error.ledger_mut());
        return Err(Box::new(Stopping { reason: RunError::Budget(over), ledger }));
    }
    if meets_every_row(error.kind()) {
        let ledger = error.ledger().clone();
        return Err(Box::new(Stopping { reason: RunError::EveryRow(error), ledger }));
    }
    Ok(error)
}

/// Whether other rows would fail in the same way.
fn meets_every_row(kind: &ErrorKind) -> bool {
    match kind {
        ErrorKind::Config(_) | ErrorKind::Contract(_) => true,
        ErrorKind::Input(input) => !matches!(input, InputError::Empty),
        ErrorKind::Provider(error) => matches!(
            error.kind,
            ProviderErrorKind::Authentication
                | ProviderErrorKind::Permission
                | ProviderErrorKind::NotFound
                | ProviderErrorKind::QuotaExceeded
                | ProviderErrorKind::Unsupported
                | ProviderErrorKind::Local
                | ProviderErrorKind::Runtime
                | ProviderErrorKind::CallForbidden
        ),
        _ => false,
    }
}

/// Stops a run: [`Run::stopper`](super::Run::stopper) returns it. A clone stops the same run.
#[derive(Debug, Clone, Default)]
pub struct Stopper(Arc<Stop>);

#[derive(Debug, Default)]
struct Stop {
    is_stopped: AtomicBool,
    waker: AtomicWaker,
}

impl Stopper {
    /// Stops the run: no further row is started. Those in flight end and are returned, and then the run ends
    /// without an error.
    pub fn stop(&self) {
        self.0.is_stopped.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// Returns whether the run was stopped.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::Acquire)
    }

    /// Has this task woken when the run is stopped.
    pub(super) fn register(&self, context: &std::task::Context<'_>) {
        self.0.waker.register(context.waker());
    }
}
