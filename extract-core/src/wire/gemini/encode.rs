//! The request. The model is in the path, not in the body.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::decode::STATE;
use crate::conversation::{
    Effort, Media, MediaSource, Message, Output, Part, ProviderError, Role, Thinking,
};
use crate::wire::descriptor::EncodeContext;
use crate::wire::object::{self, Object};
use crate::wire::quirks::{SchemaField, ToolChoiceForm};
use crate::wire::replay::{self, Replayable};
use crate::wire::sampling::SamplingFields;
use crate::wire::thinking::ThinkingForm;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{function, media, turns};

/// One turn, or the system prompt, which has no role.
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
    response: FunctionOutput<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum FunctionOutput<'a> {
    Output(&'a str),
    Error(&'a str),
}

const SAMPLING: SamplingFields = SamplingFields {
    max_tokens: Some("maxOutputTokens"),
    top_p: "topP",
    seed: Some("seed"),
    stop: Some("stopSequences"),
    ..SamplingFields::COMMON
};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, quirks, .. } = *context;
    let settings = &request.settings;
    let (system, contents) = contents(&request.messages)?;
    let system = (!system.is_empty()).then_some(Content { role: None, parts: system });
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let older = quirks.schema == SchemaField::OpenApi;
    let declarations = offer.definitions(|tool| {
        Object::new()
            .with("name", &tool.name)
            .with_some("description", tool.description.as_deref())
            .with(if older { "parameters" } else { "parametersJsonSchema" }, &tool.schema)
    });
    let tool_config = tool_config(&offer, quirks.tool_choice);
    let tools = Object::new().with_list("functionDeclarations", &declarations);
    let tools = (!declarations.is_empty()).then_some([tools]);
    let generation_config = response_format(&request.output, quirks.schema)
        .with_all(SAMPLING.object(settings))
        .with_some("responseLogprobs", settings.logprobs.then_some(true))
        .with_some("logprobs", settings.logprobs.then_some(quirks.logprobs.alternatives))
        .with_object("thinkingConfig", thinking(settings.thinking, quirks.thinking.form));
    Ok(Object::new()
        .with("contents", contents)
        .with_some("systemInstruction", system)
        .with_some("tools", tools)
        .with_some("toolConfig", tool_config)
        .with_object("generationConfig", generation_config)
        .with_some("serviceTier", settings.service_tier.as_deref()))
}

/// Returns the fields of the generation configuration that ask for JSON.
fn response_format(output: &Output, field: SchemaField) -> Object {
    let json = || Object::new().with("responseMimeType", "application/json");
    match (output, field) {
        (Output::JsonSchema(tool), SchemaField::ResponseFormat) => {
            let text = Object::new().with("mimeType", "APPLICATION_JSON");
            let text = text.with("schema", &tool.schema);
            Object::new().with("responseFormat", [Object::new().with("text", text)])
        }
        (Output::JsonSchema(tool), SchemaField::OpenApi) => {
            json().with("responseSchema", &tool.schema)
        }
        (Output::JsonSchema(tool), SchemaField::JsonSchema) => {
            json().with("responseJsonSchema", &tool.schema)
        }
        (Output::JsonObject, _) => json(),
        _ => Object::new(),
    }
}

/// Returns the tool choice. `None` without tools, or if none is sent.
fn tool_config(offer: &ToolOffer<'_>, form: ToolChoiceForm) -> Option<Value> {
    let all = || offer.tools.iter().map(|tool| tool.name.as_str()).collect();
    let (mode, names): (&str, Vec<&str>) = match offer.demand {
        ToolDemand::Named(name) => ("ANY", vec![name]),
        ToolDemand::Any if form == ToolChoiceForm::Named => ("ANY", all()),
        ToolDemand::Any => ("ANY", Vec::new()),
        ToolDemand::Auto => ("AUTO", Vec::new()),
        ToolDemand::Unspecified => return None,
    };
    let mut config = json!({"mode": mode});
    if !names.is_empty() {
        object::set(&mut config, "allowedFunctionNames", names);
    }
    (!offer.tools.is_empty()).then(|| json!({"functionCallingConfig": config}))
}

