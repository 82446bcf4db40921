//! [`ModelTime`]: the time that an extraction without a deadline waits for models, so that no call takes
//! forever.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

use crate::conversation::{Progress, ProviderError, ProviderErrorKind};
use crate::http::within;

/// The default of [`deadline`](crate::Extraction::deadline): 30 minutes of waiting for models. It has room for
/// three exchanges of the full default timeout, and for the installation of the embedded model.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::extraction::DEFAULT_DEADLINE;
///
/// assert_eq!(DEFAULT_DEADLINE, Duration::from_secs(30 * 60));
/// ```
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(1800);

/// The time that an extraction may still wait for models. Waits in the limits do not count, nor does time in
/// which nobody listens to a stream. Two requests at the same time count both.
pub(super) struct ModelTime {
    left: Mutex<Duration>,
}

impl ModelTime {
    /// Returns the time of an extraction. One with a deadline of its own has no other limit.
    pub(super) fn of(deadline: Option<Duration>) -> Self {
        Self::new(if deadline.is_some() { Duration::MAX } else { DEFAULT_DEADLINE })
    }

    fn new(left: Duration) -> Self {
        Self { left: Mutex::new(left) }
    }

    fn left(&self) -> MutexGuard<'_, Duration> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a future of the request with this progress, and counts the time. `paused` returns the total
    /// time in which nobody listened.
    ///
    /// # Errors
    /// The time is over: the kind is [`Deadline`](ProviderErrorKind::Deadline).
    pub(super) async fn within<F: Future>(
        &self,
        progress: &Progress,
        paused: impl Fn() -> Duration,
        future: F,
    ) -> Result<F::Output, ProviderError> {
        let mut future = pin!(future);
        // A future that is ready needs no timer. A model that never waits works in a runtime without timers.
        let ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = ready {
            return Ok(output);
        }
        let left = *self.left();
        if left == Duration::MAX || Handle::try_current().is_err() {
            return Ok(future.await);
        }
        let away = || paused().saturating_add(progress.state().limit_wait);
        let (started, away_before) = (Instant::now(), away());
        // A model that needs timers reports their lack itself.
        let Ok(ended) = within(left, away, &mut future).await else {
            return Ok(future.await);
        };
        let away = away().saturating_sub(away_before);
        let waited = started.elapsed().saturating_sub(away);
        let mut left = self.left();
        *left = left.saturating_sub(waited);
        drop(left);
        ended.ok_or_else(|| ProviderError::new(ProviderErrorKind::Deadline, ""))
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[test]
    fn what_is_ready_needs_no_runtime() {
        let time = ModelTime::of(None);
        let progress = Progress::default();
        let waiting = time.within(&progress, Duration::default, ready(7));
        let context = &mut std::task::Context::from_waker(std::task::Waker::noop());
        assert_eq!(pin!(waiting).poll(context), Poll::Ready(Ok(7)));
    }

    #[tokio::test]
    async fn the_time_of_all_requests_counts() {
        const HOUR: Duration = Duration::from_secs(3600);
        let time = ModelTime::new(HOUR);
        let progress = Progress::default();
        let soon = || tokio::time::sleep(Duration::from_millis(5));
        assert_eq!(time.within(&progress, Duration::default, soon()).await, Ok(()));
        assert!(*time.left() < HOUR);
        let left = *time.left();
        assert_eq!(time.within(&progress, Duration::default, ready(())).await, Ok(()));
        assert_eq!(*time.left(), left);
        *time.left() = Duration::from_millis(5);
        let over = time.within(&progress, Duration::default, pending::<()>()).await;
        assert_eq!(over.unwrap_err().kind, ProviderErrorKind::Deadline);
        assert_eq!(*time.left(), Duration::ZERO);
        let over = time.within(&progress, Duration::default, pending::<()>()).await;
        assert_eq!(over.unwrap_err().kind, ProviderErrorKind::Deadline);
    }

    #[tokio::test]
    async fn waits_in_the_limits_and_pauses_do_not_count() {
        let time = ModelTime::new(Duration::from_millis(200));
        let progress = Progress::default();
        progress.queue();
        let queued = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            progress.admit();
        };
        assert_eq!(time.within(&progress, Duration::default, queued).await, Ok(()));
        let started = Instant::now();
        let long = tokio::time::sleep(Duration::from_millis(300));
        assert_eq!(time.within(&progress, || started.elapsed(), long).await, Ok(()));
    }

    #[tokio::test]
    async fn a_deadline_of_the_user_is_the_only_limit() {
        let time = ModelTime::of(Some(Duration::MAX));
        let progress = Progress::default();
        let soon = tokio::time::sleep(Duration::from_millis(1));
        assert_eq!(time.within(&progress, Duration::default, soon).await, Ok(()));
        assert_eq!(*time.left(), Duration::MAX);
    }
}
