//! [`Summary`]: what came of a run.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::distribution::Distribution;
use super::kept::KeptRow;
use super::progress::Minutes;
use crate::contract::ProblemKind;
use crate::conversation::{Usage, Usd};

/// What came of a run: [`Run::summary`](super::Run::summary) returns it, also before the end. Rows that the
/// journal held count in `done` and `failed`; requests, tokens, costs and times are those of this run.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// The name of the type, or of the contract that [`each`](super::Run::each) has set.
    pub type_name: String,
    /// The number of rows, if the source says it.
    pub total: Option<u64>,
    /// The rows that have a value.
    pub done: u64,
    /// The rows with a value of which a field is in [doubt](super::Row::doubts).
    pub doubtful: u64,
    /// The rows that failed.
    pub failed: u64,
    /// The rows whose result was in the journal.
    pub from_journal: u64,
    /// The rows whose reply in the journal was read again.
    pub reread: u64,
    /// The rows whose value in the journal was brought up to date.
    pub updated: u64,
    /// The rows that are not among those that are asked for.
    pub passed_over: u64,
    /// The rows that were started and count as not started, because the run was stopped.
    pub put_back: u64,
    /// The rows that were asked again, because they failed for a passing reason.
    pub asked_again: u64,
    /// The reason why the run stopped before its end, if it did.
    pub stopped: Option<String>,
    /// The requests.
    pub requests: u64,
    /// The requests that came after a rejected answer.
    pub reasks: u64,
    /// The tokens.
    pub usage: Usage,
    /// The cost; `None` if the price of any request is not known.
    pub cost: Option<Usd>,
    /// The waits of all rows in the limits of requests, in seconds.
    #[serde(serialize_with = "seconds")]
    pub limit_wait: Duration,
    /// The time from the first row to the last one, in seconds.
    #[serde(serialize_with = "seconds")]
    pub elapsed: Duration,
    /// The seconds from the start of a row to its end.
    pub latency: Distribution,
    /// The cost of a row in US dollars, for rows whose cost is known.
    pub row_cost: Distribution,
    /// The rows that failed, by the name of the error's kind.
    pub failures: BTreeMap<String, u64>,
    /// The values by the model that answered.
    pub models: BTreeMap<String, u64>,
    /// The problems of all answers, the most frequent first, at most 200. Indexes in pointers are `*`.
    pub problems: Vec<ProblemCount>,
    /// The lines of the journal that could not be read. Their rows were asked again.
    pub damaged_lines: u64,
    /// Rows for a report: the first 200 that failed, and some with quotes.
    pub rows: Vec<KeptRow>,
}

/// A problem that answers had.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProblemCount {
    /// The JSON pointer, with `*` in place of indexes.
    pub pointer: String,
    /// The layer that found it.
    pub kind: ProblemKind,
    /// The expected value.
    pub expected: String,
    /// How often it occurred, re-asks included.
    pub count: u64,
    /// The rows that failed with it.
    pub fatal: u64,
    /// The id of a row that had it.
    pub example: Value,
    /// The value that was found there.
    pub found: String,
}

/// Lines for people.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows have a value, {} failed", self.done, self.failed)?;
        if self.doubtful > 0 {
            write!(f, ", {} are in doubt", self.doubtful)?;
        }
        if self.from_journal > 0 {
            write!(f, ", {} were in the journal", self.from_journal)?;
        }
        for (count, what) in [
            (self.reread, "were read again"),
            (self.updated, "were brought up to date"),
            (self.passed_over, "were passed over"),
            (self.asked_again, "were asked again later"),
            (self.put_back, "were put back"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        let cost = self.cost.map_or_else(|| "cost unknown".to_owned(), |cost| cost.to_string());
        write!(
            f,
            "\n{} requests ({} after a rejected answer), {} tokens in, {} out, {cost}, {}",
            self.requests,
            self.reasks,
            self.usage.input_tokens,
            self.usage.output_tokens,
            Minutes(self.elapsed),
        )?;
        for (kind, count) in &self.failures {
            write!(f, "\n{count} failed: {kind}")?;
        }
        if self.damaged_lines > 0 {
            write!(f, "\n{} lines of the journal could not be read", self.damaged_lines)?;
        }
        match &self.stopped {
            Some(reason) => write!(f, "\nstopped: {reason}"),
            None => Ok(()),
        }
    }
}

fn seconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}
