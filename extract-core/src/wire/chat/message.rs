//! The messages of a request. One turn may become several messages, because every tool result is a
//! message of its own.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::turn::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Part, ProviderError, ProviderState, Role,
};
use crate::wire::function::{FunctionCall, role_name};
use crate::wire::media::{self, FileFields};
use crate::wire::prompt_cache::{Breakpoint, CacheControl, CacheMarks};
use crate::wire::quirks::{MediaForm, Quirks};
use crate::wire::replay;

/// One message of the request.
#[derive(Serialize)]
pub(super) struct WireMessage<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Content::is_replayed")]
    content: Content<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
    /// The fields of its turn that the server wants back.
    #[serde(flatten)]
    replayed: Map<String, Value>,
}

impl WireMessage<'_> {
    /// Marks the last part. A text becomes a list of one part, which has the field.
    fn mark(&mut self, marks: CacheMarks) {
        if marks.cache_control().is_none() && marks.breakpoint(None).is_none() {
            return;
        }
        if let Content::Text(text) = &mut self.content {
            let text = std::mem::take(text);
            self.content = Content::Parts(vec![plain(PartContent::Text { text })]);
        }
        if let Content::Parts(parts) = &mut self.content {
            if let Some(last) = parts.last_mut() {
                last.mark(marks);
            }
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    None,
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
    /// The replayed fields hold the content.
    Replayed,
}

impl Content<'_> {
    fn is_replayed(&self) -> bool {
        matches!(self, Self::Replayed)
    }
}

#[derive(Serialize)]
struct ContentPart<'a> {
    #[serde(flatten)]
    content: PartContent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_breakpoint: Option<Breakpoint>,
}

