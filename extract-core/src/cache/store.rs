//! [`CacheStore`]: the place where a cache keeps its entries.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::CacheKey;

/// A place for the entries of a [`Cache`](super::Cache): bytes by key. Implement it for a store of your own,
/// such as a shared server.
///
/// An entry is JSON with the text of a reply. It is not encrypted. What comes back is checked before it is
/// used, so a store may lose entries and need not be trusted. Its errors never fail an extraction: they are
/// notes in the ledger. An operation that takes longer than 10 seconds counts as failed.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use extract_llm::cache::{Cache, CacheError, CacheKey, CacheStore};
/// use futures_util::future::BoxFuture;
///
/// #[derive(Default)]
/// struct Shelf(Mutex<HashMap<CacheKey, Vec<u8>>>);
///
/// impl CacheStore for Shelf {
///     fn get(&self, key: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>> {
///         Box::pin(async move { Ok(self.0.lock().map_err(CacheError::failed)?.get(&key).cloned()) })
///     }
///
///     fn put(&self, key: CacheKey, entry: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>> {
///         Box::pin(async move {
///             self.0.lock().map_err(CacheError::failed)?.insert(key, entry);
///             Ok(())
///         })
///     }
///
///     fn remove(&self, key: CacheKey) -> BoxFuture<'_, Result<(), CacheError>> {
///         Box::pin(async move {
///             self.0.lock().map_err(CacheError::failed)?.remove(&key);
///             Ok(())
///         })
///     }
/// }
///
/// let cache = Cache::new(Shelf::default());
/// ```
pub trait CacheStore: Send + Sync {
    /// Returns the entry of this key, or `None` if there is none.
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>>;

    /// Stores an entry. It replaces an entry of the same key.
    fn put(&self, key: CacheKey, entry: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>>;

    /// Removes the entry of this key, if there is one.
    fn remove(&self, key: CacheKey) -> BoxFuture<'_, Result<(), CacheError>>;
}

/// An error of a cache.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The file of the cache is open already. One process opens it once, and shares the cache by clones.
    #[error(
        "the cache `{}` is open already, in this process or another one: open it once and clone the \
         `Cache`, or use another file",
        path.display()
    )]
    Locked {
        /// The path of the file.
        path: PathBuf,
    },
    /// The file is damaged, or is no cache.
    #[error("`{}` is damaged, or no cache: {message}; delete it to start anew", path.display())]
    Damaged {
        /// The path of the file.
        path: PathBuf,
        /// The reason.
        message: String,
    },
    /// The file cannot be opened or created.
    #[error("the cache `{}` cannot be opened: {message}", path.display())]
    Open {
        /// The path of the file.
        path: PathBuf,
        /// The message of the operating system.
        message: String,
    },
    /// The store did not answer in time.
    #[error("the cache did not answer within {limit:?}")]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// The store failed.
    #[error("the cache failed: {message}")]
    Failed {
        /// The reason.
        message: String,
    },
}

impl CacheError {
    /// Makes an error of a failed store from its reason.
    pub fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed { message: reason.to_string() }
    }
}
