//! The request: everything but the messages, which stand in `message.rs`.

use serde::Serialize;
use serde_json::Value;

use super::super::offer::{ToolDemand, ToolOffer};
use super::super::{
    Delivery, EffortField, MaxTokensField, Quirks, SeedField, ToolChoiceForm, body,
};
use super::message::{WireMessage, wire_messages};
use crate::conversation::{Output, ProviderError, ReasoningEffort, Request, Tool};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<ToolEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<ResponseFormat<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    random_seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning: Option<Effort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Switch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Effort {
    effort: &'static str,
}

#[derive(Serialize)]
struct Switch {
    r#type: &'static str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

#[derive(Serialize)]
struct ToolEntry<'a> {
    r#type: &'static str,
    function: FunctionDefinition<'a>,
}

#[derive(Serialize)]
struct FunctionDefinition<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    parameters: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum ToolChoice<'a> {
    Word(&'static str),
    Named { r#type: &'static str, function: FunctionName<'a> },
}

#[derive(Serialize)]
struct FunctionName<'a> {
    name: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ResponseFormat<'a> {
    JsonObject,
    JsonSchema { json_schema: NamedSchema<'a> },
}

#[derive(Serialize)]
struct NamedSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

/// The body of a request.
pub(crate) fn encode(
    request: &Request,
    model: &str,
    quirks: &Quirks,
    delivery: Delivery,
) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let strict = |tool: &Tool| (quirks.strict && tool.strict).then_some(true);
    let (bound, older_bound) = match quirks.max_tokens {
        MaxTokensField::MaxCompletionTokens => (settings.max_tokens, None),
        MaxTokensField::MaxTokens => (None, settings.max_tokens),
    };
    let (seed, random_seed) = match quirks.seed {
        SeedField::Seed => (settings.seed, None),
        SeedField::RandomSeed => (None, settings.seed),
    };
    let effort = settings.reasoning_effort;
    let in_field = |field: EffortField| effort.filter(|_| quirks.effort == field);
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        wire_messages(message, quirks, &mut messages)?;
    }
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let tools: Vec<ToolEntry<'_>> = offer
        .tools
        .iter()
        .map(|tool| ToolEntry {
            r#type: "function",
            function: FunctionDefinition {
                name: &tool.name,
                description: tool.description.as_deref(),
                parameters: &tool.schema,
                strict: strict(tool),
            },
        })
        .collect();
    let response_format = match &request.output {
        Output::JsonSchema(tool) => Some(ResponseFormat::JsonSchema {
            json_schema: NamedSchema {
                name: &tool.name,
                description: tool.description.as_deref(),
                schema: &tool.schema,
                strict: strict(tool),
            },
        }),
        Output::JsonObject => Some(ResponseFormat::JsonObject),
        _ => None,
    };
    let streamed = delivery == Delivery::Streamed;
    let wire = Body {
        model,
        messages,
        tool_choice: tool_choice(&offer, quirks.tool_choice),
        parallel_tool_calls: (!tools.is_empty() && quirks.parallel_tool_calls)
            .then_some(offer.parallel),
        tools,
        response_format,
        max_completion_tokens: bound,
        max_tokens: older_bound,
        temperature: settings.temperature,
        top_p: settings.top_p,
        seed,
        random_seed,
        stop: &settings.stop,
        reasoning_effort: in_field(EffortField::Effort).map(ReasoningEffort::as_str),
        reasoning: in_field(EffortField::Reasoning)
            .map(|effort| Effort { effort: effort.as_str() }),
        thinking: in_field(EffortField::Thinking).map(|effort| Switch {
            r#type: if effort == ReasoningEffort::None { "disabled" } else { "enabled" },
        }),
        service_tier: settings.service_tier.as_deref(),
        stream: streamed.then_some(true),
        stream_options: (streamed && quirks.stream_usage)
            .then_some(StreamOptions { include_usage: true }),
    };
    body::write(&wire, request, quirks)
}

fn tool_choice<'a>(offer: &ToolOffer<'a>, form: ToolChoiceForm) -> Option<ToolChoice<'a>> {
    Some(match offer.demand {
        ToolDemand::Named(name) => {
            ToolChoice::Named { r#type: "function", function: FunctionName { name } }
        }
        ToolDemand::Any if form == ToolChoiceForm::Any => ToolChoice::Word("any"),
        ToolDemand::Any => ToolChoice::Word("required"),
        ToolDemand::Free => ToolChoice::Word("auto"),
        ToolDemand::Unsaid => return None,
    })
}
