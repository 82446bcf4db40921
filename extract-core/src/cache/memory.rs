//! A cache in memory.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{CacheError, CacheKey, CacheStore};

/// The bytes that the key and the bookkeeping of an entry take, about.
const OVERHEAD: usize = 200;

/// A store in memory, for the life of the process. When it is full, the entries that were used least
/// recently are removed.
///
/// ```
/// use std::time::Duration;
///
/// use extract_llm::cache::{Cache, MemoryCache};
///
/// let cache = Cache::new(MemoryCache::new(50_000_000)).max_age(Duration::from_secs(3600));
/// ```
#[derive(Debug)]
pub struct MemoryCache(Cache<CacheKey, Arc<[u8]>>);

impl MemoryCache {
    /// Creates a store of at most this many bytes. An entry takes the bytes of its reply, and some hundred
    /// more.
    pub fn new(max_bytes: u64) -> Self {
        let weigh = |_: &CacheKey, entry: &Arc<[u8]>| {
            u32::try_from(entry.len().saturating_add(OVERHEAD)).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder()
            .max_capacity(max_bytes)
            .weigher(weigh)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self(cache)
    }
}

impl CacheStore for MemoryCache {
    fn get(&self, key: CacheKey) -> BoxFuture<'_, Result<Option<Vec<u8>>, CacheError>> {
        Box::pin(async move { Ok(self.0.get(&key).map(|entry| entry.to_vec())) })
    }

    fn put(&self, key: CacheKey, entry: Vec<u8>) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(async move {
            self.0.insert(key, entry.into());
            Ok(())
        })
    }

    fn remove(&self, key: CacheKey) -> BoxFuture<'_, Result<(), CacheError>> {
        Box::pin(async move {
            self.0.invalidate(&key);
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn the_size_is_bounded_and_the_newest_entry_stays() {
        let cache = MemoryCache::new(10_000);
        let key = |number: usize| CacheKey::of([number.to_le_bytes()]);
        for number in 0..100 {
            cache.put(key(number), vec![0; 800]).now_or_never().unwrap().unwrap();
            cache.0.run_pending_tasks();
            assert!(cache.get(key(number)).now_or_never().unwrap().unwrap().is_some());
        }
        assert!(cache.0.weighted_size() <= 10_000);
        assert_eq!(cache.0.entry_count(), 10);
        assert_eq!(cache.get(key(0)).now_or_never().unwrap().unwrap(), None);
    }
}
