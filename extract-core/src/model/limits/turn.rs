//! [`Turn`]: one request on its way through the limits.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use tokio::time::Instant;

use super::governor::{Governor, Permit, Queued};
use super::minute::Demand;
use super::state::{Blocked, State};
use crate::conversation::{Progress, ProviderError, ProviderErrorKind};
use crate::http::timer;
use crate::model::RetryPolicy;
use crate::model::retry::may_pass;

/// The next step of a failed request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::model) enum Refusal {
    /// The server refused it because of its load. It is sent again after a wait in the limits, whose stated
    /// part is this. That is no transport retry.
    Wait(Duration),
    /// The failure is left to the retry policy: it is no refusal, or the limits have waited long enough.
    Other,
}

/// One request on its way through the limits.
pub(in crate::model) struct Turn {
    governor: Option<Arc<Governor>>,
    progress: Progress,
    deadline: Option<Instant>,
    /// The estimated tokens.
    tokens: u64,
    policy: RetryPolicy,
    entered: Instant,
    /// The first refusal of this request.
    refused_since: Option<Instant>,
    last: Option<ProviderError>,
    was_sent: bool,
}

/// Why a request gets no turn.
enum NoTurn {
    /// The wait would end after the deadline.
    Deadline(Duration),
    /// The server refuses for longer than the user wants to wait.
    Refusing(Duration),
}

impl Turn {
    /// Starts the way of a request. `None` is a governor that is off.
    pub(in crate::model) fn new(
        governor: Option<&Arc<Governor>>,
        progress: &Progress,
        tokens: u64,
        policy: RetryPolicy,
    ) -> Self {
        Self {
            governor: governor.cloned(),
            deadline: progress.deadline(),
            progress: progress.clone(),
            tokens,
            policy,
            entered: Instant::now(),
            refused_since: None,
            last: None,
            was_sent: false,
        }
    }

    /// Waits until the request may be sent. Dropping the future leaves the queue, and nothing is reserved.
    ///
    /// # Errors
    /// The wait would end after the deadline, the server refuses for too long, or the runtime has no timers.
    pub(in crate::model) async fn take(&mut self) -> Result<Permit, ProviderError> {
        let Some(governor) = self.governor.clone() else { return Ok(Permit::unlimited()) };
        self.progress.queue();
        let permit = self.queue(&governor).await?;
        self.progress.admit();
        self.was_sent = true;
        Ok(permit)
    }

    async fn queue(&self, governor: &Arc<Governor>) -> Result<Permit, ProviderError> {
        let queued = {
            let now = Instant::now();
            let mut state = governor.state();
            let wait = if self.was_sent {
                state.stated_rest(now)
            } else {
                state.least_wait(now, self.tokens)
            };
            self.check(governor, &state, now, wait).map_err(|reason| self.no_turn(&reason))?;
            Queued::new(governor, &mut state, Demand::of_one(self.tokens))
        };
        let _line = if self.was_sent { None } else { Some(governor.line.lock().await) };
        let _head = governor.head.lock().await;
        loop {
            let mut changed = pin!(governor.changed.notified());
            changed.as_mut().enable();
            match self.try_send(governor)? {
                Ok(permit) => {
                    drop(queued);
                    return Ok(permit);
                }
                Err(Blocked::Full) => changed.await,
                Err(Blocked::For(wait)) => {
                    let sleep = pin!(timer(|| tokio::time::sleep(wait))?);
                    select(sleep, changed).await;
                }
            }
        }
    }

    fn try_send(&self, governor: &Arc<Governor>) -> Result<Result<Permit, Blocked>, ProviderError> {
        let now = Instant::now();
        let mut state = governor.state();
        let sent = match state.send(now, self.tokens) {
            Ok(sent) => Ok(sent),
            Err(blocked) => {
                let wait = match blocked {
                    Blocked::For(wait) => wait,
                    Blocked::Full => Duration::ZERO,
                };
                self.check(governor, &state, now, wait).map_err(|reason| self.no_turn(&reason))?;
                Err(blocked)
            }
        };
        drop(state);
        Ok(sent.map(|sent| Permit::new(Arc::clone(governor), sent)))
    }

    /// Checks that a wait is not too long.
    fn check(
        &self,
        governor: &Governor,
        state: &State,
        now: Instant,
        wait: Duration,
    ) -> Result<(), NoTurn> {
        if wait.is_zero() {
            return Ok(());
        }
        if self.deadline.is_some_and(|deadline| deadline.saturating_duration_since(now) < wait) {
            return Err(NoTurn::Deadline(wait));
        }
        let stated = state.stated_rest(now);
        let refused = self.refused_for(state, now);
        let is_too_long = refused.saturating_add(stated) > governor.settings.max_wait;
        if !stated.is_zero() && (is_too_long || stated > self.policy.patience) {
            return Err(NoTurn::Refusing(stated));
        }
        Ok(())
    }

    /// Returns how long the server has refused this request, or all requests while this one waited.
    fn refused_for(&self, state: &State, now: Instant) -> Duration {
        let all = state.refusing_since().map(|since| since.max(self.entered));
        let since = self.refused_since.into_iter().chain(all).min();
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Returns the error of a request that gets no turn.
    fn no_turn(&self, reason: &NoTurn) -> ProviderError {
        match *reason {
            NoTurn::Deadline(wait) => {
                self.progress.exceed_deadline(wait);
                let message = format!("the limits need a wait of {wait:.1?}, which is too long");
                let mut error = ProviderError::new(ProviderErrorKind::Deadline, message);
                error.retry_after = Some(wait);
                error.transport_retries = self.last.as_ref().map_or(0, |it| it.transport_retries);
                error
            }
            NoTurn::Refusing(rest) => self.last.clone().unwrap_or_else(|| {
                let message = "the server refuses other requests; this one was not sent";
                let mut error = ProviderError::new(ProviderErrorKind::RateLimited, message);
                error.retry_after = Some(rest);
                error.max_retry_after =
                    (rest > self.policy.patience).then_some(self.policy.patience);
                error
            }),
        }
    }

    /// Returns what a request that failed does next.
    pub(in crate::model) fn after(&mut self, error: &ProviderError) -> Refusal {
        let Some(governor) = &self.governor else { return Refusal::Other };
        let is_refusal = match error.kind {
            ProviderErrorKind::RateLimited => true,
            ProviderErrorKind::Overloaded => error.retry_after.is_some(),
            _ => false,
        };
        if !is_refusal || self.policy.retries == 0 || !may_pass(error) {
            return Refusal::Other;
        }
        let now = Instant::now();
        self.refused_since.get_or_insert(now);
        let (rest, refused) = {
            let state = governor.state();
            (state.stated_rest(now), self.refused_for(&state, now))
        };
        let is_too_long = refused.saturating_add(rest) > governor.settings.max_wait;
        if error.retry_after.is_some_and(|wait| wait > self.policy.patience) {
            return Refusal::Other;
        }
        self.last = Some(error.clone());
        if is_too_long {
            return Refusal::Other;
        }
        Refusal::Wait(error.retry_after.unwrap_or(rest))
    }
}
