//! Retries of failed requests. The class of the failure and the server's headers decide, not the status
//! alone. Re-asks after an invalid answer have a separate budget.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::conversation::{ProviderError, ProviderErrorKind};

/// The number of retries of a failed request, and the waits before them.
///
/// If the server asks for a wait, that wait is used. Otherwise the wait doubles from `first_wait` up to
/// `longest_wait`, multiplied by a random factor between 0 and 1, so that clients that failed together
/// do not retry together.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::model::RetryPolicy;
/// use extract_llm::Client;
///
/// let policy = RetryPolicy::times(5).patience(Duration::from_secs(300)); // a pipeline has time
/// let builder = Client::builder().retry_policy(policy);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// The maximum number of retries. 0 sends every request once. Default: 2.
    pub retries: u32,
    /// The first wait, if the server asks for none. Default: 0.5 s.
    pub first_wait: Duration,
    /// The longest wait, if the server asks for none. Default: 8 s.
    pub longest_wait: Duration,
    /// The longest wait that a server may ask for. If it asks for more, the error is returned at once,
    /// with that wait in it. Default: 60 s.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    /// 2 retries after 0.5 to 8 seconds, and at most 60 seconds if the server asks for a wait.
    fn default() -> Self {
        Self {
            retries: 2,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(8),
            patience: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// No retries: every request is sent once.
    pub const NEVER: Self = Self {
        retries: 0,
        first_wait: Duration::ZERO,
        longest_wait: Duration::ZERO,
        patience: Duration::ZERO,
    };

    /// Returns a policy of this many retries, with the default waits.
    pub fn times(retries: u32) -> Self {
        Self { retries, ..Self::default() }
    }

    /// Sets the first wait, if the server asks for none. The default is 0.5 s.
    pub fn first_wait(self, first_wait: Duration) -> Self {
        Self { first_wait, ..self }
    }

    /// Sets the longest wait, if the server asks for none. The default is 8 s.
    pub fn longest_wait(self, longest_wait: Duration) -> Self {
        Self { longest_wait, ..self }
    }

    /// Sets the longest wait that a server may ask for. The default is 60 s.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Starts the schedule of one request.
    pub(super) fn begin(&self) -> Retries {
        let schedule = ExponentialBuilder::default()
            .with_min_delay(self.first_wait.min(self.longest_wait))
            .with_max_delay(self.longest_wait)
            .with_factor(2.0)
            .with_max_times(self.retries as usize)
            .build();
        Retries { policy: *self, schedule }
    }
}

/// The retries of one request.
#[derive(Debug)]
pub(super) struct Retries {
    policy: RetryPolicy,
    schedule: ExponentialBackoff,
}

impl Retries {
    /// Returns the wait before the next attempt. `None` if the request is not sent again.
    pub(super) fn wait_after(&mut self, error: &ProviderError) -> Option<Duration> {
        if !may_pass(error) {
            return None;
        }
        let most = self.schedule.next()?;
        match error.retry_after {
            Some(asked) if asked > self.policy.patience => None,
            Some(asked) => Some(asked),
            None => Some(part_of(most)),
        }
    }

    /// Returns the patience if the request is not sent again because the server asks for a longer wait.
    /// `None` otherwise.
    pub(super) fn exceeded_by(&self, error: &ProviderError) -> Option<Duration> {
        let patience = self.policy.patience;
        let asked = error.retry_after.filter(|_| self.policy.retries > 0 && may_pass(error))?;
        (asked > patience).then_some(patience)
    }
}

/// Returns a random part of a wait.
fn part_of(most: Duration) -> Duration {
    // The longest duration, as a float, is just above the longest duration.
    Duration::try_from_secs_f64(most.as_secs_f64() * fastrand::f64()).unwrap_or(most)
}

/// Whether the same request may succeed when it is sent again. The server's header `x-should-retry`
/// decides, except for failures that no repetition can change.
pub(super) fn may_pass(error: &ProviderError) -> bool {
    use ProviderErrorKind as Kind;
    // The error holds the model's output, which is read before the model is asked again.
    if error.generation.is_some() {
        return false;
    }
    let settled = matches!(
        error.kind,
        Kind::Authentication
            | Kind::Permission
            | Kind::NotFound
            | Kind::Unsupported
            | Kind::ContextTooLong
            | Kind::QuotaExceeded
            | Kind::ContentFiltered
            | Kind::TooLarge
            | Kind::Encode
            | Kind::Local
            | Kind::Runtime
            | Kind::Deadline
            | Kind::Pending
            | Kind::CallForbidden
            | Kind::NotRecorded
    );
    !settled && error.is_retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ProviderErrorKind) -> ProviderError {
        ProviderError::new(kind, "")
    }

    #[test]
    fn waits_grow_and_end() {
        let policy = RetryPolicy { retries: 5, ..RetryPolicy::default() };
        let mut retries = policy.begin();
        let overloaded = error(ProviderErrorKind::Overloaded);
        for most in [500, 1000, 2000, 4000, 8000] {
            let wait = retries.wait_after(&overloaded).unwrap();
            assert!(wait <= Duration::from_millis(most), "{wait:?} of {most}");
        }
        assert_eq!(retries.wait_after(&overloaded), None);
    }

    #[test]
    fn the_longest_wait_bounds_the_first_one_and_no_duration_is_too_long() {
        let overloaded = error(ProviderErrorKind::Overloaded);
        let never = RetryPolicy::times(9).first_wait(Duration::MAX).longest_wait(Duration::ZERO);
        assert_eq!(never.begin().wait_after(&overloaded), Some(Duration::ZERO));
        let long = RetryPolicy::times(9).first_wait(Duration::MAX).longest_wait(Duration::MAX);
        let mut retries = long.begin();
        for _ in 0..9 {
            assert!(retries.wait_after(&overloaded).is_some());
        }
        assert_eq!(part_of(Duration::ZERO), Duration::ZERO);
        let mut busy = error(ProviderErrorKind::RateLimited);
        busy.retry_after = Some(Duration::MAX);
        let patient = RetryPolicy::default().patience(Duration::MAX);
        assert_eq!(patient.begin().wait_after(&busy), busy.retry_after);
        let impatient = RetryPolicy::default().patience(Duration::ZERO);
        assert_eq!(impatient.begin().wait_after(&busy), None);
    }

    #[test]
    fn the_server_is_obeyed_within_reason() {
        let mut busy = error(ProviderErrorKind::RateLimited);
        busy.retry_after = Some(Duration::from_secs(17));
        assert_eq!(RetryPolicy::default().begin().wait_after(&busy), busy.retry_after);
        busy.retry_after = Some(Duration::from_secs(3600));
        assert_eq!(RetryPolicy::default().begin().wait_after(&busy), None);
        busy.retry_after = None;
        busy.should_retry = Some(false);
        assert_eq!(RetryPolicy::default().begin().wait_after(&busy), None);

        let mut refused = error(ProviderErrorKind::InvalidRequest);
        assert_eq!(RetryPolicy::default().begin().wait_after(&refused), None);
        refused.should_retry = Some(true);
        assert!(RetryPolicy::default().begin().wait_after(&refused).is_some());
        let mut spent = error(ProviderErrorKind::QuotaExceeded);
        spent.should_retry = Some(true);
        assert_eq!(RetryPolicy::default().begin().wait_after(&spent), None);
    }
}
