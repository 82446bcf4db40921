//! A reply of given text in each protocol, whole and in events.

use extract_core::wire::Protocol;
use extract_llm::scripted::reply;
use serde_json::{Value, json};

/// A reply in one protocol.
pub(crate) struct Saying {
    /// The body of the reply that is not streamed.
    pub(crate) body: String,
    /// The media type of the streamed reply.
    pub(crate) media_type: &'static str,
    /// The events of the streamed reply, framed.
    pub(crate) events: Vec<Vec<u8>>,
    /// The index of the event with the first piece of the text.
    pub(crate) first: usize,
}

/// Returns an event of a stream of server-sent events.
pub(crate) fn sse(event: &Value) -> Vec<u8> {
    format!("data: {event}\n\n").into_bytes()
}

/// Returns a reply whose text comes in these pieces.
pub(crate) fn saying(protocol: Protocol, pieces: &[&str]) -> Saying {
    let reply = reply::text("").pieces(pieces.iter().copied()).usage(3, 2);
    let form = reply.wire_form(protocol).unwrap();
    let events = form.events.unwrap();
    let piece = json!(pieces[0]).to_string();
    let holds_piece = |event: &Vec<u8>| String::from_utf8_lossy(event).contains(&piece);
    let first = events.iter().position(holds_piece).unwrap();
    let body = String::from_utf8(form.body.unwrap()).unwrap();
    Saying { body, media_type: form.media_type, events, first }
}

/// Returns a message of Amazon's binary event stream.
pub(crate) fn amazon_event(name: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", name)] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = 16 + headers.len() + payload.len();
    let mut message = u32::try_from(total).unwrap().to_be_bytes().to_vec();
    message.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}
