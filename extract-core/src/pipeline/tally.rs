//! [`Tally`]: the counters of a run.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::distribution::Distribution;
use super::kept::KeptRow;
use super::progress::Progress;
use super::row::{Origin, RowError, RowValue};
use super::summary::{ProblemCount, Summary};
use crate::contract::{Problem, ProblemKind};
use crate::conversation::{Usage, Usd};
use crate::extraction::{Ledger, Outcome};

/// The most kinds of problems that are counted.
const MOST_PROBLEMS: usize = 2_000;

/// The most kinds of problems that a summary lists.
pub(super) const MOST_LISTED: usize = 200;

/// The most rows that failed, for a report.
const MOST_FAILED: usize = 200;

/// The counters of a run.
pub(super) struct Tally {
    pub(super) type_name: String,
    pub(super) total: Option<u64>,
    started: Option<Instant>,
    last_end: Option<Instant>,
    done: u64,
    doubtful: u64,
    pub(super) failed: u64,
    from_journal: u64,
    reread: u64,
    updated: u64,
    pub(super) passed_over: u64,
    pub(super) put_back: u64,
    pub(super) asked_again: u64,
    pub(super) stopped: Option<String>,
    requests: u64,
    reasks: u64,
    usage: Usage,
    /// `None` once the price of a request is not known.
    cost: Option<Usd>,
    limit_wait: Duration,
    latency: Distribution,
    row_cost: Distribution,
    failures: BTreeMap<String, u64>,
    models: BTreeMap<String, u64>,
    problems: HashMap<(String, ProblemKind, String), ProblemCount>,
    pub(super) damaged_lines: u64,
    kept: Vec<KeptRow>,
    kept_failures: usize,
}

impl Tally {
    pub(super) fn new(type_name: String, total: Option<u64>) -> Self {
        Self {
            type_name,
            total,
            started: None,
            last_end: None,
            done: 0,
            doubtful: 0,
            failed: 0,
            from_journal: 0,
            reread: 0,
            updated: 0,
            passed_over: 0,
            put_back: 0,
            asked_again: 0,
            stopped: None,
            requests: 0,
            reasks: 0,
            usage: Usage::default(),
            cost: Some(Usd(0.0)),
            limit_wait: Duration::ZERO,
            latency: Distribution::new(1_000.0),
            row_cost: Distribution::new(1e9),
            failures: BTreeMap::new(),
            models: BTreeMap::new(),
            problems: HashMap::new(),
            damaged_lines: 0,
            kept: Vec::new(),
            kept_failures: 0,
        }
    }

    /// Starts the clock at the first row.
    pub(super) fn start(&mut self) {
        self.started.get_or_insert_with(Instant::now);
    }

    /// Counts a row that ended.
    pub(super) fn row<T>(
        &mut self,
        id: &Value,
        result: &Result<RowValue<T>, RowError>,
        origin: Origin,
        latency: Duration,
    ) {
        self.last_end = Some(Instant::now());
        match result {
            Ok(done) => {
                self.done += 1;
                self.doubtful += u64::from(!done.ledger.doubts.is_empty());
            }
            Err(error) => {
                self.failed += 1;
                *self.failures.entry(error.kind().to_owned()).or_default() += 1;
            }
        }
        match origin {
            Origin::Journal => {
                self.from_journal += 1;
                return;
            }
            Origin::Reread => self.reread += 1,
            Origin::Updated => self.updated += 1,
            Origin::Asked => {}
        }
        self.latency.add(latency.as_secs_f64());
        let ledger = match result {
            Ok(done) => &done.ledger,
            Err(error) => error.ledger(),
        };
        self.spend(ledger);
        if let Some(cost) = ledger.cost() {
            self.row_cost.add(cost.0);
        }
        if let Some(model) = ledger.answered_by() {
            *self.models.entry(model.to_owned()).or_default() += 1;
        }
        let last = ledger.attempts.len().saturating_sub(1);
        for (index, attempt) in ledger.attempts.iter().enumerate() {
            for problem in &attempt.problems {
                self.problem(id, problem, result.is_err() && index == last);
            }
        }
    }

    /// Counts the requests of a row.
    pub(super) fn spend(&mut self, ledger: &Ledger) {
        let sent = |attempt: &&crate::extraction::Attempt| attempt.cached.is_none();
        let attempts = ledger.attempts.iter().chain(&ledger.judgements);
        self.requests += attempts.filter(sent).count() as u64;
        let rejected = |pair: &&[crate::extraction::Attempt]| matches!(pair, [before, _] if before.outcome == Outcome::Rejected);
        self.reasks += ledger.attempts.windows(2).filter(rejected).count() as u64;
        self.usage += ledger.usage();
        self.cost = self.cost.zip(ledger.cost()).map(|(sum, cost)| Usd(sum.0 + cost.0));
        self.limit_wait = self.limit_wait.saturating_add(ledger.limit_wait());
    }

