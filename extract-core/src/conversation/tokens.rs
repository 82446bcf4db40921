//! The number of tokens of messages and requests, by a counter of texts.

use super::approximate::approximate_tokens;
use super::media::{Media, MediaKind, MediaSource};
use super::{Conversation, Message, Output, Part, Request, Tool};

/// The tokens of one medium. Providers count by pixels, seconds and pages, which are not known here.
const IMAGE: u64 = 1_000;
const AUDIO: u64 = 1_000;
const DOCUMENT: u64 = 3_000;

/// The tokens around a message, a call and a tool.
const FRAME: u64 = 4;

/// A counter of the tokens of a text.
pub(crate) type Counter = fn(&str) -> u64;

/// The tokens of a part, a message or a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// The tokens of texts.
    pub(crate) text: u64,
    /// The tokens of media, and of the frames around messages. They are guessed.
    pub(crate) rest: u64,
}

impl Tokens {
    fn text(tokens: u64) -> Self {
        Self { text: tokens, rest: 0 }
    }

    fn of_tool(tool: &Tool, count: Counter) -> Self {
        let description = tool.description.as_deref().map_or(0, count);
        let schema = count(&tool.schema.to_string());
        let name = count(&tool.name);
        // Schemas are shown to the model in a shorter notation by some providers.
        Self { text: name.saturating_add(description), rest: schema.saturating_add(FRAME) }
    }

    fn of_media(media: &Media, count: Counter) -> Self {
        // A text document is sent, or read by the provider, as text.
        if let (MediaKind::Document, MediaSource::Inline(inline)) = (media.kind, &media.source) {
            if media.media_type.as_deref().is_some_and(|it| it.starts_with("text/")) {
                if let Some(text) = inline.text() {
                    return Self::text(count(&text));
                }
            }
        }
        let rest = match media.kind {
            MediaKind::Image => IMAGE,
            MediaKind::Audio => AUDIO,
            MediaKind::Document => DOCUMENT,
        };
        Self { text: 0, rest }
    }

    fn of_part(part: &Part, count: Counter) -> Self {
        match part {
            Part::Text(text) => Self::text(count(text)),
            Part::Media(media) => Self::of_media(media, count),
            Part::ToolCall(call) => {
                Self { text: count(&call.name).saturating_add(count(&call.arguments)), rest: FRAME }
            }
            Part::ToolResult(result) => Self { text: count(&result.content), rest: FRAME },
            // The state repeats the other parts, and reasoning that counts in a way of its own.
            Part::State(_) | Part::CachePoint => Self::default(),
        }
    }

    fn of_message(message: &Message, count: Counter) -> Self {
        let parts = message.parts.iter().map(|part| Self::of_part(part, count));
        parts.fold(Self { text: 0, rest: FRAME }, Self::plus)
    }

    pub(crate) fn of_request(request: &Request, count: Counter) -> Self {
        let messages = request.messages.iter().map(|message| Self::of_message(message, count));
        let tools: Vec<Self> = match &request.output {
            Output::Tools(tools) => {
                tools.tools.iter().map(|tool| Self::of_tool(tool, count)).collect()
            }
            Output::JsonSchema(tool) => vec![Self::of_tool(tool, count)],
            Output::JsonObject | Output::Text => Vec::new(),
        };
        messages.chain(tools).fold(Self::default(), Self::plus)
    }

    fn plus(self, other: Self) -> Self {
        Self {
            text: self.text.saturating_add(other.text),
            rest: self.rest.saturating_add(other.rest),
        }
    }

    pub(crate) fn total(self) -> u64 {
        self.text.saturating_add(self.rest)
    }

    /// Returns a number of tokens that the texts have for certain, in any vocabulary in use: three fifths of
    /// an approximation.
    pub(crate) fn at_least(self) -> u64 {
        self.text / 5 * 3
    }
}

impl Message {
    /// Returns about how many tokens the message has: see [`approximate_tokens`](super::approximate_tokens). An image or a recording
    /// counts as 1,000 tokens, a document that is no text as 3,000, and the frame as 4. State of the provider
    /// is not counted.
    pub fn approximate_tokens(&self) -> u64 {
        Tokens::of_message(self, approximate_tokens).total()
    }
}

impl Conversation {
    /// Returns about how many tokens the messages have: see [`Message::approximate_tokens`].
    ///
    /// ```
    /// use extract_llm::Conversation;
    ///
    /// let text = Conversation::from("There were seven of them.");
    /// assert_eq!(text.approximate_tokens(), 10);
    /// ```
    pub fn approximate_tokens(&self) -> u64 {
        self.messages().iter().map(Message::approximate_tokens).fold(0, u64::saturating_add)
    }
}

impl Request {
    /// Returns about how many tokens the request has: its messages, tools and schema. See
    /// [`Message::approximate_tokens`].
    pub fn approximate_tokens(&self) -> u64 {
        Tokens::of_request(self, approximate_tokens).total()
    }
}
