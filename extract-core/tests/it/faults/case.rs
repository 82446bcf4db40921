//! One protocol, whole or streamed: its good reply, its failures, and the scripts of both.

use std::time::Duration;

use extract_core::wire::Protocol;
use serde_json::{Value, json};

use super::server::{Script, Step};
use crate::support::exchanges::KEY;
use crate::support::replies::{Saying, amazon_event, saying};
use crate::support::server::chunk;

/// The pieces of the answer. The first one looks like an answer with another age.
pub(super) const PIECES: [&str; 2] = [r#"{"name": "Ida", "age": 4"#, "1}"];

pub(super) const PROTOCOLS: [Protocol; 8] = [
    Protocol::Chat,
    Protocol::Responses,
    Protocol::Anthropic,
    Protocol::Gemini,
    Protocol::Interactions,
    Protocol::Cohere,
    Protocol::Bedrock,
    Protocol::Ollama,
];

/// Returns the name of a protocol in the page.
pub(super) fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Chat => "Chat",
        Protocol::Responses => "Responses",
        Protocol::Anthropic => "Anthropic",
        Protocol::Gemini => "Gemini",
        Protocol::Interactions => "Interactions",
        Protocol::Cohere => "Cohere",
        Protocol::Bedrock => "Bedrock",
        _ => "Ollama",
    }
}

/// A protocol, and whether the reply is streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Case {
    /// The index in [`PROTOCOLS`].
    pub(super) index: usize,
    pub(super) streamed: bool,
}

impl Case {
    /// Returns all cases.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        let one = |index| [false, true].map(|streamed| Self { index, streamed });
        (0..PROTOCOLS.len()).flat_map(one)
    }

    pub(super) fn protocol(self) -> Protocol {
        PROTOCOLS[self.index]
    }

    pub(super) fn is(self, protocols: &[Protocol]) -> bool {
        protocols.contains(&self.protocol())
    }

    /// Whether the stream consists of server-sent events.
    pub(super) fn is_sse(self) -> bool {
        !self.is(&[Protocol::Bedrock, Protocol::Ollama])
    }

    /// Returns the good reply.
    pub(super) fn saying(self) -> Saying {
        saying(self.protocol(), &PIECES)
    }

    /// Returns the bytes of the good reply's body.
    pub(super) fn body(self) -> Vec<u8> {
        let Saying { body, events, .. } = self.saying();
        if self.streamed { events.concat() } else { body.into_bytes() }
    }

    pub(super) fn media_type(self) -> &'static str {
        if self.streamed { self.saying().media_type } else { "application/json" }
    }

    /// Returns the number of bytes of the body up to the end of the first piece of the answer.
    pub(super) fn after_first_piece(self) -> usize {
        let Saying { body, events, first, .. } = self.saying();
        if self.streamed { events[..=first].concat().len() } else { body.len() / 2 }
    }

    /// Returns the number of bytes of the body before the event with the first piece of the answer.
    pub(super) fn before_first_piece(self) -> usize {
        let Saying { events, first, .. } = self.saying();
        if self.streamed { events[..first].concat().len() } else { 1 }
    }

    /// Returns the script of a response with this body, framed as the protocol usually frames it.
    pub(super) fn replies(self, body: &[u8]) -> Script {
        answers(if self.streamed {
            chunked(self.media_type(), body, true)
        } else {
            sized(200, "content-type: application/json\r\n", body)
        })
    }

    /// Returns the script of the good response.
    pub(super) fn good(self) -> Script {
        self.replies(&self.body())
    }

    /// Returns the body of a failure.
    pub(super) fn failure(self, kind: &str, code: Option<&str>, message: &str) -> Value {
        let message = format!("{message} The key was {KEY}.");
        match self.protocol() {
            Protocol::Anthropic => {
                json!({"type": "error", "error": {"type": code.unwrap_or(kind), "message": message}})
            }
            Protocol::Gemini | Protocol::Interactions => {
                json!({"error": {"message": message, "status": code.unwrap_or(kind)}})
            }
            Protocol::Cohere => json!({"id": "1", "message": message, "code": code}),
            Protocol::Bedrock => json!({"message": message, "__type": code.unwrap_or(kind)}),
            Protocol::Ollama => json!({"error": message, "code": code}),
            _ => json!({"error": {"message": message, "type": kind, "code": code, "param": null}}),
        }
    }

    /// Returns an event that holds a failure.
    pub(super) fn failure_event(self, code: &str, message: &str) -> Vec<u8> {
        let body = self.failure(code, Some(code), message);
        match self.protocol() {
            Protocol::Anthropic => format!("event: error\ndata: {body}\n\n").into_bytes(),
            Protocol::Bedrock => amazon_event(
                "serviceUnavailableException",
                &json!({"message": message}).to_string(),
            ),
            Protocol::Ollama => format!("{body}\n").into_bytes(),
            Protocol::Cohere => {
                let body = json!({"error": {"message": message, "code": code}});
                format!("data: {body}\n\n").into_bytes()
            }
            _ => format!("data: {body}\n\n").into_bytes(),
        }
    }

    /// Returns an event without content, as servers send it to keep a connection open.
    pub(super) fn ping(self) -> Vec<u8> {
        match self.protocol() {
            Protocol::Anthropic => b"event: ping\ndata: {\"type\": \"ping\"}\n\n".to_vec(),
            Protocol::Bedrock => amazon_event("ping", "{}"),
            Protocol::Ollama => b"\n".to_vec(),
            _ => b": ping\n\n".to_vec(),
        }
    }
}

/// Returns the head of a response. The connection closes after the response.
pub(super) fn head(status: u16, headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}\r\n").into_bytes()
}

/// Returns a response with a content length.
pub(super) fn sized(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    [head(status, &format!("{headers}content-length: {length}\r\n")), body.to_vec()].concat()
}

/// Returns a chunked response, whole or without its last chunk.
pub(super) fn chunked(media_type: &str, body: &[u8], whole: bool) -> Vec<u8> {
    let headers = format!("content-type: {media_type}\r\ntransfer-encoding: chunked\r\n");
    let mut bytes = head(200, &headers);
    body.chunks(701).for_each(|piece| bytes.extend(chunk(piece)));
    if whole {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    bytes
}

/// Returns the script of a response.
pub(super) fn answers(bytes: Vec<u8>) -> Script {
    vec![Step::Read, Step::Write(bytes)]
}

/// Returns the script of a response after which the connection stays open.
pub(super) fn stalls(bytes: Vec<u8>) -> Script {
    vec![Step::Read, Step::Write(bytes), Step::Hang]
}

/// Returns the script of a response after which the connection is reset.
pub(super) fn resets(bytes: Vec<u8>) -> Script {
    // A reset discards the bytes that the client has not read.
    let pause = Step::Pause(Duration::from_millis(150));
    vec![Step::Read, Step::Write(bytes), pause, Step::Reset]
}

/// Returns the script of a response whose last bytes come again and again.
pub(super) fn repeats(bytes: Vec<u8>, repeated: Vec<u8>, pause: Duration) -> Script {
    vec![Step::Read, Step::Write(bytes), Step::Repeat(repeated, pause)]
}
