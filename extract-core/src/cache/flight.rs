//! Single flight: of identical requests at the same time, one is sent, and the others wait for its reply.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::CacheKey;
use super::entry::Entry;

/// One request under way. The lock belongs to the extraction that sends it; it holds the reply once that
/// was accepted. The lock is fair, and dropping its guard or the wait for it frees it.
type Flight = Arc<AsyncMutex<Option<Arc<Entry>>>>;

tokio::task_local! {
    /// The keys of the requests whose replies this task is checking.
    static HELD: Vec<CacheKey>;
}

/// Runs the checks of a reply for which others wait. A check that makes the same request does not wait.
pub(crate) async fn holding<F: Future>(key: Option<CacheKey>, checks: F) -> F::Output {
    let Some(key) = key else { return checks.await };
    let mut held = HELD.try_with(Vec::clone).unwrap_or_default();
    held.push(key);
    HELD.scope(held, checks).await
}

/// Whether this task is checking the reply to a request with this key.
pub(super) fn is_held(key: CacheKey) -> bool {
    HELD.try_with(|held| held.contains(&key)).unwrap_or_default()
}

/// The requests under way, each with the number of extractions that lead it or wait for it.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<HashMap<CacheKey, (Flight, usize)>>);

impl Flights {
    fn locked(&self) -> MutexGuard<'_, HashMap<CacheKey, (Flight, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the extractions with this key.
    pub(super) fn join(self: &Arc<Self>, key: CacheKey) -> Participant {
        let mut flights = self.locked();
        let (flight, count) = flights.entry(key).or_default();
        *count += 1;
        Participant { flights: Arc::clone(self), key, flight: Arc::clone(flight) }
    }
}

/// An extraction that leads a request or waits for it. Dropping it leaves.
#[derive(Debug)]
pub(super) struct Participant {
    flights: Arc<Flights>,
    key: CacheKey,
    flight: Flight,
}

impl Drop for Participant {
    fn drop(&mut self) {
        let mut flights = self.flights.locked();
        if let Some((_, count)) = flights.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                flights.remove(&self.key);
            }
        }
    }
}

/// The result of joining.
#[derive(Debug)]
pub(crate) enum Joined {
    /// Another extraction was waited for, and this reply of it was accepted.
    Accepted(Arc<Entry>),
    /// The extraction sends the request itself. The others wait while this exists.
    Lead(Lead),
}

impl Participant {
    /// Returns the lead at once, or `None` if another extraction has it.
    pub(super) fn try_lead(self) -> Result<Joined, Self> {
        match Arc::clone(&self.flight).try_lock_owned() {
            Ok(guard) => Ok(self.joined(guard)),
            Err(_) => Err(self),
        }
    }

    /// Waits until the extraction that leads has its value, or gives the lead up.
    pub(super) async fn wait(self) -> Joined {
        let guard = Arc::clone(&self.flight).lock_owned().await;
        self.joined(guard)
    }

    fn joined(self, guard: OwnedMutexGuard<Option<Arc<Entry>>>) -> Joined {
        match &*guard {
            Some(entry) => Joined::Accepted(Arc::clone(entry)),
            None => Joined::Lead(Lead { guard, _participant: self }),
        }
    }
}

/// The lead of a request. Dropping it lets the next extraction send.
#[derive(Debug)]
pub(crate) struct Lead {
    // Dropped before the participant.
    guard: OwnedMutexGuard<Option<Arc<Entry>>>,
    _participant: Participant,
}

impl Lead {
    /// Gives the accepted reply to those who wait.
    pub(crate) fn accept(mut self, entry: Arc<Entry>) {
        *self.guard = Some(entry);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::conversation::{Reply, StopReason};

    fn lead(flights: &Arc<Flights>, key: CacheKey) -> Lead {
        match flights.join(key).try_lead() {
            Ok(Joined::Lead(lead)) => lead,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_next_leads_when_the_first_gives_up() {
        let flights = Arc::new(Flights::default());
        let key = CacheKey::of(["a"]);
        let first = lead(&flights, key);
        let second = flights.join(key).try_lead().unwrap_err();
        let third = flights.join(key).try_lead().unwrap_err();
        let mut second = Box::pin(second.wait());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let Some(Joined::Lead(second)) = second.now_or_never() else { panic!("no lead") };
        let entry = Arc::new(Entry::new(Reply::new(Vec::new(), StopReason::Stop)));
        second.accept(Arc::clone(&entry));
        let Some(Joined::Accepted(given)) = third.wait().now_or_never() else { panic!("no reply") };
        assert!(Arc::ptr_eq(&given, &entry));
        assert!(flights.locked().is_empty(), "nothing is kept");
    }

    #[test]
    fn a_dropped_wait_leaves_nothing_behind() {
        let flights = Arc::new(Flights::default());
        let key = CacheKey::of(["a"]);
        let first = lead(&flights, key);
        let mut second = Box::pin(flights.join(key).wait());
        assert!(second.as_mut().now_or_never().is_none());
        drop(second);
        drop(first);
        assert!(flights.locked().is_empty());
        drop(lead(&flights, key));
    }
}
