//! Ollama's own chat protocol: one JSON object a line, tool arguments as objects, no ids of calls.
//!
//! Source of the request's shape: Ollama's API reference for `POST /api/chat`.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::failure::{beginning, in_reply};
use super::offer::ToolOffer;
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
    messages: Vec<WireMessage<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    think: Option<bool>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    options: Map<String, Value>,
    stream: bool,
}

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
    let mut options = Map::new();
    let mut set = |name: &str, value: Option<Value>| {
        options.extend(value.map(|value| (name.to_owned(), value)));
    };
    set("num_predict", settings.max_tokens.map(Value::from));
    set("temperature", settings.temperature.map(Value::from));
    set("top_p", settings.top_p.map(Value::from));
    set("seed", settings.seed.map(Value::from));
    set("stop", (!settings.stop.is_empty()).then(|| Value::from(settings.stop.clone())));
    let wire = Body {
        model,
        messages,
        // There is no word for what has to be called.
        tools: ToolOffer::of(&request.output, ToolChoiceForm::Omitted)?
            .tools
            .iter()
            .map(|tool| {
                serde_json::json!({"type": "function", "function": {
                    "name": tool.name,
                    "description": tool.description.as_deref().unwrap_or_default(),
                    "parameters": tool.schema,
                }})
            })
            .collect(),
        format: match &request.output {
            Output::JsonSchema(tool) => Some(tool.schema.clone()),
            Output::JsonObject => Some("json".into()),
            _ => None,
        },
        think: settings
            .reasoning_effort
            .filter(|_| quirks.effort != EffortField::None)
            .map(|effort| effort != ReasoningEffort::None),
        options,
        stream: delivery == Delivery::Streamed,
    };
    body::write(&wire, request, quirks)
}

fn wire_messages<'a>(
    message: &'a Message,
    into: &mut Vec<WireMessage<'a>>,
) -> Result<(), ProviderError> {
    let role = match message.role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let mut texts: Vec<String> = Vec::new();
    let (mut images, mut tool_calls, mut results) = (Vec::new(), Vec::new(), Vec::new());
    for part in &message.parts {
        match part {
            Part::Text(text) => texts.push(text.to_string()),
            Part::Media(media) => match (media.kind, &media.source) {
                (MediaKind::Image, MediaSource::Inline(inline)) => images.push(inline.base64()),
                _ => match body::document_text(media) {
                    Some(text) => texts.push(text),
                    None => return Err(body::no_place(media, "Ollama chat")),
                },
            },
            Part::ToolCall(call) => tool_calls.push(WireCall {
                function: WireFunction {
                    name: &call.name,
                    arguments: body::argument_object(&call.arguments),
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
        let content = texts.join("\n\n");
        into.push(WireMessage { role, content, images, tool_calls, tool_name: None });
    }
    into.append(&mut results);
    Ok(())
}

#[derive(Deserialize)]
struct Chunk {
    message: Option<Said>,
    done: Option<bool>,
    #[serde(default, deserialize_with = "loose::word")]
    done_reason: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    model: Option<String>,
    error: Option<Value>,
    prompt_eval_count: Option<Value>,
    eval_count: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default, deserialize_with = "loose::text")]
    content: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    thinking: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "loose::arguments")]
    arguments: Option<String>,
}

/// The reply in the body of a 200.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let text = String::from_utf8_lossy(body);
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    // A server that was not asked to stream sends one line, or streams all the same.
    for line in text.lines() {
        deltas.extend(stream.event(None, line)?);
    }
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(super) struct Stream {
    calls: usize,
    usage: Option<Value>,
    done_reason: Option<String>,
    model: Option<String>,
    done: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        if data.trim().is_empty() {
            return Ok(Vec::new());
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            let message =
                format!("not a chunk of a chat: {error}; it begins {}", beginning(data.as_bytes()));
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        if chunk.error.is_some_and(|error| !error.is_null()) {
            return Err(in_reply(data));
        }
        let mut deltas = Vec::new();
        if let Some(said) = chunk.message {
            let spoken = |text: &String| !text.is_empty();
            deltas.extend(said.thinking.filter(spoken).map(Delta::Reasoning));
            deltas.extend(said.content.filter(spoken).map(Delta::Text));
            for call in said.tool_calls.unwrap_or_default() {
                let index = self.calls;
                self.calls += 1;
                let function = call.function.unwrap_or(Function { name: None, arguments: None });
                deltas.push(Delta::ToolCall {
                    index,
                    id: call.id.unwrap_or_default(),
                    name: function.name.unwrap_or_default(),
                });
                let fragment = function.arguments.unwrap_or_else(|| String::from("{}"));
                deltas.push(Delta::Arguments { index, fragment });
            }
        }
        self.model = chunk.model.or(self.model.take());
        if chunk.done == Some(true) {
            self.done = true;
            self.done_reason = chunk.done_reason;
            if chunk.prompt_eval_count.is_some() || chunk.eval_count.is_some() {
                self.usage = Some(serde_json::json!({
                    "prompt_eval_count": chunk.prompt_eval_count,
                    "eval_count": chunk.eval_count,
                }));
            }
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.done {
            let message = "the stream ended without `done`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        let raw_stop = self.done_reason.take();
        let stop = match raw_stop.as_deref() {
            Some("stop") if self.calls > 0 => StopReason::ToolCalls,
            Some("stop") => StopReason::Stop,
            Some("length") => StopReason::Length,
            Some(other) => StopReason::Other(other.to_owned()),
            None => StopReason::Unstated,
        };
        deltas.push(Delta::Done(StreamEnd {
            stop,
            raw_stop,
            model: self.model.take(),
            request_id: None,
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage_of)
    }
}

fn usage_of(raw: &Value) -> Usage {
    Usage::new(usage::count(raw, &["/prompt_eval_count"]), usage::count(raw, &["/eval_count"]))
}
