//! Requests and tokens of the last minute. In no minute, wherever it begins, are more than the limits sent.
//!
//! The crate `governor` has no way to correct a reservation once the usage is known, and its buckets may
//! pass twice the limit within a minute (a full bucket, and what it refills). A record of the last minute is
//! exact for servers that count in fixed minutes, in sliding minutes or with a bucket.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// A minute, and a little more, because requests do not all take the same time to the server.
const MINUTE: Duration = Duration::from_millis(60_100);

/// The need of requests: their number, and tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Demand {
    pub(super) requests: u64,
    pub(super) tokens: u64,
}

impl Demand {
    /// Returns the demand of one request.
    pub(super) fn of_one(tokens: u64) -> Self {
        Self { requests: 1, tokens }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.tokens = self.tokens.saturating_add(other.tokens);
    }

    pub(super) fn remove(&mut self, other: Self) {
        self.requests = self.requests.saturating_sub(other.requests);
        self.tokens = self.tokens.saturating_sub(other.tokens);
    }
}

#[derive(Debug)]
struct Sent {
    at: Instant,
    tokens: u64,
}

/// The number of a request in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number(u64);

/// The requests of the last minute, and the limits on them.
#[derive(Debug)]
pub(super) struct Minute {
    max_requests: Option<u64>,
    max_tokens: Option<u64>,
    sent: VecDeque<Sent>,
    /// The number of the first request in `sent`.
    first: u64,
    tokens: u64,
}

impl Minute {
    pub(super) fn new(max_requests: Option<u32>, max_tokens: Option<u64>) -> Self {
        let max_requests = max_requests.map(|max| u64::from(max.max(1)));
        let max_tokens = max_tokens.map(|max| max.max(1));
        Self { max_requests, max_tokens, sent: VecDeque::new(), first: 0, tokens: 0 }
    }

    pub(super) fn max_requests(&self) -> Option<u64> {
        self.max_requests
    }

    pub(super) fn max_tokens(&self) -> Option<u64> {
        self.max_tokens
    }

    /// Forgets the requests of more than a minute ago.
    fn expire(&mut self, now: Instant) {
        while let Some(oldest) = self.sent.front() {
            if now.saturating_duration_since(oldest.at) < MINUTE {
                return;
            }
            self.tokens = self.tokens.saturating_sub(oldest.tokens);
            self.sent.pop_front();
            self.first += 1;
        }
    }

    /// Returns the wait until a request can be sent after those `ahead` of it; zero for now. A request that
    /// needs more tokens than a minute has waits for a whole minute without others.
    pub(super) fn wait(&mut self, now: Instant, ahead: Demand, tokens: u64) -> Duration {
        self.expire(now);
        let requests =
            self.max_requests.map(|max| self.wait_for_requests(now, max, ahead.requests));
        let tokens = self.max_tokens.map(|max| {
            let needed = ahead.tokens.saturating_add(tokens.min(max));
            self.wait_for_tokens(now, max, needed)
        });
        requests.unwrap_or_default().max(tokens.unwrap_or_default())
    }

    fn wait_for_requests(&self, now: Instant, max: u64, ahead: u64) -> Duration {
        let sent = self.sent.len() as u64;
        let Some(position) = sent.saturating_add(ahead).checked_sub(max) else {
            return Duration::ZERO;
        };
        // A request takes the place of the one that is `max` requests before it, a minute later.
        let (minutes, place) = (position / max, position % max);
        let at = usize::try_from(place).ok().and_then(|place| self.sent.get(place));
        until(now, at.map_or(now, |sent| sent.at), minutes)
    }

    fn wait_for_tokens(&self, now: Instant, max: u64, needed: u64) -> Duration {
        let Some(mut missing) = self.tokens.saturating_add(needed).checked_sub(max) else {
            return Duration::ZERO;
        };
        if missing == 0 {
            return Duration::ZERO;
        }
        for sent in &self.sent {
            if sent.tokens >= missing {
                return until(now, sent.at, 0);
            }
            missing -= sent.tokens;
        }
        // The rest is used by requests that are not sent yet.
        until(now, now, (missing - 1) / max)
    }

