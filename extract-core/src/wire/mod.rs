//! What goes over the wire, one room a protocol: encode a request, decode a reply, decode a stream
//! event by event. Pure functions from data to bytes and back; they know no sockets, no clock and
//! no keys.
//!
//! A reply that comes whole and one that comes in pieces are read by the same code, and put together
//! by the same [`Assembly`].

use crate::conversation::{Assembly, Delta, ProviderError, Reply, Request, Usage};

mod anthropic;
mod bedrock;
mod body;
mod chat;
mod cohere;
mod failure;
mod framing;
mod gemini;
mod interactions;
mod loose;
mod offer;
mod ollama;
mod quirks;
mod responses;
mod settings;
mod surrogates;
mod unsupported;
mod usage;

pub(crate) use failure::beginning;
pub use failure::{ErrorBody, classify, decode_failure};
pub use framing::{Event, Framer, Framing};
pub use quirks::{
    CacheForm, EffortField, MaxTokensField, MediaForm, Quirks, SchemaField, SeedField, TierField,
    ToolChoiceForm,
};

pub use unsupported::unsupported;

/// A protocol that servers speak.
///
/// ```
/// use extract_llm::wire::Protocol;
///
/// let body = br#"{"choices": [{"message": {"content": "Seven."}, "finish_reason": "stop"}]}"#;
/// let reply = Protocol::Chat.decode(body)?;
/// assert_eq!(reply.text(), "Seven.");
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// OpenAI's Chat Completions, and what is compatible with it.
    Chat,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's generateContent.
    Gemini,
    /// Google's Interactions.
    Interactions,
    /// Cohere's chat, version 2.
    Cohere,
    /// Amazon Bedrock's Converse.
    Bedrock,
    /// Ollama's own chat.
    Ollama,
}

/// How a reply is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// In one piece.
    Whole,
    /// As it is written.
    Streamed,
}

/// Reads one streamed reply, event by event.
pub trait StreamDecoder: std::fmt::Debug + Send {
    /// Takes in an event: its name, where it has one, and its data.
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError>;

    /// The connection ended. What was held back until now comes out; an error of the kind
    /// [`Interrupted`](crate::conversation::ProviderErrorKind::Interrupted) says that the reply had
    /// not ended yet.
    fn end(&mut self) -> Result<Vec<Delta>, ProviderError>;

    /// The tokens so far, where the server has counted any: a reply that is cut off has cost them.
    fn usage(&self) -> Option<Usage> {
        None
    }
}

impl Protocol {
    /// The body of a request.
    pub fn encode(
        self,
        request: &Request,
        model: &str,
        quirks: &Quirks,
        delivery: Delivery,
    ) -> Result<Vec<u8>, ProviderError> {
        settings::placed(self, &request.settings, quirks)?;
        match self {
            Self::Chat => chat::encode(request, model, quirks, delivery),
            Self::Responses => responses::encode(request, model, quirks, delivery),
            Self::Anthropic => anthropic::encode(request, model, quirks, delivery),
            Self::Gemini => gemini::encode(request, quirks),
            Self::Interactions => interactions::encode(request, model, quirks, delivery),
            Self::Cohere => cohere::encode(request, model, quirks, delivery),
            Self::Bedrock => bedrock::encode(request, quirks),
            Self::Ollama => ollama::encode(request, model, quirks, delivery),
        }
    }

    /// The reply in the body of a 200.
    pub fn decode(self, body: &[u8]) -> Result<Reply, ProviderError> {
        let mended = std::str::from_utf8(body).map(surrogates::mend);
        let body = mended.as_ref().map_or(body, |text| text.as_bytes());
        match self {
            Self::Chat => chat::decode(body),
            Self::Responses => responses::decode(body),
            Self::Anthropic => anthropic::decode(body),
            Self::Gemini => gemini::decode(body),
            Self::Interactions => interactions::decode(body),
            Self::Cohere => cohere::decode(body),
            Self::Bedrock => bedrock::decode(body),
            Self::Ollama => ollama::decode(body),
        }
    }

    /// A decoder for one streamed reply.
    pub fn stream(self) -> Box<dyn StreamDecoder> {
        Box::new(MendedDecoder(self.raw_stream()))
    }

    fn raw_stream(self) -> Box<dyn StreamDecoder> {
        match self {
            Self::Chat => Box::new(chat::Stream::default()),
            Self::Responses => Box::new(responses::Stream::default()),
            Self::Anthropic => Box::new(anthropic::Stream::default()),
            Self::Gemini => Box::new(gemini::Stream::default()),
            Self::Interactions => Box::new(interactions::Stream::default()),
            Self::Cohere => Box::new(cohere::Stream::default()),
            Self::Bedrock => Box::new(bedrock::Stream::default()),
            Self::Ollama => Box::new(ollama::Stream::default()),
        }
    }

    /// How its streams are framed.
    pub fn framing(self) -> Framing {
        match self {
            Self::Bedrock => Framing::AmazonEvents,
            Self::Ollama => Framing::Lines,
            _ => Framing::ServerSentEvents,
        }
    }

    /// The path of requests behind the base URL, segment by segment.
    pub fn path(self, model: &str, delivery: Delivery) -> Vec<String> {
        let segments: &[&str] = match (self, delivery) {
            (Self::Chat, _) => &["chat", "completions"],
            (Self::Responses, _) => &["responses"],
            (Self::Anthropic, _) => &["messages"],
            (Self::Gemini, _) => {
                let verb = match delivery {
                    Delivery::Whole => "generateContent",
                    Delivery::Streamed => "streamGenerateContent",
                };
                let model = model.strip_prefix("models/").unwrap_or(model);
                return vec![String::from("models"), format!("{model}:{verb}")];
            }
            (Self::Interactions, _) => &["interactions"],
            (Self::Cohere, _) => &["v2", "chat"],
            (Self::Bedrock, Delivery::Whole) => &["model", model, "converse"],
            (Self::Bedrock, Delivery::Streamed) => &["model", model, "converse-stream"],
            (Self::Ollama, _) => &["api", "chat"],
        };
        segments.iter().map(|segment| (*segment).to_owned()).collect()
    }

    /// What the URL of a request asks beside its path.
    pub fn query(self, delivery: Delivery) -> Option<(&'static str, &'static str)> {
        // Without it the stream is one long list.
        (self == Self::Gemini && delivery == Delivery::Streamed).then_some(("alt", "sse"))
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Chat => "Chat Completions",
            Self::Responses => "Responses",
            Self::Anthropic => "Messages",
            Self::Gemini => "generateContent",
            Self::Interactions => "Interactions",
            Self::Cohere => "Cohere chat v2",
            Self::Bedrock => "Converse",
            Self::Ollama => "Ollama chat",
        })
    }
}

/// A decoder that is shown only what can be read.
#[derive(Debug)]
struct MendedDecoder(Box<dyn StreamDecoder>);

impl StreamDecoder for MendedDecoder {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        self.0.event(name, &surrogates::mend(data))
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        self.0.end()
    }

    fn usage(&self) -> Option<Usage> {
        self.0.usage()
    }
}

/// The reply that these deltas are.
fn assemble(deltas: impl IntoIterator<Item = Delta>) -> Result<Reply, ProviderError> {
    let mut assembly = Assembly::new();
    deltas.into_iter().for_each(|delta| assembly.push(delta));
    assembly.finish()
}
