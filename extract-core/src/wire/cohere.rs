//! Cohere's chat protocol, version 2; replies of version 1 are read as well.
//!
//! Source of the request's shape: Cohere's API reference for `POST /v2/chat`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::failure::{beginning, in_reply};
use super::offer::{ToolDemand, ToolOffer};
use super::{
    Delivery, EffortField, Quirks, StreamDecoder, ToolChoiceForm, assemble, body, loose, usage,
};
use crate::conversation::{
    Delta, MediaKind, MediaSource, Message, Output, Part, ProviderError, ProviderErrorKind,
    ReasoningEffort, Reply, Request, Role, StopReason, StreamEnd, Usage,
};

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict_tools: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    stop_sequences: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Value>,
    stream: bool,
}

/// The body of a request.
pub(super) fn encode(
    request: &Request,
    model: &str,
    quirks: &Quirks,
    delivery: Delivery,
) -> Result<Vec<u8>, ProviderError> {
    let settings = &request.settings;
    let mut messages = Vec::with_capacity(request.messages.len());
    for message in &request.messages {
        wire_messages(message, &mut messages)?;
    }
    // There is no word for a tool by its name.
    let form = match quirks.tool_choice {
        ToolChoiceForm::Named => ToolChoiceForm::Required,
        form => form,
    };
    let offer = ToolOffer::of(&request.output, form)?;
    let forced = offer.demand == ToolDemand::Any;
    let wire = Body {
        model,
        messages,
        tools: offer
            .tools
            .iter()
            .map(|tool| {
                json!({"type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description.as_deref().unwrap_or_default(),
                    "parameters": tool.schema,
                }})
            })
            .collect(),
        tool_choice: forced.then_some("REQUIRED"),
        strict_tools: offer.tools.iter().any(|tool| quirks.strict && tool.strict).then_some(true),
        response_format: match &request.output {
            Output::JsonSchema(tool) => {
                Some(json!({"type": "json_object", "json_schema": tool.schema}))
            }
            Output::JsonObject => Some(json!({"type": "json_object"})),
            _ => None,
        },
        max_tokens: settings.max_tokens,
        temperature: settings.temperature,
        p: settings.top_p,
        seed: settings.seed,
        stop_sequences: &settings.stop,
        thinking: settings.reasoning_effort.filter(|_| quirks.effort != EffortField::None).map(
            |effort| {
                let off = effort == ReasoningEffort::None;
                json!({"type": if off { "disabled" } else { "enabled" }})
            },
        ),
        stream: delivery == Delivery::Streamed,
    };
    body::write(&wire, request, quirks)
}

fn wire_messages(message: &Message, into: &mut Vec<Value>) -> Result<(), ProviderError> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let (mut content, mut calls, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => content.push(json!({"type": "text", "text": &**text})),
            Part::Media(media) => {
                let place = match &media.source {
                    MediaSource::Inline(inline) => Some(inline.data_url()),
                    MediaSource::Url(url) => Some(&**url),
                    MediaSource::Id(_) => None,
                };
                content.push(match (media.kind, place, body::document_text(media)) {
                    (_, _, Some(text)) => json!({"type": "text", "text": text}),
                    (MediaKind::Image, Some(url), _) => {
                        json!({"type": "image_url", "image_url": {"url": url}})
                    }
                    _ => return Err(body::no_place(media, "Cohere chat")),
                });
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
        let mut wire = json!({"role": role});
        if !content.is_empty() {
            wire["content"] = content.into();
        }
        if !calls.is_empty() {
            wire["tool_calls"] = calls.into();
        }
        into.push(wire);
    }
    into.append(&mut results);
    Ok(())
}

#[derive(Deserialize)]
struct Whole {
    message: Option<Value>,
    /// Version 1.
    text: Option<Value>,
    tool_calls: Option<Value>,
    meta: Option<Value>,
    #[serde(default, deserialize_with = "loose::word")]
    finish_reason: Option<String>,
    usage: Option<Value>,
}

/// The reply in the body of a 200.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let whole: Whole = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a chat: {error}; it begins {}", beginning(body)))
    })?;
    let mut stream = Stream { ended: true, ..Stream::default() };
    stream.finish_reason = whole.finish_reason;
    stream.usage = whole.usage.or(whole.meta).filter(Value::is_object);
    let mut deltas = Vec::new();
    match (&whole.message, &whole.text) {
        (Some(message @ Value::Object(_)), _) => {
            let plan = loose::at(message, "/tool_plan").filter(|plan| !plan.is_empty());
            deltas.extend(plan.map(|plan| Delta::Reasoning(plan.to_owned())));
            match message.get("content") {
                Some(Value::Array(parts)) => deltas.extend(parts.iter().filter_map(said)),
                Some(Value::String(text)) => deltas.push(Delta::Text(text.clone())),
                _ => {}
            }
            let calls = message.get("tool_calls").and_then(Value::as_array);
            for call in calls.into_iter().flatten() {
                stream.call(call, &mut deltas);
            }
        }
        (None, Some(Value::String(text))) => {
            deltas.push(Delta::Text(text.clone()));
            let calls = whole.tool_calls.as_ref().and_then(Value::as_array);
            for call in calls.into_iter().flatten() {
                stream.call(call, &mut deltas);
            }
        }
        _ => {
            return Err(malformed(format!(
                "the reply has no message; it begins {}",
                beginning(body)
            )));
        }
    }
    deltas.extend(stream.end()?);
    assemble(deltas)
}

