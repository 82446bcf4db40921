//! The request. A turn of the model that came over this protocol is replayed as its items; every other
//! turn is written as new items.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;

use super::item::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, Role,
};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::function::{self, FunctionCall};
use crate::wire::media::{self, FileFields};
use crate::wire::object::Object;
use crate::wire::prompt_cache::{self, Breakpoint, CacheMarks};
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::turns;

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
    },
    Call {
        r#type: &'static str,
        call_id: &'a str,
        #[serde(flatten)]
        function: FunctionCall<'a>,
    },
    CallOutput {
        r#type: &'static str,
        call_id: &'a str,
        output: Content<'a>,
    },
}

impl Item<'_> {
    /// Marks the last part of the item. Returns false if the item cannot be marked.
    fn mark(&mut self, mark: Breakpoint) -> bool {
        match self {
            Self::Message { role, content } if *role != ASSISTANT => content.mark(mark),
            Self::CallOutput { output, .. } => output.mark(mark),
            Self::Message { .. } | Self::Call { .. } => false,
        }
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(Cow<'a, str>),
    Parts(Vec<ContentPart<'a>>),
}

impl Content<'_> {
    /// Marks the last part. A text becomes a list of one part, which has the field.
    fn mark(&mut self, mark: Breakpoint) -> bool {
        if let Self::Text(text) = self {
            let text = std::mem::take(text);
            *self = Self::Parts(vec![plain(PartContent::Text { text })]);
        }
        let Self::Parts(parts) = self else { return false };
        let Some(last) = parts.last_mut() else { return false };
        last.prompt_cache_breakpoint = Some(mark);
        true
    }
}

#[derive(Serialize)]
struct ContentPart<'a> {
    #[serde(flatten)]
    content: PartContent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_cache_breakpoint: Option<Breakpoint>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum PartContent<'a> {
    #[serde(rename = "input_text")]
    Text { text: Cow<'a, str> },
    #[serde(rename = "input_image")]
    Image {
        #[serde(skip_serializing_if = "Option::is_none")]
        image_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
        detail: &'static str,
    },
    #[serde(rename = "input_file")]
    File(FileFields<'a>),
}

/// The role of the model.
const ASSISTANT: &str = "assistant";

const SAMPLING: SamplingFields =
    SamplingFields { max_tokens: Some("max_output_tokens"), stop: None, ..SamplingFields::COMMON };

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let mark = CacheMarks::of(settings, quirks).breakpoint(Some("12h"));
    let input = turns::encode_all(&request.messages, |message, into| items(message, mark, into))?;
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    // Without `strict`, the server enforces the schema by default, or refuses it.
    let tools = offer.definitions(|tool| function::flat(tool, Some(quirks.strict && tool.strict)));
    let tool_choice = match offer.demand {
        ToolDemand::Named(name) => Some(json!({"type": "function", "name": name})),
        ToolDemand::Any => Some("required".into()),
        ToolDemand::Auto => Some("auto".into()),
        ToolDemand::Unspecified => None,
    };
    let format = match &request.output {
        Output::JsonSchema(tool) => {
            let schema = function::named_schema(tool, quirks.strict.then_some(tool.strict));
            Some(Object::new().with("type", "json_schema").with_all(schema))
        }
        Output::JsonObject => Some(Object::new().with("type", "json_object")),
        _ => None,
    };
    let effort = settings.thinking.and_then(|thinking| function::effort_keyword(thinking, quirks));
    // Reasoning that the server does not store comes back encrypted, to be sent again. A model that does
    // not think refuses to be asked for it.
    let encrypted = quirks.stateless && quirks.thinking.thinks(settings);
    let mut include = Vec::from_iter(encrypted.then_some("reasoning.encrypted_content"));
    include.extend(settings.logprobs.then_some("message.output_text.logprobs"));
    Ok(Object::new()
        .with("model", model)
        .with("input", input)
        .with_list("tools", &tools)
        .with_some("tool_choice", tool_choice)
        .with_some("parallel_tool_calls", offer.parallel_tool_calls(quirks))
        .with_object("text", Object::new().with_some("format", format))
        .with_all(SAMPLING.object(settings))
        .with_some("reasoning", effort.map(|effort| json!({"effort": effort})))
        .with_some("store", quirks.stateless.then_some(false))
        .with_list("include", &include)
        .with_some("top_logprobs", settings.logprobs.then_some(quirks.logprobs.alternatives))
        .with_some("service_tier", settings.service_tier.as_deref())
        .with_some("prompt_cache_key", prompt_cache::key_in_body(request, quirks))
        .with_some("prompt_cache_options", prompt_cache::options(request, quirks))
        .with_some("stream", (delivery == Delivery::Streamed).then_some(true)))
}

/// Appends the items of a message.
fn items<'a>(
    message: &'a Message,
    mark: Option<Breakpoint>,
    into: &mut Vec<Replayable<Item<'a>>>,
) -> Result<(), ProviderError> {
    if replay::elements(message, STATE, into) {
        return Ok(());
    }
    let mut parts = Vec::new();
    let mut others = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => {
                parts.push(plain(PartContent::Text { text: Cow::Borrowed(text) }));
            }
            Part::Media(media) => parts.push(plain(media_part(media)?)),
            Part::ToolCall(call) => others.push(Replayable::New(Item::Call {
                r#type: "function_call",
                call_id: &call.id,
                function: FunctionCall { name: &call.name, arguments: &call.arguments },
            })),
            Part::ToolResult(result) => others.push(Replayable::New(Item::CallOutput {
                r#type: "function_call_output",
                call_id: &result.call_id,
                output: Content::Text(Cow::Borrowed(&result.content)),
            })),
            Part::CachePoint => {
                let Some(mark) = mark else { continue };
                match parts.last_mut() {
                    Some(part) if others.is_empty() && message.role != Role::Assistant => {
                        part.prompt_cache_breakpoint = Some(mark);
                    }
                    // OpenAI marks no part of the model.
                    _ => {
                        let items = into.iter_mut().chain(&mut others).rev();
                        let mut new = items.filter_map(|item| match item {
                            Replayable::New(item) => Some(item),
                            Replayable::Replayed(_) => None,
                        });
                        let _ = new.any(|item| item.mark(mark));
                    }
                }
            }
            Part::State(_) => {}
        }
    }
    let role = match message.role {
        Role::System => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => ASSISTANT,
    };
    if !parts.is_empty() {
        let content = content_of(message.role, parts);
        into.push(Replayable::New(Item::Message { role, content }));
    }
    into.append(&mut others);
    Ok(())
}

