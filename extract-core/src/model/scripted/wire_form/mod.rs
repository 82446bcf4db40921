//! Scripted replies in the wire form of each protocol, whole and as events: the reverse of `wire/`.

mod anthropic;
mod bedrock;
mod chat;
mod cohere;
mod gemini;
mod interactions;
mod ollama;
mod responses;

use serde_json::{Value, json};

use super::answer::Answer;
use crate::conversation::{ProviderError, ProviderErrorKind};
use crate::wire::{Framing, Protocol};

/// A reply as a provider sends it. [`ScriptedReply::wire_form`](super::ScriptedReply::wire_form) returns it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WireForm {
    /// The body of the reply that is not streamed. `None` if the protocol carries it in streams only: arguments
    /// that are no JSON object, with Anthropic, Bedrock and Google's Interactions.
    pub body: Option<Vec<u8>>,
    /// The events of the streamed reply, with their framing. `None` if a streamed request is answered with
    /// the body: raw bodies and failures.
    pub events: Option<Vec<Vec<u8>>>,
    /// The media type of the streamed reply, such as `text/event-stream`. That of a body is `application/json`.
    pub media_type: &'static str,
    /// The reason why there is no body.
    pub(super) without_body: String,
    /// The number of events that say that the answer ends, and why.
    pub(super) end_events: usize,
}

impl WireForm {
    /// Returns a reply that is never streamed.
    pub(super) fn of_body(body: Vec<u8>) -> Self {
        Self {
            body: Some(body),
            events: None,
            media_type: "application/json",
            without_body: String::new(),
            end_events: 0,
        }
    }

    /// Returns a reply that is always a stream, of one chunk.
    pub(super) fn of_events(events: Vec<u8>) -> Self {
        // The decoder of whole replies reports the stream in its own words.
        let body = Some(events.clone());
        Self {
            body,
            events: Some(vec![events]),
            media_type: "text/event-stream",
            without_body: String::new(),
            end_events: 0,
        }
    }
}

/// Returns an answer in the form of a protocol. Fails if the protocol cannot express it.
pub(super) fn of_answer(
    protocol: Protocol,
    answer: &Answer,
    model: &str,
    characters: usize,
) -> Result<WireForm, ProviderError> {
    let writing = Writing { answer, model, characters, protocol };
    let (body, events) = match protocol {
        Protocol::Chat => (Ok(chat::body(&writing)), chat::events(&writing)),
        Protocol::Responses => (Ok(responses::body(&writing)), responses::events(&writing)),
        Protocol::Anthropic => (anthropic::body(&writing), anthropic::events(&writing)),
        Protocol::Gemini => (gemini::body(&writing), gemini::events(&writing)?),
        Protocol::Interactions => (interactions::body(&writing), interactions::events(&writing)?),
        Protocol::Cohere => (Ok(cohere::body(&writing)), cohere::events(&writing)),
        Protocol::Bedrock => (bedrock::body(&writing), bedrock::events(&writing)),
        Protocol::Ollama => (ollama::body(&writing), ollama::events(&writing)?),
    };
    let (body, without_body) = match body {
        Ok(body) => (Some(body.to_string().into_bytes()), String::new()),
        Err(error) => (None, error.message),
    };
    let media_type = match protocol.framing() {
        Framing::ServerSentEvents => "text/event-stream",
        Framing::Lines => "application/x-ndjson",
        _ => "application/vnd.amazon.eventstream",
    };
    let end_events = end_events(protocol, answer);
    Ok(WireForm { body, events: Some(events), media_type, without_body, end_events })
}

/// Returns the number of events at the end of a stream that say that the answer ends, and why.
fn end_events(protocol: Protocol, answer: &Answer) -> usize {
    match protocol {
        // The reason, the usage and `[DONE]`.
        Protocol::Chat => 2 + usize::from(answer.usage.is_some()),
        Protocol::Anthropic | Protocol::Bedrock | Protocol::Interactions => 2,
        Protocol::Responses | Protocol::Gemini | Protocol::Cohere | Protocol::Ollama => 1,
    }
}

/// Returns the body of a failure with this status.
pub(super) fn of_failure(protocol: Protocol, status: u16, message: &str) -> Vec<u8> {
    let body = match protocol {
        Protocol::Anthropic => anthropic::failure(status, message),
        Protocol::Gemini | Protocol::Interactions => gemini::failure(status, message),
        Protocol::Cohere | Protocol::Bedrock => json!({ "message": message }),
        Protocol::Ollama => json!({ "error": message }),
        Protocol::Chat | Protocol::Responses => {
            json!({"error": {"message": message, "type": null, "code": null}})
        }
    };
    body.to_string().into_bytes()
}

/// An answer to be written in a protocol.
pub(super) struct Writing<'a> {
    answer: &'a Answer,
    /// The name of the model.
    model: &'a str,
    /// The size of a piece of text in a stream.
    characters: usize,
    protocol: Protocol,
}

impl Writing<'_> {
    /// Returns the pieces of a streamed text.
    fn split(&self, text: &str) -> Vec<String> {
        self.answer.split(text, self.characters)
    }

    /// Returns the arguments of a call as a JSON value. Fails if they are none: the protocol then cannot
    /// carry them.
    fn arguments(&self, arguments: &str) -> Result<Value, ProviderError> {
        let value: Value = serde_json::from_str(arguments).unwrap_or_default();
        if value.is_object() {
            return Ok(value);
        }
        Err(self.inexpressible("arguments that are no JSON object"))
    }

    /// Returns the text, or the refusal in a protocol that has no other place for it.
    fn text_or_refusal(&self) -> Option<&str> {
        self.answer.text.as_deref().or(self.answer.refusal.as_deref())
    }

    /// Returns the error of an answer that the protocol cannot express.
    fn inexpressible(&self, thing: &str) -> ProviderError {
        let message =
            format!("the script is not valid: the protocol {} has no {thing}", self.protocol);
        ProviderError::new(ProviderErrorKind::Other, message)
    }
}

/// Returns the id of a call.
fn call_id(index: usize) -> String {
    format!("call_{index}")
}

/// Returns an event of a stream of server-sent events.
fn sse(event: &Value) -> Vec<u8> {
    format!("data: {event}\n\n").into_bytes()
}

/// Returns an event whose name is its type.
fn typed_sse(event: &Value) -> Vec<u8> {
    let name = event.get("type").and_then(Value::as_str).unwrap_or_default();
    format!("event: {name}\ndata: {event}\n\n").into_bytes()
}
