//! The reply: a list of blocks, whole or in events. Blocks that only the provider can read (signed
//! thinking, calls of its own tools) require the whole turn to be sent back unchanged.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::conversation::{Delta, ProviderError, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{reported_error, without_reply};
use crate::wire::open_blocks::{OpenBlocks, ToolInput};
use crate::wire::replay::ReplayLog;
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::usage::UsageFields;
use crate::wire::{lenient, parse};

/// The protocol's name in [`ProviderState`](crate::conversation::ProviderState).
pub(super) const STATE: &str = "anthropic";

/// A whole reply.
#[derive(Deserialize)]
struct MessageBody<'a> {
    #[serde(borrow)]
    content: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    stop_reason: Option<String>,
    stop_details: Option<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    usage: Option<Map<String, Value>>,
    error: Option<Value>,
}

/// The fields of all kinds of blocks that the decoder reads.
#[derive(Deserialize)]
struct Block<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    thinking: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let message: MessageBody<'_> = parse::body(body, "a message")?;
    if message.r#type.as_deref() == Some("error") || message.error.is_some_and(|e| !e.is_null()) {
        return Err(reported_error(&String::from_utf8_lossy(body)));
    }
    let Some(content) = message.content else {
        return Err(without_reply(body, "the message has no content"));
    };
    let mut stream = Stream {
        explanation: explanation(message.stop_details.as_ref()),
        usage: message.usage.unwrap_or_default(),
        ..Stream::default()
    };
    stream.reply.raw_stop = message.stop_reason;
    stream.reply.model = message.model;
    stream.reply.ended = true;
    let mut deltas = Vec::new();
    for raw in content {
        let block: Block<'_> = parse::element(raw, "a block of a message")?;
        let kind = block.r#type.as_deref().unwrap_or_default();
        match kind {
            "text" => deltas.extend(block.text.filter(|text| !text.is_empty()).map(Delta::Text)),
            "thinking" => {
                deltas.extend(block.thinking.filter(|text| !text.is_empty()).map(Delta::Reasoning));
            }
            "tool_use" => {
                let input = lenient::arguments_of(block.input.map_or("{}", RawValue::get));
                stream.reply.whole_call(block.id, block.name, input, &mut deltas);
            }
            _ => {}
        }
        stream.log(kind, raw.get());
    }
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    blocks: OpenBlocks<OpenBlock>,
    replay: ReplayLog,
    /// The merged usage of all events.
    usage: Map<String, Value>,
    /// The provider's explanation of a refusal.
    explanation: Option<String>,
}

/// A block that has begun and not ended.
#[derive(Debug)]
struct OpenBlock {
    kind: String,
    /// The fields that came with the start of the block.
    fields: Map<String, Value>,
    text: String,
    input: ToolInput,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let Some(event) = parse::event::<Value>(data, "an event")? else { return Ok(Vec::new()) };
        let kind = lenient::text_at(&event, "/type").or(name).unwrap_or_default();
        // llama.cpp sends failures in OpenAI's shape, without a type.
        if kind == "error" || event.get("error").is_some_and(|error| !error.is_null()) {
            return Err(reported_error(data));
        }
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let mut deltas = Vec::new();
        match kind {
            "message_start" => {
                self.reply.model = lenient::text_at(&event, "/message/model").map(str::to_owned);
                self.merge_usage(event.pointer("/message/usage"));
            }
            // The start of an open block is a repetition.
            "content_block_start" if self.blocks.get_mut(index).is_some() => {}
            "content_block_start" => {
                if let Some(Value::Object(fields)) = event.get("content_block") {
                    self.open(index, fields.clone(), &mut deltas);
                }
            }
            "content_block_delta" => {
                if let (Some(block), Some(delta)) = (self.blocks.get_mut(index), event.get("delta"))
                {
                    block.push(delta, &mut deltas);
                }
            }
            "content_block_stop" => {
                let closed = self.blocks.close(index);
                closed.into_iter().for_each(|block| self.close(block, &mut deltas));
            }
            "message_delta" => {
                update(
                    &mut self.reply.raw_stop,
                    lenient::non_blank_at(&event, "/delta/stop_reason"),
                );
                update(&mut self.explanation, explanation(event.pointer("/delta/stop_details")));
                self.merge_usage(event.get("usage"));
            }
            "message_stop" => self.reply.ended = true,
            // `ping`, and events that do not exist yet.
            _ => {}
        }
        Ok(deltas)
    }

    fn end_state(&self) -> EndState {
        match (self.reply.ended, &self.reply.raw_stop) {
            (true, _) => EndState::Marked,
            (false, Some(_)) if !self.usage.is_empty() => EndState::Stated,
            _ => EndState::Open,
        }
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended && self.reply.raw_stop.is_none() {
            return Err(parse::interrupted("`message_stop`"));
        }
        let mut deltas = Vec::new();
        let open = self.blocks.close_all();
        open.into_iter().for_each(|block| self.close(block, &mut deltas));
        deltas.extend(self.explanation.take().map(Delta::Refusal));
        if !self.usage.is_empty() {
            self.reply.usage = Some(Value::Object(std::mem::take(&mut self.usage)));
        }
        let stop = self.reply.stop(stop_reason)?;
        self.reply.finish(usage_of, stop, self.replay.state(STATE), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        let counted = Some(&self.usage).filter(|usage| !usage.is_empty())?;
        Some(usage_of(&Value::Object(counted.clone())))
    }
}

