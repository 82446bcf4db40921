//! The shared wait after a refusal. All requests resume behind the server's time, one after the other with
//! random gaps, never before it.

use std::time::Duration;

use tokio::time::Instant;

/// The part of the wait over which requests resume, and its bounds.
const SPREAD: f64 = 0.1;
const LEAST_SPREAD: Duration = Duration::from_millis(10);
const MOST_SPREAD: Duration = Duration::from_secs(3);

/// The longest wait that is kept. Longer ones would overflow the clock.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// The wait that the last refusal began.
#[derive(Debug, Default)]
pub(super) struct CoolDown {
    /// The end that the server stated.
    end: Option<Instant>,
    /// The time until which requests resume with gaps between them.
    spread_end: Option<Instant>,
    /// The time over which requests resume.
    spread: Duration,
    /// The earliest time of the next request.
    next: Option<Instant>,
}

impl CoolDown {
    /// Begins a wait, or makes the current one longer. A shorter one changes nothing.
    pub(super) fn begin(&mut self, now: Instant, wait: Duration) {
        let wait = wait.min(LONGEST);
        let end = now + wait;
        if wait.is_zero() || self.end.is_some_and(|before| before >= end) {
            return;
        }
        self.spread = wait.mul_f64(SPREAD).clamp(LEAST_SPREAD, MOST_SPREAD);
        self.end = Some(end);
        self.spread_end = Some(end + self.spread);
        self.next = None;
    }

    /// Returns the rest of the wait that the server stated.
    pub(super) fn stated_rest(&self, now: Instant) -> Duration {
        self.end.map_or(Duration::ZERO, |end| end.saturating_duration_since(now))
    }

    /// Returns the wait of the next request; zero for now. `waiting` is the number of requests that want to
    /// resume, `random` returns a number from 0 to 1.
    pub(super) fn wait(
        &mut self,
        now: Instant,
        waiting: u32,
        random: impl FnOnce() -> f64,
    ) -> Duration {
        let (Some(end), Some(spread_end)) = (self.end, self.spread_end) else {
            return Duration::ZERO;
        };
        if now >= spread_end {
            *self = Self::default();
            return Duration::ZERO;
        }
        // The gap depends on how many wait at the end.
        if now < end {
            return end - now;
        }
        let gap = || self.spread.mul_f64(2.0 * random() / f64::from(waiting.max(1)));
        let next = *self.next.get_or_insert_with(|| now + gap());
        next.min(spread_end).saturating_duration_since(now)
    }

    /// Moves the next request away from one that is sent now.
    pub(super) fn sent(&mut self, now: Instant, waiting: u32, random: impl FnOnce() -> f64) {
        if self.next.is_some() {
            let gap = self.spread.mul_f64(2.0 * random() / f64::from(waiting.max(1)));
            self.next = Some(now + gap);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn requests_resume_one_after_the_other_and_never_before_the_end() {
        let (start, mut cool_down) = (Instant::now(), CoolDown::default());
        cool_down.begin(start, SECOND);
        let mut now = start;
        let mut times = Vec::new();
        for _ in 0..10 {
            loop {
                let wait = cool_down.wait(now, 10, || 0.5);
                if wait.is_zero() {
                    break;
                }
                now += wait;
            }
            cool_down.sent(now, 10, || 0.5);
            times.push((now - start).as_millis());
        }
        assert_eq!(times, [1010, 1020, 1030, 1040, 1050, 1060, 1070, 1080, 1090, 1100]);
        assert_eq!(cool_down.wait(now, 10, || 0.5), Duration::ZERO, "it is over");

        cool_down.begin(now, SECOND);
        assert!(cool_down.wait(now, 10, || 0.0) >= SECOND);
    }

    #[test]
    fn the_longest_wait_holds() {
        let (start, mut cool_down) = (Instant::now(), CoolDown::default());
        cool_down.begin(start, SECOND * 5);
        cool_down.begin(start, SECOND);
        assert_eq!(cool_down.stated_rest(start), SECOND * 5);
        cool_down.begin(start + SECOND, SECOND * 6);
        assert_eq!(cool_down.stated_rest(start), SECOND * 7);
        cool_down.begin(start, Duration::MAX);
        assert_eq!(cool_down.stated_rest(start), LONGEST);
    }
}
