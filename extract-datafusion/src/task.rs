//! [`Task`]: a future that runs on its own, and ends with its handle.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// A future on a task of its own. It is cancelled when this is dropped. The output is `None` if the runtime was
/// shut down.
pub(crate) struct Task<O>(JoinHandle<O>);

impl<O: Send + 'static> Task<O> {
    pub(crate) fn new(runtime: &Handle, future: impl Future<Output = O> + Send + 'static) -> Self {
        Self(runtime.spawn(future))
    }
}

impl<O> Future for Task<O> {
    type Output = Option<O>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<O>> {
        match ready!(Pin::new(&mut self.0).poll(context)) {
            Ok(output) => Poll::Ready(Some(output)),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Poll::Ready(None),
            },
        }
    }
}

impl<O> Drop for Task<O> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
