//! Framing, on any bytes: the events do not depend on how the bytes are cut, and none exceeds the limit.
#![no_main]

use extract_core::conversation::ProviderErrorKind;
use extract_core::wire::{Event, Framer, Framing};
use extract_fuzz::{amazon_message, pieces};
use libfuzzer_sys::fuzz_target;

/// The result of a whole stream: its events, and the kind of the error that ended it.
#[derive(Debug, PartialEq)]
struct Framed {
    events: Vec<Event>,
    failed: Option<ProviderErrorKind>,
}

fn frame<'a>(framing: Framing, limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Framed {
    let mut framer = Framer::new(framing, limit);
    let mut events = Vec::new();
    for piece in pieces {
        if let Err(error) = framer.push(piece, &mut events) {
            return Framed { events, failed: Some(error.kind) };
        }
    }
    for event in &events {
        // Amazon's errors are made JSON, whose escapes have six characters.
        let limit = if framing == Framing::AmazonEvents { limit * 6 + 64 } else { limit };
        assert!(event.data.len() <= limit, "an event of {} bytes", event.data.len());
    }
    match framer.end() {
        Ok(last) => {
            events.extend(last);
            Framed { events, failed: None }
        }
        Err(error) => Framed { events, failed: Some(error.kind) },
    }
}

/// Makes messages with right checksums of bytes: two lengths, headers and payload, again and again.
fn messages(mut bytes: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [headers, payload, rest @ ..] = bytes {
        let (headers, rest) = rest.split_at(usize::from(*headers).min(rest.len()));
        let (payload, rest) = rest.split_at(usize::from(*payload).min(rest.len()));
        stream.extend(amazon_message(headers, payload));
        bytes = rest;
    }
    stream
}

fuzz_target!(|data: &[u8]| {
    let [kind, limit, seed, bytes @ ..] = data else { return };
    let (framing, made) = match kind % 4 {
        0 => (Framing::ServerSentEvents, None),
        1 => (Framing::Lines, None),
        2 => (Framing::AmazonEvents, None),
        _ => (Framing::AmazonEvents, Some(messages(bytes))),
    };
    let bytes = made.as_deref().unwrap_or(bytes);
    let limit = if *limit == 0 { 1 << 20 } else { usize::from(*limit) };
    let whole = frame(framing, limit, [bytes]);
    assert_eq!(whole, frame(framing, limit, pieces(bytes, *seed)));
    let size: usize = whole.events.iter().map(|event| event.data.len()).sum();
    assert!(size <= bytes.len() * 8 + 64, "events of {size} bytes in {}", bytes.len());
});
