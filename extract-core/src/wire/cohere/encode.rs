//! The request: messages, tools and settings.

use serde_json::{Value, json};

use crate::conversation::{MediaKind, Message, Output, Part, ProviderError};
use crate::wire::descriptor::{Delivery, EncodeContext};
use crate::wire::object::{self, Object};
use crate::wire::quirks::ToolChoiceForm;
use crate::wire::sampling::SamplingFields;
use crate::wire::tool_offer::{ToolDemand, ToolOffer};
use crate::wire::{function, media, turns};

const SAMPLING: SamplingFields = SamplingFields {
    max_tokens: Some("max_tokens"),
    top_p: "p",
    seed: Some("seed"),
    ..SamplingFields::COMMON
};

/// Returns the body of a request.
pub(super) fn encode(context: &EncodeContext<'_>) -> Result<Object, ProviderError> {
    let EncodeContext { request, model, quirks, delivery } = *context;
    let settings = &request.settings;
    let messages = turns::encode_all(&request.messages, wire_messages)?;
    // The protocol cannot name the tool to call.
    let form = match quirks.tool_choice {
        ToolChoiceForm::Named => ToolChoiceForm::Required,
        form => form,
    };
    let offer = ToolOffer::of(&request.output, form)?;
    let forced = offer.demand == ToolDemand::Any;
    let strict = offer.tools.iter().any(|tool| quirks.strict && tool.strict);
    let json = Object::new().with("type", "json_object");
    let response_format = match &request.output {
        Output::JsonSchema(tool) => Some(json.with("json_schema", &tool.schema)),
        Output::JsonObject => Some(json),
        _ => None,
    };
    Ok(Object::new()
        .with("model", model)
        .with("messages", messages)
        .with_list("tools", &function::described(&offer))
        .with_some("tool_choice", forced.then_some("REQUIRED"))
        .with_some("strict_tools", strict.then_some(true))
        .with_some("response_format", response_format)
        .with_all(SAMPLING.object(settings))
        .with_some("thinking", settings.thinking.map(function::thinking_switch))
        .with("stream", delivery == Delivery::Streamed))
}

/// Appends the messages of a turn. Every tool result is a message of its own.
fn wire_messages(message: &Message, into: &mut Vec<Value>) -> Result<(), ProviderError> {
    let (mut content, mut calls, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(json!({"type": "text", "text": &**text})),
            Part::Media(media) => {
                let part = match (media.kind, media::url(media), media::document_text(media)) {
                    (_, _, Some(text)) => json!({"type": "text", "text": text}),
                    (MediaKind::Image, Some(url), _) => {
                        json!({"type": "image_url", "image_url": {"url": url}})
                    }
                    _ => return Err(media::unsupported(media, "Cohere chat")),
                };
                content.push(part);
            }
            Part::ToolCall(call) => calls.push(json!({
                "id": call.id, "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            })),
            Part::ToolResult(result) => results.push(json!({
                "role": "tool", "tool_call_id": result.call_id, "content": &*result.content,
            })),
            Part::State(_) | Part::CachePoint => {}
        }
    }
    if !content.is_empty() || !calls.is_empty() {
        let mut wire = json!({"role": function::role_name(message.role)});
        if !content.is_empty() {
            object::set(&mut wire, "content", content);
        }
        if !calls.is_empty() {
            object::set(&mut wire, "tool_calls", calls);
        }
        into.push(wire);
    }
    into.append(&mut results);
    Ok(())
}
