//! The request: everything but the messages, which are in `message.rs`.

use serde_json::{Value, json};

use super::message::wire_messages;
use crate::conversation::{Output, ProviderError, Thinking, Tool};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::logprobs::{LogprobsField, LogprobsSupport};
use crate::wire::object::Object;
use crate::wire::prompt_cache::{self, CacheMarks};
use crate::wire::quirks::{MaxTokensField, Quirks, SeedField, ToolChoiceForm};
use crate::wire::sampling::SamplingFields;
use crate::wire::thinking::ThinkingForm;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{function, turns};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let strict = |tool: &Tool| (quirks.strict && tool.strict).then_some(true);
    let marks = CacheMarks::of(settings, quirks);
    let messages = turns::encode_all(&request.messages, |message, into| {
        wire_messages(message, quirks, marks, into)
    })?;
    let offer = ToolOffer::of(&request.output, quirks.tool_choice)?;
    let tools = offer.definitions(|tool| function::nested(tool, strict(tool)));
    let tools = marks.on_tools(&offer, tools);
    let response_format = match &request.output {
        Output::JsonSchema(tool) => {
            let schema = function::named_schema(tool, strict(tool));
            Some(Object::new().with("type", "json_schema").with("json_schema", schema))
        }
        Output::JsonObject => Some(Object::new().with("type", "json_object")),
        _ => None,
    };
    let streamed = delivery == Delivery::Streamed;
    let usage = (streamed && quirks.stream_usage).then(|| json!({"include_usage": true}));
    Ok(Object::new()
        .with("model", model)
        .with("messages", messages)
        .with_list("tools", &tools)
        .with_some("tool_choice", tool_choice(&offer, quirks.tool_choice))
        .with_some("parallel_tool_calls", offer.parallel_tool_calls(quirks))
        .with_some("response_format", response_format)
        .with_all(sampling(quirks).object(settings))
        .with_all(thinking(settings.thinking, quirks))
        .with_all(logprobs(settings.logprobs, quirks.logprobs))
        .with_some("service_tier", settings.service_tier.as_deref())
        .with_some("prompt_cache_key", prompt_cache::key_in_body(request, quirks))
        .with_some("prompt_cache_options", prompt_cache::options(request, quirks))
        .with_some("stream", streamed.then_some(true))
        .with_some("stream_options", usage))
}

/// Returns the field about thinking, if there is something to say.
fn thinking(thinking: Option<Thinking>, quirks: &Quirks) -> Object {
    let none = Object::new();
    match (quirks.thinking.form, thinking) {
        (_, None) => none,
        (ThinkingForm::Reasoning, Some(thinking)) => none.with(
            "reasoning",
            match thinking {
                Thinking::Off => json!({"effort": "none"}),
                Thinking::Adaptive => json!({"enabled": true}),
                Thinking::Effort(effort) => json!({"effort": effort.as_str()}),
                Thinking::Budget(tokens) => json!({"max_tokens": tokens}),
            },
        ),
        (ThinkingForm::Switch, Some(thinking)) => {
            none.with("thinking", function::thinking_switch(thinking))
        }
        (_, Some(thinking)) => {
            none.with_some("reasoning_effort", function::effort_keyword(thinking, quirks))
        }
    }
}

/// Returns the fields that ask for log-probabilities.
fn logprobs(is_asked: bool, support: LogprobsSupport) -> Object {
    let none = Object::new();
    match support.field {
        _ if !is_asked => none,
        LogprobsField::Protocol => {
            none.with("logprobs", true).with("top_logprobs", support.alternatives)
        }
        LogprobsField::Count => none.with("logprobs", support.alternatives),
        LogprobsField::None => none,
    }
}

/// Returns the names of the sampling fields at this server.
fn sampling(quirks: &Quirks) -> SamplingFields {
    SamplingFields {
        max_tokens: Some(match quirks.max_tokens {
            MaxTokensField::MaxCompletionTokens => "max_completion_tokens",
            MaxTokensField::MaxTokens => "max_tokens",
        }),
        seed: Some(match quirks.seed {
            SeedField::Seed => "seed",
            SeedField::RandomSeed => "random_seed",
        }),
        stop: Some("stop"),
        ..SamplingFields::COMMON
    }
}

/// Returns the tool choice. `None` if none is sent.
fn tool_choice(offer: &ToolOffer<'_>, form: ToolChoiceForm) -> Option<Value> {
    Some(match offer.demand {
        ToolDemand::Named(name) => json!({"type": "function", "function": {"name": name}}),
        ToolDemand::Any if form == ToolChoiceForm::Any => "any".into(),
        ToolDemand::Any => "required".into(),
        ToolDemand::Auto => "auto".into(),
        ToolDemand::Unspecified => return None,
    })
}
