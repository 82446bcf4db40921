//! [`Row`]: the result of one input.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::journal::DeadLetter;
use crate::extraction::{Doubt, Error, Ledger};

/// The result of one input of a run.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row<T, K> {
    /// The id that came with the input.
    pub id: K,
    /// The number of the row in the source, from 0.
    pub number: u64,
    /// The value with its ledger, or the error.
    pub result: Result<RowValue<T>, RowError>,
    /// The origin of the result.
    pub origin: Origin,
    /// How often the row was asked in this run: 0 for a result of the journal, more than 1 if it failed for
    /// passing reasons before.
    pub tries: u32,
}

impl<T, K> Row<T, K> {
    /// Returns the ledger of the row: of this run, and for a result of the journal that of the run that asked.
    pub fn ledger(&self) -> &Ledger {
        match &self.result {
            Ok(value) => &value.ledger,
            Err(error) => error.ledger(),
        }
    }

    /// Returns the fields of the value whose confidence is below the limit of
    /// [`doubt_below`](crate::Extraction::doubt_below), the least sure first. A result of the journal has those
    /// of the run that asked. Empty for an error.
    pub fn doubts(&self) -> &[Doubt] {
        self.result.as_ref().map_or(&[], |done| &done.ledger.doubts)
    }
}

/// The value of a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RowValue<T> {
    /// The checked value.
    pub value: T,
    /// The value as JSON, in the type's shape.
    pub json: Value,
    /// The requests of the row, those of earlier tries included.
    pub ledger: Ledger,
}

/// The origin of the result of a [`Row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Origin {
    /// The model was asked for it in this run.
    Asked,
    /// The journal holds it. No request was sent.
    Journal,
    /// The journal holds the reply, which was read again. No request was sent.
    Reread,
    /// The journal holds a value of an earlier form of the type. The model was asked for the changes only.
    Updated,
}

/// The error of a [`Row`].
#[derive(Debug)]
#[non_exhaustive]
pub enum RowError {
    /// The extraction failed.
    Failed(Error),
    /// The row failed in an earlier run, and asking again will not help. No request was sent:
    /// [`FailedRows`] can ask again.
    Before(Box<DeadLetter>),
}

impl RowError {
    /// Returns the ledger.
    pub fn ledger(&self) -> &Ledger {
        match self {
            Self::Failed(error) => error.ledger(),
            Self::Before(letter) => &letter.ledger,
        }
    }

    /// Returns the name of the error's kind: see [`ErrorKind::name`](crate::extraction::ErrorKind::name).
    pub fn kind(&self) -> &str {
        match self {
            Self::Failed(error) => error.kind().name(),
            Self::Before(letter) => &letter.kind,
        }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Before(letter) => letter.fmt(f),
        }
    }
}

impl std::error::Error for RowError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Before(_) => None,
        }
    }
}

/// The treatment of rows that failed in an earlier run. It needs a [`Journal`](super::Journal). Rows that
/// failed for a passing reason, such as an overloaded server, are always asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum FailedRows {
    /// A row whose failure asking again will not mend gives [`RowError::Before`]. The default.
    #[default]
    Keep,
    /// All rows that failed are asked again.
    AskAgain,
    /// Only the rows that failed are asked. The others are passed over: they are not returned.
    Only,
}
