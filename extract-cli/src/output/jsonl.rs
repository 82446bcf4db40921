//! JSON Lines: one object for each row.

use super::file::{RowFile, WriteError};
use super::{OutputRow, RowWriter};
use crate::error::CliError;

/// Writes JSON Lines.
pub(super) struct JsonLinesWriter(RowFile);

impl JsonLinesWriter {
    pub(super) fn new(file: RowFile) -> Self {
        Self(file)
    }
}

impl RowWriter for JsonLinesWriter {
    fn write(&mut self, row: &OutputRow) -> Result<(), WriteError> {
        let mut line = serde_json::to_vec(row).map_err(|error| {
            WriteError::Failed(CliError::usage(format!("a row cannot be written as JSON: {error}")))
        })?;
        line.push(b'\n');
        self.0.write(&line)
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        // A run without rows leaves an empty file.
        if self.0.is_begun() { Ok(()) } else { self.0.write(b"") }
    }
}
