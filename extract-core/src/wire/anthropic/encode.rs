//! The request. Turns of one side that follow each other become one message, so that the results of
//! all tools of a turn stand together, as the protocol demands.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::offer::{ToolDemand, ToolOffer};
use super::super::{Delivery, EffortField, Quirks, body};
use super::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, ReasoningEffort, Request,
    Role,
};

/// The protocol wants a bound. This one is sent where neither the caller nor the model's row has
/// one; all models that are still served write that much.
const MAX_TOKENS: u32 = 8_192;

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<OutputConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Typed>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Block<'a> {
    Own(Marked<'a>),
    /// A block of the provider's own, as it came.
    Replayed(Box<RawValue>),
}

#[derive(Serialize)]
struct Marked<'a> {
    #[serde(flatten)]
    what: What<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<Typed>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum What<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: Source<'a>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<&'a str>,
    },
    ToolUse {
        id: &'a str,
        name: &'a str,
        input: Value,
    },
    ToolResult {
        tool_use_id: &'a str,
        content: &'a str,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
    },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Source<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Text { media_type: &'static str, data: Cow<'a, str> },
    Url { url: &'a str },
    File { file_id: &'a str },
}

#[derive(Serialize)]
struct Typed {
    r#type: &'static str,
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    input_schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
struct ToolChoice<'a> {
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disable_parallel_tool_use: Option<bool>,
}

#[derive(Serialize)]
struct OutputConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    schema: &'a Value,
}

/// The body of a request.
pub(crate) fn encode(
    request: &Request,
    model: &str,
    quirks: &Quirks,
    delivery: Delivery,
) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let mut system = Vec::new();
    let mut messages: Vec<WireMessage<'_>> = Vec::new();
    for message in &request.messages {
        if message.role == Role::System {
            blocks(message, &mut system)?;
            continue;
        }
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let mut content = Vec::new();
        blocks(message, &mut content)?;
        match messages.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.append(&mut content),
            _ => messages.push(WireMessage { role, content }),
        }
    }
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let format = match &request.output {
        Output::JsonSchema(tool) => Some(Format { r#type: "json_schema", schema: &tool.schema }),
        _ => None,
    };
    let asked = settings.reasoning_effort.filter(|_| quirks.effort == EffortField::Effort);
    let effort = asked.and_then(effort_word);
    let wire = Body {
        model,
        max_tokens: settings.max_tokens.unwrap_or(MAX_TOKENS),
        system,
        messages,
        tools: offer
            .tools
            .iter()
            .map(|tool| ToolEntry {
                name: &tool.name,
                description: tool.description.as_deref(),
                input_schema: &tool.schema,
                strict: (quirks.strict && tool.strict).then_some(true),
            })
            .collect(),
        tool_choice: tool_choice(&offer, quirks),
        output_config: (format.is_some() || effort.is_some())
            .then_some(OutputConfig { format, effort }),
        thinking: (asked == Some(ReasoningEffort::None)).then_some(Typed { r#type: "disabled" }),
        temperature: settings.temperature,
        top_p: settings.top_p,
        stop_sequences: &settings.stop,
        service_tier: settings.service_tier.as_deref(),
        stream: (delivery == Delivery::Streamed).then_some(true),
    };
    body::write(&wire, request, quirks)
}

fn tool_choice<'a>(offer: &ToolOffer<'a>, quirks: &Quirks) -> Option<ToolChoice<'a>> {
    let (r#type, name) = match offer.demand {
        ToolDemand::Named(name) => ("tool", Some(name)),
        ToolDemand::Any => ("any", None),
        ToolDemand::Free => ("auto", None),
        ToolDemand::Unsaid => return None,
    };
    let single = quirks.parallel_tool_calls && !offer.parallel;
    Some(ToolChoice { r#type, name, disable_parallel_tool_use: single.then_some(true) })
}

fn effort_word(effort: ReasoningEffort) -> Option<&'static str> {
    match effort {
        ReasoningEffort::None => None,
        ReasoningEffort::Minimal => Some("low"),
        other => Some(other.as_str()),
    }
}

fn blocks<'a>(message: &'a Message, into: &mut Vec<Block<'a>>) -> Result<(), ProviderError> {
    if let Some(state) = body::state(message, STATE) {
        let turn: Vec<&RawValue> = serde_json::from_str(&state.json).unwrap_or_default();
        into.extend(turn.into_iter().map(|raw| Block::Replayed(raw.to_owned())));
        return Ok(());
    }
    // Results of tools come before everything else.
    let (results, others): (Vec<&Part>, Vec<&Part>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult(_)));
    for part in results.into_iter().chain(others) {
        let what = match part {
            // The protocol refuses text that says nothing.
            Part::Text(text) if text.trim().is_empty() => continue,
            Part::Text(text) => What::Text { text },
            Part::Media(media) => media_block(media)?,
            Part::ToolCall(call) => What::ToolUse {
                id: &call.id,
                name: &call.name,
                input: serde_json::from_str(&call.arguments)
                    .ok()
                    .filter(Value::is_object)
                    .unwrap_or_else(|| Value::Object(serde_json::Map::new())),
            },
            Part::ToolResult(result) => What::ToolResult {
                tool_use_id: &result.call_id,
                content: &result.content,
                is_error: result.is_error,
            },
            Part::CachePoint => {
                if let Some(Block::Own(last)) = into.last_mut() {
                    last.cache_control = Some(Typed { r#type: "ephemeral" });
                }
                continue;
            }
            Part::State(_) => continue,
        };
        into.push(Block::Own(Marked { what, cache_control: None }));
    }
    Ok(())
}

fn media_block(media: &Media) -> Result<What<'_>, ProviderError> {
    let title = media.name.as_deref();
    if media.kind == MediaKind::Document {
        if let Some(text) = body::document_text(media) {
            let source = Source::Text { media_type: "text/plain", data: Cow::Owned(text) };
            return Ok(What::Document { source, title });
        }
    }
    let source = match &media.source {
        MediaSource::Inline(inline) => Source::Base64 {
            media_type: media.media_type.as_deref().unwrap_or("application/octet-stream"),
            data: inline.base64(),
        },
        MediaSource::Url(url) => Source::Url { url },
        MediaSource::Id(id) => Source::File { file_id: id },
    };
    match media.kind {
        MediaKind::Image => Ok(What::Image { source }),
        MediaKind::Document => Ok(What::Document { source, title }),
        MediaKind::Audio => Err(body::no_place(media, "Messages")),
    }
}
