//! The progress of a request under way. A future that is dropped returns nothing, so the caller reads
//! here how many retries, waits and tokens it had used.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use super::{ProviderError, Usage};

/// The progress of a [`Request`](super::Request), which the [`Model`](crate::model::Model) that sends it
/// records. Clones share the record. All records are equal, so that they play no part in the comparison
/// of requests.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::conversation::{ProviderError, ProviderErrorKind, Request};
/// use extract_llm::Message;
///
/// let request = Request::new(vec![Message::user("How many?")]);
/// let busy = ProviderError::new(ProviderErrorKind::RateLimited, "Slow down.");
/// request.progress.wait(&busy, Duration::from_secs(30));
///
/// let reached = request.progress.state();
/// assert_eq!(
///     reached.to_string(),
///     "waiting 30s to be sent again, after this: rate limited: Slow down.",
/// );
/// ```
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<ProgressNotes>>);

/// The shared record.
#[derive(Debug, Default)]
struct ProgressNotes {
    state: RequestState,
    /// The start of the current wait.
    since: Option<Instant>,
    /// Whether the current wait is one in the limits.
    in_limits: bool,
    /// The time at which the caller gives up.
    deadline: Option<Instant>,
    resend: Option<ResendGuard>,
    on_wait: Option<OnWait>,
    /// The time before which an answer is too old.
    answers_after: Option<SystemTime>,
}

/// A function that returns the reason why a request may not be sent again after a failure.
type MaySendAgain = dyn Fn(&ProviderError) -> Result<(), String> + Send + Sync;

/// Decides whether the request may be sent again after a failure.
#[derive(Clone)]
struct ResendGuard(Arc<MaySendAgain>);

impl fmt::Debug for ResendGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResendGuard")
    }
}

/// A function that is told about waits: their length, if it is known, and the failure before them.
type WaitFn = dyn Fn(Option<Duration>, Option<&ProviderError>) + Send + Sync;

/// Is told about waits.
#[derive(Clone)]
struct OnWait(Arc<WaitFn>);

impl fmt::Debug for OnWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnWait")
    }
}

impl ProgressNotes {
    /// Ends the current wait and adds its time.
    fn end_wait(&mut self) {
        let Some(since) = self.since.take() else { return };
        self.state.waited += since.elapsed();
        if self.in_limits {
            self.state.limit_wait += since.elapsed();
        }
    }

    fn begin_wait(&mut self, in_limits: bool) {
        self.end_wait();
        self.since = Some(Instant::now());
        self.in_limits = in_limits;
    }
}

impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The progress of a request at one point in time.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RequestState {
    /// The number of transport retries so far.
    pub transport_retries: u32,
    /// The total wait before retries and in the limits, including the current one.
    pub waited: Duration,
    /// The part of `waited` in the [limits](crate::model::Limits): for a place, for the rate, and while the
    /// server refuses.
    pub limit_wait: Duration,
    /// The length of the current wait; `None` if the request is not waiting, or if the length is not known.
    pub waiting: Option<Duration>,
    /// Whether the request waits for its turn in the limits.
    pub queued: bool,
    /// Whether the current wait would end after the deadline, and the request failed at once for this
    /// reason.
    pub exceeds_deadline: bool,
    /// The error that caused the last retry, or causes the next one; `None` once a response has begun.
    pub failure: Option<ProviderError>,
    /// Whether a response has begun.
    pub answered: bool,
    /// The provider's id of the request, once a response has begun.
    pub request_id: Option<String>,
    /// The tokens so far, if the provider has reported any.
    pub usage: Option<Usage>,
    /// The time of the first part of a streamed reply.
    pub(crate) first_delta: Option<std::time::Instant>,
}

impl Progress {
    /// Locks the record. Ignores poisoning by a panic.
    fn noted(&self) -> MutexGuard<'_, ProgressNotes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records that the request failed, and will be retried after `wait`.
    pub fn wait(&self, failure: &ProviderError, wait: Duration) {
        self.tell(Some(wait), Some(failure));
        let mut noted = self.noted();
        noted.begin_wait(false);
        noted.state.waiting = Some(wait);
        noted.state.failure = Some(failure.clone());
        noted.state.answered = false;
        noted.state.request_id = None;
    }

    /// Records that the wait is over, and that the request is sent again.
    pub fn send_again(&self) {
        let mut noted = self.noted();
        noted.end_wait();
        noted.state.waiting = None;
        noted.state.transport_retries += 1;
    }

