//! The reply: a list of blocks, whole or in events. What only the provider can read (signed
//! thinking, the calls it made itself) is kept with the whole turn, to be sent back as it came.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::failure::{beginning, in_reply};
use super::super::{StreamDecoder, assemble, loose, usage};
use super::STATE;
use crate::conversation::{
    Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason, StreamEnd, Usage,
};

#[derive(Deserialize)]
struct Whole<'a> {
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "loose::word")]
    stop_reason: Option<String>,
    stop_details: Option<Value>,
    #[serde(default, deserialize_with = "loose::text")]
    model: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    usage: Option<Map<String, Value>>,
    error: Option<Value>,
}

/// A block: those fields of all kinds that are looked at.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    thinking: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// The reply in the body of a 200.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let whole: Whole<'_> = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a message: {error}; it begins {}", beginning(body)))
    })?;
    if whole.r#type.as_deref() == Some("error") || whole.error.is_some_and(|e| !e.is_null()) {
        return Err(in_reply(&String::from_utf8_lossy(body)));
    }
    let Some(content) = whole.content else {
        return Err(malformed(format!(
            "the message has no content; it begins {}",
            beginning(body)
        )));
    };
    let mut stream = Stream { stop_reason: whole.stop_reason, ended: true, ..Stream::default() };
    stream.explanation = explanation(whole.stop_details.as_ref());
    stream.model = whole.model;
    stream.usage = whole.usage.unwrap_or_default();
    let mut deltas = Vec::new();
    for raw in content {
        let block: Block<'_> = serde_json::from_str(raw.get())
            .map_err(|error| malformed(format!("not a block of a message: {error}")))?;
        let kind = block.r#type.as_deref().unwrap_or_default();
        match kind {
            "text" => deltas.extend(block.text.filter(|text| !text.is_empty()).map(Delta::Text)),
            "thinking" => {
                deltas.extend(block.thinking.filter(|text| !text.is_empty()).map(Delta::Reasoning));
            }
            "tool_use" => {
                let index = stream.calls;
                stream.calls += 1;
                deltas.push(Delta::ToolCall {
                    index,
                    id: block.id.unwrap_or_default(),
                    name: block.name.unwrap_or_default(),
                });
                let fragment = block.input.map_or("{}", RawValue::get);
                deltas.push(Delta::Arguments { index, fragment: loose::arguments_of(fragment) });
            }
            _ => {}
        }
        stream.keep(kind, raw.get());
    }
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    open: Vec<(usize, Open)>,
    calls: usize,
    /// The blocks so far as JSON, and whether the provider wants them back as they are.
    turn: Vec<String>,
    needed: bool,
    usage: Map<String, Value>,
    stop_reason: Option<String>,
    explanation: Option<String>,
    model: Option<String>,
    ended: bool,
}

