//! The request. A turn of the model that came over this protocol goes back as the items it came in;
//! every other turn is written as items of our own.

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

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<Item<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<TextConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Reasoning>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
    },
    Call(Call<'a>),
    Result(CallOutput<'a>),
    /// An item of the provider's own, as it came.
    Replayed(Box<RawValue>),
}

#[derive(Serialize)]
struct Call<'a> {
    r#type: &'static str,
    call_id: &'a str,
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct CallOutput<'a> {
    r#type: &'static str,
    call_id: &'a str,
    output: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(&'a str),
    Joined(String),
    Parts(Vec<ContentPart<'a>>),
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum ContentPart<'a> {
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
    File {
        #[serde(skip_serializing_if = "Option::is_none")]
        file_data: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        filename: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_url: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        file_id: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
    /// Where it is missing, the server makes the schema strict by itself, or refuses it.
    strict: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolChoice<'a> {
    Word(&'static str),
    Named { r#type: &'static str, name: &'a str },
}

#[derive(Serialize)]
struct TextConfig<'a> {
    format: Format<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Format<'a> {
    JsonObject,
    JsonSchema {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        schema: &'a Value,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

#[derive(Serialize)]
struct Reasoning {
    effort: &'static str,
}

/// The body of a request.
pub(crate) fn encode(
    request: &Request,
    model: &str,
    quirks: &Quirks,
    delivery: Delivery,
) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let mut input = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        items(message, &mut input)?;
    }
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let text = match &request.output {
        Output::JsonSchema(tool) => Some(Format::JsonSchema {
            name: &tool.name,
            description: tool.description.as_deref(),
            schema: &tool.schema,
            strict: quirks.strict.then_some(tool.strict),
        }),
        Output::JsonObject => Some(Format::JsonObject),
        _ => None,
    };
    let wire = Body {
        model,
        input,
        tools: offer
            .tools
            .iter()
            .map(|tool| ToolEntry {
                r#type: "function",
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.schema,
                strict: quirks.strict && tool.strict,
            })
            .collect(),
        tool_choice: match offer.demand {
            ToolDemand::Named(name) => Some(ToolChoice::Named { r#type: "function", name }),
            ToolDemand::Any => Some(ToolChoice::Word("required")),
            ToolDemand::Free => Some(ToolChoice::Word("auto")),
            ToolDemand::Unsaid => None,
        },
        parallel_tool_calls: (!offer.tools.is_empty() && quirks.parallel_tool_calls)
            .then_some(offer.parallel),
        text: text.map(|format| TextConfig { format }),
        max_output_tokens: settings.max_tokens,
        temperature: settings.temperature,
        top_p: settings.top_p,
        reasoning: settings
            .reasoning_effort
            .filter(|_| quirks.effort != EffortField::None)
            .map(|effort| Reasoning { effort: ReasoningEffort::as_str(effort) }),
        service_tier: settings.service_tier.as_deref(),
        stream: (delivery == Delivery::Streamed).then_some(true),
    };
    body::write(&wire, request, quirks)
}

fn items<'a>(message: &'a Message, into: &mut Vec<Item<'a>>) -> Result<(), ProviderError> {
    if let Some(state) = body::state(message, STATE) {
        let turn: Vec<&RawValue> = serde_json::from_str(&state.json).unwrap_or_default();
        into.extend(turn.into_iter().map(|raw| Item::Replayed(raw.to_owned())));
        return Ok(());
    }
    let mut parts = Vec::new();
    let mut others = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => {
                parts.push(ContentPart::Text { text: Cow::Borrowed(text) });
            }
            Part::Media(media) => parts.push(media_part(media)?),
            Part::ToolCall(call) => others.push(Item::Call(Call {
                r#type: "function_call",
                call_id: &call.id,
                name: &call.name,
                arguments: &call.arguments,
            })),
            Part::ToolResult(result) => others.push(Item::Result(CallOutput {
                r#type: "function_call_output",
                call_id: &result.call_id,
                output: &result.content,
            })),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    let role = match message.role {
        Role::System => "system",
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    };
    if !parts.is_empty() {
        into.push(Item::Message { role, content: content_of(message.role, parts) });
    }
    into.append(&mut others);
    Ok(())
}

/// One text stands as a text. Several texts of the model are joined: a list of them would have to
/// carry the ids that they were given.
fn content_of(role: Role, parts: Vec<ContentPart<'_>>) -> Content<'_> {
    match parts.as_slice() {
        [ContentPart::Text { text: Cow::Borrowed(text) }] => Content::Text(text),
        several if role == Role::Assistant => {
            let texts = several.iter().filter_map(|part| match part {
                ContentPart::Text { text } => Some(&**text),
                _ => None,
            });
            Content::Joined(texts.collect())
        }
        _ => Content::Parts(parts),
    }
}

fn media_part(media: &Media) -> Result<ContentPart<'_>, ProviderError> {
    match media.kind {
        MediaKind::Image => {
            let (image_url, file_id) = match &media.source {
                MediaSource::Inline(inline) => (Some(inline.data_url()), None),
                MediaSource::Url(url) => (Some(&**url), None),
                MediaSource::Id(id) => (None, Some(&**id)),
            };
            Ok(ContentPart::Image { image_url, file_id, detail: "auto" })
        }
        MediaKind::Document => {
            if let Some(text) = body::document_text(media) {
                return Ok(ContentPart::Text { text: Cow::Owned(text) });
            }
            let mut file = (None, None, None, None);
            match &media.source {
                MediaSource::Inline(inline) => {
                    file.0 = Some(inline.data_url());
                    // A file without a name is refused.
                    file.1 = Some(media.name.as_deref().unwrap_or("document.pdf"));
                }
                MediaSource::Url(url) => file.2 = Some(&**url),
                MediaSource::Id(id) => file.3 = Some(&**id),
            }
            let (file_data, filename, file_url, file_id) = file;
            Ok(ContentPart::File { file_data, filename, file_url, file_id })
        }
        MediaKind::Audio => Err(body::no_place(media, "Responses")),
    }
}
