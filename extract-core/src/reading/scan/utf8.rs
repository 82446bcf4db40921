//! Bytes to text, split anywhere: a character that is cut waits for its rest, and what is no UTF-8
//! becomes U+FFFD, in the same places whatever the portions.

/// The beginning of a character whose rest has not come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Utf8 {
    half: Vec<u8>,
}

impl Utf8 {
    /// Decodes the next bytes. `take` gets each piece of text, and whether it stands for bytes that
    /// are none.
    pub(crate) fn decode(&mut self, bytes: &[u8], mut take: impl FnMut(&str, bool)) {
        if self.half.is_empty() {
            if let Ok(text) = std::str::from_utf8(bytes) {
                take(text, false);
                return;
            }
        }
        let mut all = std::mem::take(&mut self.half);
        all.extend_from_slice(bytes);
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            if !chunk.valid().is_empty() {
                take(chunk.valid(), false);
            }
            let bad = chunk.invalid();
            if bad.is_empty() {
                continue;
            }
            // The beginning of a character at the very end may go on in the next bytes.
            let goes_on = chunks.peek().is_none()
                && std::str::from_utf8(bad).is_err_and(|error| error.error_len().is_none());
            if goes_on {
                self.half = bad.to_vec();
            } else {
                take("\u{fffd}", true);
            }
        }
    }

    /// Whether the text ended inside a character.
    pub(crate) fn ends_in_half(&mut self) -> bool {
        !std::mem::take(&mut self.half).is_empty()
    }
}