/// A block that is being written.
#[derive(Debug)]
struct Open {
    kind: String,
    start: Map<String, Value>,
    text: String,
    input: String,
    /// Which call of the reply it is.
    call: Option<usize>,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        if data.trim().is_empty() || data.trim() == "[DONE]" {
            return Ok(Vec::new());
        }
        let event: Value = serde_json::from_str(data).map_err(|error| {
            let message =
                format!("not an event: {error}; it begins {}", beginning(data.as_bytes()));
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        let kind = loose::at(&event, "/type").or(name).unwrap_or_default();
        // llama.cpp sends failures in OpenAI's shape, without a type.
        if kind == "error" || event.get("error").is_some_and(|error| !error.is_null()) {
            return Err(in_reply(data));
        }
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let mut deltas = Vec::new();
        match kind {
            "message_start" => {
                self.model = loose::at(&event, "/message/model").map(str::to_owned);
                self.take_usage(event.pointer("/message/usage"));
            }
            "content_block_start" => {
                if let Some(Value::Object(start)) = event.get("content_block") {
                    self.begin(index, start.clone(), &mut deltas);
                }
            }
            "content_block_delta" => {
                if let Some(delta) = event.get("delta") {
                    self.more(index, delta, &mut deltas);
                }
            }
            "content_block_stop" => self.close(index, &mut deltas),
            "message_delta" => {
                let reason = loose::word_at(&event, "/delta/stop_reason");
                self.stop_reason = reason.or(self.stop_reason.take());
                self.explanation =
                    explanation(event.pointer("/delta/stop_details")).or(self.explanation.take());
                self.take_usage(event.get("usage"));
            }
            "message_stop" => self.ended = true,
            // `ping`, and what does not exist yet.
            _ => {}
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended && self.stop_reason.is_none() {
            let message = "the stream ended without `message_stop`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        while let Some((index, _)) = self.open.first() {
            let index = *index;
            self.close(index, &mut deltas);
        }
        deltas.extend(self.explanation.take().map(Delta::Refusal));
        if !self.usage.is_empty() {
            let raw = Value::Object(std::mem::take(&mut self.usage));
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        if self.needed {
            let turn = format!("[{}]", self.turn.join(","));
            deltas.push(Delta::State(ProviderState::new(STATE, turn)));
        }
        let raw_stop = self.stop_reason.take();
        deltas.push(Delta::Done(StreamEnd {
            stop: stop_reason(raw_stop.as_deref()),
            raw_stop,
            model: self.model.take(),
            request_id: None,
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        let counted = Some(&self.usage).filter(|usage| !usage.is_empty())?;
        Some(usage_of(&Value::Object(counted.clone())))
    }
}

impl Stream {
    fn begin(&mut self, index: usize, start: Map<String, Value>, deltas: &mut Vec<Delta>) {
        let text_of = |key: &str| start.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = text_of("type").to_owned();
        let call = (kind == "tool_use").then(|| {
            self.calls += 1;
            self.calls - 1
        });
        if let Some(index) = call {
            let (id, name) = (text_of("id").to_owned(), text_of("name").to_owned());
            deltas.push(Delta::ToolCall { index, id, name });
        }
        let mut open = Open { kind, text: String::new(), input: String::new(), call, start };
        let begun = match open.kind.as_str() {
            "text" => open.start.get("text"),
            "thinking" => open.start.get("thinking"),
            _ => None,
        };
        if let Some(begun) = begun.and_then(Value::as_str).map(str::to_owned) {
            open.say(&begun, deltas);
        }
        self.open.push((index, open));
    }

    fn more(&mut self, index: usize, delta: &Value, deltas: &mut Vec<Delta>) {
        let Some((_, open)) = self.open.iter_mut().find(|(known, _)| *known == index) else {
            return;
        };
        match loose::at(delta, "/type").unwrap_or_default() {
            "text_delta" => open.say(loose::at(delta, "/text").unwrap_or_default(), deltas),
            "thinking_delta" => {
                open.say(loose::at(delta, "/thinking").unwrap_or_default(), deltas);
            }
            "input_json_delta" => {
                let fragment = loose::at(delta, "/partial_json").unwrap_or_default();
                open.input.push_str(fragment);
                if let (Some(index), false) = (open.call, fragment.is_empty()) {
                    deltas.push(Delta::Arguments { index, fragment: fragment.to_owned() });
                }
            }
            "signature_delta" => {
                let more = loose::at(delta, "/signature").unwrap_or_default();
                match open.start.get_mut("signature") {
                    Some(Value::String(signature)) => signature.push_str(more),
                    _ => {
                        open.start.insert(String::from("signature"), more.into());
                    }
                }
            }
            "citations_delta" => {
                let citation = delta.get("citation").cloned().unwrap_or_default();
                match open.start.get_mut("citations") {
                    Some(Value::Array(citations)) => citations.push(citation),
                    _ => {
                        open.start.insert(String::from("citations"), vec![citation].into());
                    }
                }
            }
            _ => {}
        }
    }

    fn close(&mut self, index: usize, deltas: &mut Vec<Delta>) {
        let Some(at) = self.open.iter().position(|(known, _)| *known == index) else { return };
        let (_, mut open) = self.open.remove(at);
        if let (Some(index), true) = (open.call, open.input.is_empty()) {
            // A tool without arguments is sent none; some servers put all of them into the start.
            let begun = open.start.get("input").filter(|input| input.is_object());
            open.input = begun.map_or_else(|| String::from("{}"), Value::to_string);
            deltas.push(Delta::Arguments { index, fragment: open.input.clone() });
        }
        let block = open.json();
        self.keep(&open.kind, &block);
    }

    /// Keeps a block of the turn for the case that the turn must be replayed.
    fn keep(&mut self, kind: &str, json: &str) {
        match kind {
            "tool_use" => {}
            "text" => {
                // The protocol gives empty text and does not take it.
                let text = serde_json::from_str::<Value>(json).unwrap_or_default();
                if loose::at(&text, "/text").is_none_or(|text| text.trim().is_empty()) {
                    return;
                }
            }
            _ => self.needed = true,
        }
        self.turn.push(json.to_owned());
    }

    fn take_usage(&mut self, usage: Option<&Value>) {
        let Some(Value::Object(usage)) = usage else { return };
        for (key, value) in usage {
            // The counts are of the whole reply so far; a later one counts.
            if !value.is_null() || !self.usage.contains_key(key) {
                self.usage.insert(key.clone(), value.clone());
            }
        }
    }
}

impl Open {
    fn say(&mut self, more: &str, deltas: &mut Vec<Delta>) {
        if more.is_empty() {
            return;
        }
        self.text.push_str(more);
        deltas.push(match self.kind.as_str() {
            "thinking" => Delta::Reasoning(more.to_owned()),
            _ => Delta::Text(more.to_owned()),
        });
    }

    /// The block as it would have come whole.
    fn json(&self) -> String {
        let mut block = self.start.clone();
        match self.kind.as_str() {
            kind @ ("text" | "thinking") => {
                block.insert(kind.to_owned(), self.text.clone().into());
            }
            _ if !self.input.is_empty() => {
                let input: Option<Value> = serde_json::from_str(&self.input).ok();
                let input = input.filter(Value::is_object);
                block.insert(
                    String::from("input"),
                    input.unwrap_or_else(|| Value::Object(Map::new())),
                );
            }
            _ => {}
        }
        Value::Object(block).to_string()
    }
}

fn explanation(details: Option<&Value>) -> Option<String> {
    loose::at(details?, "/explanation").filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The three parts of the input are counted apart; the sum is what was read.
fn usage_of(raw: &Value) -> Usage {
    let count = |pointer: &str| usage::count(raw, &[pointer]);
    let mut read = Usage::new(count("/input_tokens"), count("/output_tokens"));
    read.cached_input_tokens = count("/cache_read_input_tokens");
    read.cache_write_tokens = count("/cache_creation_input_tokens");
    read.input_tokens = read
        .input_tokens
        .saturating_add(read.cached_input_tokens)
        .saturating_add(read.cache_write_tokens);
    read.reasoning_tokens = count("/output_tokens_details/thinking_tokens");
    read
}

fn stop_reason(raw: Option<&str>) -> StopReason {
    match raw {
        Some("end_turn" | "stop_sequence" | "stop") => StopReason::Stop,
        Some("tool_use") => StopReason::ToolCalls,
        Some("max_tokens" | "model_context_window_exceeded") => StopReason::Length,
        Some("refusal") => StopReason::Refusal,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
