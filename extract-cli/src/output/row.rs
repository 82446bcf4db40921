//! [`OutputRow`]: one row of the output.

use extract_llm::extraction::Doubt;
use extract_llm::pipeline::{Origin, Row, RowError, RowValue};
use extract_llm::{Ledger, Problem};
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};
use serde_json::Value;

use crate::input::{BadRow, RowId};

/// The kind of the error of a row that has no text.
const BAD_ROW: &str = "input";

/// The kind of the error of a value that does not fit the columns of the output.
const MISFIT: &str = "output";

/// One row of the output: a value, or an error.
#[derive(Debug)]
pub(crate) struct OutputRow {
    pub(crate) id: Value,
    pub(crate) result: Result<Value, Failure>,
    /// The fields of the value below the limit of `--doubt-below`.
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) ledger: Option<LedgerCells>,
}

/// The error of a row.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) problems: Vec<Problem>,
    /// The line of the input, for a row that could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<u64>,
    /// The best value that did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) best: Option<Value>,
}

/// The requests of a row.
#[derive(Debug, Serialize)]
pub(crate) struct LedgerCells {
    pub(crate) input_tokens: u64,
    pub(crate) output_tokens: u64,
    /// In US dollars; `None` if it is not known.
    pub(crate) cost: Option<f64>,
    pub(crate) attempts: u64,
    /// The model that answered.
    pub(crate) model: Option<String>,
    /// The seconds of all requests.
    pub(crate) seconds: f64,
    pub(crate) origin: Origin,
}

impl OutputRow {
    /// Makes a row of the result of a run.
    pub(crate) fn of(row: Row<Value, RowId>) -> Self {
        let ledger = LedgerCells::of(row.ledger(), row.origin);
        let doubts = row.doubts().to_vec();
        let result = match row.result {
            Ok(RowValue { json, .. }) => Ok(json),
            Err(error) => Err(Failure::of(&error)),
        };
        Self { id: row.id.id, result, doubts, ledger: Some(ledger) }
    }

    /// Makes a row of one that has no text.
    pub(crate) fn of_bad(bad: BadRow) -> Self {
        let failure = Failure {
            kind: BAD_ROW.to_owned(),
            message: bad.message,
            problems: Vec::new(),
            line: bad.line,
            best: None,
        };
        Self { id: bad.id.id, result: Err(failure), doubts: Vec::new(), ledger: None }
    }
}

impl Failure {
    fn of(error: &RowError) -> Self {
        let (problems, best) = match error {
            RowError::Failed(error) => (
                error.problems().map(|problems| problems.iter().cloned().collect()),
                error.best().map(|best| best.value.clone()),
            ),
            RowError::Before(letter) => (Some(letter.problems().to_vec()), letter.best.clone()),
            _ => (None, None),
        };
        Self {
            kind: error.kind().to_owned(),
            message: error.to_string(),
            problems: problems.unwrap_or_default(),
            line: None,
            best,
        }
    }

    /// Makes the error of a value that does not fit the columns of the output.
    pub(super) fn of_misfit(message: String, value: Value) -> Self {
        let kind = MISFIT.to_owned();
        Self { kind, message, problems: Vec::new(), line: None, best: Some(value) }
    }
}

impl LedgerCells {
    fn of(ledger: &Ledger, origin: Origin) -> Self {
        let usage = ledger.usage();
        Self {
            input_tokens: usage.input_tokens,
            output_tokens: usage.output_tokens,
            cost: ledger.cost().map(|cost| cost.0),
            attempts: ledger.attempts.len() as u64,
            model: ledger.answered_by().map(str::to_owned),
            seconds: ledger.attempts.iter().map(|attempt| attempt.latency.as_secs_f64()).sum(),
            origin,
        }
    }
}

/// `{"id": …, "value": …}` or `{"id": …, "error": …}`, with `doubts` if there are any, and `ledger` if it is wanted.
impl Serialize for OutputRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_map(None)?;
        row.serialize_entry("id", &self.id)?;
        match &self.result {
            Ok(value) => row.serialize_entry("value", value)?,
            Err(failure) => row.serialize_entry("error", failure)?,
        }
        if !self.doubts.is_empty() {
            row.serialize_entry("doubts", &self.doubts)?;
        }
        if let Some(ledger) = &self.ledger {
            row.serialize_entry("ledger", ledger)?;
        }
        row.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn doubts_stand_beside_the_value() {
        let doubts = json!([{
            "pointer": "/total",
            "confidence": {"mean": 0.5, "least": 0.25, "tokens": 2, "source": "log_probabilities"},
        }]);
        let row = |doubts: Vec<Doubt>| OutputRow {
            id: json!(1),
            result: Ok(json!(7)),
            doubts,
            ledger: None,
        };
        let written =
            serde_json::to_value(row(serde_json::from_value(doubts.clone()).unwrap())).unwrap();
        assert_eq!(written, json!({"id": 1, "value": 7, "doubts": doubts}));
        let written = serde_json::to_value(row(Vec::new())).unwrap();
        assert_eq!(written, json!({"id": 1, "value": 7}));
    }
}
