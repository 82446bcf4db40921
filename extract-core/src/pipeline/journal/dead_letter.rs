//! [`DeadLetter`]: a row that failed, as the journal holds it.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::line::{Failure, State, StoredRow};
use crate::contract::Problem;
use crate::extraction::Ledger;

/// A row that failed, with its input and all that the model replied.
///
/// [`Journal::dead_letters`](super::Journal::dead_letters) reads those of a journal, and
/// [`RowError::Before`](crate::pipeline::RowError::Before) is one of an earlier run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DeadLetter {
    /// The id of the row, as JSON.
    pub id: Value,
    /// The key of the row in the journal: a hash of the model, the prompt, the settings and the input.
    pub key: String,
    /// The name of the error's kind: see [`ErrorKind::name`](crate::extraction::ErrorKind::name).
    pub kind: String,
    /// The text of the error.
    pub message: String,
    /// Whether the same call may succeed later, without changes.
    pub is_retryable: bool,
    /// The best value that failed its checks, if there is one.
    pub best: Option<Value>,
    /// The texts of the input.
    pub input: String,
    /// Whether the input had media too, which the journal does not hold.
    pub has_media: bool,
    /// The attempts, with the replies as they were written and their problems.
    pub ledger: Ledger,
    /// The time at which the row failed; in JSON, seconds since 1970.
    #[serde(serialize_with = "seconds")]
    pub at: SystemTime,
}

impl DeadLetter {
    /// Makes a dead letter of a row. `None` if the row did not fail.
    pub(super) fn of(row: StoredRow) -> Option<Self> {
        let Failure { kind, message, best, input, has_media } = row.failure?;
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(row.at));
        Some(Self {
            id: row.id,
            key: row.row.to_string(),
            kind,
            message,
            is_retryable: row.state == State::Passing,
            best,
            input,
            has_media,
            ledger: row.ledger,
            at: at.unwrap_or(SystemTime::UNIX_EPOCH),
        })
    }

    /// Returns the problems of the last answer; empty if there was none.
    pub fn problems(&self) -> &[Problem] {
        self.ledger.attempts.last().map_or(&[], |last| &last.problems)
    }

    /// Returns the last reply as it was written; empty if there was none.
    pub fn reply(&self) -> &str {
        self.ledger.attempts.last().map_or("", |last| &last.reply)
    }
}

/// One line: the id and the error.
impl fmt::Display for DeadLetter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} failed before: {}", self.id, self.message)
    }
}

fn seconds<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    serializer.serialize_f64(since.as_secs_f64())
}
