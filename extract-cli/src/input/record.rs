//! The records of a file, and the rows that are made of them.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// The records of a file, in their order.
pub(super) trait Records: Send {
    /// Returns the names of the columns, if the format has them in front of the records.
    fn columns(&self) -> Option<&[String]>;

    /// Reads a record. `None` at the end. Fails with a message if the file cannot be read further.
    fn next(&mut self) -> Result<Option<Raw>, String>;
}

/// One record of a file.
#[derive(Debug)]
pub(super) struct Raw {
    /// The number of the line or row, from 1.
    pub(super) number: u64,
    /// The line in which it begins, if the file has lines.
    pub(super) line: Option<u64>,
    /// Its content, or the reason why it has none.
    pub(super) record: Result<Record, String>,
}

impl Raw {
    /// Returns the names of its columns; `None` if it is no object.
    pub(super) fn columns(&self) -> Option<Vec<String>> {
        match &self.record {
            Ok(Record::Fields(fields)) => Some(fields.keys().cloned().collect()),
            _ => None,
        }
    }

    /// Returns its place in words.
    pub(super) fn place(&self) -> String {
        match self.line {
            Some(line) => format!("line {line}"),
            None => format!("row {}", self.number),
        }
    }
}

/// The content of a record.
#[derive(Debug, PartialEq)]
pub(super) enum Record {
    /// A text without columns.
    Text(String),
    /// Columns by name.
    Fields(Map<String, Value>),
}

/// A row of the input.
#[derive(Debug, PartialEq)]
pub(crate) enum Item {
    Row(InputRow),
    Bad(BadRow),
}

/// A row with a text.
#[derive(Debug, PartialEq)]
pub(crate) struct InputRow {
    pub(crate) id: RowId,
    pub(crate) text: String,
}

/// The id of a row. As JSON, it is the id of the input alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowId {
    /// The number of the row in the input, from 0.
    pub(crate) position: u64,
    pub(crate) id: Value,
}

impl Serialize for RowId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id.serialize(serializer)
    }
}

/// A row without a text that can be read.
#[derive(Debug, PartialEq)]
pub(crate) struct BadRow {
    pub(crate) id: RowId,
    /// The line in which it begins, if the file has lines.
    pub(crate) line: Option<u64>,
    /// The reason, with its place.
    pub(crate) message: String,
}
