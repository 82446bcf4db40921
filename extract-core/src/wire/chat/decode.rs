//! The reply, whole or in chunks. A whole reply's message and a chunk's delta are the same thing to
//! this protocol, and are read by the same code.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::failure::{beginning, in_reply};
use super::super::{StreamDecoder, assemble, loose, usage};
use super::STATE;
use crate::conversation::{
    Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason, StreamEnd, Usage,
    Usd,
};

/// A whole completion, or one chunk of it.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
    error: Option<Value>,
    x_groq: Option<Value>,
    /// Venice states its price here.
    cost: Option<Value>,
    #[serde(default, deserialize_with = "loose::text")]
    model: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    object: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, deserialize_with = "loose::index")]
    index: Option<usize>,
    message: Option<Said>,
    delta: Option<Said>,
    /// Where completions were not chats yet.
    #[serde(default, deserialize_with = "loose::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "loose::word")]
    finish_reason: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Said {
    content: Option<Content>,
    #[serde(default, deserialize_with = "loose::text")]
    refusal: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    reasoning_content: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    reasoning: Option<String>,
    reasoning_details: Option<Value>,
    tool_calls: Option<Vec<Call>>,
    /// What tools were called before there were tools.
    function_call: Option<Function>,
    /// Models that speak say here what they said.
    audio: Option<Value>,
}

/// Text, or a list of chunks as Mistral's thinking models send it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Chunks(Vec<Value>),
    Other(Value),
}

#[derive(Deserialize)]
struct Call {
    #[serde(default, deserialize_with = "loose::index")]
    index: Option<usize>,
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    function: Option<Function>,
    custom: Option<Custom>,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    /// A text of JSON; some servers send the object itself.
    #[serde(default, deserialize_with = "loose::arguments")]
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Custom {
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    input: Option<String>,
}

/// The reply in the body of a 200.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let chunk: Chunk = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a chat completion: {error}; it begins {}", beginning(body)))
    })?;
    let spoken = chunk.choices.as_ref().is_some_and(|choices| {
        choices.iter().any(|choice| {
            choice.message.is_some() || choice.delta.is_some() || choice.text.is_some()
        })
    });
    let mut stream = Stream::default();
    let mut deltas = stream.absorb(chunk, true)?;
    if !spoken {
        return Err(malformed(format!(
            "the reply has no choice with a message; it begins {}",
            beginning(body)
        )));
    }
    stream.ended = true;
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    calls: Vec<KnownCall>,
    finish_reason: Option<String>,
    refused: bool,
    usage: Option<Value>,
    cost: Option<Usd>,
    model: Option<String>,
    request_id: Option<String>,
    /// What the server may want back with the turn.
    reasoning_content: String,
    reasoning_details: Vec<Value>,
    chunks: Vec<Value>,
    has_thinking_chunks: bool,
    ended: bool,
}

