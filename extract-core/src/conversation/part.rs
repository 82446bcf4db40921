//! The parts of a message. Text, media and provider state are shared (`Arc`), so that a history can be
//! sent many times without a copy.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use super::media::{Media, MediaError, MediaKind};

/// A part of a [`Message`](super::Message).
///
/// ```
/// use extract_llm::{Message, Part};
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
    /// A tool call of the model.
    ToolCall(ToolCall),
    /// The result of a tool call.
    ToolResult(ToolResult),
    /// Provider state, which is sent back unchanged.
    State(ProviderState),
    /// Marks everything up to this point for the provider's prompt cache. Not sent to providers without
    /// such a marker. OpenAI marks no part of the model: the part before it is marked instead.
    CachePoint,
}

impl Part {
    /// Creates a text part.
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    /// Creates an image from a file, which is read and encoded at once. Fails if it cannot be read or is
    /// no image.
    pub fn image_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Image, path).map(Self::Media)
    }

    /// Creates an image from bytes, and detects its type. Fails if they are empty or no image.
    ///
    /// ```
    /// use extract_llm::Part;
    ///
    /// assert!(Part::image_bytes(b"GIF89a\x01\0\x01\0").is_ok());
    /// assert!(Part::image_bytes(b"%PDF-1.7").is_err(), "a document is no image");
    /// ```
    pub fn image_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Image, bytes).map(Self::Media)
    }

    /// Creates an image that the provider fetches from a URL.
    pub fn image_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Image, url))
    }

    /// Creates an image from the id of a file that was uploaded to the provider.
    pub fn image_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Image, id))
    }

    /// Creates a recording from a file, which is read and encoded at once. Fails if it cannot be read or
    /// is no audio.
    pub fn audio_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Audio, path).map(Self::Media)
    }

    /// Creates a recording from bytes, and detects its type. Fails if they are empty or no audio.
    pub fn audio_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Audio, bytes).map(Self::Media)
    }

    /// Creates a recording that the provider fetches from a URL.
    pub fn audio_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Audio, url))
    }

    /// Creates a recording from the id of a file that was uploaded to the provider.
    pub fn audio_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Audio, id))
    }

    /// Creates a document from a file: a PDF, an office file, or text. Fails if it cannot be read or is
    /// no document.
    pub fn document_file(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        Media::file(MediaKind::Document, path).map(Self::Media)
    }

    /// Creates a document from bytes, and detects its type. Fails if they are empty or no document.
    pub fn document_bytes(bytes: impl AsRef<[u8]>) -> Result<Self, MediaError> {
        Media::bytes(MediaKind::Document, bytes).map(Self::Media)
    }

    /// Creates a document that the provider fetches from a URL.
    pub fn document_url(url: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::url(MediaKind::Document, url))
    }

    /// Creates a document from the id of a file that was uploaded to the provider.
    pub fn document_id(id: impl Into<Arc<str>>) -> Self {
        Self::Media(Media::id(MediaKind::Document, id))
    }

    /// Returns the text of a text part; `None` for other parts.
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
    /// The provider's id of the call; empty if it has none.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as JSON text, unchanged. It may be invalid JSON.
    pub arguments: String,
}

impl ToolCall {
    /// Creates a call.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) -> Self {
        Self { id: id.into(), name: name.into(), arguments: arguments.into() }
    }
}

/// The result of a tool call.
///
/// ```
/// use extract_llm::conversation::{Role, ToolCall, ToolResult};
/// use extract_llm::Message;
///
/// let call = ToolCall::new("call_1", "Invoice", "{}");
/// let turn = Message::tool(ToolResult::new(&call, "/total: expected a value, found nothing", true));
/// assert_eq!(turn.role, Role::Tool);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolResult {
    /// The id of the call.
    pub call_id: String,
    /// The tool's name.
    pub name: String,
    /// The result as text.
    pub content: Arc<str>,
    /// Whether the call failed.
    pub is_error: bool,
}

impl ToolResult {
    /// Creates the result of `call`.
    pub fn new(call: &ToolCall, content: impl Into<Arc<str>>, is_error: bool) -> Self {
        Self {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: content.into(),
            is_error,
        }
    }
}

/// A turn of the model in its provider's format, with data that only this provider can read: signed
/// reasoning, encrypted reasoning, thought signatures.
///
/// In a request of the same protocol it replaces the other parts of the turn, byte for byte. Other
/// protocols are sent the other parts, without the state.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderState {
    /// The name of the protocol that can read it.
    pub protocol: Cow<'static, str>,
    /// The turn as JSON text.
    pub json: Arc<str>,
}

impl ProviderState {
    /// Creates a turn in the format of a protocol.
    pub fn new(protocol: impl Into<Cow<'static, str>>, json: impl Into<Arc<str>>) -> Self {
        Self { protocol: protocol.into(), json: json.into() }
    }
}
