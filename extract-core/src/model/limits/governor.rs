//! [`Governor`]: the shared state of the limits with its queue, and [`Permit`]: the place of a request that
//! was sent.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use http::HeaderMap;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::limit_settings::LimitSettings;
use super::minute::Demand;
use super::rate_headers::{StatedLimits, stated_limits};
use super::state::{Refused, Sent, State};
use crate::conversation::{ProviderError, ProviderErrorKind, Usage};
use crate::model::RetryPolicy;

/// The limits of one provider, key and model, and the queue in front of them.
///
/// A request takes the lock of the line, then that of the head, and holds both while it waits for its turn.
/// The locks are fair, so requests are sent in the order in which they came. A request that is sent again
/// takes the lock of the head only: at most one request of the line is before it.
pub(in crate::model) struct Governor {
    pub(super) settings: LimitSettings,
    state: Mutex<State>,
    pub(super) line: tokio::sync::Mutex<()>,
    pub(super) head: tokio::sync::Mutex<()>,
    /// Wakes the head of the queue when a place or tokens become free.
    pub(super) changed: Notify,
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Governor")
            .field("settings", &self.settings)
            .field("state", &*self.state())
            .finish_non_exhaustive()
    }
}

impl Governor {
    pub(super) fn new(settings: LimitSettings) -> Self {
        Self {
            settings,
            state: Mutex::new(State::new(&settings, Instant::now())),
            line: tokio::sync::Mutex::new(()),
            head: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
        }
    }

    /// Locks the state. No lock is held across an await.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in the queue. Dropping it removes the request from the queue.
pub(super) struct Queued {
    governor: Arc<Governor>,
    demand: Demand,
}

impl Queued {
    /// Adds a request to the queue, whose state is locked.
    pub(super) fn new(governor: &Arc<Governor>, state: &mut State, demand: Demand) -> Self {
        state.enqueue(demand);
        Self { governor: Arc::clone(governor), demand }
    }
}

impl Drop for Queued {
    fn drop(&mut self) {
        self.governor.state().dequeue(self.demand);
    }
}

/// The place of a request that was sent. Dropping it frees the place.
pub(in crate::model) struct Permit(Option<Place>);

struct Place {
    governor: Arc<Governor>,
    sent: Mutex<Sent>,
}

impl Permit {
    /// Returns the permit of a request without limits.
    pub(super) fn unlimited() -> Self {
        Self(None)
    }

    pub(super) fn new(governor: Arc<Governor>, sent: Sent) -> Self {
        Self(Some(Place { governor, sent: Mutex::new(sent) }))
    }

    /// Learns from the headers of the response.
    pub(in crate::model) fn observe(&self, headers: &HeaderMap) {
        let Some(place) = &self.0 else { return };
        let (sent, stated) = (place.sent(), stated_limits(headers, SystemTime::now()));
        if stated != StatedLimits::default() {
            place.governor.state().learn(&sent, &stated, Instant::now());
            place.governor.changed.notify_one();
        }
    }

    /// Counts an answer.
    pub(in crate::model) fn answered(&self) {
        if let Some(place) = &self.0 {
            let sent = place.sent();
            place.governor.state().answered(&sent);
        }
    }

    /// Counts a refusal, if the error is one.
    pub(in crate::model) fn failed(&self, error: &ProviderError, policy: &RetryPolicy) {
        let Some(place) = &self.0 else { return };
        let is_rate_limit = match error.kind {
            ProviderErrorKind::RateLimited => true,
            ProviderErrorKind::Overloaded => false,
            _ => return,
        };
        let refused = Refused {
            stated: error.retry_after,
            is_rate_limit,
            first_wait: policy.first_wait,
            longest_wait: policy.longest_wait,
        };
        let sent = place.sent();
        place.governor.state().refused(&sent, Instant::now(), &refused);
    }

    /// Replaces the estimated tokens by those that were used.
    pub(in crate::model) fn settle(&self, usage: Option<Usage>) {
        if let (Some(place), Some(usage)) = (&self.0, usage) {
            let mut sent = place.sent.lock().unwrap_or_else(PoisonError::into_inner);
            place.governor.state().settle(&mut sent, usage.total_tokens());
            place.governor.changed.notify_one();
        }
    }
}

impl Place {
    fn sent(&self) -> Sent {
        *self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.governor.state().leave();
        self.governor.changed.notify_one();
    }
}
