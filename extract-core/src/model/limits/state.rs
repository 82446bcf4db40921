//! The state of the limits of one provider, key and model: whether a request may be sent, and what answers
//! and refusals change. The time is an argument.

use std::time::Duration;

use tokio::time::Instant;

use super::cool_down::CoolDown;
use super::limit_settings::LimitSettings;
use super::minute::{Demand, Minute, Number};
use super::pace::Pace;
use super::quota::Quota;
use super::rate_headers::StatedLimits;
use super::window::Window;

/// Why a request cannot be sent yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Blocked {
    /// A limit on requests or tokens, or a cool-down, needs this wait.
    For(Duration),
    /// All places are taken.
    Full,
}

/// A request that was sent: what the state must know when it ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) at: Instant,
    /// The estimated tokens, and what they were settled to.
    tokens: u64,
    number: Option<Number>,
    /// All that was sent up to and including this request.
    total: Demand,
}

/// A refusal of a request by the server.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refused {
    /// The wait that the server states.
    pub(super) stated: Option<Duration>,
    /// Whether the server names a rate limit, and not a lack of capacity.
    pub(super) is_rate_limit: bool,
    /// The first and the longest wait if the server states none.
    pub(super) first_wait: Duration,
    pub(super) longest_wait: Duration,
}

/// The state of all limits.
#[derive(Debug)]
pub(super) struct State {
    window: Window,
    minute: Minute,
    requests: Quota,
    tokens: Quota,
    cool_down: CoolDown,
    pace: Pace,
    /// The requests in the queue.
    queued: Demand,
    /// The sum of all requests sent.
    total: Demand,
    /// When the last refusal came that was not of the same time as the one before.
    refused_at: Option<Instant>,
    /// The number of such refusals without an answer between them.
    refused_in_row: u32,
    /// The first refusal since the last answer.
    refusing_since: Option<Instant>,
}

impl State {
    pub(super) fn new(settings: &LimitSettings, now: Instant) -> Self {
        Self {
            window: Window::new(settings.concurrency),
            minute: Minute::new(settings.requests_per_minute, settings.tokens_per_minute),
            requests: Quota::default(),
            tokens: Quota::default(),
            cool_down: CoolDown::default(),
            pace: Pace::new(now),
            queued: Demand::default(),
            total: Demand::default(),
            refused_at: None,
            refused_in_row: 0,
            refusing_since: None,
        }
    }

    /// Adds a request to the queue.
    pub(super) fn enqueue(&mut self, demand: Demand) {
        self.queued.add(demand);
    }

    /// Removes a request from the queue.
    pub(super) fn dequeue(&mut self, demand: Demand) {
        self.queued.remove(demand);
    }

    /// Returns the least wait of a new request at the end of the queue. It may be longer, because nobody
    /// knows how long the requests under way will take.
    pub(super) fn least_wait(&mut self, now: Instant, tokens: u64) -> Duration {
        self.rate_wait(now, self.queued, tokens).max(self.cool_down.stated_rest(now))
    }

    /// Returns the rest of the wait that the server stated.
    pub(super) fn stated_rest(&self, now: Instant) -> Duration {
        self.cool_down.stated_rest(now)
    }

    /// Returns since when the server has refused all requests. `None` if it has answered since the last
    /// refusal.
    pub(super) fn refusing_since(&self) -> Option<Instant> {
        self.refusing_since
    }

    fn rate_wait(&mut self, now: Instant, ahead: Demand, tokens: u64) -> Duration {
        let minute = self.minute.wait(now, ahead, tokens);
        let requests = self.requests.wait(now, ahead.requests, 1);
        let tokens = self.tokens.wait(now, ahead.tokens, tokens);
        minute.max(requests).max(tokens).max(self.pace.wait(now, ahead.requests))
    }

    /// The number of requests that resume together after a cool-down.
    fn resuming(&self) -> u32 {
        u32::try_from(self.queued.requests).unwrap_or(u32::MAX).min(self.window.size())
    }

    /// Sends a request now, if it may be sent.
    pub(super) fn send(&mut self, now: Instant, tokens: u64) -> Result<Sent, Blocked> {
        let resuming = self.resuming();
        let cool_down = self.cool_down.wait(now, resuming, fastrand::f64);
        let wait = cool_down.max(self.rate_wait(now, Demand::default(), tokens));
        if !wait.is_zero() {
            return Err(Blocked::For(wait));
        }
        if !self.window.has_room() {
            return Err(Blocked::Full);
        }
        self.cool_down.sent(now, resuming, fastrand::f64);
        self.window.enter();
        self.pace.send(now);
        self.requests.send(now, 1);
        self.tokens.send(now, tokens);
        let number = self.minute.send(now, tokens);
        self.total.add(Demand::of_one(tokens));
        Ok(Sent { at: now, tokens, number, total: self.total })
    }

    /// Learns from the headers of a response. The settings of the user have priority.
    pub(super) fn learn(&mut self, sent: &Sent, stated: &StatedLimits, now: Instant) {
        if let (Some(stated), None) = (&stated.requests, self.minute.max_requests()) {
            let after = self.total.requests.saturating_sub(sent.total.requests);
            self.requests.learn(stated, now, after);
        }
        if let (Some(stated), None) = (&stated.tokens, self.minute.max_tokens()) {
            let after = self.total.tokens.saturating_sub(sent.total.tokens);
            self.tokens.learn(stated, now, after);
        }
    }

    /// Replaces the estimated tokens of a request by those that were used.
    pub(super) fn settle(&mut self, sent: &mut Sent, used: u64) {
        if let Some(number) = sent.number {
            self.minute.settle(number, used);
        }
        self.tokens.settle(sent.tokens, used);
        sent.tokens = used;
    }

