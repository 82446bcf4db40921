//! The request: system prompt, turns of blocks, tools and settings.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::decode::STATE;
use super::thinking::{effort, thinking, tool_choice_form};
use crate::conversation::{Media, MediaKind, MediaSource, Message, Output, Part, ProviderError};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::object::Object;
use crate::wire::prompt_cache::{CacheControl, CacheMarks, has_mark};
use crate::wire::quirks::Quirks;
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{media, turns};

/// The value of the required field `max_tokens` if neither the caller nor the model's row sets one. All
/// models that are still served can write that much.
const MAX_TOKENS: u32 = 8_192;

type Block<'a> = Replayable<CacheableBlock<'a>>;

#[derive(Serialize)]
struct CacheableBlock<'a> {
    #[serde(flatten)]
    content: BlockContent<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<CacheControl>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum BlockContent<'a> {
    Text {
        text: &'a str,
    },
    Image {
        source: BlockSource<'a>,
    },
    Document {
        source: BlockSource<'a>,
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
enum BlockSource<'a> {
    Base64 { media_type: &'a str, data: &'a str },
    Text { media_type: &'static str, data: Cow<'a, str> },
    Url { url: &'a str },
    File { file_id: &'a str },
}

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let marks = CacheMarks::of(settings, quirks);
    let (system, messages) = turns::split(&request.messages, quirks.system, |message, into| {
        blocks(message, marks, into)
    })?;
    let offer = ToolOffer::of(&request.output, tool_choice_form(settings, quirks))?;
    let tools = offer.definitions(|tool| {
        Object::new()
            .with("name", &tool.name)
            .with_some("description", tool.description.as_deref())
            .with("input_schema", &tool.schema)
            .with_some("strict", (quirks.strict && tool.strict).then_some(true))
    });
    let tools = marks.on_tools(&offer, tools);
    let format = match &request.output {
        Output::JsonSchema(tool) => {
            Some(Object::new().with("type", "json_schema").with("schema", &tool.schema))
        }
        _ => None,
    };
    let output_config =
        Object::new().with_some("format", format).with_some("effort", effort(settings));
    Ok(Object::new()
        .with("model", model)
        .with("max_tokens", settings.max_tokens.unwrap_or(MAX_TOKENS))
        .with_list("system", &system)
        .with("messages", messages)
        .with_list("tools", &tools)
        .with_some("tool_choice", tool_choice(&offer, quirks))
        .with_object("output_config", output_config)
        .with_some("thinking", thinking(settings, &quirks.thinking))
        .with_all(SamplingFields::COMMON.object(settings))
        .with_some("service_tier", settings.service_tier.as_deref())
        .with_some("stream", (delivery == Delivery::Streamed).then_some(true)))
}

/// Returns the tool choice. It also disables parallel calls if the request forbids them.
fn tool_choice(offer: &ToolOffer<'_>, quirks: &Quirks) -> Option<Object> {
    let (kind, name) = match offer.demand {
        ToolDemand::Named(name) => ("tool", Some(name)),
        ToolDemand::Any => ("any", None),
        ToolDemand::Auto => ("auto", None),
        ToolDemand::Unspecified => return None,
    };
    let single = quirks.parallel_tool_calls && !offer.parallel;
    let choice = Object::new().with("type", kind).with_some("name", name);
    Some(choice.with_some("disable_parallel_tool_use", single.then_some(true)))
}

/// Appends the blocks of a message.
fn blocks<'a>(
    message: &'a Message,
    marks: CacheMarks,
    into: &mut Vec<Block<'a>>,
) -> Result<(), ProviderError> {
    if replay::elements(message, STATE, into) {
        if let (true, Some(mark), Some(Replayable::Replayed(last))) =
            (has_mark(message), marks.cache_control(), into.last_mut())
        {
            mark_replayed(last, mark);
        }
        return Ok(());
    }
    // The protocol demands that tool results come first.
    let (results, others): (Vec<&Part>, Vec<&Part>) =
        message.parts.iter().partition(|part| matches!(part, Part::ToolResult(_)));
    for part in results.into_iter().chain(others) {
        let content = match part {
            // The protocol refuses blank text.
            Part::Text(text) if text.trim().is_empty() => continue,
            Part::Text(text) => BlockContent::Text { text },
            Part::Media(media) => media_block(media)?,
            Part::ToolCall(call) => BlockContent::ToolUse {
                id: &call.id,
                name: &call.name,
                input: serde_json::from_str(&call.arguments)
                    .ok()
                    .filter(Value::is_object)
                    .unwrap_or_else(|| Map::new().into()),
            },
            Part::ToolResult(result) => BlockContent::ToolResult {
                tool_use_id: &result.call_id,
                content: &result.content,
                is_error: result.is_error,
            },
            Part::CachePoint => {
                if let Some(Replayable::New(last)) = into.last_mut() {
                    last.cache_control = marks.cache_control();
                }
                continue;
            }
            Part::State(_) => continue,
        };
        into.push(Replayable::New(CacheableBlock { content, cache_control: None }));
    }
    Ok(())
}

/// Adds a cache point to a replayed block, whose other text stays as it is. Blocks of thinking have none.
fn mark_replayed(block: &mut Box<RawValue>, mark: CacheControl) {
    let Ok(value) = serde_json::from_str::<Value>(block.get()) else { return };
    let kind = value.get("type").and_then(Value::as_str);
    if !matches!(kind, Some("text" | "tool_use")) || value.get("cache_control").is_some() {
        return;
    }
    let (Some(open), Ok(mark)) =
        (block.get().trim_end().strip_suffix('}'), serde_json::to_string(&mark))
    else {
        return;
    };
    if let Ok(marked) = RawValue::from_string(format!("{open},\"cache_control\":{mark}}}")) {
        *block = marked;
    }
}

/// Returns the block of a piece of media.
///
/// # Errors
/// The protocol carries no audio.
fn media_block(media: &Media) -> Result<BlockContent<'_>, ProviderError> {
    let title = media.name.as_deref();
    if let Some(text) = media::document_text(media) {
        let source = BlockSource::Text { media_type: "text/plain", data: Cow::Owned(text) };
        return Ok(BlockContent::Document { source, title });
    }
    let source = match &media.source {
        MediaSource::Inline(inline) => BlockSource::Base64 {
            media_type: media.media_type.as_deref().unwrap_or("application/octet-stream"),
            data: inline.base64(),
        },
        MediaSource::Url(url) => BlockSource::Url { url },
        MediaSource::Id(id) => BlockSource::File { file_id: id },
    };
    match media.kind {
        MediaKind::Image => Ok(BlockContent::Image { source }),
        MediaKind::Document => Ok(BlockContent::Document { source, title }),
        MediaKind::Audio => Err(media::unsupported(media, "Messages")),
    }
}