/// Returns the content of a message. A single text is written as a string. Several texts of the model are
/// joined, because the elements of a list would need the ids that the server assigned.
fn content_of(role: Role, parts: Vec<ContentPart<'_>>) -> Content<'_> {
    match parts.as_slice() {
        [
            ContentPart {
                content: PartContent::Text { text: Cow::Borrowed(text) },
                prompt_cache_breakpoint: None,
            },
        ] => Content::Text(Cow::Borrowed(text)),
        several if role == Role::Assistant => {
            let texts = several.iter().filter_map(|part| match &part.content {
                PartContent::Text { text } => Some(&**text),
                _ => None,
            });
            Content::Text(texts.collect())
        }
        _ => Content::Parts(parts),
    }
}

/// Returns a part without a cache point.
fn plain(content: PartContent<'_>) -> ContentPart<'_> {
    ContentPart { content, prompt_cache_breakpoint: None }
}

/// Returns the content part of a piece of media.
///
/// # Errors
/// The protocol carries no audio.
fn media_part(media: &Media) -> Result<PartContent<'_>, ProviderError> {
    if let Some(text) = media::document_text(media) {
        return Ok(PartContent::Text { text: Cow::Owned(text) });
    }
    match (media.kind, &media.source) {
        (MediaKind::Image, source) => {
            let file_id = match source {
                MediaSource::Id(id) => Some(&**id),
                _ => None,
            };
            Ok(PartContent::Image { image_url: media::url(media), file_id, detail: "auto" })
        }
        (MediaKind::Document, _) => Ok(PartContent::File(FileFields::of(media))),
        (MediaKind::Audio, _) => Err(media::unsupported(media, "Responses")),
    }
}