    fn problem(&mut self, id: &Value, problem: &Problem, is_fatal: bool) {
        let pointer = without_indexes(&problem.pointer);
        let key = (pointer, problem.kind, problem.expected.clone());
        if self.problems.len() >= MOST_PROBLEMS && !self.problems.contains_key(&key) {
            return;
        }
        let count =
            self.problems.entry(key).or_insert_with_key(|(pointer, kind, expected)| ProblemCount {
                pointer: pointer.clone(),
                kind: *kind,
                expected: expected.clone(),
                count: 0,
                fatal: 0,
                example: id.clone(),
                found: problem.found.clone(),
            });
        count.count += 1;
        count.fatal += u64::from(is_fatal);
    }

    /// Keeps a row for the report.
    pub(super) fn keep(&mut self, row: KeptRow) {
        if row.failure.is_some() {
            if self.kept_failures >= MOST_FAILED {
                return;
            }
            self.kept_failures += 1;
        } else if row.quotes.is_empty() {
            return;
        }
        self.kept.push(row);
    }

    /// Returns the time from the first row to the last one so far, or to now.
    fn elapsed(&self, is_going: bool) -> Duration {
        let end = if is_going { None } else { self.last_end };
        let end = end.unwrap_or_else(Instant::now);
        self.started.map(|started| end.saturating_duration_since(started)).unwrap_or_default()
    }

    /// Returns how far the run is.
    #[expect(clippy::cast_precision_loss, reason = "rates for people")]
    pub(super) fn progress(&self, in_flight: usize, waiting: usize, is_going: bool) -> Progress {
        let elapsed = self.elapsed(is_going);
        let seconds = elapsed.as_secs_f64().max(1e-9);
        let ended = self.done + self.failed + self.passed_over;
        let asked = (self.done + self.failed).saturating_sub(self.from_journal);
        let rest = self.total.map(|total| total.saturating_sub(ended));
        let per_row = |sum: f64| sum / asked as f64;
        let rest = rest.filter(|_| asked > 0).map(|rest| rest as f64);
        let projected = self.cost.zip(rest).map(|(cost, rest)| cost.0 + per_row(cost.0) * rest);
        let remaining = rest.map(|rest| Duration::try_from_secs_f64(per_row(seconds) * rest));
        Progress {
            total: self.total,
            done: self.done,
            failed: self.failed,
            from_journal: self.from_journal,
            passed_over: self.passed_over,
            in_flight: in_flight as u64,
            waiting: waiting as u64,
            elapsed,
            rows_per_second: asked as f64 / seconds,
            usage: self.usage,
            tokens_per_second: self.usage.total_tokens() as f64 / seconds,
            cost: self.cost,
            projected_cost: projected.map(Usd),
            remaining: remaining.and_then(Result::ok),
            limit_wait: self.limit_wait,
        }
    }

    /// Returns what came of the run so far.
    pub(super) fn summary(&self, is_going: bool) -> Summary {
        let mut problems: Vec<ProblemCount> = self.problems.values().cloned().collect();
        problems.sort_by(|one, other| {
            let by_count = other.count.cmp(&one.count);
            by_count.then_with(|| one.pointer.cmp(&other.pointer))
        });
        problems.truncate(MOST_LISTED);
        Summary {
            type_name: self.type_name.clone(),
            total: self.total,
            done: self.done,
            doubtful: self.doubtful,
            failed: self.failed,
            from_journal: self.from_journal,
            reread: self.reread,
            updated: self.updated,
            passed_over: self.passed_over,
            put_back: self.put_back,
            asked_again: self.asked_again,
            stopped: self.stopped.clone(),
            requests: self.requests,
            reasks: self.reasks,
            usage: self.usage,
            cost: self.cost,
            limit_wait: self.limit_wait,
            elapsed: self.elapsed(is_going),
            latency: self.latency.clone(),
            row_cost: self.row_cost.clone(),
            failures: self.failures.clone(),
            models: self.models.clone(),
            problems,
            damaged_lines: self.damaged_lines,
            rows: self.kept.clone(),
        }
    }
}

/// Returns a JSON pointer with `*` in place of indexes.
fn without_indexes(pointer: &str) -> String {
    let is_index =
        |segment: &str| !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let segments = pointer.split('/').map(|segment| if is_index(segment) { "*" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_left_out_of_pointers() {
        assert_eq!(without_indexes("/lines/12/price"), "/lines/*/price");
        assert_eq!(without_indexes(""), "");
        assert_eq!(without_indexes("/a//b1"), "/a//b1");
    }
}
