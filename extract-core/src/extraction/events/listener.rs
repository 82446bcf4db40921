//! [`Listener`]: a function that gets the events, on a thread of its own.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::event::Event;

/// The most events that wait for a listener.
const WAITING: usize = 4_096;

/// A function that gets the events of extractions: see [`on_event`](crate::Extraction::on_event). A clone is the
/// same listener.
///
/// It runs on a thread of its own, one event after another. A slow function delays no extraction: up to 4,096
/// events wait for it, and further ones are left out and counted by [`Event::Lost`]. If it panics, the event is
/// lost, an error is traced, and the next event is handed over.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::Client;
/// # use serde_json::json;
/// use std::time::Duration;
/// use extract_llm::extraction::{Event, Listener};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 7}))]));
/// let listener = Listener::new(|event| {
///     if let Event::Attempt { attempt, .. } = event {
///         println!("{attempt}");
///     }
/// });
/// let seven: u8 = client.extract("Seven.").on_event(&listener).await?;
/// assert!(listener.flush(Duration::from_secs(5))); // before the program ends
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Listener(Arc<Queue>);

struct Queue {
    events: SyncSender<Item>,
    /// The events that were left out and not reported yet.
    lost: AtomicU64,
    /// Keeps the count and the events in order.
    order: Mutex<()>,
}

enum Item {
    Event(Event),
    Flush(std::sync::mpsc::Sender<()>),
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").finish_non_exhaustive()
    }
}

impl Listener {
    /// Makes a listener, and starts its thread. The thread ends when the last clone is dropped.
    pub fn new(listen: impl FnMut(Event) + Send + 'static) -> Self {
        let (events, waiting) = sync_channel(WAITING);
        let started = thread::Builder::new()
            .name("extract-llm-events".to_owned())
            .spawn(move || hand_over(&waiting, listen));
        if let Err(error) = started {
            tracing::error!(%error, "the listener gets no events, because its thread was not started");
        }
        let (lost, order) = (AtomicU64::new(0), Mutex::new(()));
        Self(Arc::new(Queue { events, lost, order }))
    }

    /// Waits until the listener has had all events up to now, or until the time is over. Returns whether it has
    /// had them. Call it before the program ends.
    pub fn flush(&self, time: Duration) -> bool {
        let (done, waiting) = channel();
        let started = std::time::Instant::now();
        let mut item = Item::Flush(done);
        loop {
            match self.0.events.try_send(item) {
                Ok(()) => break,
                Err(TrySendError::Full(back)) if started.elapsed() < time => {
                    item = back;
                    thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return false,
            }
        }
        waiting.recv_timeout(time.saturating_sub(started.elapsed())).is_ok()
    }

    /// Hands an event over, without a wait.
    pub(in crate::extraction) fn send(&self, event: &Event) {
        let _order = self.0.order.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = self.0.lost.load(Ordering::Relaxed);
        if lost > 0 && self.0.events.try_send(Item::Event(Event::Lost(lost))).is_ok() {
            self.0.lost.store(0, Ordering::Relaxed);
        }
        if self.0.events.try_send(Item::Event(event.clone())).is_err() {
            self.0.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl From<&Self> for Listener {
    fn from(listener: &Self) -> Self {
        listener.clone()
    }
}

impl<F: FnMut(Event) + Send + 'static> From<F> for Listener {
    fn from(listen: F) -> Self {
        Self::new(listen)
    }
}

fn hand_over(waiting: &Receiver<Item>, mut listen: impl FnMut(Event)) {
    while let Ok(item) = waiting.recv() {
        match item {
            Item::Event(event) => {
                // A panic is the listener's own affair.
                if catch_unwind(AssertUnwindSafe(|| listen(event))).is_err() {
                    tracing::error!("a listener of extraction events has panicked");
                }
            }
            Item::Flush(done) => {
                let _ = done.send(());
            }
        }
    }
}