    /// Records that the request waits for its turn in the limits.
    pub(crate) fn queue(&self) {
        self.tell(None, None);
        let mut noted = self.noted();
        noted.begin_wait(true);
        noted.state.queued = true;
    }

    /// Records that the wait in the limits is over.
    pub(crate) fn admit(&self) {
        let mut noted = self.noted();
        noted.end_wait();
        noted.state.queued = false;
    }

    /// Records that the request was not sent, because its wait would end after the deadline.
    pub(crate) fn exceed_deadline(&self, wait: Duration) {
        let mut noted = self.noted();
        noted.state.waiting.get_or_insert(wait);
        noted.state.exceeds_deadline = true;
    }

    /// Creates the record of a request whose caller gives up at this time.
    pub(crate) fn with_deadline(deadline: Option<Instant>) -> Self {
        let notes = ProgressNotes { deadline, ..ProgressNotes::default() };
        Self(Arc::new(Mutex::new(notes)))
    }

    /// Returns the time at which the caller gives up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.noted().deadline
    }

    /// Sets what is told about waits.
    pub(crate) fn on_wait(
        &self,
        tell: impl Fn(Option<Duration>, Option<&ProviderError>) + Send + Sync + 'static,
    ) {
        self.noted().on_wait = Some(OnWait(Arc::new(tell)));
    }

    fn tell(&self, wait: Option<Duration>, failure: Option<&ProviderError>) {
        let on_wait = self.noted().on_wait.clone();
        if let Some(OnWait(tell)) = on_wait {
            tell(wait, failure);
        }
    }

    /// Sets the time before which an answer is too old: the request is asked anew.
    pub(crate) fn want_answers_after(&self, time: Option<SystemTime>) {
        self.noted().answers_after = time;
    }

    /// Returns the time before which an answer is too old.
    pub(crate) fn answers_after(&self) -> Option<SystemTime> {
        self.noted().answers_after
    }

    /// Sets what decides whether the request may be sent again after a failure. By default it may.
    pub(crate) fn guard_resend(
        &self,
        guard: impl Fn(&ProviderError) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.noted().resend = Some(ResendGuard(Arc::new(guard)));
    }

    /// Returns the reason why the request may not be sent again after a failure, if there is one.
    pub(crate) fn may_send_again(&self, failure: &ProviderError) -> Result<(), String> {
        let guard = self.noted().resend.clone();
        guard.map_or(Ok(()), |guard| (guard.0)(failure))
    }

    /// Records that a response has begun.
    pub fn answer(&self, request_id: Option<String>) {
        let mut noted = self.noted();
        noted.state.answered = true;
        noted.state.failure = None;
        noted.state.request_id = request_id;
    }

    /// Records that a part of a streamed reply has come.
    pub(crate) fn delta(&self) {
        self.noted().state.first_delta.get_or_insert_with(std::time::Instant::now);
    }

    /// Records the tokens so far.
    pub fn count(&self, usage: Usage) {
        self.noted().state.usage = Some(usage);
    }

    /// Returns the progress so far.
    pub fn state(&self) -> RequestState {
        let noted = self.noted();
        let mut reached = noted.state.clone();
        let current = noted.since.map_or(Duration::ZERO, |since| since.elapsed());
        reached.waited += current;
        if noted.in_limits {
            reached.limit_wait += current;
        }
        reached
    }
}

impl RequestState {
    /// Returns the provider's id of the request: from the current response, or else from the last
    /// failure.
    pub fn id(&self) -> Option<&str> {
        let failed = || self.failure.as_ref()?.request_id.as_ref();
        self.request_id.as_ref().or_else(failed).map(String::as_str)
    }

    /// Describes the state, without the failure.
    pub(crate) fn describe(&self) -> String {
        match (self.waiting, self.answered) {
            (Some(wait), _) if self.failure.is_none() => format!("waiting {wait:.1?} to be sent"),
            (Some(wait), _) => format!("waiting {wait:?} to be sent again"),
            (None, _) if self.queued => String::from("waiting for its turn in the limits"),
            (None, true) => String::from("being answered"),
            (None, false) => String::from("not answered yet"),
        }
    }
}

impl std::fmt::Display for RequestState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe())?;
        match &self.failure {
            Some(failure) => write!(f, ", after this: {failure}"),
            None => Ok(()),
        }
    }
}
