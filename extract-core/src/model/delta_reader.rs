//! Turns the bytes of a streamed response into deltas: framing and protocol together, without I/O.

use crate::conversation::{Delta, ProviderError, ProviderErrorKind, Usage};
use crate::http::too_large;
use crate::wire::{
    EndState, Framer, Framing, Protocol, StreamDecoder, beginning, empty_body,
    without_byte_order_mark,
};

/// The number of bytes kept of the body until the first event, for error messages.
const BEGINNING: usize = 200;

/// How many times the limit everything but the text may have, in all events together.
const OTHER_EVENTS: usize = 8;

/// The size of an event around its text that is not counted, in bytes.
const AROUND_TEXT: usize = 1024;

/// Reads the deltas of one streamed reply from its bytes.
///
/// ```
/// use extract_core::model::{Assembly, DeltaReader};
/// use extract_llm::model::Protocol;
///
/// let mut reader = DeltaReader::new(Protocol::Chat, 1 << 20);
/// let mut deltas = Vec::new();
/// reader.push(b"data: {\"choices\": [{\"delta\": {\"content\": \"Hi\"}}]}\n\n", &mut deltas)?;
/// reader.push(b"data: [DONE]\n\n", &mut deltas)?;
/// reader.end(&mut deltas)?;
///
/// let mut assembly = Assembly::new();
/// deltas.into_iter().for_each(|delta| assembly.push(delta));
/// assert_eq!(assembly.finish()?.text(), "Hi");
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug)]
pub struct DeltaReader {
    framer: Framer,
    decoder: Box<dyn StreamDecoder>,
    /// The first bytes of the body. `None` after the first event. They show what the body is if it is
    /// not a stream of events.
    prefix: Option<Vec<u8>>,
    /// Whether the reply has ended and its last deltas were returned.
    ended: bool,
    framing: Framing,
    /// The size of the text in the deltas so far, and its limit, in bytes.
    text_bytes: usize,
    limit: usize,
    /// The size of everything but the text in the events so far, in bytes. The decoder may keep it.
    other_bytes: usize,
}

impl DeltaReader {
    /// Creates a reader for a protocol. `limit` is the maximum size of one event, and of the text,
    /// reasoning, refusals and arguments of all events together, in bytes. Events without
    /// text, such as those that start a tool call, may have eight times the limit together.
    pub fn new(protocol: Protocol, limit: usize) -> Self {
        Self {
            framer: Framer::new(protocol.framing(), limit),
            decoder: protocol.stream(),
            prefix: Some(Vec::new()),
            ended: false,
            framing: protocol.framing(),
            text_bytes: 0,
            limit,
            other_bytes: 0,
        }
    }

    /// Reads more bytes and appends their deltas. The deltas before an error are appended as well. The end
    /// marker of the protocol ends the reply: its last deltas are appended, and all bytes after it are
    /// ignored.
    ///
    /// # Errors
    /// The bytes are not a stream of this protocol, they report a failure, or the limit is exceeded. The
    /// end marker came, and the reply is not complete.
    pub fn push(&mut self, bytes: &[u8], deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        if self.ended {
            return Ok(());
        }
        let mut events = Vec::new();
        if let Some(prefix) = &mut self.prefix {
            let room = BEGINNING.saturating_sub(prefix.len());
            prefix.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        }
        let framed = self.framer.push(bytes, &mut events);
        for event in events {
            let decoded = self.decoder.event(event.name.as_deref(), &event.data);
            let decoded = decoded.map_err(|error| self.or_not_a_stream(error))?;
            let text = decoded.iter().map(text_length).sum::<usize>();
            self.text_bytes = self.text_bytes.saturating_add(text);
            let around_text =
                if text == 0 { 0 } else { text.saturating_mul(8).saturating_add(AROUND_TEXT) };
            let other = event.data.len().saturating_sub(around_text);
            self.other_bytes = self.other_bytes.saturating_add(other);
            deltas.extend(decoded);
            if !event.data.trim().is_empty() {
                self.prefix = None;
            }
            if self.text_bytes > self.limit
                || self.other_bytes > self.limit.saturating_mul(OTHER_EVENTS)
            {
                let message = too_large(self.limit);
                return Err(ProviderError::new(ProviderErrorKind::TooLarge, message));
            }
            if self.decoder.end_state() == EndState::Marked {
                return self.finish(deltas);
            }
        }
        framed.map_err(|error| self.or_not_a_stream(error))
    }

