//! The rate that a server allows, learned from its refusals. Without a refusal there is no rate.
//!
//! A server that refuses has answered some number of requests in the time up to the end of its wait. That
//! is the first guess. It grows while there is no refusal, more slowly with each refusal.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// The least number of answers that say something about a rate.
const ENOUGH: u32 = 10;

/// The growth in one cycle: after the first refusal, the second, the third, and all later ones.
const GROWTH: [f64; 4] = [0.15, 0.04, 0.01, 0.004];

/// The part of the rate that is left after a refusal.
const CUT: f64 = 0.94;

/// The longest wait after which the cut rate can still be right. A longer wait means a longer window.
const SHORT: Duration = Duration::from_secs(2);

/// The window that a longer wait is measured over: servers count in minutes.
const WINDOW: Duration = Duration::from_secs(60);

/// The lowest rate, in requests per second.
const LOWEST: f64 = 0.2;

/// Above this multiple of the refused rate, there is no rate any more.
const FORGOTTEN: f64 = 16.0;

/// The time in which requests may be sent at once: timers are not finer.
const BURST: f64 = 0.02;

/// Fewer answers than this between two refusals are few.
const FEW: u32 = 100;

/// A rate below this part of the highest refused one is low.
const LOW: f64 = 0.9;

/// The number of refusals after few answers at a low rate that say that refusals do not depend on the rate.
const IN_VAIN: u32 = 3;

/// The time in which refusals teach nothing after that.
const DEAF: Duration = Duration::from_secs(60);

/// The learned rate.
#[derive(Debug)]
pub(super) struct Pace {
    /// Requests per second. `None` without a limit.
    rate: Option<f64>,
    /// The rate at the last refusal, and the number of refusals.
    refused_rate: f64,
    refusals: usize,
    /// The length of a cycle, in which the rate grows once, in seconds.
    cycle: f64,
    grown_at: Instant,
    /// The time when the next request is due.
    next: Instant,
    /// The end of the last wait, and the answers since then.
    since: Instant,
    answers: u32,
    /// The answers in each second of the last minute, by the start of the second.
    seconds: VecDeque<(Instant, u32)>,
    first_answer: Option<Instant>,
    last: Option<LastCut>,
    /// The highest rate that was refused since there was none.
    highest: f64,
    /// The refusals after few answers at a low rate.
    in_vain: u32,
    deaf_until: Option<Instant>,
}

