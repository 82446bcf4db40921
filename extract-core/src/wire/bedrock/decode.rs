//! The reply: a list of blocks, whole or in events.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::failure::{beginning, in_reply};
use super::super::{StreamDecoder, assemble, loose, usage};
use super::STATE;
use crate::conversation::{
    Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason, StreamEnd, Usage,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(default, deserialize_with = "loose::word")]
    stop_reason: Option<String>,
    usage: Option<Value>,
}

#[derive(Deserialize)]
struct Output<'a> {
    #[serde(borrow)]
    message: Option<Message<'a>>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
}

/// A block: those fields of all kinds that are looked at. What the server's own tools answered is
/// among the others.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(default, deserialize_with = "loose::text")]
    text: Option<String>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    reasoning_content: Option<Value>,
    citations_content: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(default, deserialize_with = "loose::text")]
    tool_use_id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// The reply in the body of a 200.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let whole: Whole<'_> = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a reply: {error}; it begins {}", beginning(body)))
    })?;
    let Some(message) = whole.output.and_then(|output| output.message) else {
        return Err(malformed(format!("the reply has no message; it begins {}", beginning(body))));
    };
    let mut stream = Stream {
        stop_reason: whole.stop_reason,
        usage: whole.usage,
        ended: true,
        ..Stream::default()
    };
    let mut deltas = Vec::new();
    for raw in message.content.unwrap_or_default() {
        let block: Block<'_> = serde_json::from_str(raw.get())
            .map_err(|error| malformed(format!("not a block of a reply: {error}")))?;
        stream.turn.push(raw.get().to_owned());
        if let Some(call) = block.tool_use {
            let index = stream.calls;
            stream.calls += 1;
            deltas.push(Delta::ToolCall {
                index,
                id: call.tool_use_id.unwrap_or_default(),
                name: call.name.unwrap_or_default(),
            });
            let fragment = loose::arguments_of(call.input.map_or("{}", RawValue::get));
            deltas.push(Delta::Arguments { index, fragment });
        } else if let Some(text) = block.text {
            deltas.push(Delta::Text(text));
        } else if let Some(reasoning) = block.reasoning_content {
            stream.needed = true;
            let text = loose::at(&reasoning, "/reasoningText/text");
            deltas.extend(text.map(|text| Delta::Reasoning(text.to_owned())));
        } else if let Some(cited) = block.citations_content {
            let parts = cited.get("content").and_then(Value::as_array);
            let texts = parts.into_iter().flatten().filter_map(|part| loose::at(part, "/text"));
            deltas.push(Delta::Text(texts.collect()));
        } else {
            stream.needed = true;
        }
    }
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    open: Vec<(u64, Open)>,
    calls: usize,
    /// The blocks so far as JSON, and whether the provider wants them back as they are.
    turn: Vec<String>,
    needed: bool,
    usage: Option<Value>,
    stop_reason: Option<String>,
    ended: bool,
}

