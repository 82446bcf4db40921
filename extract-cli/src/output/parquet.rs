//! Parquet: the Arrow types of the columns, and the file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow_json::ReaderBuilder;
use arrow_json::reader::Decoder;
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use extract_arrow::fit;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Map, Value};
use tempfile::NamedTempFile;

use super::file::{WriteError, set_partial};
use super::table::{Cell, LedgerCell, TableColumn};
use super::{OutputRow, RowWriter, Table};
use crate::error::CliError;

/// The rows that become one batch.
const BATCH: usize = 512;

/// The size of the group of rows in memory that is written to the file, in bytes.
const GROUP: usize = 32 * 1024 * 1024;

/// Writes a Parquet file, which gets its name when it is whole.
pub(super) struct ParquetWriter {
    table: Table,
    decoder: Decoder,
    rows: Vec<Map<String, Value>>,
    /// `None` after the end.
    writer: Option<ArrowWriter<NamedTempFile>>,
    path: PathBuf,
}

impl ParquetWriter {
    /// Makes a file beside the one that is to be written.
    pub(super) fn open(path: &Path, table: Table) -> Result<Self, CliError> {
        let failed = |error: String| CliError::write(path, error);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let mut builder = tempfile::Builder::new();
        builder.prefix(".extract-llm-").suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder.unwrap_or(Path::new(".")));
        let file = file.map_err(|error| failed(error.to_string()))?;
        let temporary = file.path().to_owned();
        let schema = schema(&table);
        let decoder = ReaderBuilder::new(Arc::clone(&schema)).build_decoder();
        let decoder = decoder.map_err(|error| failed(error.to_string()))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("extract-llm ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties));
        let writer = writer.map_err(|error| failed(error.to_string()))?;
        set_partial(Some(temporary));
        Ok(Self { table, decoder, rows: Vec::new(), writer: Some(writer), path: path.to_owned() })
    }

    fn failed(&self, error: impl std::fmt::Display) -> WriteError {
        WriteError::Failed(CliError::write(&self.path, error))
    }

    /// Writes the rows so far as one batch.
    fn write_batch(&mut self) -> Result<(), WriteError> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let decoded = self.decoder.serialize(&self.rows).and_then(|()| self.decoder.flush());
        self.rows.clear();
        let batch = decoded.map_err(|error| self.failed(error))?;
        let (Some(writer), Some(batch)) = (&mut self.writer, batch) else { return Ok(()) };
        let mut written = writer.write(&batch);
        if writer.in_progress_size() >= GROUP {
            written = written.and_then(|()| writer.flush());
        }
        written.map_err(|error| self.failed(error))
    }
}

impl RowWriter for ParquetWriter {
    fn misfit(&self, value: &Value) -> Option<String> {
        let misfit = self.table.columns().iter().find_map(|column| match &column.cell {
            Cell::Member(column) => {
                let member = value.get(&column.name)?;
                fit(member, column).err().map(|misfit| misfit.under(&column.name))
            }
            Cell::Whole(column) => fit(value, column).err(),
            _ => None,
        })?;
        Some(misfit.to_string())
    }

    fn write(&mut self, row: &OutputRow) -> Result<(), WriteError> {
        let mut cells = Map::new();
        for (column, cell) in self.table.columns().iter().zip(self.table.cells(row)) {
            let cell = match &column.cell {
                Cell::Member(column) | Cell::Whole(column) if !cell.is_null() => {
                    fit(&cell, column).map_err(|misfit| self.failed(misfit))?
                }
                _ => cell,
            };
            cells.insert(column.name.clone(), cell);
        }
        self.rows.push(cells);
        if self.rows.len() >= BATCH { self.write_batch() } else { Ok(()) }
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.write_batch()?;
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(|error| self.failed(error))?;
        file.as_file().sync_all().map_err(|error| self.failed(error))?;
        file.persist(&self.path).map_err(|error| self.failed(error.error))?;
        set_partial(None);
        Ok(())
    }
}

/// Returns the Arrow schema of a table. All columns may be null, because a row that failed has no value.
fn schema(table: &Table) -> SchemaRef {
    let fields = table.columns().iter().map(field);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Returns the field of a column of the file.
fn field(column: &TableColumn) -> Field {
    let data_type = match &column.cell {
        Cell::Id | Cell::ErrorKind | Cell::Error => DataType::Utf8,
        Cell::Member(column) | Cell::Whole(column) => extract_arrow::data_type(column),
        Cell::Ledger(cell) => match cell {
            LedgerCell::InputTokens | LedgerCell::OutputTokens | LedgerCell::Attempts => {
                DataType::Int64
            }
            LedgerCell::Cost | LedgerCell::Seconds => DataType::Float64,
            LedgerCell::Model | LedgerCell::Origin => DataType::Utf8,
        },
    };
    Field::new(&column.name, data_type, true)
}
