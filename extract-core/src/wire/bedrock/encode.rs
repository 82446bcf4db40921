//! The request. The model is in the path, not in the body.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::decode::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, Settings,
};
use crate::wire::descriptor::EncodeContext;
use crate::wire::object::{self, Object};
use crate::wire::prompt_cache::{CacheMarks, CachePoint, has_mark};
use crate::wire::quirks::{Quirks, SystemPlace};
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::thinking::{ThinkingForm, ThinkingSupport};
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{anthropic, function, media, turns};

type Block<'a> = Replayable<BlockContent<'a>>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum BlockContent<'a> {
    Text(&'a str),
    Image(File<'a>),
    Document(File<'a>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    CachePoint(CachePoint),
}

/// An image or a document. Only documents have a name.
#[derive(Serialize)]
struct File<'a> {
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    source: Bytes<'a>,
}

#[derive(Serialize)]
struct Bytes<'a> {
    bytes: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    tool_use_id: &'a str,
    name: &'a str,
    input: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult<'a> {
    tool_use_id: &'a str,
    content: [ResultText<'a>; 1],
    status: &'static str,
}

#[derive(Serialize)]
struct ResultText<'a> {
    text: &'a str,
}

const SAMPLING: SamplingFields = SamplingFields {
    max_tokens: Some("maxTokens"),
    top_p: "topP",
    stop: Some("stopSequences"),
    ..SamplingFields::COMMON
};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, quirks, .. } = *context;
    let marks = CacheMarks::of(&request.settings, quirks);
    let (system, messages) =
        turns::split(&request.messages, SystemPlace::UserTurn, |message, into| {
            blocks(message, marks, into)
        })?;
    let service_tier = request.settings.service_tier.as_ref();
    let form = match quirks.thinking.form {
        ThinkingForm::Additional => anthropic::tool_choice_form(&request.settings, quirks),
        _ => quirks.tool_choice,
    };
    let offer = ToolOffer::of(&request.output, form)?;
    Ok(Object::new()
        .with("messages", messages)
        .with_list("system", &system)
        .with_object("inferenceConfig", SAMPLING.object(&request.settings))
        .with_object("toolConfig", tool_config(&offer, quirks, marks))
        .with_some("outputConfig", output_config(&request.output))
        .with_object("additionalModelRequestFields", thinking(&request.settings, &quirks.thinking))
        .with_some("serviceTier", service_tier.map(|tier| json!({"type": tier}))))
}

/// Returns Anthropic's fields about thinking, which Converse passes on to Claude.
fn thinking(settings: &Settings, support: &ThinkingSupport) -> Object {
    if support.form != ThinkingForm::Additional {
        return Object::new();
    }
    let effort = Object::new().with_some("effort", anthropic::effort(settings));
    Object::new()
        .with_some("thinking", anthropic::thinking(settings, support))
        .with_object("output_config", effort)
}

/// Returns the tools and the tool choice. Empty without tools.
fn tool_config(offer: &ToolOffer<'_>, quirks: &Quirks, marks: CacheMarks) -> Object {
    if offer.tools.is_empty() {
        return Object::new();
    }
    let specs = offer.definitions(|tool| {
        let spec = Object::new()
            .with("name", &tool.name)
            .with("inputSchema", Object::new().with("json", &tool.schema))
            .with_some("description", tool.description.as_deref())
            .with_some("strict", (quirks.strict && tool.strict).then_some(true));
        Object::new().with("toolSpec", spec)
    });
    let specs = marks.between_tools(offer, specs);
    let choice = match offer.demand {
        ToolDemand::Named(name) => Some(json!({"tool": {"name": name}})),
        ToolDemand::Any => Some(json!({"any": {}})),
        ToolDemand::Auto => Some(json!({"auto": {}})),
        ToolDemand::Unspecified => None,
    };
    Object::new().with_list("tools", &specs).with_some("toolChoice", choice)
}

/// Returns the native output format. It holds the schema as JSON text.
fn output_config(output: &Output) -> Option<Value> {
    let Output::JsonSchema(tool) = output else { return None };
    let mut schema = json!({"name": tool.name, "schema": tool.schema.to_string()});
    if let Some(description) = &tool.description {
        object::set(&mut schema, "description", description.as_str());
    }
    Some(json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}))
}

/// Appends the blocks of a message.
fn blocks<'a>(
    message: &'a Message,
    marks: CacheMarks,
    into: &mut Vec<Block<'a>>,
) -> Result<(), ProviderError> {
    if replay::elements(message, STATE, into) {
        if let Some(mark) = marks.cache_point().filter(|_| has_mark(message)) {
            into.push(Replayable::New(BlockContent::CachePoint(mark)));
        }
        return Ok(());
    }
    for part in &message.parts {
        into.push(Replayable::New(match part {
            // The protocol refuses blank text.
            Part::Text(text) if text.trim().is_empty() => continue,
            Part::Text(text) => BlockContent::Text(text),
            Part::Media(media) => media_block(media)?,
            Part::ToolCall(call) => BlockContent::ToolUse(ToolUse {
                tool_use_id: &call.id,
                name: &call.name,
                input: function::argument_object(&call.arguments),
            }),
            Part::ToolResult(result) => BlockContent::ToolResult(ToolResult {
                tool_use_id: &result.call_id,
                content: [ResultText { text: &result.content }],
                status: if result.is_error { "error" } else { "success" },
            }),
            // The protocol refuses a cache point without a block before it.
            Part::CachePoint => match (marks.cache_point(), into.last()) {
                (None, _) | (_, None | Some(Replayable::New(BlockContent::CachePoint(_)))) => {
                    continue;
                }
                (Some(mark), Some(_)) => BlockContent::CachePoint(mark),
            },
            Part::State(_) => continue,
        }));
    }
    Ok(())
}

/// Returns the block of a piece of media.
///
/// # Errors
/// The media are audio, or not inline.
fn media_block(media: &Media) -> Result<BlockContent<'_>, ProviderError> {
    let refuse = || media::unsupported(media, "Converse");
    let MediaSource::Inline(inline) = &media.source else { return Err(refuse()) };
    let media_type = media.media_type.as_deref().unwrap_or_default();
    let format = match media_type {
        "text/plain" => "txt",
        "text/markdown" => "md",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        other => other.rsplit('/').next().unwrap_or(other),
    };
    let source = Bytes { bytes: inline.base64() };
    match media.kind {
        MediaKind::Image => Ok(BlockContent::Image(File { format, name: None, source })),
        MediaKind::Document => {
            // The protocol refuses names with other characters.
            let name = media.name.as_deref().unwrap_or("document");
            let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', " ");
            Ok(BlockContent::Document(File { format, name: Some(name), source }))
        }
        MediaKind::Audio => Err(refuse()),
    }
}
