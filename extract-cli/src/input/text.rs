//! Plain text: one text for each line.

use std::io::Read;

use super::jsonl::{Line, Lines, too_long};
use super::record::{Raw, Record, Records};

/// The records of plain text.
pub(super) struct TextLines {
    lines: Lines<Box<dyn Read + Send>>,
    columns: [String; 1],
}

impl TextLines {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { lines: Lines::new(input), columns: ["text".to_owned()] }
    }
}

impl Records for TextLines {
    fn columns(&self) -> Option<&[String]> {
        Some(&self.columns)
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        let Some((number, line)) = self.lines.next()? else { return Ok(None) };
        let record = match line {
            Line::Whole(line) => match std::str::from_utf8(line) {
                Ok(text) => Ok(Record::Text(text.to_owned())),
                Err(_) => Err("is no UTF-8".to_owned()),
            },
            Line::TooLong => Err(too_long()),
        };
        Ok(Some(Raw { number, line: Some(number), record }))
    }
}
