//! Waiting for extractions without `async`. The future is polled on the calling thread; a thread of this
//! module serves its sockets and timers, so that it ends also where the caller's runtime stands still.

use std::cell::Cell;
use std::future::IntoFuture;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;

use futures_util::stream::{Stream, StreamExt};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::unconstrained;

/// Waits for a future of this library: an extraction, its report, a step, an agreement, the next element of
/// its stream.
pub trait Wait: IntoFuture + Sized {
    /// Blocks the thread until the future ends, and returns its output.
    ///
    /// If the operating system allows no further thread, an extraction fails with the kind
    /// [`Runtime`](crate::conversation::ProviderErrorKind::Runtime). The next call tries again.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::blocking::Wait;
    ///
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": "seven"}))]));
    /// let mut stream = client.extract::<String>("There were seven.").stream();
    /// while let Some(partial) = stream.next().wait() {
    ///     println!("{:?}", partial?);
    /// }
    /// let word = stream.finish().wait()?;
    /// # assert_eq!(word, "seven");
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    fn wait(self) -> Self::Output;
}

impl<F: IntoFuture> Wait for F {
    fn wait(self) -> Self::Output {
        let server = Server::of_this_thread();
        // Without a server, the future finds no timers and says so.
        let _inside = server.as_ref().map(|server| server.handle.enter());
        // Inside a task of a runtime, tokio would stop the future after some steps, until the task yields.
        pollster::block_on(unconstrained(self.into_future()))
    }
}

/// Iterates over the items of a stream of this library.
pub trait WaitEach: Stream + Unpin {
    /// Returns an iterator that blocks the thread until the next item is there. The stream can be used
    /// again afterwards.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// use extract_llm::blocking::{Wait, WaitEach};
    ///
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]}))]));
    /// let mut numbers = client.extract::<Vec<u8>>("one, two").items();
    /// for number in numbers.wait_each() {
    ///     println!("{}", number?);
    /// }
    /// assert_eq!(numbers.finish().wait()?, [1, 2]);
    /// # Ok::<(), extract_llm::Error>(())
    /// ```
    fn wait_each(&mut self) -> impl Iterator<Item = Self::Item> {
        std::iter::from_fn(|| self.next().wait())
    }
}

impl<S: Stream + Unpin> WaitEach for S {}

thread_local! {
    /// Whether this thread serves others. It cannot wait for itself.
    static SERVES: Cell<bool> = const { Cell::new(false) };
}

/// The runtime of a thread that serves sockets and timers.
struct Server {
    handle: Handle,
    /// Ends the thread when it is dropped. `None` for the thread that all calls share.
    _stop: Option<oneshot::Sender<()>>,
}

impl Server {
    /// Returns the thread that serves the calls of this thread: the shared one, which the first call starts
    /// and which runs until the process ends, or for a call on that thread itself one of its own. `None` if
    /// none can be started.
    fn of_this_thread() -> Option<Self> {
        static SHARED: Mutex<Option<Handle>> = Mutex::new(None);
        if SERVES.get() {
            let (stop, stopped) = oneshot::channel();
            let handle = start(async { drop(stopped.await) }).ok()?;
            return Some(Self { handle, _stop: Some(stop) });
        }
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let handle = match &*shared {
            Some(handle) => handle.clone(),
            None => shared.insert(start(std::future::pending()).ok()?).clone(),
        };
        Some(Self { handle, _stop: None })
    }
}

/// Starts a thread that runs a runtime until this future ends.
fn start(until: impl Future<Output = ()> + Send + 'static) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name(String::from("extract-llm")).spawn(move || {
        SERVES.set(true);
        runtime.block_on(until);
    })?;
    Ok(handle)
}