/// The last cut, and whether later requests confirm it.
#[derive(Debug)]
struct LastCut {
    /// When the refused request was sent, and when it was refused.
    sent: Instant,
    refused: Instant,
    /// The requests sent between the two times.
    answered: u32,
    refused_too: u32,
    rate_before: Option<f64>,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            rate: None,
            refused_rate: 0.0,
            refusals: 0,
            cycle: 1.0,
            grown_at: now,
            next: now,
            since: now,
            answers: 0,
            seconds: VecDeque::new(),
            first_answer: None,
            last: None,
            highest: 0.0,
            in_vain: 0,
            deaf_until: None,
        }
    }

    /// Returns the rate in requests per second. `None` without a limit.
    #[cfg(test)]
    pub(super) fn rate(&self) -> Option<f64> {
        self.rate
    }

    /// Returns the wait of a request behind `ahead` others; zero for now.
    pub(super) fn wait(&mut self, now: Instant, ahead: u64) -> Duration {
        self.grow(now);
        let Some(rate) = self.rate else { return Duration::ZERO };
        #[expect(clippy::cast_precision_loss, reason = "a queue is shorter than 2^52")]
        let ahead = seconds(ahead as f64 / rate);
        let burst = seconds((BURST - 1.0 / rate).max(0.0));
        (self.next + ahead).saturating_duration_since(now + burst)
    }

    /// Counts a request that is sent now.
    pub(super) fn send(&mut self, now: Instant) {
        if let Some(rate) = self.rate {
            self.next = self.next.max(now) + seconds(1.0 / rate);
        }
    }

    fn grow(&mut self, now: Instant) {
        let Some(rate) = self.rate else { return };
        let passed = now.saturating_duration_since(self.grown_at).as_secs_f64();
        if passed < 0.05 {
            return;
        }
        let quiet = now.saturating_duration_since(self.since).as_secs_f64() / self.cycle;
        let last = GROWTH.len() - 1;
        let growth = GROWTH.get(self.refusals.saturating_sub(1)).unwrap_or(&GROWTH[last]);
        // After a long time without a refusal, the limit has probably changed.
        let growth = growth * (1.0 + quiet / 20.0) * passed / self.cycle;
        let grown = rate * (1.0 + growth.min(1.0));
        self.grown_at = now;
        self.rate = (grown < self.refused_rate * FORGOTTEN).then_some(grown);
        if self.rate.is_none() {
            self.highest = 0.0;
        }
    }

    /// Counts an answer to a request that was sent at this time.
    pub(super) fn answered(&mut self, sent: Instant) {
        self.answers = self.answers.saturating_add(1);
        self.record(sent);
        let Some(last) = &mut self.last else { return };
        if last.sent < sent && sent <= last.refused {
            last.answered += 1;
            // A limit would have refused them as well.
            if last.answered >= 2 && last.answered > last.refused_too {
                self.rate = last.rate_before;
                self.refusals = self.refusals.saturating_sub(1);
                self.last = None;
            }
        }
    }

    /// Counts another refusal of the same time, of a request that was sent at this time.
    pub(super) fn refused_too(&mut self, sent: Instant) {
        if let Some(last) = &mut self.last {
            if last.sent < sent && sent <= last.refused {
                last.refused_too += 1;
            }
        }
    }

    /// Learns from a refusal, once for refusals at the same time. Requests wait until `end`. `known` is the
    /// limit in requests per second, if there is one.
    pub(super) fn refused(
        &mut self,
        sent: Instant,
        now: Instant,
        end: Instant,
        known: Option<f64>,
    ) {
        let cycle = end.saturating_duration_since(self.since).as_secs_f64().max(0.001);
        if end.saturating_duration_since(now) <= SHORT && self.is_in_vain(now) {
            (self.rate, self.last, self.refusals) = (None, None, 0);
            (self.since, self.grown_at, self.next, self.answers) = (end, end, end, 0);
            return;
        }
        let measured = f64::from(self.answers) / cycle;
        let (in_minute, of_minute) = self.rate_of_minute(end);
        let is_long_known = in_minute >= ENOUGH;
        let rate = match self.rate {
            None if known.is_some() => known,
            None if end.saturating_duration_since(now) > SHORT => {
                is_long_known.then_some(of_minute)
            }
            None => (self.answers >= ENOUGH).then_some(measured),
            Some(rate) if end.saturating_duration_since(now) <= SHORT => {
                Some(measured.max(rate * CUT))
            }
            Some(_) if is_long_known => Some(of_minute),
            Some(rate) => Some(rate),
        };
        if rate.is_some() {
            let rate_before = self.rate;
            self.last =
                Some(LastCut { sent, refused: now, answered: 0, refused_too: 0, rate_before });
            self.refusals = self.refusals.saturating_add(1);
        }
        self.rate = rate.map(|rate| rate.max(LOWEST));
        self.refused_rate = self.rate.unwrap_or_default();
        self.highest = self.highest.max(self.refused_rate);
        self.cycle = cycle.clamp(1.0, 60.0);
        (self.since, self.grown_at, self.next, self.answers) = (end, end, end, 0);
    }
}

impl Pace {
    /// Counts an answer in the last minute.
    fn record(&mut self, sent: Instant) {
        self.first_answer.get_or_insert(sent);
        match self.seconds.back_mut() {
            Some((second, count)) if sent < *second + Duration::from_secs(1) => *count += 1,
            _ => self.seconds.push_back((sent, 1)),
        }
        while self.seconds.front().is_some_and(|(second, _)| *second + WINDOW < sent) {
            self.seconds.pop_front();
        }
    }

    /// Returns the number of answers in the minute before `end`, and their rate.
    fn rate_of_minute(&self, end: Instant) -> (u32, f64) {
        let first = self.first_answer.unwrap_or(end);
        let span = end.saturating_duration_since(first).min(WINDOW);
        let counted = self.seconds.iter().filter(|(second, _)| *second + span >= end);
        let count: u32 = counted.map(|(_, count)| count).sum();
        (count, f64::from(count) / span.as_secs_f64().max(0.001))
    }

    /// Whether lower rates are refused as often as higher ones: a server that refuses at random, or for
    /// another reason than its load.
    fn is_in_vain(&mut self, now: Instant) -> bool {
        if self.deaf_until.is_some_and(|until| now < until) {
            return true;
        }
        let is_low = self.rate.is_some_and(|rate| rate < self.highest * LOW);
        self.in_vain = match (self.answers < FEW, is_low) {
            (true, true) => self.in_vain + 1,
            (true, false) => self.in_vain,
            (false, _) => 0,
        };
        if self.in_vain < IN_VAIN {
            return false;
        }
        (self.in_vain, self.highest) = (0, 0.0);
        self.deaf_until = now.checked_add(DEAF);
        true
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Returns a pace that has seen this many answers, and one refusal after half a second with a wait of
    /// half a second.
    fn refused_after(answers: u32, known: Option<f64>) -> (Pace, Instant) {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..answers).for_each(|_| pace.answered(start));
        let now = start + SECOND / 2;
        pace.refused(now, now, start + SECOND, known);
        (pace, start + SECOND)
    }