#[derive(Debug, Default)]
struct Open {
    call: Option<usize>,
    start: Map<String, Value>,
    text: String,
    reasoning: String,
    signature: String,
    redacted: String,
    input: String,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let name = name.unwrap_or_default();
        if name == "error" || name.ends_with("Exception") {
            let mut body: Value = serde_json::from_str(data).unwrap_or_else(|_| json!({}));
            if body.get("message").is_none() {
                body["message"] = data.into();
            }
            if body.get("code").is_none() {
                body["code"] = name.into();
            }
            return Err(in_reply(&body.to_string()));
        }
        let event: Value = serde_json::from_str(data).map_err(|error| {
            let message =
                format!("not an event: {error}; it begins {}", beginning(data.as_bytes()));
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        let index = event.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0);
        let mut deltas = Vec::new();
        match name {
            "contentBlockStart" => self.begin(index, &event, &mut deltas),
            "contentBlockDelta" => self.more(index, &event, &mut deltas),
            "contentBlockStop" => self.close(index, &mut deltas),
            "messageStop" => {
                self.stop_reason = loose::word_at(&event, "/stopReason");
                self.ended = true;
            }
            "metadata" => self.usage = event.get("usage").cloned().or(self.usage.take()),
            _ => {}
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended {
            let message = "the stream ended without `messageStop`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        while let Some((index, _)) = self.open.first() {
            let index = *index;
            self.close(index, &mut deltas);
        }
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        if self.needed {
            let turn = format!("[{}]", self.turn.join(","));
            deltas.push(Delta::State(ProviderState::new(STATE, turn)));
        }
        let raw_stop = self.stop_reason.take();
        let mut ending = StreamEnd::new(stop_reason(raw_stop.as_deref()));
        ending.raw_stop = raw_stop;
        deltas.push(Delta::Done(ending));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    fn begin(&mut self, index: u64, event: &Value, deltas: &mut Vec<Delta>) {
        let mut open = Open::default();
        if let Some(Value::Object(start)) = event.pointer("/start/toolUse") {
            let text = |key: &str| start.get(key).and_then(Value::as_str).unwrap_or_default();
            let call = self.calls;
            self.calls += 1;
            let (id, name) = (text("toolUseId").to_owned(), text("name").to_owned());
            deltas.push(Delta::ToolCall { index: call, id, name });
            open.call = Some(call);
            open.start.clone_from(start);
        }
        self.open.push((index, open));
    }

    fn more(&mut self, index: u64, event: &Value, deltas: &mut Vec<Delta>) {
        // Blocks of text have no start.
        if !self.open.iter().any(|(known, _)| *known == index) {
            self.open.push((index, Open::default()));
        }
        let Some((_, open)) = self.open.iter_mut().find(|(known, _)| *known == index) else {
            return;
        };
        let part = |pointer: &str| loose::at(event, pointer).filter(|text| !text.is_empty());
        if let Some(text) = part("/delta/text") {
            open.text.push_str(text);
            deltas.push(Delta::Text(text.to_owned()));
        }
        if let Some(text) = part("/delta/reasoningContent/text") {
            open.reasoning.push_str(text);
            deltas.push(Delta::Reasoning(text.to_owned()));
        }
        open.signature += part("/delta/reasoningContent/signature").unwrap_or_default();
        open.redacted += part("/delta/reasoningContent/redactedContent").unwrap_or_default();
        if let (Some(fragment), Some(index)) = (part("/delta/toolUse/input"), open.call) {
            open.input.push_str(fragment);
            deltas.push(Delta::Arguments { index, fragment: fragment.to_owned() });
        }
    }

    fn close(&mut self, index: u64, deltas: &mut Vec<Delta>) {
        let Some(at) = self.open.iter().position(|(known, _)| *known == index) else { return };
        let (_, mut open) = self.open.remove(at);
        if let (Some(index), true) = (open.call, open.input.is_empty()) {
            open.input.push_str("{}");
            deltas.push(Delta::Arguments { index, fragment: open.input.clone() });
        }
        if let Some(block) = open.json() {
            self.needed |= block.get("reasoningContent").is_some();
            self.turn.push(block.to_string());
        }
    }
}

impl Open {
    /// The block as it would have come whole.
    fn json(self) -> Option<Value> {
        if self.call.is_some() {
            let mut call = self.start;
            let input = serde_json::from_str(&self.input).ok().filter(Value::is_object);
            call.insert(String::from("input"), input.unwrap_or_else(|| json!({})));
            return Some(json!({"toolUse": call}));
        }
        if !self.redacted.is_empty() {
            return Some(json!({"reasoningContent": {"redactedContent": self.redacted}}));
        }
        if !self.reasoning.is_empty() || !self.signature.is_empty() {
            let mut text = json!({"text": self.reasoning});
            if !self.signature.is_empty() {
                text["signature"] = self.signature.into();
            }
            return Some(json!({"reasoningContent": {"reasoningText": text}}));
        }
        (!self.text.is_empty()).then(|| json!({"text": self.text}))
    }
}

/// Cached input is counted beside the input; the total shows how much was read.
fn usage_of(raw: &Value) -> Usage {
    let count = |pointer: &str| usage::count(raw, &[pointer]);
    let mut read = Usage::new(count("/inputTokens"), count("/outputTokens"));
    read.cached_input_tokens = count("/cacheReadInputTokens");
    read.cache_write_tokens = count("/cacheWriteInputTokens");
    let all = count("/totalTokens").saturating_sub(read.output_tokens);
    read.input_tokens = read.input_tokens.max(all);
    read
}

fn stop_reason(raw: Option<&str>) -> StopReason {
    match raw {
        Some("end_turn" | "stop_sequence") => StopReason::Stop,
        Some("tool_use") => StopReason::ToolCalls,
        Some("max_tokens" | "model_context_window_exceeded") => StopReason::Length,
        Some("guardrail_intervened" | "content_filtered") => StopReason::ContentFilter,
        Some("refusal") => StopReason::Refusal,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