impl Stream {
    /// Opens a block. Its first text may come with its start.
    fn open(&mut self, index: u64, fields: Map<String, Value>, deltas: &mut Vec<Delta>) {
        let text_of = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = text_of("type").to_owned();
        let call = (kind == "tool_use")
            .then(|| self.reply.begin_call(text_of("id"), text_of("name"), deltas));
        let text = match kind.as_str() {
            kind @ ("text" | "thinking") => text_of(kind).to_owned(),
            _ => String::new(),
        };
        let input = ToolInput::of(call);
        let mut block = OpenBlock { kind, fields, text: String::new(), input };
        block.push_text(&text, deltas);
        self.blocks.open(index, block);
    }

    /// Ends a block. A tool without arguments gets no fragments; some servers put all of the
    /// arguments into the start of the block.
    fn close(&mut self, mut block: OpenBlock, deltas: &mut Vec<Delta>) {
        let whole = block.fields.get("input").filter(|input| input.is_object());
        block.input.complete(whole.map(Value::to_string), deltas);
        self.log(&block.kind, &block.json());
    }

    /// Adds a block to the turn that may have to be replayed.
    fn log(&mut self, kind: &str, json: &str) {
        match kind {
            "tool_use" => {}
            "text" => {
                // The provider sends empty text and refuses to take it back.
                let text = serde_json::from_str::<Value>(json).unwrap_or_default();
                if lenient::text_at(&text, "/text").is_none_or(|text| text.trim().is_empty()) {
                    return;
                }
            }
            _ => self.replay.needed = true,
        }
        self.replay.push(json);
    }

    /// Merges the counts of an event. Counts are totals of the reply so far, so later ones replace
    /// earlier ones.
    fn merge_usage(&mut self, usage: Option<&Value>) {
        let Some(Value::Object(usage)) = usage else { return };
        for (key, value) in usage {
            if !value.is_null() || !self.usage.contains_key(key) {
                self.usage.insert(key.clone(), value.clone());
            }
        }
    }
}

impl OpenBlock {
    /// Appends a delta of the protocol.
    fn push(&mut self, delta: &Value, deltas: &mut Vec<Delta>) {
        let text_of = |pointer: &str| lenient::text_at(delta, pointer).unwrap_or_default();
        match text_of("/type") {
            "text_delta" => self.push_text(text_of("/text"), deltas),
            "thinking_delta" => self.push_text(text_of("/thinking"), deltas),
            "input_json_delta" => self.input.push(text_of("/partial_json"), deltas),
            "signature_delta" => match self.fields.get_mut("signature") {
                Some(Value::String(signature)) => signature.push_str(text_of("/signature")),
                _ => {
                    self.fields.insert(String::from("signature"), text_of("/signature").into());
                }
            },
            "citations_delta" => {
                let citation = delta.get("citation").cloned().unwrap_or_default();
                match self.fields.get_mut("citations") {
                    Some(Value::Array(citations)) => citations.push(citation),
                    _ => {
                        self.fields.insert(String::from("citations"), vec![citation].into());
                    }
                }
            }
            _ => {}
        }
    }

    /// Appends text or thinking.
    fn push_text(&mut self, text: &str, deltas: &mut Vec<Delta>) {
        if text.is_empty() {
            return;
        }
        self.text.push_str(text);
        deltas.push(match self.kind.as_str() {
            "thinking" => Delta::Reasoning(text.to_owned()),
            _ => Delta::Text(text.to_owned()),
        });
    }

    /// Returns the block as a reply that is not streamed would hold it.
    fn json(&self) -> String {
        let mut block = self.fields.clone();
        match self.kind.as_str() {
            kind @ ("text" | "thinking") => {
                block.insert(kind.to_owned(), self.text.clone().into());
            }
            _ if !self.input.is_empty() => {
                let input = self.input.object().unwrap_or_default();
                block.insert(String::from("input"), input.into());
            }
            _ => {}
        }
        Value::Object(block).to_string()
    }
}

/// Returns the provider's explanation of a refusal.
fn explanation(details: Option<&Value>) -> Option<String> {
    lenient::non_empty_at(details?, "/explanation")
}

const USAGE: UsageFields = UsageFields {
    input: &["/input_tokens"],
    output: &["/output_tokens"],
    cached_input: &["/cache_read_input_tokens"],
    cache_write: &["/cache_creation_input_tokens"],
    long_cache_write: &["/cache_creation/ephemeral_1h_input_tokens"],
    reasoning: &["/output_tokens_details/thinking_tokens"],
};

/// The provider counts cached input apart from the other input; the sum is the whole input.
fn usage_of(raw: &Value) -> Usage {
    let mut read = USAGE.read(raw);
    read.input_tokens = read
        .input_tokens
        .saturating_add(read.cached_input_tokens)
        .saturating_add(read.cache_write_tokens);
    read
}

/// Maps the protocol's reasons to stop. `None` for an unknown one.
fn stop_reason(raw: &str) -> Option<StopReason> {
    Some(match raw {
        "end_turn" | "stop_sequence" | "stop" => StopReason::Stop,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" => StopReason::Length,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        "refusal" => StopReason::Refusal,
        // The server's own tools need another request.
        "pause_turn" => StopReason::Other(raw.to_owned()),
        _ => return None,
    })
}
