//! [`CacheKey`]: the key of a request in a cache.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The version of the keys and entries. A change of either makes earlier entries unreachable.
const VERSION: &[u8] = b"extract-llm cache 1";

/// The key of a request in a [`Cache`](super::Cache): a SHA-256 hash of everything that can change the reply.
///
/// A [`Model`](crate::model::Model) of your own makes it in
/// [`cache_key`](crate::model::Model::cache_key). Secrets belong into it as well, so that two API keys
/// share no replies; only the hash is kept.
///
/// ```
/// use extract_llm::cache::CacheKey;
///
/// let key = CacheKey::of(["my-model", "the whole request"]);
/// assert_eq!(key, CacheKey::of(["my-model", "the whole request"]));
/// assert_ne!(key, CacheKey::of(["my-modelthe", " whole request"]));
/// assert_eq!(key.to_string().len(), 64);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// Returns the key of these parts. Their order and their boundaries count.
    pub fn of<P: AsRef<[u8]>>(parts: impl IntoIterator<Item = P>) -> Self {
        let mut hash = Sha256::new();
        hash.update(VERSION);
        for part in parts {
            let part = part.as_ref();
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Returns the key of one of several samples of the same request. The first has the key of the request.
    pub(crate) fn of_sample(self, sample: usize) -> Self {
        match u64::try_from(sample).unwrap_or(u64::MAX) {
            0 => self,
            sample => Self::of([&self.0[..], &sample.to_le_bytes()]),
        }
    }

    /// Returns the bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash in hexadecimal digits.
impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}
