//! JSON Lines: one object or text for each line.

use std::io::{BufRead as _, BufReader, Read};

use serde_json::Value;

use super::record::{Raw, Record, Records};

/// The longest line, in bytes. A longer one is passed over, with an error.
const LONGEST: u64 = 64 * 1024 * 1024;

/// The lines of a file, of which blank ones are passed over.
pub(super) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    number: u64,
}

/// A line.
pub(super) enum Line<'l> {
    Whole(&'l [u8]),
    TooLong,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), line: Vec::new(), number: 0 }
    }

    /// Reads a line that is not blank, with its number.
    pub(super) fn next(&mut self) -> Result<Option<(u64, Line<'_>)>, String> {
        loop {
            self.line.clear();
            let limited = (&mut self.input).take(LONGEST);
            let read =
                { limited }.read_until(b'\n', &mut self.line).map_err(|error| error.to_string())?;
            if read == 0 {
                return Ok(None);
            }
            self.number += 1;
            if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
                self.line.drain(..3);
            }
            if read as u64 == LONGEST && self.line.last() != Some(&b'\n') {
                self.input.skip_until(b'\n').map_err(|error| error.to_string())?;
                return Ok(Some((self.number, Line::TooLong)));
            }
            if !self.line.trim_ascii().is_empty() {
                break;
            }
        }
        let end = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let end = end.strip_suffix(b"\r").unwrap_or(end);
        Ok(Some((self.number, Line::Whole(end))))
    }
}

/// The reason why a line that is too long gives no row.
pub(super) fn too_long() -> String {
    format!("is longer than {} MiB", LONGEST >> 20)
}

/// The records of JSON Lines.
pub(super) struct JsonLines {
    lines: Lines<Box<dyn Read + Send>>,
    /// Whether a line was read.
    is_begun: bool,
}

impl JsonLines {
    pub(super) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { lines: Lines::new(input), is_begun: false }
    }
}

impl Records for JsonLines {
    fn columns(&self) -> Option<&[String]> {
        None
    }

    fn next(&mut self) -> Result<Option<Raw>, String> {
        let Some((number, line)) = self.lines.next()? else { return Ok(None) };
        let is_first = !std::mem::replace(&mut self.is_begun, true);
        let record = match line {
            Line::Whole(line) if is_first && line.trim_ascii_start().starts_with(b"[") => {
                return Err(
                    "it begins with a JSON array, and JSON Lines have one object or text for each \
                            line: `jq -c '.[]'` makes them of an array"
                        .to_owned(),
                );
            }
            Line::Whole(line) => record(line),
            Line::TooLong => Err(too_long()),
        };
        Ok(Some(Raw { number, line: Some(number), record }))
    }
}

fn record(line: &[u8]) -> Result<Record, String> {
    match serde_json::from_slice(line) {
        Ok(Value::Object(fields)) => Ok(Record::Fields(fields)),
        Ok(Value::String(text)) => Ok(Record::Text(text)),
        Ok(_) => Err("is neither a JSON object nor a JSON text".to_owned()),
        Err(error) => {
            let message = error.to_string();
            // The line in the message is always the first.
            let message =
                message.rsplit_once(" at line ").map_or(&*message, |(message, _)| message);
            Err(format!("is no JSON: {message} at column {}", error.column()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_numbered_and_mistakes_are_placed() {
        let text = "\u{feff}{\"a\": 1}\r\n\n\"b\"\n{\"a\": \n17\n";
        let mut lines = JsonLines::new(Box::new(text.as_bytes()));
        let mut read = Vec::new();
        while let Some(raw) = lines.next().unwrap() {
            read.push((raw.number, raw.record.map_err(|reason| raw_reason(&reason))));
        }
        assert_eq!(read.len(), 4);
        assert!(matches!(&read[0], (1, Ok(Record::Fields(fields))) if fields["a"] == 1));
        assert_eq!(read[1], (3, Ok(Record::Text("b".into()))));
        assert_eq!(read[2], (4, Err("is no JSON".into())));
        assert_eq!(read[3], (5, Err("is neither a JSON object nor a JSON text".into())));
    }

    fn raw_reason(reason: &str) -> String {
        reason.split(':').next().unwrap().to_owned()
    }
}
