//! The reply: one or more lines, each a JSON object. The last one has `done` set.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::{Delta, ProviderError, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{reported_error, without_reply};
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::usage::UsageFields;
use crate::wire::{lenient, logprobs, parse};

/// One line of a reply.
#[derive(Deserialize)]
struct Chunk {
    message: Option<ChunkMessage>,
    done: Option<bool>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    done_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    error: Option<Value>,
    logprobs: Option<Value>,
    prompt_eval_count: Option<Value>,
    eval_count: Option<Value>,
}

#[derive(Deserialize)]
struct ChunkMessage {
    #[serde(default, deserialize_with = "lenient::text")]
    content: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    thinking: Option<String>,
    tool_calls: Option<Vec<Call>>,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
struct Function {
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::arguments")]
    arguments: Option<String>,
}

/// Decodes the body of a successful answer: one line, or all lines of a stream.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    for line in parse::utf8(body, "the body")?.lines() {
        deltas.extend(stream.event(None, line)?);
    }
    if !stream.began && !stream.reply.ended && !body.trim_ascii().is_empty() {
        return Err(without_reply(body, "the reply has no message"));
    }
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    /// Whether a line had a message.
    began: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let Some(chunk) = parse::event::<Chunk>(data, "a chunk of a chat")? else {
            return Ok(Vec::new());
        };
        if chunk.error.is_some_and(|error| !error.is_null()) {
            return Err(reported_error(data));
        }
        let mut deltas = Vec::new();
        if let Some(message) = chunk.message {
            self.began = true;
            let not_empty = |text: &String| !text.is_empty();
            deltas.extend(message.thinking.filter(not_empty).map(Delta::Reasoning));
            deltas.extend(message.content.filter(not_empty).map(Delta::Text));
            // The tokens of reasoning and of calls are listed in the same way.
            if matches!(deltas.as_slice(), [Delta::Text(_)]) {
                deltas.extend(logprobs::delta(chunk.logprobs.as_ref()));
            }
            for call in message.tool_calls.unwrap_or_default() {
                let function = call.function.unwrap_or_default();
                let arguments = function.arguments.unwrap_or_else(|| String::from("{}"));
                self.reply.whole_call(call.id, function.name, arguments, &mut deltas);
            }
        }
        update(&mut self.reply.model, chunk.model);
        // Some servers leave `done` out of the last line.
        if chunk.done.unwrap_or(chunk.done_reason.is_some()) {
            self.reply.ended = true;
            self.reply.raw_stop = chunk.done_reason;
            if chunk.prompt_eval_count.is_some() || chunk.eval_count.is_some() {
                self.reply.usage = Some(json!({
                    "prompt_eval_count": chunk.prompt_eval_count,
                    "eval_count": chunk.eval_count,
                }));
            }
        }
        Ok(deltas)
    }

    fn end_state(&self) -> EndState {
        self.reply.end_state()
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended {
            return Err(parse::interrupted("`done`"));
        }
        let mut deltas = Vec::new();
        let stop = self.reply.stop(|raw| stop_reason(raw, self.reply.calls > 0))?;
        self.reply.finish(usage_of, stop, None, &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage_of)
    }
}

const USAGE: UsageFields =
    UsageFields { input: &["/prompt_eval_count"], output: &["/eval_count"], ..UsageFields::NONE };

fn usage_of(raw: &Value) -> Usage {
    USAGE.read(raw)
}

/// Maps the reasons to stop. `None` for an unknown one.
fn stop_reason(raw: &str, called: bool) -> Option<StopReason> {
    Some(match raw {
        "stop" if called => StopReason::ToolCalls,
        "stop" => StopReason::Stop,
        "length" => StopReason::Length,
        _ => return None,
    })
}
