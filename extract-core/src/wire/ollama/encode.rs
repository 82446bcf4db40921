//! The request: messages, tools and options.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::conversation::{MediaKind, MediaSource, Message, Output, Part, ProviderError, Thinking};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::object::Object;
use crate::wire::quirks::ToolChoiceForm;
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::ToolOffer;
use crate::wire::{function, media, turns};

/// One message of the request.
#[derive(Serialize)]
struct WireMessage<'a> {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WireCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
}

#[derive(Serialize)]
struct WireCall<'a> {
    function: WireFunction<'a>,
}

#[derive(Serialize)]
struct WireFunction<'a> {
    name: &'a str,
    arguments: Box<RawValue>,
}

const OPTIONS: SamplingFields = SamplingFields {
    max_tokens: Some("num_predict"),
    seed: Some("seed"),
    stop: Some("stop"),
    ..SamplingFields::COMMON
};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let messages = turns::encode_all(&request.messages, wire_messages)?;
    // The protocol has no field for a tool choice.
    let offer = ToolOffer::of(&request.output, ToolChoiceForm::Omitted)?;
    let json = Value::from("json");
    let format = match &request.output {
        Output::JsonSchema(tool) => Some(&tool.schema),
        Output::JsonObject => Some(&json),
        _ => None,
    };
    let think = settings.thinking.map(|thinking| match thinking {
        Thinking::Effort(effort) => Value::from(effort.as_str()),
        other => Value::from(other != Thinking::Off),
    });
    Ok(Object::new()
        .with("model", model)
        .with("messages", messages)
        .with_list("tools", &function::described(&offer))
        .with_some("format", format)
        .with_some("think", think)
        .with_some("logprobs", settings.logprobs.then_some(true))
        .with_some("top_logprobs", settings.logprobs.then_some(quirks.logprobs.alternatives))
        .with_object("options", OPTIONS.object(settings))
        .with("stream", delivery == Delivery::Streamed))
}

/// Appends the messages of a turn. Every tool result is a message of its own.
fn wire_messages<'a>(
    message: &'a Message,
    into: &mut Vec<WireMessage<'a>>,
) -> Result<(), ProviderError> {
    let mut texts: Vec<String> = Vec::new();
    let (mut images, mut tool_calls, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(text.to_string()),
            Part::Media(media) => match (media.kind, &media.source) {
                (MediaKind::Image, MediaSource::Inline(inline)) => images.push(inline.base64()),
                _ => match media::document_text(media) {
                    Some(text) => texts.push(text),
                    None => return Err(media::unsupported(media, "Ollama chat")),
                },
            },
            Part::ToolCall(call) => tool_calls.push(WireCall {
                function: WireFunction {
                    name: &call.name,
                    arguments: function::argument_object(&call.arguments),
                },
            }),
            Part::ToolResult(result) => results.push(WireMessage {
                role: "tool",
                content: result.content.to_string(),
                images: Vec::new(),
                tool_calls: Vec::new(),
                tool_name: Some(&result.name),
            }),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    if !texts.is_empty() || !images.is_empty() || !tool_calls.is_empty() {
        let (role, content) = (function::role_name(message.role), texts.join("\n\n"));
        into.push(WireMessage { role, content, images, tool_calls, tool_name: None });
    }
    into.append(&mut results);
    Ok(())
}
