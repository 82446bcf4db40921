//! Parquet files, batch by batch, and only the columns that are used.

use std::collections::VecDeque;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_cast::cast;
use arrow_json::WriterBuilder;
use arrow_json::writer::LineDelimited;
use arrow_schema::{ArrowError, DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use serde_json::Value;

use super::record::{Raw, Record, Records};
use crate::error::CliError;

/// The rows of a batch. One batch is in memory.
const BATCH: usize = 256;

/// The records of a Parquet file.
pub(super) struct ParquetRows {
    batches: ParquetRecordBatchReader,
    columns: Vec<String>,
    rows: VecDeque<Result<Record, String>>,
    number: u64,
}

impl ParquetRows {
    /// Opens a file, and reads only the columns for which `uses` is true.
    pub(super) fn open(path: &Path, uses: impl Fn(&str) -> bool) -> Result<Self, CliError> {
        let file = File::open(path).map_err(|error| CliError::read(path, error))?;
        let failed = |error: parquet::errors::ParquetError| {
            CliError::usage(format!("{} cannot be read as a Parquet file: {error}", path.display()))
        };
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(failed)?;
        let names: Vec<String> =
            builder.schema().fields().iter().map(|field| field.name().clone()).collect();
        let used = (0..names.len()).filter(|index| uses(&names[*index]));
        let mask = ProjectionMask::roots(builder.parquet_schema(), used);
        let batches =
            builder.with_projection(mask).with_batch_size(BATCH).build().map_err(failed)?;
        Ok(Self { batches, columns: names, rows: VecDeque::new(), number: 0 })
    }
}

impl Records for ParquetRows {
    fn columns(&self) -> Option<&[String]> {
        Some(&self.columns)
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        while self.rows.is_empty() {
            let Some(batch) = self.batches.next() else { return Ok(None) };
            let rows = batch.and_then(|batch| records(&batch));
            self.rows.extend(rows.map_err(|error| error.to_string())?);
        }
        let Some(record) = self.rows.pop_front() else { return Ok(None) };
        self.number += 1;
        Ok(Some(Raw { number: self.number, line: None, record }))
    }
}

/// Returns the rows of a batch as JSON.
fn records(batch: &RecordBatch) -> Result<Vec<Result<Record, String>>, ArrowError> {
    let batch = with_texts(batch)?;
    let mut writer =
        WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    writer.write(&batch)?;
    writer.finish()?;
    let written = writer.into_inner();
    let lines = written.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let record = |line: &[u8]| match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => Ok(Record::Fields(fields)),
        _ => Err("cannot be read as JSON".to_owned()),
    };
    Ok(lines.map(record).collect())
}

/// Returns a batch whose columns of bytes are texts, as some programs write them. Bytes that are no UTF-8 become
/// null.
fn with_texts(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        match field.data_type() {
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => {
                columns.push(cast(column, &DataType::LargeUtf8)?);
                fields.push(Arc::new(Field::new(field.name(), DataType::LargeUtf8, true)));
            }
            _ => {
                columns.push(Arc::clone(column));
                fields.push(Arc::clone(field));
            }
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
}
