//! Takes the bytes of a connection apart into events, whatever pieces they arrive in. Pure: bytes
//! go in, events come out, and what is kept in between is bounded.

use crate::conversation::{ProviderError, ProviderErrorKind};

mod amazon;
mod lines;
mod sse;

/// How the events of a stream are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events.
    ServerSentEvents,
    /// One JSON value a line.
    Lines,
    /// Amazon's binary event stream.
    AmazonEvents,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its name, where it has one.
    pub name: Option<String>,
    /// What it holds.
    pub data: String,
}

/// Takes events out of bytes.
///
/// ```
/// use extract_llm::wire::{Framer, Framing};
///
/// let mut framer = Framer::new(Framing::ServerSentEvents, 1 << 20);
/// let mut events = Vec::new();
/// framer.push(b": hello\r\nevent: greeting\r\nda", &mut events)?;
/// framer.push(b"ta: {}\r\n\r\n", &mut events)?;
/// assert_eq!(events[0].name.as_deref(), Some("greeting"));
/// assert_eq!(events[0].data, "{}");
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug)]
pub struct Framer {
    kind: Kind,
    /// The most bytes that one event may have.
    limit: usize,
}

#[derive(Debug)]
enum Kind {
    Sse(sse::Sse),
    Lines(lines::Lines),
    Amazon(amazon::Amazon),
}

impl Framer {
    /// A framer whose events have no more than `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        let kind = match framing {
            Framing::ServerSentEvents => Kind::Sse(sse::Sse::default()),
            Framing::Lines => Kind::Lines(lines::Lines::default()),
            Framing::AmazonEvents => Kind::Amazon(amazon::Amazon::default()),
        };
        Self { kind, limit }
    }

    /// Takes in more bytes, and appends the events that they complete.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), ProviderError> {
        match &mut self.kind {
            Kind::Sse(sse) => sse.push(bytes, self.limit, events),
            Kind::Lines(lines) => {
                let mut take = |line: &[u8]| {
                    let data = String::from_utf8_lossy(line).into_owned();
                    events.push(Event { name: None, data });
                    Ok(())
                };
                lines.push(bytes, self.limit, &mut take)
            }
            Kind::Amazon(amazon) => amazon.push(bytes, self.limit, events),
        }
    }

    /// The connection ended: what stands there without its end, which may be whole all the same.
    pub fn end(&mut self) -> Option<Event> {
        match &mut self.kind {
            Kind::Sse(sse) => sse.end(),
            Kind::Lines(lines) => {
                let rest = lines.rest();
                let data = String::from_utf8_lossy(&rest).into_owned();
                (!data.trim().is_empty()).then_some(Event { name: None, data })
            }
            Kind::Amazon(_) => None,
        }
    }
}

fn too_large(limit: usize) -> ProviderError {
    let message = format!("one event has more than {limit} bytes");
    ProviderError::new(ProviderErrorKind::TooLarge, message)
}