    /// Returns the tokens counted so far. `None` if the server has reported none.
    pub fn usage(&self) -> Option<Usage> {
        self.decoder.usage()
    }

    /// Returns whether the bytes so far end the reply. After [`EndState::Marked`] its last deltas were
    /// returned.
    pub fn end_state(&self) -> EndState {
        if self.ended { EndState::Marked } else { self.decoder.end_state() }
    }

    /// Ends the stream and appends the last deltas, unless the end marker has ended it.
    ///
    /// # Errors
    /// The reply is not complete.
    pub fn end(&mut self, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        if self.ended {
            return Ok(());
        }
        match self.framer.end() {
            Ok(Some(event)) => match self.decoder.event(event.name.as_deref(), &event.data) {
                Ok(more) => deltas.extend(more),
                // The event is cut off; `finish` reports the interruption.
                Err(ProviderError {
                    kind: ProviderErrorKind::Malformed | ProviderErrorKind::Interrupted,
                    ..
                }) => {}
                Err(error) => return Err(error),
            },
            Ok(None) => {}
            // A character is cut off, or the event is not UTF-8.
            Err(error) if self.decoder.end_state() == EndState::Open => {
                let error = self.decoder.end().err().unwrap_or(error);
                return Err(self.or_not_a_stream(error));
            }
            Err(error) => return Err(self.or_not_a_stream(error)),
        }
        let blank = |prefix: &Vec<u8>| without_byte_order_mark(prefix).trim_ascii().is_empty();
        if self.prefix.as_ref().is_some_and(blank) {
            return Err(empty_body());
        }
        self.finish(deltas)
    }

    /// Appends the last deltas.
    fn finish(&mut self, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        self.ended = true;
        let decoded = self.decoder.end();
        deltas.extend(decoded.map_err(|error| self.or_not_a_stream(error))?);
        Ok(())
    }

    /// Replaces the error if the body is not a stream of events at all, but a web page or compressed
    /// data. The first bytes decide, because the content types of many servers are wrong.
    fn or_not_a_stream(&self, error: ProviderError) -> ProviderError {
        use ProviderErrorKind::{Interrupted, Malformed};
        let prefix = match &self.prefix {
            Some(prefix) if matches!(error.kind, Interrupted | Malformed) => prefix,
            _ => return error,
        };
        if self.framing.may_begin_with(prefix) {
            return error;
        }
        let message = format!("expected a stream of events, found {}", beginning(prefix));
        ProviderError::new(Malformed, message)
    }
}

/// Returns the size of the text in a delta, in bytes.
fn text_length(delta: &Delta) -> usize {
    match delta {
        Delta::Text(text)
        | Delta::Commentary(text)
        | Delta::Reasoning(text)
        | Delta::Refusal(text)
        | Delta::Arguments { fragment: text, .. } => text.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the same bytes until an error, or until `most` bytes were read.
    fn fed(protocol: Protocol, event: &str, most: usize) -> Result<(), ProviderError> {
        let mut reader = DeltaReader::new(protocol, 10_000);
        for _ in 0..most / event.len() {
            reader.push(event.as_bytes(), &mut Vec::new())?;
        }
        Ok(())
    }

    #[test]
    fn events_without_text_are_bounded_too() {
        for event in [
            "data: {\"type\": \"ping\"}\n\n",
            "data: {\"choices\": [{\"delta\": {\"tool_calls\": [{\"index\": 7, \"id\": \"a\"}]}}]}\n\n",
            "data: {\"type\": \"content_block_start\", \"content_block\": {\"type\": \"x\"}}\n\n",
        ] {
            for protocol in [Protocol::Chat, Protocol::Anthropic, Protocol::Responses] {
                let error = fed(protocol, event, 200_000).expect_err("must not go on");
                assert_eq!(error.kind, ProviderErrorKind::TooLarge, "{protocol}: {event}");
                assert_eq!(fed(protocol, event, 80_000), Ok(()), "{protocol}: {event}");
            }
        }
    }

    #[test]
    fn the_frame_of_short_texts_does_not_count() {
        let event = "data: {\"choices\": [{\"delta\": {\"content\": \"a\"}}]}\n\n";
        assert_eq!(fed(Protocol::Chat, event, 9_000 * event.len()), Ok(()));
        let error = fed(Protocol::Chat, event, 11_000 * event.len()).unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::TooLarge);
    }
}
