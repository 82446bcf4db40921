//! The reply: a list of blocks, whole or in events.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::conversation::{Delta, ProviderError, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{rejected_answer, reported_error, without_reply};
use crate::wire::open_blocks::{OpenBlocks, ToolInput};
use crate::wire::replay::ReplayLog;
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::usage::{UsageFields, count};
use crate::wire::{lenient, object, parse};

/// The protocol's name in [`ProviderState`](crate::conversation::ProviderState).
pub(super) const STATE: &str = "bedrock";

/// A whole reply.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConverseBody<'a> {
    #[serde(borrow)]
    output: Option<Output<'a>>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
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

/// The fields of all kinds of blocks that the decoder reads. Other kinds, such as the results of the
/// server's own tools, have none of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Block<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(borrow)]
    tool_use: Option<ToolUse<'a>>,
    reasoning_content: Option<Value>,
    citations_content: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolUse<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    tool_use_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(borrow)]
    input: Option<&'a RawValue>,
}

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let reply: ConverseBody<'_> = parse::body(body, "a reply")?;
    let Some(message) = reply.output.and_then(|output| output.message) else {
        return Err(without_reply(body, "the reply has no message"));
    };
    let mut stream = Stream::default();
    stream.reply.raw_stop = reply.stop_reason;
    stream.reply.usage = reply.usage.filter(Value::is_object);
    stream.reply.ended = true;
    let mut deltas = Vec::new();
    for raw in message.content.unwrap_or_default() {
        let block: Block<'_> = parse::element(raw, "a block of a reply")?;
        stream.replay.push(raw.get());
        if let Some(call) = block.tool_use {
            let input = lenient::arguments_of(call.input.map_or("{}", RawValue::get));
            stream.reply.whole_call(call.tool_use_id, call.name, input, &mut deltas);
        } else if let Some(text) = block.text {
            deltas.push(Delta::Text(text));
        } else if let Some(reasoning) = block.reasoning_content {
            stream.replay.needed = true;
            let text = lenient::text_at(&reasoning, "/reasoningText/text");
            deltas.extend(text.map(|text| Delta::Reasoning(text.to_owned())));
        } else if let Some(cited) = block.citations_content {
            let parts = cited.get("content").and_then(Value::as_array);
            let texts =
                parts.into_iter().flatten().filter_map(|part| lenient::text_at(part, "/text"));
            deltas.push(Delta::Text(texts.collect()));
        } else {
            stream.replay.needed = true;
        }
    }
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    blocks: OpenBlocks<OpenBlock>,
    replay: ReplayLog,
}

