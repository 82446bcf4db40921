//! [`Answer`]: the result of one text, and the array of many.

use std::sync::Arc;

use arrow_array::builder::{Float64Builder, Int64Builder, StringBuilder};
use arrow_array::{ArrayRef, StructArray};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Fields};
use datafusion_common::{DataFusionError, Result};
use extract_arrow::{data_type, fit, to_array};
use extract_llm::contract::{Column, ColumnKind};
use extract_llm::pipeline::{Origin, Row, RowError};
use serde_json::Value;

/// The result of one text.
#[derive(Debug)]
pub(crate) struct Answer {
    result: std::result::Result<Value, Failure>,
    usage: Usage,
    /// Whether it failed for a reason that may pass.
    pub(crate) is_passing: bool,
}

#[derive(Debug)]
struct Failure {
    kind: String,
    message: String,
}

#[derive(Debug)]
struct Usage {
    input_tokens: u64,
    output_tokens: u64,
    attempts: usize,
    cost_usd: Option<f64>,
    origin: &'static str,
}

impl Answer {
    /// Returns the result of a row. A value that its column cannot hold is a failure.
    pub(crate) fn of<T, K>(row: Row<T, K>, column: &Column) -> Self {
        let ledger = row.ledger();
        let tokens = ledger.usage();
        let usage = Usage {
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            attempts: ledger.attempts.len(),
            cost_usd: ledger.cost().map(|cost| cost.0),
            origin: name(row.origin),
        };
        let mut is_passing = false;
        let result = match row.result {
            Ok(done) => match fit(&done.json, column) {
                Ok(_) => Ok(done.json),
                Err(misfit) => {
                    Err(Failure { kind: String::from("misfit"), message: misfit.to_string() })
                }
            },
            Err(error) => {
                is_passing = matches!(&error, RowError::Failed(error) if error.is_retryable());
                Err(Failure { kind: error.kind().to_owned(), message: error.to_string() })
            }
        };
        Self { result, usage, is_passing }
    }
}

/// Returns the name of an origin, as in a journal.
fn name(origin: Origin) -> &'static str {
    match origin {
        Origin::Journal => "journal",
        Origin::Reread => "reread",
        Origin::Updated => "updated",
        _ => "asked",
    }
}

/// Makes the members of structs nullable. DataFusion's `get_field` takes the member of a struct that is null as it
/// is stored, and one that cannot be null comes back from a Parquet file with a value.
pub(crate) fn make_nullable(column: &mut Column) {
    column.is_nullable = true;
    if let ColumnKind::Struct(members) = &mut column.kind {
        members.iter_mut().for_each(make_nullable);
    }
}

/// Returns the Arrow type of the results of a function.
pub(crate) fn result_type(column: &Column) -> DataType {
    DataType::Struct(fields(column))
}

fn fields(column: &Column) -> Fields {
    let nullable = |name: &str, data_type| Field::new(name, data_type, true);
    [
        nullable("value", data_type(column)),
        nullable("error", DataType::Struct(error_fields())),
        nullable("usage", DataType::Struct(usage_fields())),
    ]
    .into_iter()
    .collect()
}

fn error_fields() -> Fields {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    [text("kind"), text("message")].into_iter().collect()
}

fn usage_fields() -> Fields {
    let nullable = |name: &str, data_type| Field::new(name, data_type, true);
    [
        nullable("input_tokens", DataType::Int64),
        nullable("output_tokens", DataType::Int64),
        nullable("attempts", DataType::Int64),
        nullable("cost_usd", DataType::Float64),
        nullable("origin", DataType::Utf8),
    ]
    .into_iter()
    .collect()
}

/// Returns the array of some answers.
pub(crate) fn array(answers: &[Arc<Answer>], column: &Column) -> Result<ArrayRef> {
    if answers.is_empty() {
        return Ok(arrow_array::new_empty_array(&result_type(column)));
    }
    let values = answers.iter().map(|answer| answer.result.as_ref().ok().cloned());
    let values = to_array(column, &values.collect::<Vec<_>>());
    let values = values.map_err(|error| DataFusionError::External(Box::new(error)))?;
    let arrays = vec![values, errors(answers)?, usages(answers)?];
    Ok(Arc::new(StructArray::try_new(fields(column), arrays, None)?))
}

fn errors(answers: &[Arc<Answer>]) -> Result<ArrayRef> {
    let (mut kinds, mut messages) = (StringBuilder::new(), StringBuilder::new());
    for answer in answers {
        let failure = answer.result.as_ref().err();
        kinds.append_option(failure.map(|failure| failure.kind.as_str()));
        messages.append_option(failure.map(|failure| failure.message.as_str()));
    }
    let arrays: Vec<ArrayRef> = vec![Arc::new(kinds.finish()), Arc::new(messages.finish())];
    let failed = answers.iter().map(|answer| answer.result.is_err());
    let nulls: NullBuffer = failed.collect();
    Ok(Arc::new(StructArray::try_new(error_fields(), arrays, Some(nulls))?))
}

fn usages(answers: &[Arc<Answer>]) -> Result<ArrayRef> {
    let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let (mut inputs, mut outputs) = (Int64Builder::new(), Int64Builder::new());
    let (mut attempts, mut costs) = (Int64Builder::new(), Float64Builder::new());
    let mut origins = StringBuilder::new();
    for Answer { usage, .. } in answers.iter().map(|answer| &**answer) {
        inputs.append_value(count(usage.input_tokens));
        outputs.append_value(count(usage.output_tokens));
        attempts.append_value(count(usage.attempts as u64));
        costs.append_option(usage.cost_usd);
        origins.append_value(usage.origin);
    }
    let arrays: Vec<ArrayRef> = vec![
        Arc::new(inputs.finish()),
        Arc::new(outputs.finish()),
        Arc::new(attempts.finish()),
        Arc::new(costs.finish()),
        Arc::new(origins.finish()),
    ];
    Ok(Arc::new(StructArray::try_new(usage_fields(), arrays, None)?))
}
