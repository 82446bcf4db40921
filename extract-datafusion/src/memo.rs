//! [`Memo`]: the answers to the last texts, and the texts that are being asked for.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use extract_llm::pipeline::RunError;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use sha2::{Digest as _, Sha256};

use crate::answer::Answer;

/// How long a failure for a passing reason is remembered. The rest of the query has it, and a later query asks
/// again.
const PASSING: Duration = Duration::from_mins(1);

/// The answer to a text, or the reason why the worker has stopped.
pub(crate) type Asked = Result<Arc<Answer>, Arc<RunError>>;

/// An answer that is being asked for. It goes on without being polled, until all who wait for it are gone.
pub(crate) type Pending = Shared<BoxFuture<'static, Asked>>;

/// The hash of a text.
pub(crate) type Key = [u8; 32];

/// The answers to the last texts.
#[derive(Debug)]
pub(crate) struct Memo {
    entries: Mutex<Entries>,
    most: usize,
}

#[derive(Debug, Default)]
struct Entries {
    by_text: HashMap<Key, Entry>,
    /// The oldest first.
    order: VecDeque<Key>,
}

#[derive(Debug)]
enum Entry {
    Pending(WeakShared<BoxFuture<'static, Asked>>),
    Done(Arc<Answer>, Instant),
}

/// What is known of a text.
pub(crate) enum Known {
    Done(Arc<Answer>),
    Pending(Pending),
}

impl Memo {
    /// Makes a memo of so many answers; 0 counts as 1.
    pub(crate) fn new(most: usize) -> Self {
        Self { entries: Mutex::default(), most: most.max(1) }
    }

    /// Returns the key of a text.
    pub(crate) fn key(text: &str) -> Key {
        Sha256::digest(text.as_bytes()).into()
    }

    /// Returns the answer to a text. Of those who ask for an unknown one, the first calls `start`, and the others
    /// get its future.
    pub(crate) fn get_or_start(&self, key: Key, start: impl FnOnce() -> Pending) -> Known {
        let mut entries = self.lock();
        match entries.by_text.get(&key) {
            Some(Entry::Done(answer, at)) if !answer.is_passing || at.elapsed() < PASSING => {
                return Known::Done(Arc::clone(answer));
            }
            Some(Entry::Pending(pending)) => {
                // A query that was cancelled leaves a future that is gone.
                if let Some(pending) = pending.upgrade() {
                    return Known::Pending(pending);
                }
            }
            _ => {}
        }
        let pending = start();
        if let Some(weak) = pending.downgrade() {
            let known = entries.by_text.insert(key, Entry::Pending(weak));
            if known.is_none() {
                entries.order.push_back(key);
            }
        }
        entries.forget(self.most);
        Known::Pending(pending)
    }

    /// Remembers the answer to a text.
    pub(crate) fn finish(&self, key: Key, asked: &Asked) {
        let mut entries = self.lock();
        if let (Ok(answer), Some(entry)) = (asked, entries.by_text.get_mut(&key)) {
            *entry = Entry::Done(Arc::clone(answer), Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    /// Forgets the oldest answers until at most so many are left. Texts that are being asked for stay.
    fn forget(&mut self, most: usize) {
        for _ in 0..self.order.len() {
            if self.by_text.len() <= most {
                return;
            }
            let Some(oldest) = self.order.pop_front() else { return };
            match self.by_text.get(&oldest) {
                Some(Entry::Pending(pending)) if pending.upgrade().is_some() => {
                    self.order.push_back(oldest);
                }
                _ => {
                    self.by_text.remove(&oldest);
                }
            }
        }
    }
}
