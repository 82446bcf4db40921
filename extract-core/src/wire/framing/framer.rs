//! Splits the bytes of a connection into events, wherever the pieces of it are cut. No I/O; the bytes
//! kept between two pieces are bounded.

use super::event::{self, Event};
use super::{amazon, lines, sse};
use crate::conversation::ProviderError;
use crate::wire::parse::without_byte_order_mark;

/// The framing of a stream: how its bytes are divided into events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// Server-sent events.
    ServerSentEvents,
    /// One JSON value per line.
    Lines,
    /// Amazon's binary event stream.
    AmazonEvents,
}

impl Framing {
    /// Whether a stream of this framing may begin with these bytes, which may be cut off anywhere.
    pub(crate) fn may_begin_with(self, bytes: &[u8]) -> bool {
        let text = without_byte_order_mark(bytes).trim_ascii_start();
        match self {
            // A message begins with its length, and none has 16 MiB.
            Self::AmazonEvents => bytes.first().is_none_or(|first| *first == 0),
            Self::Lines => text.first().is_none_or(|first| *first == b'{'),
            Self::ServerSentEvents => {
                let mut lines = text.split(|byte| matches!(byte, b'\r' | b'\n'));
                let line = lines.next().unwrap_or_default();
                let field = line.split(|byte| *byte == b':').next().unwrap_or_default();
                let whole = field.len() < text.len();
                [&b"data"[..], b"event", b"error", b"id", b"retry", b""]
                    .iter()
                    .any(|known| if whole { *known == field } else { known.starts_with(field) })
            }
        }
    }
}

/// Splits the bytes of a connection into events.
///
/// ```
/// use extract_core::wire::{Framer, Framing};
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
    kind: FramerKind,
    /// Whether no line has come yet.
    first: bool,
    /// The maximum size of one event, in bytes.
    limit: usize,
}

#[derive(Debug)]
enum FramerKind {
    Sse(sse::Sse),
    Lines(lines::Lines),
    Amazon(amazon::Amazon),
}

impl Framer {
    /// Returns a framer whose events have at most `limit` bytes.
    pub fn new(framing: Framing, limit: usize) -> Self {
        let kind = match framing {
            Framing::ServerSentEvents => FramerKind::Sse(sse::Sse::default()),
            Framing::Lines => FramerKind::Lines(lines::Lines::default()),
            Framing::AmazonEvents => FramerKind::Amazon(amazon::Amazon::default()),
        };
        Self { kind, first: true, limit }
    }

    /// Reads more bytes and appends the events that they complete.
    ///
    /// # Errors
    /// An event exceeds the limit, or the framing is violated. Events completed before the error are
    /// appended.
    pub fn push(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), ProviderError> {
        match &mut self.kind {
            FramerKind::Sse(sse) => sse.push(bytes, self.limit, events),
            FramerKind::Lines(lines) => {
                let first = &mut self.first;
                let mut take = |line: &[u8]| {
                    let line =
                        if std::mem::take(first) { without_byte_order_mark(line) } else { line };
                    let data = event::text(line.to_owned())?;
                    events.push(Event { name: None, data });
                    Ok(())
                };
                lines.push(bytes, self.limit, &mut take)
            }
            FramerKind::Amazon(amazon) => amazon.push(bytes, self.limit, events),
        }
    }

    /// Ends the stream and returns the last event if its end marker is missing. The event may be
    /// incomplete. `None` if nothing is left.
    ///
    /// # Errors
    /// The event is not UTF-8.
    pub fn end(&mut self) -> Result<Option<Event>, ProviderError> {
        match &mut self.kind {
            FramerKind::Sse(sse) => sse.end(),
            FramerKind::Lines(lines) => {
                let rest = lines.rest();
                let rest = if self.first { without_byte_order_mark(&rest) } else { &rest };
                let data = event::text(rest.to_owned())?;
                Ok((!data.trim().is_empty()).then_some(Event { name: None, data }))
            }
            FramerKind::Amazon(_) => Ok(None),
        }
    }
}
