//! The messages of a request: one turn may become several messages, because every tool result is
//! one of its own.

use serde::Serialize;
use serde_json::{Map, Value};

use super::super::{CacheForm, MediaForm, Quirks, body};
use super::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Part, ProviderError, ProviderState, Role,
};

#[derive(Serialize)]
pub(super) struct WireMessage<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Content::is_given_back")]
    content: Content<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    /// What the server wants back of its own turn.
    #[serde(flatten)]
    replayed: Map<String, Value>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    None,
    Text(&'a str),
    Joined(String),
    Parts(Vec<ContentPart<'a>>),
    /// The server's own form of it stands among what is replayed.
    GivenBack,
}

impl Content<'_> {
    fn is_given_back(&self) -> bool {
        matches!(self, Self::GivenBack)
    }
}

#[derive(Serialize)]
struct ContentPart<'a> {
    #[serde(flatten)]
    what: What<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
struct CacheControl {
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What<'a> {
    Text { text: Text<'a> },
    ImageUrl { image_url: ImageUrl<'a> },
    InputAudio { input_audio: Audio<'a> },
    File { file: File<'a> },
    DocumentUrl { document_url: &'a str },
}

#[derive(Serialize)]
#[serde(untagged)]
enum Text<'a> {
    Borrowed(&'a str),
    Owned(String),
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Audio<'a> {
    Data { data: &'a str, format: &'a str },
    Place(&'a str),
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file_data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filename: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_id: Option<&'a str>,
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: WireFunctionCall<'a>,
}

#[derive(Serialize)]
struct WireFunctionCall<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// A turn as the protocol has it.
pub(super) fn wire_messages<'a>(
    message: &'a Message,
    quirks: &Quirks,
    into: &mut Vec<WireMessage<'a>>,
) -> Result<(), ProviderError> {
    let mut parts: Vec<ContentPart<'a>> = Vec::new();
    let mut tool_calls = Vec::new();
    let mut results = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(plain(What::Text { text: Text::Borrowed(text) })),
            Part::Media(media) => parts.push(plain(media_part(media, quirks.media)?)),
            Part::ToolCall(call) => tool_calls.push(WireCall {
                id: &call.id,
                r#type: "function",
                function: WireFunctionCall { name: &call.name, arguments: &call.arguments },
            }),
            Part::ToolResult(result) => results.push(WireMessage {
                role: "tool",
                content: Content::Text(&result.content),
                tool_calls: Vec::new(),
                tool_call_id: Some(&result.call_id),
                replayed: Map::new(),
            }),
            Part::CachePoint => {
                if let (CacheForm::Marked, Some(last)) = (quirks.cache, parts.last_mut()) {
                    last.cache_control = Some(CacheControl { r#type: "ephemeral" });
                }
            }
            Part::State(_) => {}
        }
    }
    let replayed =
        body::state(message, STATE).map(|state| replayed(state, quirks.replay)).unwrap_or_default();
    let content = if replayed.contains_key("content") {
        Content::GivenBack
    } else {
        content_of(message.role, parts)
    };
    let speaks = !matches!(content, Content::None) || !tool_calls.is_empty();
    if speaks {
        let role = match message.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
            Role::Tool => "tool",
        };
        into.push(WireMessage { role, content, tool_calls, tool_call_id: None, replayed });
    }
    into.append(&mut results);
    Ok(())
}

fn plain(what: What<'_>) -> ContentPart<'_> {
    ContentPart { what, cache_control: None }
}

/// One text stands as a text. Several are a list where the user speaks; where the model or the
/// system does, they are joined, because many servers take no list there.
fn content_of(role: Role, parts: Vec<ContentPart<'_>>) -> Content<'_> {
    let bare = parts.iter().all(|part| {
        part.cache_control.is_none() && matches!(part.what, What::Text { text: Text::Borrowed(_) })
    });
    match (bare, parts.as_slice()) {
        (_, []) => Content::None,
        (true, [ContentPart { what: What::Text { text: Text::Borrowed(text) }, .. }]) => {
            Content::Text(text)
        }
        (true, several) if role != Role::User => {
            let texts = several.iter().filter_map(|part| match &part.what {
                What::Text { text: Text::Borrowed(text) } => Some(*text),
                _ => None,
            });
            let between = if role == Role::Assistant { "" } else { "\n\n" };
            Content::Joined(texts.collect::<Vec<_>>().join(between))
        }
        _ => Content::Parts(parts),
    }
}

fn media_part(media: &Media, form: MediaForm) -> Result<What<'_>, ProviderError> {
    if media.kind == MediaKind::Document {
        if let Some(text) = body::document_text(media) {
            return Ok(What::Text { text: Text::Owned(text) });
        }
    }
    let refuse = || body::no_place(media, "Chat Completions");
    let place = match &media.source {
        MediaSource::Inline(inline) => Some(inline.data_url()),
        MediaSource::Url(url) => Some(&**url),
        MediaSource::Id(_) => None,
    };
    match (media.kind, form) {
        (MediaKind::Image, _) => {
            Ok(What::ImageUrl { image_url: ImageUrl { url: place.ok_or_else(refuse)? } })
        }
        (MediaKind::Audio, MediaForm::OpenAi) => match &media.source {
            MediaSource::Inline(inline) => {
                let format = match media.media_type.as_deref().unwrap_or_default() {
                    "audio/mpeg" => "mp3",
                    other => other.rsplit('/').next().unwrap_or(other),
                };
                Ok(What::InputAudio { input_audio: Audio::Data { data: inline.base64(), format } })
            }
            _ => Err(refuse()),
        },
        (MediaKind::Audio, MediaForm::Mistral) => {
            let place = match &media.source {
                MediaSource::Inline(inline) => inline.base64(),
                _ => place.ok_or_else(refuse)?,
            };
            Ok(What::InputAudio { input_audio: Audio::Place(place) })
        }
        (MediaKind::Document, MediaForm::OpenAi) => match &media.source {
            MediaSource::Inline(inline) => Ok(What::File {
                file: File {
                    file_data: Some(inline.data_url()),
                    // A file without a name is refused.
                    filename: Some(media.name.as_deref().unwrap_or("document.pdf")),
                    file_id: None,
                },
            }),
            MediaSource::Id(id) => {
                Ok(What::File { file: File { file_data: None, filename: None, file_id: Some(id) } })
            }
            MediaSource::Url(_) => Err(refuse()),
        },
        (MediaKind::Document, MediaForm::Mistral) => {
            Ok(What::DocumentUrl { document_url: place.ok_or_else(refuse)? })
        }
    }
}

/// The fields of the server's own turn that it wants back.
fn replayed(state: &ProviderState, wanted: &[&str]) -> Map<String, Value> {
    let Ok(Value::Object(turn)) = serde_json::from_str(&state.json) else { return Map::new() };
    turn.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())).collect()
}
