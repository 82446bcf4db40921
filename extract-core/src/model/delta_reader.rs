//! From the bytes of a connection to the pieces of a reply: the framing and the protocol put
//! together, without the connection.

use crate::conversation::{Delta, ProviderError, ProviderErrorKind, Usage};
use crate::http::too_large;
use crate::wire::{Framer, Framing, Protocol, StreamDecoder, beginning};

/// How much of a body is kept until an event is read.
const BEGINNING: usize = 200;

/// Reads one streamed reply.
///
/// ```
/// use extract_llm::model::{Assembly, DeltaReader};
/// use extract_llm::wire::Protocol;
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
    /// How the body begins, until an event is read: what it is if it is no stream of events.
    prefix: Option<Vec<u8>>,
    framing: Framing,
    /// How many bytes were said, and how many may.
    text_bytes: usize,
    limit: usize,
}

impl DeltaReader {
    /// A reader of this protocol. No event has more than `limit` bytes, and neither has what they say
    /// together: text, reasoning and the arguments of calls.
    pub fn new(protocol: Protocol, limit: usize) -> Self {
        Self {
            framer: Framer::new(protocol.framing(), limit),
            decoder: protocol.stream(),
            prefix: Some(Vec::new()),
            framing: protocol.framing(),
            text_bytes: 0,
            limit,
        }
    }

    /// Takes in more bytes, and appends what they say. What was said before an error is there, too.
    pub fn push(&mut self, bytes: &[u8], deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        let mut events = Vec::new();
        if let Some(prefix) = &mut self.prefix {
            let room = BEGINNING.saturating_sub(prefix.len());
            prefix.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
        let framed = self.framer.push(bytes, &mut events);
        for event in events {
            let decoded = self.decoder.event(event.name.as_deref(), &event.data);
            let decoded = decoded.map_err(|error| self.or_not_a_stream(error))?;
            self.text_bytes += decoded.iter().map(text_length).sum::<usize>();
            deltas.extend(decoded);
            self.prefix = None;
            if self.text_bytes > self.limit {
                let message = too_large(self.limit);
                return Err(ProviderError::new(ProviderErrorKind::TooLarge, message));
            }
        }
        framed.map_err(|error| self.or_not_a_stream(error))
    }

    /// The tokens so far, where the server has counted any.
    pub fn usage(&self) -> Option<Usage> {
        self.decoder.usage()
    }

    /// The connection ended.
    pub fn end(&mut self, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        if let Some(event) = self.framer.end() {
            match self.decoder.event(event.name.as_deref(), &event.data) {
                Ok(more) => deltas.extend(more),
                // Half an event: what is missing is the rest of the stream, and `end` says so.
                Err(error) if error.kind == ProviderErrorKind::Malformed => {}
                Err(error) => return Err(error),
            }
        }
        let decoded = self.decoder.end();
        deltas.extend(decoded.map_err(|error| self.or_not_a_stream(error))?);
        Ok(())
    }

    /// The error, or that this is no stream of events at all: a page, a form, packed bytes. Servers
    /// that say so falsely are many, so it is judged by what has come.
    fn or_not_a_stream(&self, error: ProviderError) -> ProviderError {
        use ProviderErrorKind::{Interrupted, Malformed};
        let prefix = match &self.prefix {
            Some(prefix) if matches!(error.kind, Interrupted | Malformed) => prefix,
            _ => return error,
        };
        if self.framing.may_begin_with(prefix) {
            return error;
        }
        let message = format!("not a stream of events; it begins {}", beginning(prefix));
        ProviderError::new(Malformed, message)
    }
}

/// How much a piece adds to the reply.
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
