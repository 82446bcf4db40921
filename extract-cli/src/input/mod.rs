//! The rows of the input, one by one: [`Items`] reads a file or stdin, and [`feed()`] hands its rows to a run.
//! Knows formats and columns, and no model.

mod csv;
mod feed;
mod jsonl;
#[cfg(feature = "parquet")]
mod parquet;
mod picker;
mod record;
mod template;
mod text;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::Path;

use crate::args::{InputArgs, InputFormat};
use crate::error::CliError;
use crate::say::tell;
pub(crate) use feed::{Fed, Feed, feed, feed_rows};
use picker::Picker;
pub(crate) use record::{BadRow, InputRow, Item, RowId};
use record::{Raw, Records};

/// The records that are looked at for the columns of a format that does not name them.
const LOOK_AHEAD: usize = 100;

/// The rows of the input.
pub(crate) struct Items {
    records: Box<dyn Records>,
    /// Records that were read to find the columns.
    ahead: VecDeque<Raw>,
    picker: Picker,
    /// The number of the next row, from 0.
    position: u64,
    /// The rows that may still be read.
    left: u64,
    from: String,
}

/// The input: its rows, and how many they are if that can be known.
pub(crate) struct Input {
    pub(crate) items: Items,
    pub(crate) total: Option<u64>,
}

impl Input {
    /// Opens the input, and checks that it has the columns that are asked for.
    pub(crate) fn open(args: &InputArgs) -> Result<Self, CliError> {
        let path = args.input.clone().filter(|path| path.as_os_str() != "-");
        let items = Items::open(args, path.as_deref())?;
        // A pipe can be read only once.
        let is_file =
            |path: &&Path| std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
        let total = match path.as_deref().filter(is_file) {
            Some(path) => Some(Items::open(args, Some(path))?.count()?),
            None => None,
        };
        Ok(Self { items, total })
    }
}

impl Items {
    fn open(args: &InputArgs, path: Option<&Path>) -> Result<Self, CliError> {
        let from = path.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
        let mut items = Self {
            records: records(args, path)?,
            ahead: VecDeque::new(),
            picker: Picker::new(args)?,
            position: 0,
            left: args.head.unwrap_or(u64::MAX),
            from,
        };
        items.find_columns()?;
        Ok(items)
    }

    /// Checks that the columns are there. For a format that does not name them, looks at the first records.
    fn find_columns(&mut self) -> Result<(), CliError> {
        if let Some(columns) = self.records.columns() {
            return self.picker.check(columns, &self.from);
        }
        let mut columns: Vec<String> = Vec::new();
        let mut has_objects = false;
        while self.ahead.len() < LOOK_AHEAD {
            let Some(raw) = self.records.next().map_err(|message| self.failure(message))? else {
                break;
            };
            let found = raw.columns();
            self.ahead.push_back(raw);
            let Some(found) = found else { continue };
            has_objects = true;
            if self.picker.is_met_by(&found) {
                return self.picker.check(&found, &self.from);
            }
            let new = found.into_iter().filter(|name| !columns.contains(name));
            let new: Vec<String> = new.collect();
            columns.extend(new);
        }
        if has_objects { self.picker.check(&columns, &self.from) } else { Ok(()) }
    }

    /// Returns the next row. `None` at the end. Fails if the input cannot be read further.
    pub(crate) fn next(&mut self) -> Result<Option<Item>, CliError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let raw = match self.ahead.pop_front() {
            Some(raw) => raw,
            None => match self.records.next().map_err(|message| self.failure(message))? {
                Some(raw) => raw,
                None => return Ok(None),
            },
        };
        self.left = left;
        let position = self.position;
        self.position += 1;
        Ok(Some(self.picker.pick(raw, position)))
    }

    /// Returns the number of the rows that have a text.
    fn count(mut self) -> Result<u64, CliError> {
        let mut rows = 0;
        while let Some(item) = self.next()? {
            rows += u64::from(matches!(item, Item::Row(_)));
        }
        Ok(rows)
    }

    fn failure(&self, message: String) -> CliError {
        let after = match self.position {
            0 => "no row".to_owned(),
            rows => format!("{rows} rows"),
        };
        CliError::Input { from: self.from.clone(), after, message }
    }
}

/// Opens the records of a file, or of stdin.
fn records(args: &InputArgs, path: Option<&Path>) -> Result<Box<dyn Records>, CliError> {
    let format = args.input_format.map_or_else(|| format_of(path), Ok)?;
    if args.delimiter.is_some() && format != InputFormat::Csv {
        return Err(CliError::usage("--delimiter is for CSV files: add --input-format csv"));
    }
    Ok(match format {
        InputFormat::Jsonl => Box::new(jsonl::JsonLines::new(reader(path)?)),
        InputFormat::Text => Box::new(text::TextLines::new(reader(path)?)),
        InputFormat::Csv => {
            let is_tsv = path.and_then(Path::extension).is_some_and(|end| end == "tsv");
            let delimiter = args.delimiter.unwrap_or(if is_tsv { b'\t' } else { b',' });
            Box::new(csv::CsvRows::open(reader(path)?, delimiter, path)?)
        }
        InputFormat::Parquet => parquet_rows(args, path)?,
    })
}

#[cfg(feature = "parquet")]
fn parquet_rows(args: &InputArgs, path: Option<&Path>) -> Result<Box<dyn Records>, CliError> {
    let path = path.ok_or_else(|| {
        CliError::usage("a Parquet file cannot be read from stdin: name it with --input")
    })?;
    let picker = Picker::new(args)?;
    Ok(Box::new(parquet::ParquetRows::open(path, |column| picker.uses(column))?))
}

#[cfg(not(feature = "parquet"))]
fn parquet_rows(_: &InputArgs, _: Option<&Path>) -> Result<Box<dyn Records>, CliError> {
    Err(CliError::usage("this build reads no Parquet files: install it with the feature `parquet`"))
}

/// Returns the format of a file by the end of its name.
fn format_of(path: Option<&Path>) -> Result<InputFormat, CliError> {
    let Some(path) = path else { return Ok(InputFormat::Jsonl) };
    let end = path.extension().and_then(|end| end.to_str()).unwrap_or_default();
    match end.to_ascii_lowercase().as_str() {
        "jsonl" | "ndjson" | "json" => Ok(InputFormat::Jsonl),
        "csv" | "tsv" => Ok(InputFormat::Csv),
        "parquet" | "pq" => Ok(InputFormat::Parquet),
        "txt" | "text" => Ok(InputFormat::Text),
        _ => Err(CliError::usage(format!(
            "the format of {} is not known by its name: add --input-format jsonl, csv, parquet or text",
            path.display()
        ))),
    }
}

fn reader(path: Option<&Path>) -> Result<Box<dyn Read + Send>, CliError> {
    match path {
        Some(path) => {
            let file = File::open(path).map_err(|error| CliError::read(path, error))?;
            Ok(Box::new(file))
        }
        None => {
            if io::stdin().is_terminal() {
                tell("reading rows from the terminal; Ctrl-D ends them, --input names a file");
            }
            Ok(Box::new(io::stdin()))
        }
    }
}
