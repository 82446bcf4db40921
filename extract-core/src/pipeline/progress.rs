//! [`Progress`]: how far a run is.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::conversation::{Usage, Usd};

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Progress {
    /// The number of rows, if the source says it.
    pub total: Option<u64>,
    /// The rows that have a value, those of the journal included.
    pub done: u64,
    /// The rows that failed.
    pub failed: u64,
    /// The rows whose result was in the journal.
    pub from_journal: u64,
    /// The rows that are not among those that are asked for: see
    /// [`FailedRows::Only`](super::FailedRows::Only).
    pub passed_over: u64,
    /// The rows that are in flight.
    pub in_flight: u64,
    /// The rows that failed for a passing reason and are asked again later.
    pub waiting: u64,
    /// The time since the first row was started.
    pub elapsed: Duration,
    /// The rows that ended in a second, without those of the journal.
    pub rows_per_second: f64,
    /// The tokens of this run.
    pub usage: Usage,
    /// The input and output tokens in a second.
    pub tokens_per_second: f64,
    /// The cost of this run; `None` if the price of any request is not known.
    pub cost: Option<Usd>,
    /// The cost at the end, if the remaining rows cost as much as those so far. `None` if it cannot be known.
    pub projected_cost: Option<Usd>,
    /// The time to the end, if the rows go on ending as fast. `None` if it cannot be known.
    pub remaining: Option<Duration>,
    /// The waits of all rows in the limits of requests.
    pub limit_wait: Duration,
}

impl Progress {
    /// Returns the number of rows that have ended.
    pub fn ended(&self) -> u64 {
        self.done.saturating_add(self.failed).saturating_add(self.passed_over)
    }

    /// Returns the share of the rows that have ended, from 0 to 1. `None` if the number of rows is not known.
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn share(&self) -> Option<f64> {
        let total = self.total?;
        Some(if total == 0 { 1.0 } else { (self.ended() as f64 / total as f64).min(1.0) })
    }
}

/// One line for people.
impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            Some(total) => write!(f, "{} of {total} rows", self.ended())?,
            None => write!(f, "{} rows", self.ended())?,
        }
        write!(f, ", {} failed, {} in flight", self.failed, self.in_flight)?;
        if self.waiting > 0 {
            write!(f, ", {} to be asked again", self.waiting)?;
        }
        if self.from_journal > 0 {
            write!(f, ", {} from the journal", self.from_journal)?;
        }
        write!(f, ", {:.1} rows/s, {:.0} tokens/s", self.rows_per_second, self.tokens_per_second)?;
        match (self.cost, self.projected_cost) {
            (Some(cost), Some(projected)) => write!(f, ", {cost} of {projected}")?,
            (Some(cost), None) => write!(f, ", {cost}")?,
            (None, _) => f.write_str(", cost unknown")?,
        }
        if self.limit_wait >= Duration::from_secs(1) {
            write!(f, ", {:.0?} of waits", self.limit_wait)?;
        }
        match self.remaining {
            Some(remaining) => write!(f, ", about {} left", Minutes(remaining)),
            None => Ok(()),
        }
    }
}

/// A time in hours, minutes and seconds.
pub(super) struct Minutes(pub(super) Duration);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
            (0, 0, seconds) => write!(f, "{seconds} s"),
            (0, minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
            (hours, minutes, _) => write!(f, "{hours} h {minutes} min"),
        }
    }
}
