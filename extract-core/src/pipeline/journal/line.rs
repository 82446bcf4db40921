//! The lines of a journal. The first one says what the file is. Each of the others is a schema, or a row that
//! ended.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::extraction::{Digest, Ledger};

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct HeaderLine {
    pub(super) extract_llm_journal: u64,
}

/// A schema, before the first row that has it.
#[derive(Serialize)]
pub(super) struct SchemaLine<'l> {
    pub(super) schema: Digest,
    pub(super) name: &'l str,
    pub(super) json_schema: &'l Value,
}

/// The end of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It has a value.
    Done,
    /// It failed, and asking again will not help.
    Failed,
    /// It failed for a passing reason.
    Passing,
}

/// A row that ended.
#[derive(Serialize)]
pub(super) struct RowLine<'l> {
    pub(super) row: Digest,
    pub(super) schema: Digest,
    pub(super) state: State,
    pub(super) id: &'l Value,
    /// Milliseconds since 1970.
    pub(super) at: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<&'l Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) failure: Option<&'l Failure>,
    pub(super) ledger: &'l Ledger,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply: Option<&'l RawValue>,
}

/// The failure of a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) best: Option<Value>,
    pub(crate) input: String,
    /// Whether the input has parts that are no text.
    #[serde(default)]
    pub(crate) has_media: bool,
}

/// The members of a line that the index needs. The rest is skipped.
#[derive(Deserialize)]
pub(super) struct IndexLine<'l> {
    #[serde(default)]
    pub(super) row: Option<Digest>,
    #[serde(default)]
    pub(super) schema: Option<Digest>,
    #[serde(default)]
    pub(super) state: Option<State>,
    #[serde(default)]
    pub(super) at: u64,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default, borrow)]
    pub(super) json_schema: Option<&'l RawValue>,
}

/// A row, as it is read.
#[derive(Deserialize)]
pub(super) struct StoredRow {
    pub(super) row: Digest,
    pub(super) state: State,
    #[serde(default)]
    pub(super) id: Value,
    #[serde(default)]
    pub(super) at: u64,
    #[serde(default)]
    pub(super) value: Value,
    #[serde(default)]
    pub(super) failure: Option<Failure>,
    #[serde(default)]
    pub(super) ledger: Ledger,
    #[serde(default)]
    pub(super) reply: Option<Box<RawValue>>,
}

/// Returns the time in milliseconds since 1970.
pub(in crate::pipeline) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
