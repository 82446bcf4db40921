//! The request. The model stands in the path, not in the body.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::offer::{ToolDemand, ToolOffer};
use super::super::{CacheForm, Quirks, body};
use super::STATE;
use crate::conversation::{
    Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, Request, Role, Settings,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inference_config: Option<InferenceConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<Value>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: Vec<Block<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Block<'a> {
    Own(What<'a>),
    /// A block of the provider's own, as it came.
    Replayed(Box<RawValue>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum What<'a> {
    Text(&'a str),
    Image(File<'a>),
    Document(File<'a>),
    ToolUse(ToolUse<'a>),
    ToolResult(ToolResult<'a>),
    CachePoint(Typed),
}

#[derive(Serialize)]
struct File<'a> {
    format: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    source: Source<'a>,
}

#[derive(Serialize)]
struct Source<'a> {
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
    content: [Answer<'a>; 1],
    status: &'static str,
}

#[derive(Serialize)]
struct Answer<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Typed {
    r#type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
}

/// The body of a request.
pub(crate) fn encode(request: &Request, quirks: &Quirks) -> Result<Vec<u8>, ProviderError> {
    let mut system = Vec::new();
    let mut messages: Vec<WireMessage<'_>> = Vec::new();
    for message in &request.messages {
        if message.role == Role::System {
            blocks(message, quirks, &mut system)?;
            continue;
        }
        let role = if message.role == Role::Assistant { "assistant" } else { "user" };
        let mut content = Vec::new();
        blocks(message, quirks, &mut content)?;
        match messages.last_mut() {
            _ if content.is_empty() => {}
            Some(last) if last.role == role => last.content.append(&mut content),
            _ => messages.push(WireMessage { role, content }),
        }
    }
    let wire = Body {
        messages,
        system,
        inference_config: inference_config(&request.settings),
        tool_config: tool_config(&ToolOffer::of(&request.output, quirks.tool_choice)?, quirks),
        output_config: output_config(&request.output),
        service_tier: request.settings.service_tier.as_ref().map(|tier| json!({"type": tier})),
    };
    body::write(&wire, request, quirks)
}

fn inference_config(settings: &Settings) -> Option<InferenceConfig<'_>> {
    let set = settings.max_tokens.is_some()
        || settings.temperature.is_some()
        || settings.top_p.is_some()
        || !settings.stop.is_empty();
    set.then_some(InferenceConfig {
        max_tokens: settings.max_tokens,
        temperature: settings.temperature,
        top_p: settings.top_p,
        stop_sequences: &settings.stop,
    })
}

fn tool_config(offer: &ToolOffer<'_>, quirks: &Quirks) -> Option<Value> {
    if offer.tools.is_empty() {
        return None;
    }
    let specs: Vec<Value> = offer
        .tools
        .iter()
        .map(|tool| {
            let mut spec = json!({"name": tool.name, "inputSchema": {"json": tool.schema}});
            if let Some(description) = &tool.description {
                spec["description"] = description.as_str().into();
            }
            if quirks.strict && tool.strict {
                spec["strict"] = true.into();
            }
            json!({"toolSpec": spec})
        })
        .collect();
    let mut config = json!({"tools": specs});
    match offer.demand {
        ToolDemand::Named(name) => config["toolChoice"] = json!({"tool": {"name": name}}),
        ToolDemand::Any => config["toolChoice"] = json!({"any": {}}),
        ToolDemand::Free => config["toolChoice"] = json!({"auto": {}}),
        ToolDemand::Unsaid => {}
    }
    Some(config)
}

/// The schema goes as a text of JSON.
fn output_config(output: &Output) -> Option<Value> {
    let Output::JsonSchema(tool) = output else { return None };
    let mut schema = json!({"name": tool.name, "schema": tool.schema.to_string()});
    if let Some(description) = &tool.description {
        schema["description"] = description.as_str().into();
    }
    Some(json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}))
}

fn blocks<'a>(
    message: &'a Message,
    quirks: &Quirks,
    into: &mut Vec<Block<'a>>,
) -> Result<(), ProviderError> {
    if let Some(state) = body::state(message, STATE) {
        let turn: Vec<&RawValue> = serde_json::from_str(&state.json).unwrap_or_default();
        into.extend(turn.into_iter().map(|raw| Block::Replayed(raw.to_owned())));
        return Ok(());
    }
    for part in &message.parts {
        into.push(Block::Own(match part {
            // The protocol refuses text that says nothing.
            Part::Text(text) if text.trim().is_empty() => continue,
            Part::Text(text) => What::Text(text),
            Part::Media(media) => media_block(media)?,
            Part::ToolCall(call) => What::ToolUse(ToolUse {
                tool_use_id: &call.id,
                name: &call.name,
                input: body::argument_object(&call.arguments),
            }),
            Part::ToolResult(result) => What::ToolResult(ToolResult {
                tool_use_id: &result.call_id,
                content: [Answer { text: &result.content }],
                status: if result.is_error { "error" } else { "success" },
            }),
            Part::CachePoint if quirks.cache == CacheForm::Marked => {
                What::CachePoint(Typed { r#type: "default" })
            }
            Part::CachePoint | Part::State(_) => continue,
        }));
    }
    Ok(())
}

fn media_block(media: &Media) -> Result<What<'_>, ProviderError> {
    let refuse = || body::no_place(media, "Converse");
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
    let source = Source { bytes: inline.base64() };
    match media.kind {
        MediaKind::Image => Ok(What::Image(File { format, name: None, source })),
        MediaKind::Document => {
            // Names with other characters are refused.
            let name = media.name.as_deref().unwrap_or("document");
            let name = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '-', " ");
            Ok(What::Document(File { format, name: Some(name), source }))
        }
        MediaKind::Audio => Err(refuse()),
    }
}
