//! A limit that is learned from the headers of responses: what is left of it, and when there is more.

use std::time::Duration;

use tokio::time::Instant;

use super::rate_headers::Stated;

/// The window of a limit whose server does not state one.
const MINUTE: Duration = Duration::from_secs(60);

/// The longest reset that requests wait for. Behind a longer one, such as that of a day, the server decides.
const LONGEST_RESET: Duration = Duration::from_secs(65);

/// Added to each reset: servers round it.
const ROUNDING: Duration = Duration::from_millis(50);

/// How a limit becomes free again.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Refill {
    /// Bit by bit, by this much in a second (a token bucket).
    Steady(f64),
    /// As a whole at a time.
    At(Instant),
    /// Not known, or too late to wait for.
    Unknown,
}

/// The learned state of one limit. Empty until a response states it.
#[derive(Debug, Default)]
pub(super) struct Quota(Option<Level>);

#[derive(Debug)]
struct Level {
    limit: f64,
    /// The rest at the time `at`; negative if more was sent than is free.
    left: f64,
    at: Instant,
    refill: Refill,
    /// Whether the limit was seen to become free bit by bit.
    is_steady: bool,
}

impl Quota {
    /// Takes over what a response states. `sent_after` is what was sent after its request, which the server
    /// had not counted then.
    pub(super) fn learn(&mut self, stated: &Stated, now: Instant, sent_after: u64) {
        let (limit, remaining) = (float(stated.limit), float(stated.remaining));
        let was_steady = self.0.as_ref().is_some_and(|level| level.is_steady);
        let window = stated.window.unwrap_or(MINUTE);
        let is_steady = match stated.reset {
            // Of a nearly exhausted limit both look the same.
            Some(reset) if remaining * 2.0 >= limit && remaining < limit => {
                let full = (1.0 - remaining / limit) * window.as_secs_f64();
                (reset.as_secs_f64() - full).abs() <= 0.2 * full + 0.001
            }
            _ => was_steady,
        };
        let refill = match stated.reset {
            _ if is_steady => Refill::Steady(limit / window.as_secs_f64()),
            Some(reset) if reset <= LONGEST_RESET => Refill::At(now + reset + ROUNDING),
            Some(_) => Refill::Unknown,
            None => Refill::Steady(limit / window.as_secs_f64()),
        };
        let left = remaining - float(sent_after);
        self.0 = Some(Level { limit, left, at: now, refill, is_steady });
    }

    /// Returns the limit in requests or tokens per second, if it is one of a minute or less.
    pub(super) fn rate(&self) -> Option<f64> {
        let level = self.0.as_ref()?;
        match level.refill {
            Refill::Steady(rate) => Some(rate),
            Refill::At(_) => Some(level.limit / MINUTE.as_secs_f64()),
            Refill::Unknown => None,
        }
    }

    /// Returns the wait until `needed` is free behind `ahead`; zero for now.
    pub(super) fn wait(&mut self, now: Instant, ahead: u64, needed: u64) -> Duration {
        let Some(level) = &mut self.0 else { return Duration::ZERO };
        level.advance(now);
        // More than the limit never becomes free. It is sent when all of the limit is.
        let needed = float(ahead) + float(needed).min(level.limit);
        if level.left >= needed {
            return Duration::ZERO;
        }
        match level.refill {
            Refill::Steady(rate) => {
                let missing = (needed - level.left) / rate;
                Duration::try_from_secs_f64(missing).unwrap_or(Duration::MAX)
            }
            Refill::At(reset) => reset.saturating_duration_since(now),
            Refill::Unknown => Duration::ZERO,
        }
    }

    /// Counts what is sent now.
    pub(super) fn send(&mut self, now: Instant, used: u64) {
        if let Some(level) = &mut self.0 {
            level.advance(now);
            level.left -= float(used);
        }
    }

    /// Corrects what was sent by an estimate.
    pub(super) fn settle(&mut self, estimated: u64, used: u64) {
        if let Some(level) = &mut self.0 {
            level.left = (level.left + float(estimated) - float(used)).min(level.limit);
        }
    }
}

