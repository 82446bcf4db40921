//! [`Shared`]: what all rows of a run have in common.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::journal::OpenJournal;
use super::row::FailedRows;
use crate::contract::{Contract, Extract};
use crate::conversation::Conversation;
use crate::extraction::{Budget, Client, Digest, Error, Extraction, Prepared};

/// Changes the extraction of each row.
pub(super) type EachFn<T> = Arc<dyn Fn(Extraction<T>) -> Extraction<T> + Send + Sync>;

/// What all rows of a run have in common.
pub(super) struct Shared<T> {
    pub(super) client: Client,
    pub(super) each: Option<EachFn<T>>,
    pub(super) budgets: Vec<Budget>,
    pub(super) journal: Option<OpenJournal>,
    pub(super) failed_rows: FailedRows,
    pub(super) rereads: bool,
    /// How often a row is asked again that failed for a passing reason.
    pub(super) retries: u32,
    pub(super) keys: Keys,
    pub(super) schema: Mutex<Option<(Arc<Contract>, Digest)>>,
    /// The number of rows whose quotes are still looked for.
    pub(super) quoted_rows: AtomicUsize,
}

impl<T: Extract> Shared<T> {
    /// Returns the extraction of an input.
    pub(super) fn prepare(&self, input: Conversation) -> Result<Prepared<T>, Error> {
        extraction(&self.client, &self.budgets, self.each.as_ref(), input).prepare()
    }

    /// Returns the hash of the schema. It is computed once for rows that share it.
    pub(super) fn schema_digest(&self, prepared: &Prepared<T>) -> Digest {
        let mut known = self.schema.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((contract, digest)) if Arc::ptr_eq(contract, prepared.contract()) => *digest,
            _ => {
                let digest = prepared.schema_digest();
                *known = Some((Arc::clone(prepared.contract()), digest));
                digest
            }
        }
    }

    /// Whether the quotes of a row are looked for. Each call uses up one.
    pub(super) fn wants_quotes(&self) -> bool {
        let take = |left: usize| left.checked_sub(1);
        self.quoted_rows.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// Returns the extraction of an input.
pub(super) fn extraction<T: Extract>(
    client: &Client,
    budgets: &[Budget],
    each: Option<&EachFn<T>>,
    input: Conversation,
) -> Extraction<T> {
    let extraction = client.extract(input);
    let extraction = budgets.iter().fold(extraction, Extraction::budget);
    match each {
        Some(each) => each(extraction),
        None => extraction,
    }
}

/// The keys of the rows in flight. Of equal rows, one is asked, and the others wait for it.
#[derive(Default)]
pub(super) struct Keys(Mutex<HashMap<Digest, Weak<AsyncMutex<()>>>>);

impl Keys {
    /// Waits until no other row with this key is in flight.
    pub(super) async fn hold(&self, key: Digest) -> OwnedMutexGuard<()> {
        let lock = {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let known = held.get(&key).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                // Forgets the keys of rows that have ended, in constant time for each row.
                if held.len() >= held.capacity() {
                    held.retain(|_, lock| lock.strong_count() > 0);
                }
                let lock = Arc::default();
                held.insert(key, Arc::downgrade(&lock));
                lock
            })
        };
        lock.lock_owned().await
    }
}
