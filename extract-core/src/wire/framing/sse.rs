//! Server-sent events, after the HTML standard. The available crates (eventsource-stream, sse-stream,
//! sseer) adapt a stream of bodies and accept lines of any length. This parser is synchronous and
//! bounded.

use super::event::{self, Event, too_large};
use super::lines::Lines;
use crate::conversation::ProviderError;
use crate::wire::parse::without_byte_order_mark;

/// The state between two pieces of a stream of server-sent events.
#[derive(Debug, Default)]
pub(super) struct Sse {
    lines: Lines,
    event: PendingEvent,
}

/// The event that the next blank line completes.
#[derive(Debug, Default)]
struct PendingEvent {
    started: bool,
    name: Option<String>,
    data: Vec<u8>,
    has_data: bool,
}

impl Sse {
    /// Reads more bytes and appends the events that they complete.
    ///
    /// # Errors
    /// A line or an event exceeds `limit` bytes, or an event is not UTF-8.
    pub(super) fn push(
        &mut self,
        bytes: &[u8],
        limit: usize,
        events: &mut Vec<Event>,
    ) -> Result<(), ProviderError> {
        let Self { lines, event } = self;
        lines.push(bytes, limit, &mut |line| {
            events.extend(event.line(line)?);
            if event.data.len() > limit { Err(too_large(limit)) } else { Ok(()) }
        })
    }

    /// Returns the last event. Many servers omit the blank line after it.
    ///
    /// # Errors
    /// The event is not UTF-8.
    pub(super) fn end(&mut self) -> Result<Option<Event>, ProviderError> {
        let rest = self.lines.rest();
        match self.event.line(&rest)? {
            Some(event) => Ok(Some(event)),
            None => self.event.dispatch(),
        }
    }
}

impl PendingEvent {
    /// Reads one line. Returns the event that it completes.
    ///
    /// # Errors
    /// The event is not UTF-8.
    fn line(&mut self, line: &[u8]) -> Result<Option<Event>, ProviderError> {
        let mut line = line;
        if !self.started {
            self.started = true;
            line = without_byte_order_mark(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        if line.starts_with(b"{") && line.ends_with(b"}") {
            // No field begins like this. Some servers report failures without the framing.
            return Ok(Some(Event { name: None, data: event::text(line.to_owned())? }));
        }
        let (field, value) = match memchr::memchr(b':', line) {
            // A comment.
            Some(0) => return Ok(None),
            Some(colon) => {
                let (field, value) = line.split_at(colon);
                let value = value.strip_prefix(b":").unwrap_or(value);
                (field, value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
                if self.data == b"[DONE]" {
                    // Nothing follows it; some servers omit the blank line and stay connected.
                    return self.dispatch();
                }
            }
            // Older servers of llama.cpp put failures into a field of their own.
            b"error" if value.first() == Some(&b'{') => {
                let data = event::text(value.to_owned())?;
                return Ok(Some(Event { name: Some(String::from("error")), data }));
            }
            b"event" => self.name = Some(String::from_utf8_lossy(value).into_owned()),
            // `id`, `retry`, and fields that do not exist yet.
            _ => {}
        }
        Ok(None)
    }

    /// Completes the event. `None` if it has no data.
    ///
    /// # Errors
    /// The event is not UTF-8.
    fn dispatch(&mut self) -> Result<Option<Event>, ProviderError> {
        let name = self.name.take().filter(|name| !name.is_empty());
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return Ok(None);
        }
        Ok(Some(Event { name, data: event::text(data)? }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<(Option<String>, String)> {
        let mut sse = Sse::default();
        let mut events = Vec::new();
        for piece in pieces {
            sse.push(piece, 1 << 20, &mut events).unwrap();
        }
        events.extend(sse.end().unwrap());
        events.into_iter().map(|event| (event.name, event.data)).collect()
    }

    const STREAM: &str = "\u{feff}: comment\r\nevent: a\ndata: eins\rdata:zwei\r\n\r\n\
        id: 7\nretry: 10\ndata: {\"ü\":\"🌊\"}\n\n\nevent: nothing\n\ndata\n\ndata: [DONE]";

    fn expected() -> Vec<(Option<String>, String)> {
        vec![
            (Some("a".into()), "eins\nzwei".into()),
            (None, "{\"ü\":\"🌊\"}".into()),
            (None, String::new()),
            (None, "[DONE]".into()),
        ]
    }

    #[test]
    fn every_byte_may_come_alone() {
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(events(&bytes), expected());
        assert_eq!(events(&[STREAM.as_bytes()]), expected());
    }

    proptest! {
        #[test]
        fn no_cut_changes_anything(cuts in proptest::collection::vec(0..STREAM.len(), 0..12)) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&STREAM.as_bytes()[from..cut]);
                from = cut;
            }
            pieces.push(&STREAM.as_bytes()[from..]);
            prop_assert_eq!(events(&pieces), expected());
        }
    }

    #[test]
    fn a_bare_object_is_an_event() {
        let bare = events(&[b"data: 1\n\n{\"error\": {}}\n"]);
        assert_eq!(bare, [(None, "1".into()), (None, "{\"error\": {}}".into())]);
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut sse = Sse::default();
        let mut taken = Ok(());
        for _ in 0..100 {
            taken = taken.and_then(|()| sse.push(&[b'x'; 100], 1000, &mut Vec::new()));
        }
        assert!(taken.is_err());
        let mut sse = Sse::default();
        let mut taken = Ok(());
        for _ in 0..100 {
            taken =
                taken.and_then(|()| sse.push(b"data: 0123456789012345\n", 1000, &mut Vec::new()));
        }
        assert!(taken.is_err(), "nor may an event have no end");
    }
}