impl Level {
    /// Adds what has become free by now.
    fn advance(&mut self, now: Instant) {
        match self.refill {
            Refill::Steady(rate) => {
                let passed = now.saturating_duration_since(self.at).as_secs_f64();
                self.left = (self.left + rate * passed).min(self.limit);
            }
            Refill::At(reset) if now >= reset => {
                self.left = self.limit;
                self.refill = Refill::Unknown;
            }
            Refill::At(_) | Refill::Unknown => {}
        }
        self.at = self.at.max(now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "limits are below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn stated(limit: u64, remaining: u64, reset: Option<f64>) -> Stated {
        Stated { limit, remaining, reset: reset.map(Duration::from_secs_f64), window: None }
    }

    #[test]
    fn without_headers_nothing_waits() {
        assert_eq!(Quota::default().wait(Instant::now(), 1_000, 1_000), Duration::ZERO);
    }

    #[test]
    fn a_window_that_is_used_up_waits_for_its_reset() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(100, 99, Some(40.0)), now, 0);
        (0..99).for_each(|_| quota.send(now, 1));
        assert_eq!(quota.wait(now, 0, 1), SECOND * 40 + ROUNDING);
        let reset = now + SECOND * 40 + ROUNDING;
        assert_eq!(quota.wait(reset, 0, 1), Duration::ZERO);
        (0..100).for_each(|_| quota.send(reset, 1));
        // The next response states the new window.
        quota.learn(&stated(100, 40, Some(59.0)), reset + SECOND, 40);
        assert_eq!(quota.wait(reset + SECOND, 0, 1), SECOND * 59 + ROUNDING);
    }

    #[test]
    fn a_bucket_fills_again_bit_by_bit() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(600, 599, Some(0.1)), now, 0);
        (0..599).for_each(|_| quota.send(now, 1));
        let wait = quota.wait(now, 0, 1).as_secs_f64();
        assert!((wait - 0.1).abs() < 1e-6, "{wait}");
        let wait = quota.wait(now, 99, 1).as_secs_f64();
        assert!((wait - 10.0).abs() < 1e-6, "{wait}");
        // An empty bucket needs a minute to be full, but not to give the next request.
        quota.learn(&stated(600, 0, Some(60.0)), now + SECOND, 0);
        let wait = quota.wait(now + SECOND, 0, 1).as_secs_f64();
        assert!((wait - 0.1).abs() < 1e-6, "{wait}");
    }

    #[test]
    fn what_is_under_way_is_counted() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(100, 60, Some(50.0)), now, 60);
        assert!(quota.wait(now, 0, 1) > SECOND * 49);
        quota.learn(&stated(100, 60, Some(50.0)), now, 59);
        assert_eq!(quota.wait(now, 0, 1), Duration::ZERO);
    }

    #[test]
    fn nobody_waits_for_the_end_of_a_day() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(14_400, 0, Some(86_400.0)), now, 0);
        assert_eq!((quota.wait(now, 0, 1), quota.rate()), (Duration::ZERO, None));
    }

    #[test]
    fn without_a_reset_the_window_fills_steadily() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        let mut mistral = stated(20, 0, None);
        mistral.window = Some(SECOND * 10);
        quota.learn(&mistral, now, 0);
        assert_eq!(quota.wait(now, 0, 1), SECOND / 2);
    }

    #[test]
    fn more_than_the_limit_waits_for_the_whole_limit() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(1_000, 500, Some(40.0)), now, 0);
        assert_eq!(quota.wait(now, 0, 5_000), SECOND * 40 + ROUNDING);
        let later = now + SECOND * 41;
        assert_eq!(quota.wait(later, 0, 5_000), Duration::ZERO);
    }

    #[test]
    fn tokens_are_corrected_by_the_usage() {
        let (now, mut quota) = (Instant::now(), Quota::default());
        quota.learn(&stated(1_000, 900, Some(40.0)), now, 0);
        quota.send(now, 800);
        assert!(quota.wait(now, 0, 200) > SECOND);
        quota.settle(800, 100);
        assert_eq!(quota.wait(now, 0, 200), Duration::ZERO);
    }
}
