//! Reads the lines of a file one by one, each with its place.

use std::io::{self, BufRead, BufReader, Read};
use std::ops::Range;

/// The longest line that is read, in bytes. A longer one counts as damaged.
const LONGEST: u64 = 256 * 1024 * 1024;

/// The lines of a file.
pub(in crate::pipeline) struct Lines<R> {
    input: BufReader<R>,
    /// The byte behind the last line.
    end: u64,
    line: Vec<u8>,
}

/// One line.
#[derive(Debug, PartialEq)]
pub(in crate::pipeline) enum Line<'l> {
    /// A whole line, with its place in the file.
    Whole(&'l [u8], Range<u64>),
    /// A line that is too long.
    TooLong,
    /// The rest of the file, without the end of a line.
    Torn(&'l [u8]),
}

impl<R: Read> Lines<R> {
    /// Reads from this byte on, at which the file stands.
    pub(in crate::pipeline) fn at(input: R, start: u64) -> Self {
        Self { input: BufReader::with_capacity(1 << 16, input), end: start, line: Vec::new() }
    }

    /// Returns the byte behind the last whole line.
    pub(in crate::pipeline) fn end(&self) -> u64 {
        self.end
    }

    /// Reads a line. `None` at the end of the file.
    pub(in crate::pipeline) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line)?;
        let start = self.end;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            self.end += read as u64;
            return Ok(Some(Line::Whole(&self.line, start..self.end - 1)));
        }
        if (read as u64) < LONGEST {
            return Ok((read > 0).then_some(Line::Torn(&self.line)));
        }
        let mut rest = read as u64;
        loop {
            self.line.clear();
            let read = (&mut self.input).take(LONGEST).read_until(b'\n', &mut self.line)?;
            rest += read as u64;
            if self.line.last() == Some(&b'\n') {
                self.end += rest;
                return Ok(Some(Line::TooLong));
            }
            if read == 0 {
                return Ok(Some(Line::Torn(&self.line)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_their_places() {
        let mut lines = Lines::at(&b"ab\n\ncde"[..], 0);
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(&b"ab"[..], 0..2)));
        assert_eq!(lines.next().unwrap(), Some(Line::Whole(&b""[..], 3..3)));
        assert_eq!(lines.next().unwrap(), Some(Line::Torn(b"cde")));
        assert_eq!(lines.end(), 4);
        assert_eq!(lines.next().unwrap(), None);
        assert_eq!(Lines::at(&b""[..], 0).next().unwrap(), None);
    }
}