    #[test]
    fn the_rate_is_that_of_the_answers_up_to_the_end_of_the_wait() {
        assert_eq!(refused_after(500, None).0.rate(), Some(500.0));
        assert_eq!(refused_after(500, Some(8.0)).0.rate(), Some(8.0));
        assert_eq!(refused_after(3, None).0.rate(), None, "too few to know");
    }

    #[test]
    fn requests_are_spaced_by_the_rate() {
        let (mut pace, end) = refused_after(50, None);
        let mut now = end;
        for _ in 0..50 {
            now += pace.wait(now, 0);
            pace.send(now);
        }
        let taken = (now - end).as_secs_f64();
        assert!((0.8..=1.0).contains(&taken), "{taken}: it grows a little");
        let ahead = pace.wait(now, 100).as_secs_f64();
        assert!((1.7..=2.1).contains(&ahead), "{ahead}");
    }

    #[test]
    fn it_grows_until_it_is_refused_again_and_then_more_slowly() {
        let (mut pace, mut now) = refused_after(100, None);
        let mut growth = Vec::new();
        for _ in 0..3 {
            let before = pace.rate().unwrap();
            for _ in 0..20 {
                now += SECOND / 10;
                pace.wait(now, 0);
            }
            growth.push(pace.rate().unwrap() / before);
            pace.refused(now, now, now + SECOND, None);
        }
        assert!(growth[0] > 1.2 && growth[1] > 1.01 && growth[2] > 1.004, "{growth:?}");
        assert!(growth[0] > growth[1] && growth[1] > growth[2], "{growth:?}");
    }

    #[test]
    fn a_long_wait_means_that_the_limit_counts_in_a_long_window() {
        let (mut pace, end) = refused_after(500, None);
        (0..500).for_each(|_| pace.answered(end));
        pace.refused(end + SECOND, end + SECOND, end + SECOND * 49, None);
        assert_eq!(pace.rate(), Some(20.0));
    }

    #[test]
    fn a_limit_of_a_minute_is_learned_behind_one_of_a_second() {
        let (mut pace, mut now) = refused_after(500, None);
        for _ in 0..2 {
            (0..500).for_each(|_| pace.answered(now));
            pace.refused(now + SECOND, now + SECOND, now + SECOND, None);
            now += SECOND;
        }
        pace.refused(now, now, now + SECOND * 57, None);
        let rate = pace.rate().unwrap();
        assert!((25.0..=26.0).contains(&rate), "1,500 in a minute: {rate}");
    }

    #[test]
    fn a_refusal_that_later_requests_contradict_is_no_limit() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        (0..100).for_each(|_| pace.answered(start));
        pace.refused(start + SECOND / 4, start + SECOND / 2, start + SECOND, None);
        assert!(pace.rate().is_some());
        pace.answered(start + SECOND / 8);
        pace.answered(start + SECOND / 3);
        assert!(pace.rate().is_some());
        pace.answered(start + SECOND / 3);
        assert_eq!(pace.rate(), None);
    }

    #[test]
    fn refusals_that_a_lower_rate_does_not_change_teach_no_rate() {
        let (mut pace, mut now) = refused_after(50, None);
        let (mut lowest, mut without) = (f64::MAX, 0);
        for _ in 0..200 {
            // One of 50 requests is refused, whatever the rate.
            now += pace.rate().map_or(SECOND / 30, |rate| seconds(50.0 / rate));
            (0..50).for_each(|_| pace.answered(now));
            pace.wait(now, 0);
            lowest = pace.rate().map_or(lowest, |rate| rate.min(lowest));
            without += u32::from(pace.rate().is_none());
            pace.refused(now, now, now + SECOND / 10, None);
            now += SECOND / 10;
        }
        assert!(lowest > 25.0 && without > 150, "{lowest}, {without}");
    }

    #[test]
    fn a_limit_that_becomes_lower_is_learned() {
        let (mut pace, mut now) = refused_after(1_000, None);
        for _ in 0..200 {
            // 500 in a second, then a wait for the next second.
            let rate = pace.rate().unwrap();
            let wait = SECOND.mul_f64((1.0 - 500.0 / rate).max(0.0));
            (0..500).for_each(|_| pace.answered(now));
            pace.refused(now + SECOND - wait, now + SECOND - wait, now + SECOND, None);
            now += SECOND;
            if pace.rate().unwrap() < 500.0 {
                break;
            }
        }
        let rate = pace.rate().unwrap();
        assert!((450.0..=501.0).contains(&rate), "{rate}");
    }

    #[test]
    fn a_rate_that_was_never_refused_again_is_forgotten() {
        let (mut pace, mut now) = refused_after(100, None);
        for _ in 0..600 {
            now += SECOND;
            pace.wait(now, 0);
        }
        assert_eq!(pace.rate(), None);
    }
}
