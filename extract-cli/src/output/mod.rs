//! The rows of the output: [`Output`] writes them to stdout or to files. Knows formats, and no model.

mod csv;
mod file;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod row;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use extract_llm::contract::Contract;
use serde_json::Value;

use crate::args::{OutputArgs, OutputFormat};
use crate::error::CliError;
pub(crate) use file::remove_partial;
use file::{RowFile, WriteError};
pub(crate) use row::{Failure, LedgerCells, OutputRow};
pub(crate) use table::{Cell, Table};

/// The most names of unlisted members that are shown.
const MOST_NAMES: usize = 10;

/// Writes rows in a format.
trait RowWriter {
    /// Returns the reason why a value cannot be written, if it cannot.
    fn misfit(&self, _value: &Value) -> Option<String> {
        None
    }

    /// Writes a row. Its value has no [`misfit`](Self::misfit).
    fn write(&mut self, row: &OutputRow) -> Result<(), WriteError>;

    /// Writes what is missing at the end.
    fn finish(&mut self) -> Result<(), WriteError>;
}

/// The output of a run.
pub(crate) struct Output {
    rows: Box<dyn RowWriter>,
    errors: Option<jsonl::JsonLinesWriter>,
    /// The columns; `None` if the format has none.
    table: Option<Table>,
    /// Whether lists and objects in a value have columns too.
    is_nested: bool,
    unlisted: Unlisted,
    with_ledger: bool,
    /// Whether the reader of stdout has closed it. Nothing more is written there.
    is_closed: bool,
    written: u64,
    misfits: u64,
}

/// Members of values that a table has no columns for.
#[derive(Debug, Default)]
struct Unlisted {
    rows: u64,
    names: BTreeSet<String>,
}

impl Output {
    /// Checks that the files can be written. A file that exists is replaced when the first row is written.
    pub(crate) fn open(args: &OutputArgs, contract: &Contract) -> Result<Self, CliError> {
        let path = args.output.clone().filter(|path| path.as_os_str() != "-");
        let format = args.output_format.map_or_else(|| format_of(path.as_deref()), Ok)?;
        if args.doubt_below.is_some() && format != OutputFormat::Jsonl {
            return Err(CliError::usage(
                "--doubt-below needs JSON Lines, because a table has no column for doubts: \
                 add --output-format jsonl",
            ));
        }
        let table = Table::new(contract, args.with_ledger);
        let rows: Box<dyn RowWriter> = match format {
            OutputFormat::Jsonl => {
                Box::new(jsonl::JsonLinesWriter::new(RowFile::open(path.as_deref())?))
            }
            OutputFormat::Csv => {
                Box::new(csv::CsvWriter::new(RowFile::open(path.as_deref())?, table.clone()))
            }
            OutputFormat::Parquet => parquet_writer(path.as_deref(), &table)?,
        };
        let errors = match &args.errors {
            Some(path) => Some(jsonl::JsonLinesWriter::new(RowFile::open(Some(path))?)),
            None => None,
        };
        Ok(Self {
            rows,
            errors,
            table: (format != OutputFormat::Jsonl).then_some(table),
            is_nested: format == OutputFormat::Parquet,
            unlisted: Unlisted::default(),
            with_ledger: args.with_ledger,
            is_closed: false,
            written: 0,
            misfits: 0,
        })
    }

    /// Writes a row. Nothing happens after stdout was closed.
    pub(crate) fn write(&mut self, mut row: OutputRow) -> Result<(), CliError> {
        if let Ok(value) = &row.result {
            if let Some(reason) = self.rows.misfit(value) {
                self.misfits += 1;
                row.result = Err(Failure::of_misfit(reason, value.clone()));
            }
        }
        if let (Some(table), Ok(value)) = (&self.table, &row.result) {
            self.unlisted.add(table.unlisted(value, self.is_nested));
        }
        if !self.with_ledger {
            row.ledger = None;
        }
        self.written += 1;
        let written = match (&mut self.errors, &row.result) {
            (Some(errors), Err(_)) => errors.write(&row),
            _ if self.is_closed => Ok(()),
            _ => self.rows.write(&row),
        };
        self.take_closed(written)
    }