impl ContentPart<'_> {
    /// Whether a cache point follows.
    fn is_marked(&self) -> bool {
        self.cache_control.is_some() || self.prompt_cache_breakpoint.is_some()
    }

    /// Marks the part. OpenAI's longer life exists over Responses only.
    fn mark(&mut self, marks: CacheMarks) {
        self.cache_control = marks.cache_control();
        self.prompt_cache_breakpoint = marks.breakpoint(None);
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum PartContent<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
    InputAudio { input_audio: Audio<'a> },
    File { file: FileFields<'a> },
    DocumentUrl { document_url: &'a str },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Audio<'a> {
    Data {
        data: &'a str,
        format: &'a str,
    },
    /// Base64 text, or a URL.
    Plain(&'a str),
}

#[derive(Serialize)]
struct WireCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: FunctionCall<'a>,
}

/// Appends the messages of a turn.
pub(super) fn wire_messages<'a>(
    message: &'a Message,
    quirks: &Quirks,
    marks: CacheMarks,
    into: &mut Vec<WireMessage<'a>>,
) -> Result<(), ProviderError> {
    let mut parts: Vec<ContentPart<'a>> = Vec::new();
    let mut tool_calls = Vec::new();
    let mut results = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => parts.push(plain(PartContent::Text { text: Cow::Borrowed(text) })),
            Part::Media(media) => parts.push(plain(media_part(media, quirks.media)?)),
            Part::ToolCall(call) => tool_calls.push(WireCall {
                id: &call.id,
                r#type: "function",
                function: FunctionCall { name: &call.name, arguments: &call.arguments },
            }),
            Part::ToolResult(result) => results.push(WireMessage {
                role: "tool",
                content: Content::Text(Cow::Borrowed(&result.content)),
                tool_calls: Vec::new(),
                tool_call_id: Some(&result.call_id),
                replayed: Map::new(),
            }),
            Part::CachePoint => match (results.last_mut(), parts.last_mut()) {
                (Some(result), _) => result.mark(marks),
                (None, Some(part)) if message.role != Role::Assistant => part.mark(marks),
                // OpenAI marks no part of the model.
                (None, Some(part)) if marks.breakpoint(None).is_none() => part.mark(marks),
                (None, _) => {
                    if let Some(before) = into.iter_mut().rfind(|it| it.role != "assistant") {
                        before.mark(marks);
                    }
                }
            },
            Part::State(_) => {}
        }
    }
    let replayed = replay::state(message, STATE)
        .map(|state| replayed(state, quirks.replay))
        .unwrap_or_default();
    let content = if replayed.contains_key("content") {
        Content::Replayed
    } else {
        content_of(message.role, parts)
    };
    if !matches!(content, Content::None) || !tool_calls.is_empty() {
        let role = role_name(message.role);
        into.push(WireMessage { role, content, tool_calls, tool_call_id: None, replayed });
    }
    into.append(&mut results);
    Ok(())
}

/// Returns a part without a cache point.
fn plain(content: PartContent<'_>) -> ContentPart<'_> {
    ContentPart { content, cache_control: None, prompt_cache_breakpoint: None }
}

/// Returns the content of a message. A single text is written as a string. Several texts are a list in
/// the user's messages; in other messages they are joined, because many servers refuse a list there.
fn content_of(role: Role, parts: Vec<ContentPart<'_>>) -> Content<'_> {
    let bare = parts.iter().all(|part| {
        !part.is_marked() && matches!(part.content, PartContent::Text { text: Cow::Borrowed(_) })
    });
    match (bare, parts.as_slice()) {
        (_, []) => Content::None,
        (true, [ContentPart { content: PartContent::Text { text: Cow::Borrowed(text) }, .. }]) => {
            Content::Text(Cow::Borrowed(text))
        }
        (true, several) if role != Role::User => {
            let texts = several.iter().filter_map(|part| match &part.content {
                PartContent::Text { text: Cow::Borrowed(text) } => Some(*text),
                _ => None,
            });
            let between = if role == Role::Assistant { "" } else { "\n\n" };
            Content::Text(Cow::Owned(texts.collect::<Vec<_>>().join(between)))
        }
        _ => Content::Parts(parts),
    }
}

/// Returns the part of a piece of media.
///
/// # Errors
/// The form of the media is not supported.
fn media_part(media: &Media, form: MediaForm) -> Result<PartContent<'_>, ProviderError> {
    if let Some(text) = media::document_text(media) {
        return Ok(PartContent::Text { text: Cow::Owned(text) });
    }
    let refuse = || media::unsupported(media, "Chat Completions");
    let url = || media::url(media).ok_or_else(refuse);
    match (media.kind, form, &media.source) {
        (MediaKind::Image, _, _) => {
            Ok(PartContent::ImageUrl { image_url: ImageUrl { url: url()? } })
        }
        (MediaKind::Audio, MediaForm::OpenAi, MediaSource::Inline(inline)) => {
            let format = match media.media_type.as_deref().unwrap_or_default() {
                "audio/mpeg" => "mp3",
                other => other.rsplit('/').next().unwrap_or(other),
            };
            let input_audio = Audio::Data { data: inline.base64(), format };
            Ok(PartContent::InputAudio { input_audio })
        }
        (MediaKind::Audio, MediaForm::Mistral, MediaSource::Inline(inline)) => {
            Ok(PartContent::InputAudio { input_audio: Audio::Plain(inline.base64()) })
        }
        (MediaKind::Audio, MediaForm::Mistral, _) => {
            Ok(PartContent::InputAudio { input_audio: Audio::Plain(url()?) })
        }
        (MediaKind::Document, MediaForm::OpenAi, MediaSource::Inline(_) | MediaSource::Id(_)) => {
            Ok(PartContent::File { file: FileFields::of(media) })
        }
        (MediaKind::Document, MediaForm::Mistral, _) => {
            Ok(PartContent::DocumentUrl { document_url: url()? })
        }
        (MediaKind::Audio, MediaForm::OpenAi, _)
        | (MediaKind::Document, MediaForm::OpenAi, MediaSource::Url(_)) => Err(refuse()),
    }
}

/// Returns the fields of the turn that the server wants back.
fn replayed(state: &ProviderState, names: &[&str]) -> Map<String, Value> {
    let Ok(Value::Object(turn)) = serde_json::from_str(&state.json) else { return Map::new() };
    turn.into_iter().filter(|(name, _)| names.contains(&name.as_str())).collect()
}
