//! [`Queue`]: the rows that are to be asked again later, and those that wait for an earlier one.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::job::Job;
use super::row::Row;

/// The longest wait before a row is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Returns the wait of a row that is to be asked again, by the number of its tries: 1, 2, 4, … seconds.
pub(super) fn wait_after(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.saturating_sub(1).min(6)).min(LONGEST_WAIT)
}

/// The rows that are to be asked again.
pub(super) struct Retries<K>(VecDeque<(Instant, Job<K>)>);

impl<K> Default for Retries<K> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<K> Retries<K> {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a row behind the others. It waits as [`wait_after`] says.
    pub(super) fn push(&mut self, job: Job<K>) {
        self.0.push_back((Instant::now() + wait_after(job.tries), job));
    }

    /// Takes the first row if its wait is over.
    pub(super) fn take_ready(&mut self) -> Option<Job<K>> {
        let (ready_at, _) = self.0.front()?;
        if *ready_at > Instant::now() {
            return None;
        }
        self.0.pop_front().map(|(_, job)| job)
    }

    /// Takes the first row.
    pub(super) fn take_now(&mut self) -> Option<Job<K>> {
        self.0.pop_front().map(|(_, job)| job)
    }

    /// Returns the time at which the first row may be asked again.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.0.front().map(|(ready_at, _)| *ready_at)
    }

    /// Takes all rows.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Job<K>> {
        self.0.drain(..).map(|(_, job)| job)
    }
}

/// The rows that have ended and are not returned yet.
pub(super) enum Ready<T, K> {
    /// In the order in which they ended.
    AsEnded(VecDeque<Row<T, K>>),
    /// In the order of the source. `None` is a row that gives no result.
    InOrder { next: u64, rows: BTreeMap<u64, Option<Row<T, K>>> },
}

impl<T, K> Ready<T, K> {
    pub(super) fn new(is_ordered: bool) -> Self {
        if is_ordered {
            Self::InOrder { next: 0, rows: BTreeMap::new() }
        } else {
            Self::AsEnded(VecDeque::new())
        }
    }

    pub(super) fn push(&mut self, row: Row<T, K>) {
        match self {
            Self::AsEnded(rows) => rows.push_back(row),
            Self::InOrder { rows, .. } => {
                rows.insert(row.number, Some(row));
            }
        }
    }

    /// Notes that a row gives no result, so that later ones need not wait for it.
    pub(super) fn skip(&mut self, number: u64) {
        if let Self::InOrder { rows, .. } = self {
            rows.insert(number, None);
        }
    }

    /// Takes the next row. `is_over` is whether no earlier one can come any more.
    pub(super) fn take(&mut self, is_over: bool) -> Option<Row<T, K>> {
        match self {
            Self::AsEnded(rows) => rows.pop_front(),
            Self::InOrder { next, rows } => loop {
                let first = rows.first_entry()?;
                if *first.key() != *next && !is_over {
                    return None;
                }
                *next = *first.key() + 1;
                if let Some(row) = first.remove() {
                    return Some(row);
                }
            },
        }
    }

    /// Returns how many rows a new row with this number is ahead of the next one to be returned.
    pub(super) fn ahead(&self, number: u64) -> u64 {
        match self {
            Self::AsEnded(_) => 0,
            Self::InOrder { next, .. } => number.saturating_sub(*next),
        }
    }
}
