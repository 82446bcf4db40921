//! The list of protocols. Everything specific to one of them is in its [`Descriptor`].

use std::fmt;

use super::decoder::{CommonDecoder, StreamDecoder};
use super::descriptor::{Delivery, Descriptor, EncodeContext};
use super::framing::Framing;
use super::quirks::Quirks;
use super::{
    anthropic, bedrock, chat, cohere, gemini, interactions, ollama, parse, responses,
    setting_support, surrogates,
};
use crate::conversation::{ProviderError, Reply, Request, Settings};

/// A wire protocol.
///
/// ```
/// use extract_llm::model::Protocol;
///
/// let body = br#"{"choices": [{"message": {"content": "Seven."}, "finish_reason": "stop"}]}"#;
/// let reply = Protocol::Chat.decode(body)?;
/// assert_eq!(reply.text(), "Seven.");
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// OpenAI's Chat Completions, and servers compatible with it.
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
    /// Ollama's native chat.
    Ollama,
}

impl Protocol {
    /// Returns the description of the protocol.
    fn descriptor(self) -> &'static Descriptor {
        match self {
            Self::Chat => &chat::DESCRIPTOR,
            Self::Responses => &responses::DESCRIPTOR,
            Self::Anthropic => &anthropic::DESCRIPTOR,
            Self::Gemini => &gemini::DESCRIPTOR,
            Self::Interactions => &interactions::DESCRIPTOR,
            Self::Cohere => &cohere::DESCRIPTOR,
            Self::Bedrock => &bedrock::DESCRIPTOR,
            Self::Ollama => &ollama::DESCRIPTOR,
        }
    }

    /// Encodes a request as a JSON body.
    ///
    /// # Errors
    /// The request holds a setting, a kind of media or a value that the protocol cannot express.
    #[doc(hidden)]
    pub fn encode(
        self,
        request: &Request,
        model: &str,
        quirks: &Quirks,
        delivery: Delivery,
    ) -> Result<Vec<u8>, ProviderError> {
        let descriptor = self.descriptor();
        setting_support::check(descriptor, model, &request.settings, quirks)?;
        let context = EncodeContext { request, model, quirks, delivery };
        (descriptor.encode)(&context)?.into_body(quirks.extra, &request.settings.extra_body)
    }

    /// Replaces or removes every setting that [`encode`](Self::encode) would refuse. Returns a note for
    /// each.
    pub(crate) fn fit(self, model: &str, settings: &mut Settings, quirks: &Quirks) -> Vec<String> {
        setting_support::fit(self.descriptor(), model, settings, quirks)
    }

    /// Decodes the body of a successful answer that is not streamed. A byte order mark is skipped, and
    /// lone surrogates become U+FFFD.
    ///
    /// # Errors
    /// The body is empty, not UTF-8 or not a reply of this protocol, or it reports a failure.
    #[doc(hidden)]
    pub fn decode(self, body: &[u8]) -> Result<Reply, ProviderError> {
        let body = parse::without_byte_order_mark(body);
        if body.trim_ascii().is_empty() {
            return Err(parse::empty_body());
        }
        let text = surrogates::replace_lone(parse::utf8(body, "the body")?);
        (self.descriptor().decode)(text.as_bytes())
    }

    /// Returns a decoder for one streamed reply.
    #[doc(hidden)]
    pub fn stream(self) -> Box<dyn StreamDecoder> {
        let descriptor = self.descriptor();
        Box::new(CommonDecoder::new((descriptor.stream)(), descriptor.opening))
    }

    /// Returns the framing of the protocol's streams.
    #[doc(hidden)]
    pub fn framing(self) -> Framing {
        self.descriptor().framing
    }

    /// Returns the path of a request below the base URL, segment by segment.
    #[doc(hidden)]
    pub fn path(self, model: &str, delivery: Delivery) -> Vec<String> {
        (self.descriptor().path)(model, delivery)
    }

    /// Returns the query parameter that a request needs, as name and value.
    #[doc(hidden)]
    pub fn query(self, delivery: Delivery) -> Option<(&'static str, &'static str)> {
        (self.descriptor().query)(delivery)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.descriptor().name)
    }
}
