//! From the bytes of a connection to the pieces of a reply: the framing and the protocol put
//! together, without the connection.

use crate::conversation::{Delta, ProviderError, ProviderErrorKind};
use crate::http::Framer;
use crate::wire::{Protocol, StreamDecoder};

/// Reads one streamed reply.
///
/// ```
/// use extract_core::model::{Assembly, DeltaReader};
/// use extract_core::wire::Protocol;
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
/// # Ok::<(), extract_core::conversation::ProviderError>(())
/// ```
#[derive(Debug)]
pub struct DeltaReader {
    framer: Framer,
    decoder: Box<dyn StreamDecoder>,
}

impl DeltaReader {
    /// A reader of this protocol, of whose events none has more than `limit` bytes.
    pub fn new(protocol: Protocol, limit: usize) -> Self {
        Self { framer: Framer::new(protocol.framing(), limit), decoder: protocol.stream() }
    }

    /// Takes in more bytes, and appends what they say. What was said before an error is there, too.
    pub fn push(&mut self, bytes: &[u8], deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        let mut events = Vec::new();
        let framed = self.framer.push(bytes, &mut events);
        for event in events {
            deltas.extend(self.decoder.event(event.name.as_deref(), &event.data)?);
        }
        framed
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
        deltas.extend(self.decoder.end()?);
        Ok(())
    }
}