    /// Ends the files. Without a row, and if the run has failed, an earlier file stays as it was.
    pub(crate) fn finish(&mut self, has_failed: bool) -> Result<(), CliError> {
        if self.is_closed || (has_failed && self.written == 0) {
            return Ok(());
        }
        let rows = self.rows.finish();
        self.take_closed(rows)?;
        match &mut self.errors {
            Some(errors) => {
                let errors = errors.finish();
                self.take_closed(errors)
            }
            None => Ok(()),
        }
    }

    fn take_closed(&mut self, written: Result<(), WriteError>) -> Result<(), CliError> {
        match written {
            Ok(()) => Ok(()),
            Err(WriteError::Closed) => {
                self.is_closed = true;
                Ok(())
            }
            Err(WriteError::Failed(error)) => Err(error),
        }
    }

    /// Whether the reader of stdout has closed it.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Returns the number of values that do not fit the columns of the output.
    pub(crate) fn misfits(&self) -> u64 {
        self.misfits
    }

    /// Returns a note about members that the table has no columns for. `None` if there are none.
    pub(crate) fn note(&self) -> Option<String> {
        let Unlisted { rows, names } = &self.unlisted;
        if *rows == 0 {
            return None;
        }
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Some(format!(
            "{rows} values have members that the schema does not name, and the output has no columns for them: {}. \
             JSON Lines keep them; `additionalProperties: false` in the schema refuses them",
            names.join(", ")
        ))
    }
}

impl Unlisted {
    fn add(&mut self, names: BTreeSet<String>) {
        self.rows += u64::from(!names.is_empty());
        let room = MOST_NAMES.saturating_sub(self.names.len());
        self.names.extend(names.into_iter().take(room));
    }
}

/// Fails if two of the files of a command are the same one.
pub(crate) fn check_apart(files: &[(&str, Option<&PathBuf>)]) -> Result<(), CliError> {
    let is_device = |path: &PathBuf| {
        std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    };
    let files: Vec<_> = files
        .iter()
        .filter_map(|(name, path)| Some((*name, (*path)?)))
        .filter(|(_, path)| path.as_os_str() != "-" && !is_device(path))
        .map(|(name, path)| (name, whole_path(path)))
        .collect();
    for (index, (name, path)) in files.iter().enumerate() {
        if let Some((other, _)) = files.iter().take(index).find(|(_, other)| other == path) {
            return Err(CliError::usage(format!(
                "{other} and {name} are the same file, {}: name another one",
                path.display()
            )));
        }
    }
    Ok(())
}

/// Returns the path of a file from the root. The file need not exist.
fn whole_path(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = std::fs::canonicalize(folder.unwrap_or(Path::new(".")));
        match (folder, path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_owned(),
        }
    })
}

#[cfg(feature = "parquet")]
fn parquet_writer(path: Option<&Path>, table: &Table) -> Result<Box<dyn RowWriter>, CliError> {
    let path = path.ok_or_else(|| {
        CliError::usage("a Parquet file cannot be written to stdout: name it with --output")
    })?;
    Ok(Box::new(parquet::ParquetWriter::open(path, table.clone())?))
}

#[cfg(not(feature = "parquet"))]
fn parquet_writer(_: Option<&Path>, _: &Table) -> Result<Box<dyn RowWriter>, CliError> {
    Err(CliError::usage(
        "this build writes no Parquet files: install it with the feature `parquet`",
    ))
}

/// Returns the format of a file by the end of its name.
fn format_of(path: Option<&Path>) -> Result<OutputFormat, CliError> {
    let Some(path) = path else { return Ok(OutputFormat::Jsonl) };
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" | "json" => Ok(OutputFormat::Jsonl),
        "csv" => Ok(OutputFormat::Csv),
        "parquet" | "pq" => Ok(OutputFormat::Parquet),
        _ if path.metadata().is_ok_and(|metadata| !metadata.is_file()) => Ok(OutputFormat::Jsonl),
        _ => Err(CliError::usage(format!(
            "the format of {} is not known by its name: add --output-format jsonl, csv or parquet",
            path.display()
        ))),
    }
}
