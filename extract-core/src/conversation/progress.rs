//! How far a request has come while it is under way, for whoever cuts it off: a future that is
//! dropped returns nothing, and what had happened by then must not be lost.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{ProviderError, Usage};

/// Where a [`Model`](crate::model::Model) that sends a [`Request`](super::Request) notes how far it
/// has come. Clones share what is noted; it is no part of what a request says, so that all are equal.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::conversation::{Message, ProviderError, ProviderErrorKind, Request};
///
/// let request = Request::new(vec![Message::user("How many?")]);
/// let busy = ProviderError::new(ProviderErrorKind::RateLimited, "Slow down.");
/// request.progress.wait(&busy, Duration::from_secs(30));
///
/// let reached = request.progress.reached();
/// assert_eq!(
///     reached.to_string(),
///     "waiting 30s to be sent again, after this: rate limited: Slow down.",
/// );
/// ```
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<Mutex<ProgressNotes>>);

#[derive(Debug, Default)]
struct ProgressNotes {
    state: RequestState,
    /// Since when the wait under way goes on.
    since: Option<Instant>,
}

impl PartialEq for Progress {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// How far a request has come.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RequestState {
    /// How often it was sent again.
    pub transport_retries: u32,
    /// How long it has waited for that, the wait under way included.
    pub waited: Duration,
    /// The wait that is under way.
    pub waiting: Option<Duration>,
    /// Why it was sent again, or is about to be; none once an answer has begun.
    pub failure: Option<ProviderError>,
    /// Whether an answer has begun.
    pub answered: bool,
    /// The provider's id of it, once an answer has begun.
    pub request_id: Option<String>,
    /// The tokens so far, where the provider has counted any.
    pub usage: Option<Usage>,
}

impl Progress {
    fn noted(&self) -> MutexGuard<'_, ProgressNotes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request failed, and will be sent again after this wait.
    pub fn wait(&self, failure: &ProviderError, wait: Duration) {
        let mut noted = self.noted();
        noted.since = Some(Instant::now());
        noted.state.waiting = Some(wait);
        noted.state.failure = Some(failure.clone());
        noted.state.answered = false;
        noted.state.request_id = None;
    }

    /// The wait is over: the request is sent again.
    pub fn send_again(&self) {
        let mut noted = self.noted();
        let waited = noted.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        noted.state.waited += waited;
        noted.state.waiting = None;
        noted.state.transport_retries += 1;
    }

    /// An answer has begun.
    pub fn answer(&self, request_id: Option<String>) {
        let mut noted = self.noted();
        noted.state.answered = true;
        noted.state.failure = None;
        noted.state.request_id = request_id;
    }

    /// The tokens so far.
    pub fn count(&self, usage: Usage) {
        self.noted().state.usage = Some(usage);
    }

    /// How far the request has come by now.
    pub fn state(&self) -> RequestState {
        let noted = self.noted();
        let mut reached = noted.state.clone();
        reached.waited += noted.since.map_or(Duration::ZERO, |since| since.elapsed());
        reached
    }
}

impl RequestState {
    /// The provider's id of the request: of the answer that had begun, or else of the last failure.
    pub fn id(&self) -> Option<&str> {
        let failed = || self.failure.as_ref()?.request_id.as_ref();
        self.request_id.as_ref().or_else(failed).map(String::as_str)
    }

    /// Where the request stood, without why.
    pub(crate) fn describe(&self) -> String {
        match (self.waiting, self.answered) {
            (Some(wait), _) => format!("waiting {wait:?} to be sent again"),
            (None, true) => String::from("being answered"),
            (None, false) => String::from("without an answer"),
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
