//! A cache of replies. An extraction that asks the same as an earlier one gets the earlier reply, and reads
//! and checks it again. Knows the conversation and no provider: the [`Model`](crate::model::Model) makes the
//! [`CacheKey`].
//!
//! ```
//! use extract_llm::Client;
//! use extract_llm::cache::Cache;
//! use extract_llm::scripted::{Scripted, reply};
//! use serde_json::json;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let model = Scripted::new([reply::tool(json!({"value": 7}))]); // it answers once
//! let client = Client::builder().cache(Cache::memory(10_000_000)).with_model(model);
//!
//! let first: u8 = client.extract("There were seven.").await?;
//! let second = client.extract::<u8>("There were seven.").report().await?;
//! assert_eq!(second.value, first);
//! assert!(second.ledger.attempts[0].cached.is_some());
//! # Ok::<(), extract_llm::Error>(()) }).unwrap();
//! ```

#[cfg(feature = "file-cache")]
mod checked_file;
mod entry;
#[cfg(feature = "file-cache")]
mod file;
mod flight;
mod key;
#[cfg(feature = "memory-cache")]
mod memory;
mod store;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};

pub(crate) use entry::Entry;
#[cfg(feature = "file-cache")]
pub use file::FileCache;
use flight::{Flights, is_held};
pub(crate) use flight::{Joined, Lead, holding};
pub use key::CacheKey;
#[cfg(feature = "memory-cache")]
pub use memory::MemoryCache;
pub use store::{CacheError, CacheStore};

use crate::http::timer;

/// The longest time that an operation of a store may take.
const STORE_LIMIT: Duration = Duration::from_secs(10);

/// The longest wait for the same request of another extraction.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A cache of replies, for [`ClientBuilder::cache`](crate::extraction::ClientBuilder::cache) and
/// [`Extraction::cache`](crate::Extraction::cache). A clone shares the entries. The default is
/// [`off`](Self::off).
///
/// The cache stores the reply to a request, once its value was accepted. If re-asks were needed, the last
/// reply is also stored for the first request, if it holds the whole value. A later extraction whose request
/// has the same [`CacheKey`] gets this reply. It reads and checks it again, also by checks that are new. A
/// reply that does not pass is removed, and the request is sent. Temperature and seed play no part: an
/// answer that was drawn once is the answer.
///
/// The key covers everything that a [`Model`](crate::model::Model) sends: the URL, the headers with the
/// credentials, and the body with messages, schema and settings. Two API keys never share a reply; a
/// streamed and a whole reply do. Requests with media at a URL are not cached, because the media may change.
/// Headers that are set on the HTTP client itself are not in the key.
///
/// Of identical requests at the same time, one is sent. The others wait for its accepted reply for at most 60
/// seconds. If it fails, the next one is sent.
///
/// Samples of [`agree`](crate::Extraction::agree) have an entry each. An [`llm_check`](crate::llm_check) uses
/// the cache of its judge.
///
/// The entries hold the replies as plain text.
#[derive(Clone, Default)]
pub struct Cache {
    shared: Option<Arc<Shared>>,
    max_age: Option<Duration>,
    is_refreshed: bool,
}

struct Shared {
    store: Box<dyn CacheStore>,
    flights: Arc<Flights>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache")
            .field("is_on", &self.is_on())
            .field("max_age", &self.max_age)
            .field("is_refreshed", &self.is_refreshed)
            .finish_non_exhaustive()
    }
}

impl Cache {
    /// Returns no cache: every request is sent.
    pub fn off() -> Self {
        Self::default()
    }

    /// Creates a cache with this store.
    pub fn new(store: impl CacheStore + 'static) -> Self {
        let shared = Shared { store: Box::new(store), flights: Arc::default() };
        Self { shared: Some(Arc::new(shared)), ..Self::default() }
    }

