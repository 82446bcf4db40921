//! The channel from the loop, which reads a reply as it arrives, to the stream that shows it. The loop
//! reads on only after its events were consumed, so that a stream that is not polled stops the reading.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::contract::{CheckContext, Contract, LoweredContract, Problems};
use crate::conversation::{Delta, Mode};

/// An event of the loop.
#[derive(Debug)]
pub enum StreamEvent {
    /// An attempt has begun.
    AttemptStarted(AttemptStarted),
    /// A delta of its reply.
    Delta(Delta),
    /// The value of a reply is kept, and more elements of a list are asked for.
    Continued {
        /// The value so far as JSON, in the type's shape.
        value: Value,
    },
    /// The value was accepted.
    Settled {
        /// The value as JSON, in the type's shape.
        value: Value,
    },
}

/// The start of an attempt, with the data to read its reply.
#[derive(Debug, Clone)]
pub struct AttemptStarted {
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The mode of the request.
    pub mode: Mode,
    /// Whether the request is for parts of the value only.
    pub is_parts: bool,
    /// The list that the request continues.
    pub rest: Option<RestStarted>,
    /// The names of the tools whose calls are not the answer.
    pub user_tools: Arc<[String]>,
    /// The contract of the answer: that of the value, or of an object that holds the parts.
    pub contract: Arc<Contract>,
    /// The contract in the dialect that was sent; `None` if no schema was sent.
    pub form: Option<Arc<LoweredContract>>,
    /// The context of the checks.
    pub check_context: Arc<CheckContext>,
}

/// The list that a request continues.
#[derive(Debug, Clone)]
pub struct RestStarted {
    /// The JSON pointer of the list in the value.
    pub list: String,
    /// The number of elements that were given before.
    pub given: usize,
}

/// Both ends of the channel.
#[derive(Debug, Clone)]
pub(super) struct EventChannel(Arc<Mutex<Pending>>);

/// The shared state of the channel.
#[derive(Debug)]
struct Pending {
    events: VecDeque<StreamEvent>,
    /// Whether events other than the settled value are kept.
    has_listener: bool,
    /// Whether the settled value is kept.
    wants_settled: bool,
    /// The problems for which the loop is asked to end.
    stop: Option<Problems>,
    /// The total time without a listener, up to the last pause.
    paused: Duration,
    /// The start of the current pause.
    paused_since: Option<Instant>,
}

impl EventChannel {
    /// Creates a channel with a listener.
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Pending {
            events: VecDeque::new(),
            has_listener: true,
            wants_settled: true,
            stop: None,
            paused: Duration::ZERO,
            paused_since: None,
        })))
    }

    /// Locks the state. Ignores poisoning by a panic.
    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a listener. Events without one are not kept.
    pub(super) fn has_listener(&self) -> bool {
        self.pending().has_listener
    }

    /// Whether the settled value is kept.
    pub(super) fn wants_settled_value(&self) -> bool {
        self.pending().wants_settled
    }

    /// Adds an event, if it is kept.
    pub(super) fn send(&self, event: StreamEvent) {
        let mut pending = self.pending();
        let is_end = matches!(event, StreamEvent::Settled { .. });
        if if is_end { pending.wants_settled } else { pending.has_listener } {
            pending.events.push_back(event);
        }
    }

    /// Waits until all events are consumed. The consumer polls the loop right after that, so no waker is
    /// needed.
    pub(super) async fn wait_until_consumed(&self) {
        poll_fn(|_| {
            let pending = self.pending();
            if pending.has_listener && !pending.events.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
    }

    /// Removes and returns the oldest event.
    pub(super) fn next_event(&self) -> Option<StreamEvent> {
        self.pending().events.pop_front()
    }

    /// Whether all events are consumed.
    pub(super) fn is_empty(&self) -> bool {
        self.pending().events.is_empty()
    }

    /// Asks the loop to end because of these problems.
    pub(super) fn stop(&self, problems: Problems) {
        self.pending().stop = Some(problems);
    }

    /// Takes the problems for which the loop should end, if there are any.
    pub(super) fn stopped(&self) -> Option<Problems> {
        self.pending().stop.take()
    }

    /// Stops keeping events, except the settled value if `end_heard` is set. The loop goes on without a
    /// listener.
    pub(super) fn close(&self, end_heard: bool) {
        let mut pending = self.pending();
        (pending.has_listener, pending.wants_settled) = (false, end_heard);
        pending.events.clear();
    }

    /// Marks that a consumer waits for events, while the guard exists.
    pub(super) fn listen(&self) -> ListeningGuard {
        let mut pending = self.pending();
        let away = pending.paused_since.take().map_or(Duration::ZERO, |left| left.elapsed());
        pending.paused += away;
        ListeningGuard(self.clone())
    }

    /// Returns the total time in which no consumer waited, between waits.
    pub(super) fn paused_time(&self) -> Duration {
        self.pending().paused
    }
}

/// Marks that a consumer waits for events. Dropping it starts a pause.
#[must_use = "dropping the guard ends the wait"]
pub(super) struct ListeningGuard(EventChannel);

impl Drop for ListeningGuard {
    fn drop(&mut self) {
        self.0.pending().paused_since = Some(Instant::now());
    }
}