/// A block that has begun and not ended. Its kind shows in the fields that are not empty.
#[derive(Debug, Default)]
struct OpenBlock {
    /// The fields of a tool call that came with the start of the block.
    fields: Map<String, Value>,
    text: String,
    reasoning: String,
    signature: String,
    redacted: String,
    input: ToolInput,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let name = name.unwrap_or_default();
        if name == "error" || name.ends_with("Exception") {
            let mut body: Map<String, Value> = serde_json::from_str(data).unwrap_or_default();
            body.entry("message").or_insert_with(|| data.into());
            body.entry("code").or_insert_with(|| name.into());
            return Err(reported_error(&Value::from(body).to_string()));
        }
        let Some(event) = parse::event::<Value>(data, "an event")? else { return Ok(Vec::new()) };
        let index = event.get("contentBlockIndex").and_then(Value::as_u64).unwrap_or(0);
        let mut deltas = Vec::new();
        match name {
            // The start of an open block is a repetition.
            "contentBlockStart" if self.blocks.get_mut(index).is_some() => {}
            "contentBlockStart" => self.open(index, &event, &mut deltas),
            "contentBlockDelta" => {
                // Blocks of text have no start.
                if self.blocks.get_mut(index).is_none() {
                    self.blocks.open(index, OpenBlock::default());
                }
                if let Some(block) = self.blocks.get_mut(index) {
                    block.push(&event, &mut deltas);
                }
            }
            "contentBlockStop" => {
                let closed = self.blocks.close(index);
                closed.into_iter().for_each(|block| self.close(block, &mut deltas));
            }
            "messageStop" => {
                self.reply.raw_stop = lenient::non_blank_at(&event, "/stopReason");
                self.reply.ended = true;
            }
            "metadata" => {
                let usage = event.get("usage").filter(|usage| usage.is_object());
                update(&mut self.reply.usage, usage.cloned());
            }
            _ => {}
        }
        Ok(deltas)
    }

    /// The usage comes after the end of the message.
    fn end_state(&self) -> EndState {
        match (self.reply.ended, &self.reply.usage) {
            (true, Some(_)) => EndState::Marked,
            (true, None) => EndState::Stated,
            (false, _) => EndState::Open,
        }
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended {
            return Err(parse::interrupted("`messageStop`"));
        }
        let mut deltas = Vec::new();
        let open = self.blocks.close_all();
        open.into_iter().for_each(|block| self.close(block, &mut deltas));
        if let Some(raw) = self.reply.raw_stop.as_deref() {
            if let Some(error) = rejected_answer(raw, None) {
                return Err(error);
            }
        }
        let stop = self.reply.stop(stop_reason)?;
        self.reply.finish(usage_of, stop, self.replay.state(STATE), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    /// Opens a block. Only tool calls have fields at their start.
    fn open(&mut self, index: u64, event: &Value, deltas: &mut Vec<Delta>) {
        let mut block = OpenBlock::default();
        if let Some(Value::Object(fields)) = event.pointer("/start/toolUse") {
            let text_of = |key: &str| fields.get(key).and_then(Value::as_str).unwrap_or_default();
            let call = self.reply.begin_call(text_of("toolUseId"), text_of("name"), deltas);
            block.input = ToolInput::of(Some(call));
            block.fields.clone_from(fields);
        }
        self.blocks.open(index, block);
    }

    /// Ends a block and adds it to the turn that may have to be replayed.
    fn close(&mut self, mut block: OpenBlock, deltas: &mut Vec<Delta>) {
        block.input.complete(None, deltas);
        if let Some(block) = block.json() {
            self.replay.needed |= block.get("reasoningContent").is_some();
            self.replay.push(block.to_string());
        }
    }
}

impl OpenBlock {
    /// Appends the delta of an event.
    fn push(&mut self, event: &Value, deltas: &mut Vec<Delta>) {
        let part = |pointer: &str| lenient::text_at(event, pointer).filter(|text| !text.is_empty());
        if let Some(text) = part("/delta/text") {
            self.text.push_str(text);
            deltas.push(Delta::Text(text.to_owned()));
        }
        if let Some(text) = part("/delta/reasoningContent/text") {
            self.reasoning.push_str(text);
            deltas.push(Delta::Reasoning(text.to_owned()));
        }
        self.signature += part("/delta/reasoningContent/signature").unwrap_or_default();
        self.redacted += part("/delta/reasoningContent/redactedContent").unwrap_or_default();
        self.input.push(part("/delta/toolUse/input").unwrap_or_default(), deltas);
    }

    /// Returns the block as a reply that is not streamed would hold it. `None` for an empty block.
    fn json(self) -> Option<Value> {
        if self.input.call.is_some() {
            let mut call = self.fields;
            call.insert(String::from("input"), self.input.object().unwrap_or_default().into());
            return Some(json!({"toolUse": call}));
        }
        if !self.redacted.is_empty() {
            return Some(json!({"reasoningContent": {"redactedContent": self.redacted}}));
        }
        if !self.reasoning.is_empty() || !self.signature.is_empty() {
            let mut text = json!({"text": self.reasoning});
            if !self.signature.is_empty() {
                object::set(&mut text, "signature", self.signature);
            }
            return Some(json!({"reasoningContent": {"reasoningText": text}}));
        }
        (!self.text.is_empty()).then(|| json!({"text": self.text}))
    }
}

const USAGE: UsageFields = UsageFields {
    input: &["/inputTokens"],
    output: &["/outputTokens"],
    cached_input: &["/cacheReadInputTokens"],
    cache_write: &["/cacheWriteInputTokens"],
    ..UsageFields::NONE
};

/// The provider counts cached input apart from the other input; the total includes it.
fn usage_of(raw: &Value) -> Usage {
    let mut read = USAGE.read(raw);
    let all = count(raw, &["/totalTokens"]).saturating_sub(read.output_tokens);
    read.input_tokens = read.input_tokens.max(all);
    read
}

/// Maps the protocol's reasons to stop. `None` for an unknown one.
fn stop_reason(raw: &str) -> Option<StopReason> {
    Some(match raw {
        "end_turn" | "stop_sequence" => StopReason::Stop,
        "tool_use" => StopReason::ToolCalls,
        "max_tokens" => StopReason::Length,
        "model_context_window_exceeded" => StopReason::ContextWindow,
        "guardrail_intervened" | "content_filtered" => StopReason::ContentFilter,
        "refusal" => StopReason::Refusal,
        _ => return None,
    })
}