    /// Creates a cache in memory with at most this many bytes: see [`MemoryCache`].
    #[cfg(feature = "memory-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "memory-cache")))]
    pub fn memory(max_bytes: u64) -> Self {
        Self::new(MemoryCache::new(max_bytes))
    }

    /// Opens a cache in a file of at most 1 GB of replies, or creates it: see [`FileCache::open`], which
    /// takes another limit.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::cache::Cache;
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("replies");
    /// let client = Client::builder()
    ///     .base_url("http://127.0.0.1:8000/v1")
    ///     .model("my-model")
    ///     .cache(Cache::file(path)?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(feature = "file-cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "file-cache")))]
    pub fn file(path: impl AsRef<std::path::Path>) -> Result<Self, CacheError> {
        Ok(Self::new(FileCache::open(path, 1_000_000_000)?))
    }

    /// Sets the greatest age of a reply. An older one is removed, and the request is sent. The default is no
    /// limit.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Sends every request, and replaces the stored replies: `.cache(cache.clone().refresh())`.
    pub fn refresh(mut self) -> Self {
        self.is_refreshed = true;
        self
    }

    /// Whether there is a store.
    pub(crate) fn is_on(&self) -> bool {
        self.shared.is_some()
    }

    /// Returns the reply of a key. `None` if there is none, it is too old, or it is damaged; a bad entry is
    /// removed.
    pub(crate) async fn find(&self, key: CacheKey) -> Result<Option<Entry>, CacheError> {
        let Some(shared) = self.shared.as_ref().filter(|_| !self.is_refreshed) else {
            return Ok(None);
        };
        let Some(bytes) = limited(shared.store.get(key)).await? else { return Ok(None) };
        match Entry::from_bytes(&bytes).filter(|entry| self.is_fresh(entry)) {
            Some(entry) => Ok(Some(entry)),
            None => limited(shared.store.remove(key)).await.map(|()| None),
        }
    }

    fn is_fresh(&self, entry: &Entry) -> bool {
        self.max_age.is_none_or(|limit| entry.age() < limit)
    }

    /// Stores the reply of a key. Returns whether it is small enough.
    pub(crate) async fn put(&self, key: CacheKey, entry: &Entry) -> Result<bool, CacheError> {
        let Some(shared) = &self.shared else { return Ok(false) };
        let Some(bytes) = entry.to_bytes() else { return Ok(false) };
        limited(shared.store.put(key, bytes)).await.map(|()| true)
    }

    /// Removes the reply of a key.
    pub(crate) async fn remove(&self, key: CacheKey) -> Result<(), CacheError> {
        let Some(shared) = &self.shared else { return Ok(()) };
        limited(shared.store.remove(key)).await
    }

    /// Takes the lead of a request, or waits for the extraction that has it. `None` without a cache, and if
    /// the wait was too long. `on_wait` is called before a wait.
    pub(crate) async fn join(&self, key: CacheKey, on_wait: impl FnOnce()) -> Option<Joined> {
        let shared = self.shared.as_ref().filter(|_| !self.is_refreshed && !is_held(key))?;
        let waiting = match shared.flights.join(key).try_lead() {
            Ok(joined) => return Some(joined),
            Err(waiting) => waiting,
        };
        // Without timers the wait could not end.
        let limit = timer(|| tokio::time::sleep(LONGEST_WAIT)).ok()?;
        on_wait();
        match select(pin!(waiting.wait()), pin!(limit)).await {
            Either::Left((joined, _)) => Some(joined),
            Either::Right(_) => None,
        }
    }
}

/// Waits for an operation of a store, for a limited time if the runtime has timers.
async fn limited<T>(
    operation: impl Future<Output = Result<T, CacheError>>,
) -> Result<T, CacheError> {
    let Ok(limit) = timer(|| tokio::time::sleep(STORE_LIMIT)) else { return operation.await };
    match select(pin!(operation), pin!(limit)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(CacheError::Timeout { limit: STORE_LIMIT }),
    }
}
