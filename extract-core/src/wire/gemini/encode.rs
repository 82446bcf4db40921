//! The request. The model stands in the path, not in the body.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::offer::{ToolDemand, ToolOffer};
use super::super::{EffortField, Quirks, SchemaField, ToolChoiceForm, body};
use super::STATE;
use crate::conversation::{
    Media, MediaSource, Message, Output, Part, ProviderError, ReasoningEffort, Request, Role,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    contents: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tools<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "GenerationConfig::is_empty")]
    generation_config: GenerationConfig<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Turn<'a> {
    Own(Content<'a>),
    /// A turn of the model, as it came.
    Replayed(Box<RawValue>),
}

#[derive(Serialize)]
struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    parts: Vec<WirePart<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum WirePart<'a> {
    Text(&'a str),
    InlineData(InlineData<'a>),
    FileData(FileData<'a>),
    FunctionCall(FunctionCall<'a>),
    FunctionResponse(FunctionResponse<'a>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InlineData<'a> {
    mime_type: &'a str,
    data: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    mime_type: Option<&'a str>,
    file_uri: &'a str,
}

#[derive(Serialize)]
struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    args: Box<RawValue>,
}

#[derive(Serialize)]
struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    id: &'a str,
    name: &'a str,
    response: Answer<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer<'a> {
    Output(&'a str),
    Error(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Tools<'a> {
    function_declarations: Vec<Declaration<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Declaration<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Value>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig<'a> {
    function_calling_config: CallingConfig<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CallingConfig<'a> {
    mode: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    allowed_function_names: Vec<&'a str>,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_schema: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<[ResponseFormat<'a>; 1]>,
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
    thinking_config: Option<ThinkingConfig>,
}

impl GenerationConfig<'_> {
    fn is_empty(&self) -> bool {
        self.response_mime_type.is_none()
            && self.response_format.is_none()
            && self.max_output_tokens.is_none()
            && self.temperature.is_none()
            && self.top_p.is_none()
            && self.seed.is_none()
            && self.stop_sequences.is_empty()
            && self.thinking_config.is_none()
    }
}

#[derive(Serialize)]
struct ResponseFormat<'a> {
    text: TextFormat<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TextFormat<'a> {
    mime_type: &'static str,
    schema: &'a Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<u32>,
}

/// The body of a request.
pub(crate) fn encode(request: &Request, quirks: &Quirks) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let mut system = Vec::new();
    let mut contents: Vec<Turn<'_>> = Vec::new();
    for message in &request.messages {
        if message.role == Role::System {
            parts(message, &mut system)?;
            continue;
        }
        if let Some(state) = body::state(message, STATE) {
            contents.push(Turn::Replayed(body::verbatim(&state.json)?));
            continue;
        }
        let role = Some(if message.role == Role::Assistant { "model" } else { "user" });
        let mut said = Vec::new();
        parts(message, &mut said)?;
        match contents.last_mut() {
            _ if said.is_empty() => {}
            Some(Turn::Own(last)) if last.role == role => last.parts.append(&mut said),
            _ => contents.push(Turn::Own(Content { role, parts: said })),
        }
    }
    let mut config = GenerationConfig {
        max_output_tokens: settings.max_tokens,
        temperature: settings.temperature,
        top_p: settings.top_p,
        seed: settings.seed,
        stop_sequences: &settings.stop,
        thinking_config: settings
            .reasoning_effort
            .filter(|_| quirks.effort == EffortField::Effort)
            .map(thinking),
        ..GenerationConfig::default()
    };
    match (&request.output, quirks.schema) {
        (Output::JsonSchema(tool), SchemaField::ResponseFormat) => {
            let text = TextFormat { mime_type: "APPLICATION_JSON", schema: &tool.schema };
            config.response_format = Some([ResponseFormat { text }]);
        }
        (Output::JsonSchema(tool), field) => {
            config.response_mime_type = Some("application/json");
            match field {
                SchemaField::OpenApi => config.response_schema = Some(&tool.schema),
                _ => config.response_json_schema = Some(&tool.schema),
            }
        }
        (Output::JsonObject, _) => config.response_mime_type = Some("application/json"),
        _ => {}
    }
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let declarations: Vec<Declaration<'_>> = offer
        .tools
        .iter()
        .map(|tool| {
            let older = quirks.schema == SchemaField::OpenApi;
            Declaration {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters_json_schema: (!older).then_some(&tool.schema),
                parameters: older.then_some(&tool.schema),
            }
        })
        .collect();
    let calling = match offer.demand {
        ToolDemand::Named(name) => Some(("ANY", vec![name])),
        ToolDemand::Any if quirks.tool_choice == ToolChoiceForm::Named => {
            Some(("ANY", offer.tools.iter().map(|tool| tool.name.as_str()).collect()))
        }
        ToolDemand::Any => Some(("ANY", Vec::new())),
        ToolDemand::Free => Some(("AUTO", Vec::new())),
        ToolDemand::Unsaid => None,
    };
    let tool_config =
        calling.filter(|_| !declarations.is_empty()).map(|(mode, names)| ToolConfig {
            function_calling_config: CallingConfig { mode, allowed_function_names: names },
        });
    let wire = Body {
        contents,
        system_instruction: (!system.is_empty()).then_some(Content { role: None, parts: system }),
        tools: if declarations.is_empty() {
            Vec::new()
        } else {
            vec![Tools { function_declarations: declarations }]
        },
        tool_config,
        generation_config: config,
        service_tier: settings.service_tier.as_deref(),
    };
    body::write(&wire, request, quirks)
}

/// Models before the third generation know a budget only, and of that only "none" is sent.
fn thinking(effort: ReasoningEffort) -> ThinkingConfig {
    let level = match effort {
        ReasoningEffort::None => {
            return ThinkingConfig { thinking_level: None, thinking_budget: Some(0) };
        }
        ReasoningEffort::Minimal => "MINIMAL",
        ReasoningEffort::Low => "LOW",
        ReasoningEffort::Medium => "MEDIUM",
        ReasoningEffort::High | ReasoningEffort::XHigh | ReasoningEffort::Max => "HIGH",
    };
    ThinkingConfig { thinking_level: Some(level), thinking_budget: None }
}

fn parts<'a>(message: &'a Message, into: &mut Vec<WirePart<'a>>) -> Result<(), ProviderError> {
    for part in &message.parts {
        into.push(match part {
            Part::Text(text) => WirePart::Text(text),
            Part::Media(media) => media_part(media)?,
            Part::ToolCall(call) => WirePart::FunctionCall(FunctionCall {
                id: &call.id,
                name: &call.name,
                args: body::argument_object(&call.arguments),
            }),
            Part::ToolResult(result) => {
                let answer = if result.is_error { Answer::Error } else { Answer::Output };
                WirePart::FunctionResponse(FunctionResponse {
                    id: &result.call_id,
                    name: &result.name,
                    response: answer(&result.content),
                })
            }
            Part::State(_) | Part::CachePoint => continue,
        });
    }
    Ok(())
}

fn media_part(media: &Media) -> Result<WirePart<'_>, ProviderError> {
    let mime_type = media.media_type.as_deref();
    match &media.source {
        MediaSource::Inline(inline) => {
            let mime_type = mime_type.ok_or_else(|| body::no_place(media, "generateContent"))?;
            Ok(WirePart::InlineData(InlineData { mime_type, data: inline.base64() }))
        }
        MediaSource::Url(uri) | MediaSource::Id(uri) => {
            Ok(WirePart::FileData(FileData { mime_type, file_uri: uri }))
        }
    }
}
