//! Timers and I/O of the current tokio runtime. Without them tokio panics; the functions here return an error.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;

use crate::conversation::{ProviderError, ProviderErrorKind};

/// Returns the timer that `create` returns. Fails if the current thread is in no tokio runtime, or in one
/// without timers.
///
/// tokio cannot be asked for its timers. In a runtime without them, `create` panics, and the panic hook of
/// the process runs once before the error is returned.
pub(crate) fn timer<T>(create: impl FnOnce() -> T) -> Result<T, ProviderError> {
    if Handle::try_current().is_err() {
        return Err(unsuitable("this thread is in none; use"));
    }
    catch_unwind(AssertUnwindSafe(create))
        .map_err(|_| unsuitable("the current one has no timers; use"))
}

/// Waits for a future that uses sockets. Fails if the current tokio runtime has no I/O. The panic hook runs
/// once then. Other panics continue.
pub(crate) async fn with_io<F: Future>(exchange: F) -> Result<F::Output, ProviderError> {
    match AssertUnwindSafe(exchange).catch_unwind().await {
        Ok(output) => Ok(output),
        Err(panic) if is_io_disabled(&*panic) => Err(unsuitable("the current one has no I/O; use")),
        Err(panic) => resume_unwind(panic),
    }
}

/// Whether this is tokio's panic for a runtime without I/O.
fn is_io_disabled(panic: &(dyn Any + Send)) -> bool {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.contains("Tokio") && text.contains("enable_io"))
}

/// Returns the error for a runtime that lacks something.
fn unsuitable(lack: &str) -> ProviderError {
    let message = format!("{lack} `#[tokio::main]` or `tokio::runtime::Builder::enable_all`");
    ProviderError::new(ProviderErrorKind::Runtime, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_panics_continue() {
        let exchange = with_io(async { panic!("something else") });
        let outcome = catch_unwind(AssertUnwindSafe(|| exchange.now_or_never()));
        assert_eq!(outcome.unwrap_err().downcast_ref::<&str>(), Some(&"something else"));
    }
}
