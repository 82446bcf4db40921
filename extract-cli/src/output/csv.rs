//! CSV: one column for each member of the value. Lists and objects are JSON.

use csv::{Terminator, WriterBuilder};
use serde_json::Value;

use super::file::{RowFile, WriteError};
use super::{OutputRow, RowWriter, Table};
use crate::error::CliError;

/// Writes CSV.
pub(super) struct CsvWriter {
    file: RowFile,
    table: Table,
}

impl CsvWriter {
    pub(super) fn new(file: RowFile, table: Table) -> Self {
        Self { file, table }
    }

    fn write_cells(&mut self, cells: impl Iterator<Item = String>) -> Result<(), WriteError> {
        let mut row =
            WriterBuilder::new().terminator(Terminator::Any(b'\n')).from_writer(Vec::new());
        let failed = |message: String| {
            WriteError::Failed(CliError::usage(format!(
                "a row cannot be written as CSV: {message}"
            )))
        };
        row.write_record(cells).map_err(|error| failed(error.to_string()))?;
        let bytes = row.into_inner().map_err(|error| failed(error.to_string()))?;
        self.file.write(&bytes)
    }

    /// Writes the names of the columns in front of the first row.
    fn begin(&mut self) -> Result<(), WriteError> {
        if self.file.is_begun() {
            return Ok(());
        }
        let names: Vec<String> = self.table.names().map(str::to_owned).collect();
        self.write_cells(names.into_iter())
    }
}

impl RowWriter for CsvWriter {
    fn write(&mut self, row: &OutputRow) -> Result<(), WriteError> {
        self.begin()?;
        let cells: Vec<String> = self.table.cells(row).map(cell).collect();
        self.write_cells(cells.into_iter())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.begin()
    }
}

/// Returns the text of a cell: a text as it is, nothing for null, and JSON otherwise.
fn cell(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
