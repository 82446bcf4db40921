//! The request: the whole conversation as steps, so that nothing is left to what a server remembers.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::offer::{ToolDemand, ToolOffer};
use super::super::{Delivery, EffortField, Quirks, body};
use super::STATE;
use crate::conversation::{
    Feature, Media, MediaKind, MediaSource, Message, Output, Part, ProviderError, ReasoningEffort,
    Request, Role,
};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    input: Vec<Step<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Format<'a>>,
    #[serde(skip_serializing_if = "GenerationConfig::is_empty")]
    generation_config: GenerationConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Step<'a> {
    Own(Own<'a>),
    /// A step of the model, as it came.
    Replayed(Box<RawValue>),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Own<'a> {
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
    Text { text: std::borrow::Cow<'a, str> },
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

#[derive(Serialize)]
struct ToolEntry<'a> {
    r#type: &'static str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
}

#[derive(Serialize)]
struct Format<'a> {
    r#type: &'static str,
    mime_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a Value>,
}

#[derive(Serialize, Default)]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
}

impl GenerationConfig<'_> {
    fn is_empty(&self) -> bool {
        self.max_output_tokens.is_none()
            && self.temperature.is_none()
            && self.top_p.is_none()
            && self.seed.is_none()
            && self.stop_sequences.is_empty()
            && self.thinking_level.is_none()
            && self.tool_choice.is_none()
    }
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolChoice<'a> {
    Word(&'static str),
    Of { allowed_tools: Allowed<'a> },
}

#[derive(Serialize)]
struct Allowed<'a> {
    mode: &'static str,
    tools: Vec<&'a str>,
}

/// The body of a request.
pub(crate) fn encode(
    request: &Request,
    model: &str,
    quirks: &Quirks,
    delivery: Delivery,
) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let mut system: Vec<String> = Vec::new();
    let mut input = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        if message.role == Role::System {
            system.push(message.text());
        } else {
            steps(message, &mut input)?;
        }
    }
    let json = |schema| Format { r#type: "text", mime_type: "application/json", schema };
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let thinking_level = settings
        .reasoning_effort
        .filter(|_| quirks.effort == EffortField::Effort)
        .map(level)
        .transpose()?;
    let wire = Body {
        model: model.strip_prefix("models/").unwrap_or(model),
        input,
        system_instruction: (!system.is_empty()).then(|| system.join("\n\n")),
        tools: offer
            .tools
            .iter()
            .map(|tool| ToolEntry {
                r#type: "function",
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.schema,
            })
            .collect(),
        response_format: match &request.output {
            Output::JsonSchema(tool) => Some(json(Some(&tool.schema))),
            Output::JsonObject => Some(json(None)),
            _ => None,
        },
        generation_config: GenerationConfig {
            max_output_tokens: settings.max_tokens,
            temperature: settings.temperature,
            top_p: settings.top_p,
            seed: settings.seed,
            stop_sequences: &settings.stop,
            thinking_level,
            tool_choice: match offer.demand {
                ToolDemand::Named(name) => Some(ToolChoice::Of {
                    allowed_tools: Allowed { mode: "any", tools: vec![name] },
                }),
                ToolDemand::Any => Some(ToolChoice::Word("any")),
                ToolDemand::Free => Some(ToolChoice::Word("auto")),
                ToolDemand::Unsaid => None,
            },
        },
        service_tier: settings.service_tier.as_deref(),
        stream: (delivery == Delivery::Streamed).then_some(true),
    };
    body::write(&wire, request, quirks)
}

fn level(effort: ReasoningEffort) -> Result<&'static str, ProviderError> {
    Ok(match effort {
        ReasoningEffort::None => {
            return Err(ProviderError::unsupported(
                Feature::Setting(String::from("reasoning_effort")),
                "Interactions has no word for no thinking at all; `Minimal` is the least",
            ));
        }
        ReasoningEffort::Max => ReasoningEffort::XHigh.as_str(),
        other => other.as_str(),
    })
}

fn steps<'a>(message: &'a Message, into: &mut Vec<Step<'a>>) -> Result<(), ProviderError> {
    if let Some(state) = body::state(message, STATE) {
        let turn: Vec<&RawValue> = serde_json::from_str(&state.json).unwrap_or_default();
        into.extend(turn.into_iter().map(|raw| Step::Replayed(raw.to_owned())));
        return Ok(());
    }
    let mut content = Vec::new();
    let mut others = Vec::new();
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(Content::Text { text: (&**text).into() }),
            Part::Media(media) => content.push(media_content(media)?),
            Part::ToolCall(call) => others.push(Step::Own(Own::FunctionCall {
                id: &call.id,
                name: &call.name,
                arguments: body::argument_object(&call.arguments),
            })),
            Part::ToolResult(result) => others.push(Step::Own(Own::FunctionResult {
                call_id: &result.call_id,
                name: &result.name,
                result: &result.content,
                is_error: result.is_error,
            })),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    // Results come before what is said beside them, and calls behind it.
    let said = (!content.is_empty()).then_some(match message.role {
        Role::Assistant => Step::Own(Own::ModelOutput { content }),
        _ => Step::Own(Own::UserInput { content }),
    });
    if message.role == Role::Assistant {
        into.extend(said);
        into.append(&mut others);
    } else {
        into.append(&mut others);
        into.extend(said);
    }
    Ok(())
}

fn media_content(media: &Media) -> Result<Content<'_>, ProviderError> {
    if media.kind == MediaKind::Document {
        if let Some(text) = body::document_text(media) {
            return Ok(Content::Text { text: text.into() });
        }
    }
    let mime_type = media.media_type.as_deref();
    let file = match &media.source {
        MediaSource::Inline(_) if mime_type.is_none() => {
            return Err(body::no_place(media, "Interactions"));
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
