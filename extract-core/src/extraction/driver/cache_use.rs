//! [`CacheUse`]: the use of the cache by one extraction.

use std::sync::Arc;
use std::time::Instant;

use crate::cache::{CacheKey, Entry, Lead};
use crate::conversation::Output;

/// The use of the cache by one extraction.
#[derive(Default)]
pub(super) struct CacheUse {
    /// The key of the next request, if its reply can be cached.
    pub(super) current: Option<CacheKey>,
    /// The first request to the current model.
    pub(super) opening: Option<Opening>,
    /// The lead of the first request of the extraction: others wait for its reply.
    pub(super) lead: Option<(CacheKey, Lead)>,
    /// The start of the wait for another extraction.
    pub(super) waiting_since: Option<Instant>,
    /// The accepted reply, and the keys under which it is to be stored.
    pub(super) accepted: Option<(Arc<Entry>, Vec<CacheKey>)>,
}

/// The first request to a model.
pub(super) struct Opening {
    pub(super) key: CacheKey,
    pub(super) output: Output,
    /// Attempts of the models that were asked before.
    pub(super) attempts_before: usize,
}

impl CacheUse {
    /// Returns the key of the request for whose reply others wait.
    pub(super) fn lead_key(&self) -> Option<CacheKey> {
        self.lead.as_ref().map(|(key, _)| *key)
    }

    /// Forgets the keys of the current model: another one takes over.
    pub(super) fn forget(&mut self) {
        self.current = None;
        self.opening = None;
    }

    /// Whether an accepted reply is to be stored.
    pub(super) fn has_reply(&self) -> bool {
        self.accepted.is_some()
    }
}
