//! The requests of a script that are in flight.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The number of requests in flight, and the most at once so far.
#[derive(Debug, Default)]
pub(super) struct InFlightCount {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl InFlightCount {
    /// Counts a request as in flight until the value is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        let now = self.now.fetch_add(1, Ordering::SeqCst).saturating_add(1);
        self.most.fetch_max(now, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }

    /// Returns the number of requests in flight.
    pub(super) fn now(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    /// Returns the most requests that were in flight at once.
    pub(super) fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct InFlight(Arc<InFlightCount>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, Ordering::SeqCst);
    }
}
