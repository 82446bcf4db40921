//! The line between the loop, which reads a reply as it arrives, and whoever looks at it meanwhile.
//! The loop reads on when what it told was taken: who does not look any more stops the reading.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contract::{CheckContext, Contract, LoweredContract, Problems};
use crate::conversation::{Delta, Mode};

/// What the loop tells.
#[derive(Debug)]
pub enum StreamEvent {
    /// A reply begins.
    AttemptStarted(AttemptStarted),
    /// A piece of it.
    Delta(Delta),
    /// The value was accepted.
    Settled {
        /// Its JSON, in the type's own shape.
        value: Value,
    },
}

/// A reply that begins, and what is needed to read it.
#[derive(Debug, Clone)]
pub struct AttemptStarted {
    /// Which attempt it is of, from 1.
    pub attempt: u32,
    /// How the answer is asked for.
    pub mode: Mode,
    /// Whether only parts of the value are asked for again.
    pub is_parts: bool,
    /// What is asked for: the value itself, or an object that holds the parts.
    pub contract: Arc<Contract>,
    /// The lowered schema, where one is sent.
    pub form: Option<Arc<LoweredContract>>,
    /// What checks may look at.
    pub check_context: Arc<CheckContext>,
}

/// Both ends of the line.
#[derive(Debug, Clone)]
pub(super) struct EventChannel(Arc<Mutex<Pending>>);

#[derive(Debug)]
struct Pending {
    event: VecDeque<StreamEvent>,
    has_listener: bool,
    /// Whether the end is heard, even where nothing else is.
    wants_settled: bool,
    /// Why the loop is asked to end.
    stop: Option<Problems>,
    /// How long whoever listens was elsewhere, and since when.
    paused: Duration,
    paused_since: Option<Instant>,
}

impl EventChannel {
    /// A line that is listened to.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Pending {
            event: VecDeque::new(),
            has_listener: true,
            wants_settled: true,
            stop: None,
            paused: Duration::ZERO,
            paused_since: None,
        })))
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether anyone listens; what is told to nobody is not kept.
    pub(super) fn has_listener(&self) -> bool {
        self.pending().has_listener
    }

    /// Whether anyone listens for the end.
    pub(super) fn wants_settled_value(&self) -> bool {
        self.pending().wants_settled
    }

    pub(super) fn send(&self, event: StreamEvent) {
        let mut pending = self.pending();
        let is_end = matches!(event, StreamEvent::Settled { .. });
        if if is_end { pending.wants_settled } else { pending.has_listener } {
            pending.event.push_back(event);
        }
    }

    /// Waits until all that was told was taken. Whoever takes it polls the loop right after, so no
    /// waker is needed.
    pub(super) async fn wait_until_consumed(&self) {
        poll_fn(|_| {
            let pending = self.pending();
            if pending.has_listener && !pending.event.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Takes what was told, oldest first.
    pub(super) fn next_event(&self) -> Option<StreamEvent> {
        self.pending().event.pop_front()
    }

    /// Whether all was taken.
    pub(super) fn is_empty(&self) -> bool {
        self.pending().event.is_empty()
    }

    /// Asks the loop to end, because of these problems.
    pub(super) fn stop(&self, problems: Problems) {
        self.pending().stop = Some(problems);
    }

    /// Why the loop should end, if it should.
    pub(super) fn stopped(&self) -> Option<Problems> {
        self.pending().stop.take()
    }

    /// Stops listening, but for the end where that is of interest: the loop goes on by itself.
    pub(super) fn close(&self, end_heard: bool) {
        let mut pending = self.pending();
        (pending.has_listener, pending.wants_settled) = (false, end_heard);
        pending.event.clear();
    }

    /// Somebody waits for what is told, for as long as the guard is there.
    pub(super) fn listen(&self) -> ListeningGuard {
        let mut pending = self.pending();
        let away = pending.paused_since.take().map_or(Duration::ZERO, |left| left.elapsed());
        pending.paused += away;
        ListeningGuard(self.clone())
    }

    /// How long altogether nobody waited, between those who did.
    pub(super) fn paused_time(&self) -> Duration {
        self.pending().paused
    }
}

/// Somebody waits for what is told.
#[must_use = "who drops it waits no longer"]
pub(super) struct ListeningGuard(EventChannel);

impl Drop for ListeningGuard {
    fn drop(&mut self) {
        self.0.pending().paused_since = Some(Instant::now());
    }
}