#[derive(Debug)]
struct KnownCall {
    /// The index that the server gave it.
    wire_index: usize,
    id: String,
    named: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        if data == "[DONE]" {
            self.ended = true;
            return Ok(Vec::new());
        }
        if data.is_empty() {
            return Ok(Vec::new());
        }
        if name == Some("error") {
            return Err(in_reply(data));
        }
        let chunk: Chunk = serde_json::from_str(data).map_err(|error| {
            let message = format!(
                "not a chunk of a chat completion: {error}; it begins {}",
                beginning(data.as_bytes())
            );
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        if chunk.object.as_deref() == Some("error") {
            return Err(in_reply(data));
        }
        self.absorb(chunk, false)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended && self.finish_reason.is_none() {
            let message = "the stream ended without a finish reason and without `[DONE]`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        if let Some(raw) = self.usage.take() {
            let mut delta = usage::openai_delta(raw);
            if let Delta::Usage { cost, .. } = &mut delta {
                *cost = cost.or(self.cost);
            }
            deltas.push(delta);
        }
        deltas.extend(self.state().map(Delta::State));
        let raw_stop = self.finish_reason.take();
        deltas.push(Delta::Done(StreamEnd {
            stop: stop_reason(raw_stop.as_deref(), self.refused),
            raw_stop,
            model: self.model.take(),
            request_id: self.request_id.take(),
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage::openai)
    }
}

impl Stream {
    fn absorb(&mut self, chunk: Chunk, whole: bool) -> Result<Vec<Delta>, ProviderError> {
        if let Some(error) = chunk.error.filter(loose::says_something) {
            // Some gateways answer 200 and put the failure of the server behind them into the body.
            let mut wrapped = Map::new();
            wrapped.insert(String::from("error"), error);
            return Err(in_reply(&Value::Object(wrapped).to_string()));
        }
        if self.model.as_deref().is_none_or(str::is_empty) {
            self.model = chunk.model.or(self.model.take());
        }
        if let Some(groq) = chunk.x_groq {
            if let Some(id) = loose::at(&groq, "/id") {
                self.request_id = Some(id.to_owned());
            }
            if let Some(error) = groq.get("error").filter(|error| !error.is_null()) {
                return Err(in_reply(&serde_json::json!({ "error": error }).to_string()));
            }
            if self.usage.is_none() {
                self.usage = groq.get("usage").filter(|usage| usage.is_object()).cloned();
            }
        }
        if let Some(cost) = chunk.cost {
            let holder: Map<String, Value> = [(String::from("cost"), cost)].into_iter().collect();
            self.cost = usage::stated_cost(&Value::Object(holder)).or(self.cost);
        }
        if let Some(usage) = chunk.usage.filter(Value::is_object) {
            self.usage = Some(usage);
        }
        let mut deltas = Vec::new();
        // Where several answers were asked for, the first is the reply.
        let choices = chunk.choices.unwrap_or_default();
        if let Some(choice) = choices.into_iter().find(|choice| choice.index.unwrap_or(0) == 0) {
            if let Some(error) = choice.error.filter(loose::says_something) {
                return Err(in_reply(&serde_json::json!({ "error": error }).to_string()));
            }
            let said = if whole {
                choice.message.or(choice.delta)
            } else {
                choice.delta.or(choice.message)
            };
            if let Some(said) = said {
                self.said(said, whole, &mut deltas);
            }
            deltas.extend(choice.text.filter(|text| !text.is_empty()).map(Delta::Text));
            if let Some(reason) = choice.finish_reason {
                self.finish_reason = Some(reason);
            }
        }
        Ok(deltas)
    }

    fn said(&mut self, said: Said, whole: bool, deltas: &mut Vec<Delta>) {
        let spoken = |text: &String| !text.is_empty();
        // Where a server sends both names, they hold the same.
        let reasoning = said.reasoning_content.filter(spoken);
        if let Some(text) = &reasoning {
            self.reasoning_content.push_str(text);
        }
        deltas.extend(reasoning.or(said.reasoning.filter(spoken)).map(Delta::Reasoning));
        if let Some(Value::Array(details)) = said.reasoning_details {
            for detail in details {
                merge_detail(&mut self.reasoning_details, detail);
            }
        }
        match said.content {
            Some(Content::Text(text)) if !text.is_empty() => {
                if self.has_thinking_chunks {
                    self.chunks.push(serde_json::json!({"type": "text", "text": text}));
                }
                deltas.push(Delta::Text(text));
            }
            Some(Content::Chunks(chunks)) => {
                for chunk in chunks {
                    deltas.extend(chunk_delta(&chunk));
                    self.has_thinking_chunks |= loose::at(&chunk, "/type") == Some("thinking");
                    self.chunks.push(chunk);
                }
            }
            Some(Content::Other(object @ Value::Object(_))) => deltas.extend(chunk_delta(&object)),
            _ => {
                let spoken = said.audio.as_ref().and_then(|audio| loose::at(audio, "/transcript"));
                deltas.extend(
                    spoken.filter(|text| !text.is_empty()).map(|text| Delta::Text(text.to_owned())),
                );
            }
        }
        if let Some(refusal) = said.refusal.filter(spoken) {
            self.refused = true;
            deltas.push(Delta::Refusal(refusal));
        }
        if let Some(function) = said.function_call {
            let call = Call { index: Some(0), id: None, function: Some(function), custom: None };
            self.call(call, 0, deltas);
        }
        for (position, mut call) in said.tool_calls.unwrap_or_default().into_iter().enumerate() {
            if whole {
                // A whole list is in order, whatever the indices in it say.
                call.index = Some(position);
            }
            self.call(call, position, deltas);
        }
    }

    /// A call, or a piece of one. Servers differ in what they repeat: some give the index alone,
    /// some the id alone, some the same index for several calls with ids of their own.
    fn call(&mut self, call: Call, position: usize, deltas: &mut Vec<Delta>) {
        let (name, fragment) = match (call.function, call.custom) {
            (Some(function), _) => (function.name, function.arguments),
            (None, Some(custom)) => (custom.name, custom.input),
            (None, None) => (None, None),
        };
        let id = call.id.unwrap_or_default();
        let name = name.unwrap_or_default();
        let same_id = |known: &KnownCall| id.is_empty() || known.id.is_empty() || known.id == id;
        let known = match call.index {
            Some(index) => self.calls.iter().rposition(|known| {
                known.wire_index == index && (same_id(known) || name.is_empty())
            }),
            None if id.is_empty() && name.is_empty() => self.calls.len().checked_sub(1),
            None if id.is_empty() => None,
            None => self.calls.iter().rposition(|known| known.id == id),
        };
        let index = known.unwrap_or_else(|| {
            let wire_index = call.index.unwrap_or(self.calls.len() + position);
            self.calls.push(KnownCall { wire_index, id: String::new(), named: false });
            self.calls.len() - 1
        });
        let entry = &mut self.calls[index];
        if entry.id.is_empty() {
            entry.id.clone_from(&id);
        }
        if known.is_none() || (!entry.named && !name.is_empty()) {
            entry.named = !name.is_empty();
            deltas.push(Delta::ToolCall { index, id: entry.id.clone(), name });
        }
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            deltas.push(Delta::Arguments { index, fragment });
        }
    }

    /// The fields of the turn that some servers want back with it.
    fn state(&mut self) -> Option<ProviderState> {
        let mut turn = Map::new();
        if !self.reasoning_content.is_empty() {
            let text = std::mem::take(&mut self.reasoning_content);
            turn.insert(String::from("reasoning_content"), text.into());
        }
        if !self.reasoning_details.is_empty() {
            let details = std::mem::take(&mut self.reasoning_details);
            turn.insert(String::from("reasoning_details"), details.into());
        }
        if self.has_thinking_chunks {
            let mut chunks: Vec<Value> = Vec::new();
            for chunk in std::mem::take(&mut self.chunks) {
                merge_chunk(&mut chunks, chunk);
            }
            turn.insert(String::from("content"), chunks.into());
        }
        (!turn.is_empty()).then(|| ProviderState::new(STATE, Value::Object(turn).to_string()))
    }
}

fn chunk_delta(chunk: &Value) -> Option<Delta> {
    if let Some(thinking) = chunk.get("thinking") {
        let text: String = match thinking {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()
            }
            _ => return None,
        };
        return (!text.is_empty()).then_some(Delta::Reasoning(text));
    }
    let text = loose::at(chunk, "/text")?;
    (!text.is_empty()).then(|| Delta::Text(text.to_owned()))
}

/// A detail of the reasoning arrives in pieces that share its index and type.
fn merge_detail(details: &mut Vec<Value>, detail: Value) {
    let same = |known: &Value| {
        known.get("index").is_some_and(|index| detail.get("index") == Some(index))
            && known.get("type") == detail.get("type")
    };
    let Some(known) = details.iter_mut().rev().find(|known| same(known)) else {
        details.push(detail);
        return;
    };
    let (Value::Object(known), Value::Object(detail)) = (known, detail) else { return };
    for (key, value) in detail {
        match (known.get_mut(&key), value) {
            (Some(Value::String(text)), Value::String(more))
                if matches!(key.as_str(), "text" | "summary" | "data") =>
            {
                text.push_str(&more);
            }
            (_, Value::Null) => {}
            (_, value) => {
                known.insert(key, value);
            }
        }
    }
}

/// Chunks of one kind that follow each other are one.
fn merge_chunk(chunks: &mut Vec<Value>, chunk: Value) {
    let kind = loose::at(&chunk, "/type").unwrap_or("text").to_owned();
    if let Some(last) = chunks.last_mut() {
        if loose::at(last, "/type") == Some(kind.as_str()) {
            if let (Some(Value::String(text)), Some(Value::String(more))) =
                (last.get_mut("text"), chunk.get("text"))
            {
                text.push_str(more);
                return;
            }
            if let (Some(Value::Array(parts)), Some(Value::Array(more))) =
                (last.get_mut("thinking"), chunk.get("thinking"))
            {
                for part in more {
                    merge_chunk(parts, part.clone());
                }
                return;
            }
        }
    }
    chunks.push(chunk);
}

fn stop_reason(raw: Option<&str>, refused: bool) -> StopReason {
    // A refusal ends with `stop` (OpenAI); what was said decides.
    if refused {
        return StopReason::Refusal;
    }
    match raw {
        Some("stop" | "eos" | "end_turn" | "stop_sequence") => StopReason::Stop,
        Some("length" | "max_tokens" | "model_length") => StopReason::Length,
        Some("tool_calls" | "function_call" | "tool_use") => StopReason::ToolCalls,
        Some("content_filter" | "safety") => StopReason::ContentFilter,
        Some("refusal") => StopReason::Refusal,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
