//! Decodes bytes that arrive in pieces. An incomplete character waits for its rest. Invalid bytes
//! become U+FFFD, independent of the pieces.

/// Holds the bytes of an incomplete character.
#[derive(Debug, Clone, Default)]
pub(crate) struct Utf8 {
    half: Vec<u8>,
}

impl Utf8 {
    /// Decodes the next bytes. `take` receives each piece of text, and whether it replaces invalid
    /// bytes.
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
            // An incomplete character at the end may continue in the next bytes.
            let goes_on = chunks.peek().is_none()
                && std::str::from_utf8(bad).is_err_and(|error| error.error_len().is_none());
            if goes_on {
                self.half = bad.to_vec();
            } else {
                take("\u{fffd}", true);
            }
        }
    }

    /// Returns whether the text ended inside a character, and forgets that character.
    pub(crate) fn ends_in_half(&mut self) -> bool {
        !std::mem::take(&mut self.half).is_empty()
    }
}