/// Returns the thinking configuration: a budget for models before the third generation, a level for the
/// others. Never both, which is refused.
fn thinking(thinking: Option<Thinking>, form: ThinkingForm) -> Object {
    let none = Object::new();
    match (form, thinking) {
        (ThinkingForm::Budget, Some(thinking)) => none.with("thinkingBudget", budget(thinking)),
        (_, Some(Thinking::Effort(effort))) => {
            none.with("thinkingLevel", effort.as_str().to_ascii_uppercase())
        }
        (_, Some(_) | None) => none,
    }
}

/// Returns the budget in tokens. Those of the levels are Google's own, from its translation of
/// `reasoning_effort` in the OpenAI-compatible protocol.
fn budget(thinking: Thinking) -> i64 {
    match thinking {
        Thinking::Off => 0,
        // The model decides.
        Thinking::Adaptive => -1,
        Thinking::Effort(Effort::Minimal | Effort::Low) => 1_024,
        Thinking::Effort(Effort::Medium) => 8_192,
        Thinking::Effort(Effort::High | Effort::XHigh | Effort::Max) => 24_576,
        Thinking::Budget(tokens) => tokens.into(),
    }
}

/// Returns the parts of the system prompt and the turns. A replayed turn is never merged with others.
fn contents(
    messages: &[Message],
) -> Result<(Vec<WirePart<'_>>, Vec<Replayable<Content<'_>>>), ProviderError> {
    let mut system = Vec::new();
    let mut contents: Vec<Replayable<Content<'_>>> = Vec::new();
    let (leading, rest) = messages.split_at(turns::leading(messages));
    for message in leading {
        parts(message, &mut system)?;
    }
    for message in rest {
        if let Some(state) = replay::state(message, STATE) {
            contents.push(Replayable::Replayed(replay::value(state)?));
            continue;
        }
        let role = Some(if message.role == Role::Assistant { "model" } else { "user" });
        let mut turn = Vec::new();
        parts(message, &mut turn)?;
        match contents.last_mut() {
            _ if turn.is_empty() => {}
            Some(Replayable::New(last)) if last.role == role => last.parts.append(&mut turn),
            _ => contents.push(Replayable::New(Content { role, parts: turn })),
        }
    }
    Ok((system, contents))
}

/// Appends the parts of a message.
fn parts<'a>(message: &'a Message, into: &mut Vec<WirePart<'a>>) -> Result<(), ProviderError> {
    for part in &message.parts {
        into.push(match part {
            Part::Text(text) => WirePart::Text(text),
            Part::Media(media) => media_part(media)?,
            Part::ToolCall(call) => WirePart::FunctionCall(FunctionCall {
                id: &call.id,
                name: &call.name,
                args: function::argument_object(&call.arguments),
            }),
            Part::ToolResult(result) => {
                let output =
                    if result.is_error { FunctionOutput::Error } else { FunctionOutput::Output };
                WirePart::FunctionResponse(FunctionResponse {
                    id: &result.call_id,
                    name: &result.name,
                    response: output(&result.content),
                })
            }
            Part::State(_) | Part::CachePoint => continue,
        });
    }
    Ok(())
}

/// Returns the part of a piece of media.
///
/// # Errors
/// Inline media, or media at a URL, have no media type.
fn media_part(media: &Media) -> Result<WirePart<'_>, ProviderError> {
    let mime_type = media.media_type.as_deref();
    match &media.source {
        MediaSource::Inline(inline) => {
            let mime_type =
                mime_type.ok_or_else(|| media::unsupported(media, "generateContent"))?;
            Ok(WirePart::InlineData(InlineData { mime_type, data: inline.base64() }))
        }
        MediaSource::Url(_) if mime_type.is_none() => Err(media::untyped(media, "generateContent")),
        MediaSource::Url(uri) | MediaSource::Id(uri) => {
            Ok(WirePart::FileData(FileData { mime_type, file_uri: uri }))
        }
    }
}
