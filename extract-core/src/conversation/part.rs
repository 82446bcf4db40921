//! The pieces a message is made of. Text, media and provider state are shared (`Arc`), so that a
//! history can be sent many times, and re-asked about, without a copy of what it holds.

use std::path::Path;
use std::sync::Arc;

use super::media::{Media, MediaError, MediaKind};

/// A piece of a [`Message`](super::Message).
///
/// ```
/// use extract_llm::conversation::{Message, Part};
///
/// let message = Message::user([
///     Part::text("Read this receipt."),
///     Part::image_url("https://example.com/receipt.png"),
/// ]);
/// assert_eq!(message.parts.len(), 2);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Plain text.
    Text(Arc<str>),
    /// An image, a recording or a document.
    Media(Media),
    /// A call that the model made.
    ToolCall(ToolCall),
    /// The answer to such a call.
    ToolResult(ToolResult),
    /// What a provider wants back as it gave it.
    State(ProviderState),
    /// Everything up to here is worth keeping in the provider's prompt cache. Providers that have
    /// no such marker are sent nothing.
    CachePoint,
}

impl Part {
    /// Plain text.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// An image from a file. The file is read here and encoded once.
    pub fn image_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Image, path).map(Self::Media)
    }

    /// An image from its bytes, whose type is found out from them.
    ///
    /// ```
    /// use extract_llm::conversation::Part;
    ///
    /// assert!(Part::image_bytes(b"GIF89a\x01\0\x01\0").is_ok());
    /// assert!(Part::image_bytes(b"%PDF-1.7").is_err(), "a document is no image");
    /// ```
    pub fn image_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Image, bytes).map(Self::Media)
    }

    /// An image that the provider fetches.
    pub fn image_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Image, url))
    }

    /// An image that was uploaded to the provider before.
    pub fn image_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Image, id))
    }

    /// A recording from a file.
    pub fn audio_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Audio, path).map(Self::Media)
    }

    /// A recording from its bytes.
    pub fn audio_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Audio, bytes).map(Self::Media)
    }

    /// A recording that the provider fetches.
    pub fn audio_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Audio, url))
    }

    /// A recording that was uploaded to the provider before.
    pub fn audio_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Audio, id))
    }

    /// A document from a file: a PDF, an office file, or text.
    pub fn document_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Document, path).map(Self::Media)
    }

    /// A document from its bytes.
    pub fn document_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Document, bytes).map(Self::Media)
    }

    /// A document that the provider fetches.
    pub fn document_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Document, url))
    }

    /// A document that was uploaded to the provider before.
    pub fn document_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Document, id))
    }

    /// The text, if this part is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Part {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Media> for Part {
    fn from(media: Media) -> Self {
        Self::Media(media)
    }
}

/// A tool call as the model wrote it.
///
/// ```
/// use extract_llm::conversation::ToolCall;
///
/// let call = ToolCall::new("call_1", "Invoice", r#"{"total": 9.5}"#);
/// assert_eq!(call.name, "Invoice");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolCall {
    /// The provider's id of the call; empty where the provider gives none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments: the JSON text as it was written, which need not be valid JSON.
    pub arguments: String,
}

impl ToolCall {
    /// A call with these arguments.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into() }
    }
}

/// What a tool answered.
///
/// ```
/// use extract_llm::conversation::{Message, Role, ToolCall, ToolResult};
///
/// let call = ToolCall::new("call_1", "Invoice", "{}");
/// let turn = Message::tool(ToolResult::new(&call, "/total: expected a value, found nothing", true));
/// assert_eq!(turn.role, Role::Tool);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult {
    /// The id of the call that this answers.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The answer.
    pub content: Arc<str>,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolResult {
    /// An answer to `call`.
    pub fn new(call: &ToolCall, content: impl Into<Arc<str>>, is_error: bool) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: content.into(),
            is_error,
        }
    }
}

/// A turn of the model in its provider's own form, with what only that provider can read: signed
/// thinking, encrypted reasoning, thought signatures.
///
/// Sent back to the protocol it came from, it stands for the whole turn, byte for byte; the other
/// parts of the turn are for everybody else, who is not sent the state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderState {
    /// The protocol that can read it.
    pub protocol: &'static str,
    /// The turn as JSON text.
    pub json: Arc<str>,
}

impl ProviderState {
    /// A turn in a protocol's own form.
    pub fn new(protocol: &'static str, json: impl Into<Arc<str>>) -> Self {
        Self { protocol, json: json.into() }
    }
}