fn said(part: &Value) -> Option<Delta> {
    let text = |key: &str| loose::at(part, key).filter(|text| !text.is_empty()).map(str::to_owned);
    text("/thinking").map(Delta::Reasoning).or_else(|| text("/text").map(Delta::Text))
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    calls: usize,
    usage: Option<Value>,
    finish_reason: Option<String>,
    ended: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(Vec::new());
        }
        let event: Value = serde_json::from_str(data).map_err(|error| {
            let message =
                format!("not an event: {error}; it begins {}", beginning(data.as_bytes()));
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        let mut deltas = Vec::new();
        if let Some(kind) = loose::at(&event, "/event_type") {
            self.older_event(kind, &event, &mut deltas);
            return Ok(deltas);
        }
        match loose::at(&event, "/type").or(name).unwrap_or_default() {
            "content-start" | "content-delta" => {
                deltas.extend(event.pointer("/delta/message/content").and_then(said));
            }
            "tool-plan-delta" => {
                let plan = loose::at(&event, "/delta/message/tool_plan");
                deltas.extend(
                    plan.filter(|plan| !plan.is_empty())
                        .map(|plan| Delta::Reasoning(plan.to_owned())),
                );
            }
            "tool-call-start" => {
                if let Some(call) = event.pointer("/delta/message/tool_calls") {
                    self.call(call, &mut deltas);
                }
            }
            "tool-call-delta" => {
                let more = loose::at(&event, "/delta/message/tool_calls/function/arguments");
                if let (Some(more), Some(index)) = (more, self.calls.checked_sub(1)) {
                    deltas.push(Delta::Arguments { index, fragment: more.to_owned() });
                }
            }
            "message-end" => {
                if let Some(error) = loose::at(&event, "/delta/error") {
                    return Err(in_reply(&json!({"message": error}).to_string()));
                }
                self.finish_reason = loose::word_at(&event, "/delta/finish_reason");
                self.usage = event.pointer("/delta/usage").cloned();
                self.ended = true;
            }
            "error" => return Err(in_reply(data)),
            // A failure has no type, only a message.
            "" if event.get("message").is_some_and(Value::is_string) => {
                return Err(in_reply(data));
            }
            _ => {}
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended {
            let message = "the stream ended without `message-end`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        let raw_stop = self.finish_reason.take();
        let stop = match raw_stop.as_deref() {
            Some("COMPLETE" | "STOP_SEQUENCE") => StopReason::Stop,
            Some("MAX_TOKENS") => StopReason::Length,
            Some("TOOL_CALL") => StopReason::ToolCalls,
            Some("ERROR_TOXIC") => StopReason::ContentFilter,
            Some(other) => StopReason::Other(other.to_owned()),
            None => StopReason::Unstated,
        };
        let mut ending = StreamEnd::new(stop);
        ending.raw_stop = raw_stop;
        deltas.push(Delta::Done(ending));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage_of)
    }
}

fn usage_of(raw: &Value) -> Usage {
    let count = |pointers: &[&str]| usage::count(raw, pointers);
    let input = count(&["/tokens/input_tokens", "/billed_units/input_tokens"]);
    let output = count(&["/tokens/output_tokens", "/billed_units/output_tokens"]);
    let mut read = Usage::new(input, output);
    read.cached_input_tokens = count(&["/cached_tokens"]);
    read.reasoning_tokens = count(&["/tokens/reasoning_tokens"]);
    read
}

impl Stream {
    /// Version 1 streams bare lines.
    fn older_event(&mut self, kind: &str, event: &Value, deltas: &mut Vec<Delta>) {
        match kind {
            "text-generation" => {
                deltas.extend(loose::at(event, "/text").map(|text| Delta::Text(text.to_owned())));
            }
            "tool-calls-generation" => {
                let calls = event.get("tool_calls").and_then(Value::as_array);
                for call in calls.into_iter().flatten() {
                    self.call(call, deltas);
                }
            }
            "stream-end" => {
                self.finish_reason = loose::word_at(event, "/finish_reason");
                self.usage = event.pointer("/response/meta").cloned();
                self.ended = true;
            }
            _ => {}
        }
    }

    fn call(&mut self, call: &Value, deltas: &mut Vec<Delta>) {
        let index = self.calls;
        self.calls += 1;
        let first = |pointers: [&str; 2]| {
            pointers.iter().find_map(|pointer| loose::at(call, pointer)).unwrap_or_default()
        };
        let id = loose::at(call, "/id").unwrap_or_default().to_owned();
        let name = first(["/function/name", "/name"]).to_owned();
        deltas.push(Delta::ToolCall { index, id, name });
        let arguments = call.pointer("/function/arguments").or_else(|| call.get("parameters"));
        let fragment = arguments.map(|value| loose::arguments_of(&value.to_string()));
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            deltas.push(Delta::Arguments { index, fragment });
        }
    }
}
