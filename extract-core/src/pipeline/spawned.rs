//! [`Spawned`]: a future on a task of its own, which ends with its handle.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A future that runs on a task of its own, or here if there is no runtime. It is cancelled when this is
/// dropped. The output is `None` if the runtime was shut down.
pub(super) enum Spawned<O> {
    Task(JoinHandle<O>),
    Here(BoxFuture<'static, O>),
}

impl<O: Send + 'static> Spawned<O> {
    pub(super) fn new(future: impl Future<Output = O> + Send + 'static) -> Self {
        match Handle::try_current() {
            Ok(runtime) => Self::Task(runtime.spawn(future)),
            Err(_) => Self::Here(Box::pin(future)),
        }
    }

    /// Runs a function that blocks the thread.
    pub(super) fn blocking(run: impl FnOnce() -> O + Send + 'static) -> Self {
        match Handle::try_current() {
            Ok(runtime) => Self::Task(runtime.spawn_blocking(run)),
            Err(_) => Self::Here(Box::pin(async { run() })),
        }
    }
}

impl<O> Future for Spawned<O> {
    type Output = Option<O>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<O>> {
        match self.get_mut() {
            Self::Task(task) => match ready!(Pin::new(task).poll(context)) {
                Ok(output) => Poll::Ready(Some(output)),
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => resume_unwind(panic),
                    Err(_) => Poll::Ready(None),
                },
            },
            Self::Here(future) => future.as_mut().poll(context).map(Some),
        }
    }
}

impl<O> Drop for Spawned<O> {
    fn drop(&mut self) {
        if let Self::Task(task) = self {
            task.abort();
        }
    }
}
