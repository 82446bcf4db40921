//! Splits bytes into lines. LF, CR and CRLF end a line, wherever the pieces are cut.

use memchr::memchr2;

use super::event::too_large;
use crate::conversation::ProviderError;

/// The state between two pieces of a stream of lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// Whether the last piece ended with a CR. An LF at the start of the next piece belongs to it.
    after_cr: bool,
}

impl Lines {
    /// Reads more bytes and calls `take` with every line that they complete, without its end.
    ///
    /// # Errors
    /// A line exceeds `limit` bytes, or `take` fails.
    pub(super) fn push(
        &mut self,
        mut bytes: &[u8],
        limit: usize,
        take: &mut dyn FnMut(&[u8]) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        if self.after_cr && !bytes.is_empty() {
            self.after_cr = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some((line, end, rest)) = first_line(bytes) {
            if self.partial.len().saturating_add(line.len()) > limit {
                return Err(too_large(limit));
            }
            if self.partial.is_empty() {
                take(line)?;
            } else {
                self.partial.extend_from_slice(line);
                let line = std::mem::take(&mut self.partial);
                take(&line)?;
            }
            bytes = rest;
            if end == b'\r' {
                if bytes.is_empty() {
                    self.after_cr = true;
                } else {
                    bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
                }
            }
        }
        if self.partial.len().saturating_add(bytes.len()) > limit {
            return Err(too_large(limit));
        }
        self.partial.extend_from_slice(bytes);
        Ok(())
    }

    /// Removes and returns the incomplete line. Empty if there is none.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.partial)
    }
}

/// Returns the first line, the byte that ends it, and the bytes behind that. `None` if no line ends.
fn first_line(bytes: &[u8]) -> Option<(&[u8], u8, &[u8])> {
    let (line, rest) = bytes.split_at_checked(memchr2(b'\n', b'\r', bytes)?)?;
    let (end, rest) = rest.split_first()?;
    Some((line, *end, rest))
}
