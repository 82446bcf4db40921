//! Waiting for extractions without `async`. The future is polled on the calling thread; a thread of this
//! module serves its sockets and timers, so that it ends also where the caller's runtime stands still.

use std::future::IntoFuture;
use std::sync::OnceLock;

use futures_util::stream::{Stream, StreamExt};
use tokio::runtime::{Builder, Handle};

/// Waits for a future of this library: an extraction, its report, the next element of its stream.
pub trait Wait: IntoFuture + Sized {
    /// Blocks the thread until the future ends, and returns its output.
    ///
    /// If the operating system allows no further thread, an extraction fails with the kind
    /// [`Runtime`](crate::conversation::ProviderErrorKind::Runtime).
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
        // Without the thread, the future finds no timers and says so.
        let _inside = served().map(Handle::enter);
        pollster::block_on(self)
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

/// Returns the runtime of the thread that serves blocking calls. The first call starts it. `None` if it
/// cannot be started.
fn served() -> Option<&'static Handle> {
    static SERVED: OnceLock<Option<Handle>> = OnceLock::new();
    SERVED.get_or_init(|| start().ok()).as_ref()
}

/// Starts a thread that runs a runtime until the process ends.
fn start() -> std::io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(String::from("extract-llm"))
        .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
    Ok(handle)
}