    /// Counts an answer.
    pub(super) fn answered(&mut self, sent: &Sent) {
        self.window.answered();
        self.pace.answered(sent.at);
        self.refusing_since = None;
        if self.refused_at.is_none_or(|refused| sent.at > refused) {
            self.refused_in_row = 0;
        }
    }

    /// Counts a refusal, and begins the cool-down.
    pub(super) fn refused(&mut self, sent: &Sent, now: Instant, refused: &Refused) {
        let is_new = self.refused_at.is_none_or(|before| sent.at > before);
        if is_new {
            self.refused_at = Some(now);
            self.refused_in_row = self.refused_in_row.saturating_add(1);
            self.window.refused();
        }
        self.refusing_since.get_or_insert(now);
        let in_row = self.refused_in_row.saturating_sub(1);
        let wait = match refused.stated {
            // A server that states no more than this each time does not know.
            Some(stated) => stated.max(backoff(refused, in_row.checked_sub(1))),
            None if refused.is_rate_limit && is_new => backoff(refused, Some(in_row)),
            None => Duration::ZERO,
        };
        self.cool_down.begin(now, wait);
        if refused.is_rate_limit && is_new {
            let end = now + self.cool_down.stated_rest(now);
            #[expect(clippy::cast_precision_loss, reason = "a limit is below 2^52")]
            let by_user = self.minute.max_requests().map(|max| max as f64 / 60.0);
            let known = by_user.or_else(|| self.requests.rate());
            self.pace.refused(sent.at, now, end, known);
        } else if refused.is_rate_limit {
            self.pace.refused_too(sent.at);
        }
    }

    /// Counts the end of a request.
    pub(super) fn leave(&mut self) {
        self.window.leave();
    }

    #[cfg(test)]
    pub(super) fn running(&self) -> u32 {
        self.window.running()
    }

    #[cfg(test)]
    pub(super) fn queued(&self) -> Demand {
        self.queued
    }
}

/// Returns a random wait of half to all of `first_wait`, doubled `times` times. Zero for `None`.
fn backoff(refused: &Refused, times: Option<u32>) -> Duration {
    let Some(times) = times else { return Duration::ZERO };
    let most = refused.first_wait.saturating_mul(2_u32.saturating_pow(times));
    most.min(refused.longest_wait).mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::super::settings::Limits;
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn state(limits: &Limits) -> (State, Instant) {
        let now = Instant::now();
        (State::new(limits.settings().unwrap(), now), now)
    }

    fn rate_limit(stated: Option<Duration>) -> Refused {
        let (first_wait, longest_wait) = (SECOND / 2, SECOND * 8);
        Refused { stated, is_rate_limit: true, first_wait, longest_wait }
    }

    #[test]
    fn a_stated_wait_holds_for_all_requests() {
        let (mut state, now) = state(&Limits::default());
        let sent = state.send(now, 0).unwrap();
        let other = state.send(now, 0).unwrap();
        state.refused(&sent, now, &rate_limit(Some(SECOND)));
        // A wait that is stated later, and ends later, counts as well.
        state.refused(&other, now + SECOND / 2, &rate_limit(Some(SECOND)));
        let Err(Blocked::For(wait)) = state.send(now + SECOND / 2, 0) else { panic!("sent") };
        assert!(wait >= SECOND, "{wait:?}");
        assert_eq!(state.window.size(), 1, "refusals at the same time cut the window once");
        assert_eq!(state.refused_in_row, 1);
    }

    #[test]
    fn waits_that_no_server_states_double_until_an_answer() {
        let (mut state, mut now) = state(&Limits::default());
        let mut waits = Vec::new();
        for _ in 0..6 {
            now += SECOND * 20;
            let sent = state.send(now, 0).unwrap();
            state.refused(&sent, now, &rate_limit(None));
            waits.push(state.stated_rest(now).as_secs_f64());
            state.leave();
        }
        for (wait, most) in waits.iter().zip([0.5, 1.0, 2.0, 4.0, 8.0, 8.0]) {
            assert!(*wait <= most && *wait >= most / 2.0, "{waits:?}");
        }
        now += SECOND * 20;
        let sent = state.send(now, 0).unwrap();
        assert!(state.refusing_since().is_some());
        state.answered(&sent);
        assert_eq!((state.refused_in_row, state.refusing_since()), (0, None));
    }

    #[test]
    fn a_server_that_states_no_wait_again_and_again_is_not_asked_without_a_wait() {
        let (mut state, now) = state(&Limits::default());
        let sent = state.send(now, 0).unwrap();
        state.refused(&sent, now, &rate_limit(Some(Duration::ZERO)));
        assert_eq!(state.stated_rest(now), Duration::ZERO);
        state.leave();
        let sent = state.send(now + SECOND, 0).unwrap();
        state.refused(&sent, now + SECOND, &rate_limit(Some(Duration::ZERO)));
        assert!(state.stated_rest(now + SECOND) >= SECOND / 4);
    }

    #[test]
    fn settings_have_priority_over_headers() {
        let exhausted = StatedLimits {
            requests: Some(super::super::rate_headers::Stated {
                limit: 10,
                remaining: 0,
                reset: Some(SECOND * 30),
                window: None,
            }),
            tokens: None,
        };
        let (mut learned, now) = state(&Limits::default());
        let sent = learned.send(now, 0).unwrap();
        learned.learn(&sent, &exhausted, now);
        assert!(matches!(learned.send(now, 0), Err(Blocked::For(wait)) if wait >= SECOND * 30));

        let (mut set, now) = state(&Limits::default().requests_per_minute(100));
        let sent = set.send(now, 0).unwrap();
        set.learn(&sent, &exhausted, now);
        assert!(set.send(now, 0).is_ok());
    }
}
