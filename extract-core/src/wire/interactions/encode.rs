//! The request: the whole conversation as steps. The server is not asked to remember anything.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::decode::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, Role, Thinking,
};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::object::Object;
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{function, media, turns};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Step<'a> {
    UserInput {
        content: Vec<Content<'a>>,
    },
    ModelOutput {
        content: Vec<Content<'a>>,
    },
    FunctionCall {
        id: &'a str,
        name: &'a str,
        arguments: Box<RawValue>,
    },
    FunctionResult {
        call_id: &'a str,
        name: &'a str,
        result: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    Text { text: Cow<'a, str> },
    Image(File<'a>),
    Audio(File<'a>),
    Document(File<'a>),
}

#[derive(Serialize)]
struct File<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<&'a str>,
}

const SAMPLING: SamplingFields = SamplingFields {
    max_tokens: Some("max_output_tokens"),
    seed: Some("seed"),
    ..SamplingFields::COMMON
};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let (leading, rest) = request.messages.split_at(turns::leading(&request.messages));
    let system: Vec<String> = leading.iter().map(Message::text).collect();
    let input = turns::encode_all(rest, steps)?;
    let json = Object::new().with("type", "text").with("mime_type", "application/json");
    let response_format = match &request.output {
        Output::JsonSchema(tool) => Some(json.with("schema", &tool.schema)),
        Output::JsonObject => Some(json),
        _ => None,
    };
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let tools = offer.definitions(|tool| function::flat(tool, None));
    let tool_choice = match offer.demand {
        ToolDemand::Named(name) => Some(json!({"allowed_tools": {"mode": "any", "tools": [name]}})),
        ToolDemand::Any => Some("any".into()),
        ToolDemand::Auto => Some("auto".into()),
        ToolDemand::Unspecified => None,
    };
    let level = settings.thinking.and_then(|thinking| match thinking {
        Thinking::Effort(effort) => Some(effort.as_str()),
        _ => None,
    });
    let generation_config = SAMPLING
        .object(settings)
        .with_some("thinking_level", level)
        .with_some("tool_choice", tool_choice);
    let system = (!system.is_empty()).then(|| system.join("\n\n"));
    Ok(Object::new()
        .with("model", model.strip_prefix("models/").unwrap_or(model))
        .with("input", input)
        .with_some("system_instruction", system)
        .with_list("tools", &tools)
        .with_some("response_format", response_format)
        .with_object("generation_config", generation_config)
        .with_some("service_tier", settings.service_tier.as_deref())
        .with_some("stream", (delivery == Delivery::Streamed).then_some(true)))
}

/// Appends the steps of a message.
fn steps<'a>(
    message: &'a Message,
    into: &mut Vec<Replayable<Step<'a>>>,
) -> Result<(), ProviderError> {
    if replay::elements(message, STATE, into) {
        return Ok(());
    }
    let mut content = Vec::new();
    let mut others = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(Content::Text { text: (&**text).into() }),
            Part::Media(media) => content.push(media_content(media)?),
            Part::ToolCall(call) => others.push(Replayable::New(Step::FunctionCall {
                id: &call.id,
                name: &call.name,
                arguments: function::argument_object(&call.arguments),
            })),
            Part::ToolResult(result) => others.push(Replayable::New(Step::FunctionResult {
                call_id: &result.call_id,
                name: &result.name,
                result: &result.content,
                is_error: result.is_error,
            })),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    // Tool results come before the content of their message, and tool calls after it.
    let content = (!content.is_empty()).then_some(match message.role {
        Role::Assistant => Replayable::New(Step::ModelOutput { content }),
        _ => Replayable::New(Step::UserInput { content }),
    });
    if message.role == Role::Assistant {
        into.extend(content);
        into.append(&mut others);
    } else {
        into.append(&mut others);
        into.extend(content);
    }
    Ok(())
}

/// Returns the content part of a piece of media.
///
/// # Errors
/// Inline media have no media type.
fn media_content(media: &Media) -> Result<Content<'_>, ProviderError> {
    if let Some(text) = media::document_text(media) {
        return Ok(Content::Text { text: text.into() });
    }
    let mime_type = media.media_type.as_deref();
    let file = match &media.source {
        MediaSource::Inline(_) if mime_type.is_none() => {
            return Err(media::unsupported(media, "Interactions"));
        }
        MediaSource::Inline(inline) => File { mime_type, data: Some(inline.base64()), uri: None },
        MediaSource::Url(uri) | MediaSource::Id(uri) => {
            File { mime_type, data: None, uri: Some(uri) }
        }
    };
    Ok(match media.kind {
        MediaKind::Image => Content::Image(file),
        MediaKind::Audio => Content::Audio(file),
        MediaKind::Document => Content::Document(file),
    })
}
