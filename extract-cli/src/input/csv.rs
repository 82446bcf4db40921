//! CSV: a row with the names of the columns, and one row for each text.

use std::io::Read;
use std::path::Path;

use csv::{ByteRecord, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::record::{Raw, Record, Records};
use crate::error::CliError;

/// The records of a CSV file.
pub(super) struct CsvRows {
    reader: Reader<Box<dyn Read + Send>>,
    columns: Vec<String>,
    row: ByteRecord,
    number: u64,
}

impl CsvRows {
    /// Reads the names of the columns.
    pub(super) fn open(
        input: Box<dyn Read + Send>,
        delimiter: u8,
        path: Option<&Path>,
    ) -> Result<Self, CliError> {
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(input);
        let from = path.map_or_else(|| "stdin".to_owned(), |path| path.display().to_string());
        let header = reader.byte_headers().map_err(|error| {
            CliError::usage(format!("the first row of {from} cannot be read: {error}"))
        })?;
        let names = header.iter().map(|name| std::str::from_utf8(name).map(str::to_owned));
        let columns: Vec<String> = names.collect::<Result<_, _>>().map_err(|_| {
            CliError::usage(format!(
                "the first row of {from} is no UTF-8: convert the file to UTF-8"
            ))
        })?;
        if columns.is_empty() {
            return Err(CliError::usage(format!(
                "{from} is empty: expected a row with the names of the columns"
            )));
        }
        Ok(Self { reader, columns, row: ByteRecord::new(), number: 0 })
    }

    /// Returns the columns of the row that was read.
    fn record(&self) -> Result<Record, String> {
        let (cells, columns) = (self.row.len(), self.columns.len());
        if cells != columns {
            return Err(format!("has {cells} cells, and the first row names {columns} columns"));
        }
        let mut fields = Map::with_capacity(columns);
        for (name, cell) in self.columns.iter().zip(&self.row) {
            let text = std::str::from_utf8(cell)
                .map_err(|_| format!("is no UTF-8 in its column `{name}`"))?;
            fields.insert(name.clone(), Value::String(text.to_owned()));
        }
        Ok(Record::Fields(fields))
    }
}

impl Records for CsvRows {
    fn columns(&self) -> Option<&[String]> {
        Some(&self.columns)
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        if !self.reader.read_byte_record(&mut self.row).map_err(|error| error.to_string())? {
            return Ok(None);
        }
        self.number += 1;
        let line = self.row.position().map(csv::Position::line);
        Ok(Some(Raw { number: self.number, line, record: self.record() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_may_hold_lines_and_bad_rows_do_not_end_the_file() {
        let text = b"\xef\xbb\xbfid,text\n1,\"a\nb, \"\"c\"\"\"\n2\n3,\xff\n4,d\n";
        let mut rows = CsvRows::open(Box::new(&text[..]), b',', None).unwrap();
        assert_eq!(rows.columns().unwrap(), ["id", "text"]);
        let mut read = Vec::new();
        while let Some(raw) = rows.next().unwrap() {
            let text = raw.record.map(|record| match record {
                Record::Fields(fields) => fields["text"].as_str().unwrap().to_owned(),
                Record::Text(text) => text,
            });
            read.push((raw.number, raw.line.unwrap(), text));
        }
        assert_eq!(read[0], (1, 2, Ok("a\nb, \"c\"".to_owned())));
        assert_eq!((read[1].0, read[1].1), (2, 4));
        assert!(read[1].2.as_ref().unwrap_err().contains("1 cells"), "{read:?}");
        assert_eq!(read[2].2, Err("is no UTF-8 in its column `text`".to_owned()));
        assert_eq!(read[3], (4, 6, Ok("d".to_owned())));
        assert!(CsvRows::open(Box::new(&b""[..]), b',', None).is_err());
    }
}