    /// Records a request. `None` without limits, of which nothing is recorded.
    pub(super) fn send(&mut self, now: Instant, tokens: u64) -> Option<Number> {
        if self.max_requests.is_none() && self.max_tokens.is_none() {
            return None;
        }
        let number = Number(self.first + self.sent.len() as u64);
        self.sent.push_back(Sent { at: now, tokens });
        self.tokens = self.tokens.saturating_add(tokens);
        Some(number)
    }

    /// Replaces the estimated tokens of a request by those that were used.
    pub(super) fn settle(&mut self, number: Number, tokens: u64) {
        let Some(index) = number.0.checked_sub(self.first) else { return };
        let sent = usize::try_from(index).ok().and_then(|index| self.sent.get_mut(index));
        if let Some(sent) = sent {
            self.tokens = self.tokens.saturating_sub(sent.tokens).saturating_add(tokens);
            sent.tokens = tokens;
        }
    }
}

/// Returns the time from `now` to `minutes` and one more minute after `at`.
fn until(now: Instant, at: Instant, minutes: u64) -> Duration {
    let minutes = u32::try_from(minutes).unwrap_or(u32::MAX);
    MINUTE
        .saturating_mul(minutes)
        .saturating_add(MINUTE)
        .saturating_sub(now.saturating_duration_since(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn no_minute_has_more_requests_than_the_limit() {
        let (start, mut minute) = (Instant::now(), Minute::new(Some(3), None));
        let none = Demand::default();
        for second in 0..3 {
            assert_eq!(minute.wait(start + SECOND * second, none, 0), Duration::ZERO);
            minute.send(start + SECOND * second, 0);
        }
        assert_eq!(minute.wait(start + SECOND * 3, none, 0), MINUTE.saturating_sub(SECOND * 3));
        assert_eq!(minute.wait(start + MINUTE, none, 0), Duration::ZERO);
        minute.send(start + MINUTE, 0);
        assert_eq!(minute.wait(start + MINUTE, none, 0), SECOND);
    }

    #[test]
    fn the_wait_behind_a_queue_is_known() {
        let (start, mut minute) = (Instant::now(), Minute::new(Some(10), None));
        let ahead = |requests| Demand { requests, tokens: 0 };
        assert_eq!(minute.wait(start, ahead(9), 0), Duration::ZERO);
        assert_eq!(minute.wait(start, ahead(10), 0), MINUTE);
        assert_eq!(minute.wait(start, ahead(29), 0), MINUTE * 2);
        for _ in 0..10 {
            minute.send(start, 0);
        }
        assert_eq!(minute.wait(start + SECOND, ahead(0), 0), MINUTE.saturating_sub(SECOND));
        assert_eq!(minute.wait(start + SECOND, ahead(10), 0), (MINUTE * 2).saturating_sub(SECOND));
    }

    #[test]
    fn tokens_are_reserved_and_settled() {
        let (start, mut minute) = (Instant::now(), Minute::new(None, Some(100)));
        let none = Demand::default();
        let first = minute.send(start, 80).unwrap();
        assert_eq!(minute.wait(start, none, 30), MINUTE);
        minute.settle(first, 20);
        assert_eq!(minute.wait(start, none, 30), Duration::ZERO);
        let second = minute.send(start + SECOND, 30).unwrap();
        minute.settle(second, 90);
        assert_eq!(minute.wait(start + SECOND, none, 15), MINUTE);
        assert_eq!(minute.wait(start + SECOND, none, 10), MINUTE.saturating_sub(SECOND));
        // Above the limit: alone, but not never.
        assert_eq!(minute.wait(start + SECOND, none, 5_000), MINUTE);
        assert_eq!(minute.wait(start + SECOND + MINUTE, none, 5_000), Duration::ZERO);
        // Behind others that are not sent yet.
        let ahead = Demand { requests: 29, tokens: 290 };
        assert_eq!(minute.wait(start + SECOND + MINUTE, ahead, 10), MINUTE * 2);
        // Settled after its minute: nothing is left to correct.
        minute.settle(first, 7);
        assert_eq!(minute.wait(start + SECOND + MINUTE, none, 100), Duration::ZERO);
    }

    #[test]
    fn nothing_is_kept_without_limits() {
        let mut minute = Minute::new(None, None);
        assert_eq!(minute.send(Instant::now(), 5), None);
        assert!(minute.sent.is_empty());
    }
}
