//! The reply: candidates with parts. The chunks of a stream have the same shape as a whole reply. Without
//! server-sent events, a stream is one list of such chunks.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::conversation::{Delta, ProviderError, ProviderState, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{rejected_answer, reported_error, without_reply};
use crate::wire::replay::ReplayLog;
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::usage::{UsageFields, count};
use crate::wire::{lenient, logprobs, parse};

/// The protocol's name in [`ProviderState`].
pub(super) const STATE: &str = "gemini";

/// A whole reply, or one chunk of a stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    prompt_feedback: Option<Value>,
    usage_metadata: Option<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    model_version: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    response_id: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default, deserialize_with = "lenient::index")]
    index: Option<usize>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    finish_reason: Option<String>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    finish_message: Option<String>,
    logprobs_result: Option<Value>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(default)]
    thought: Option<bool>,
    #[serde(borrow)]
    thought_signature: Option<&'a RawValue>,
    #[serde(borrow)]
    function_call: Option<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// Decodes the body of a successful answer: one object, or a list of chunks. Streams without `alt=sse`
/// are such lists.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    if body.trim_ascii_start().starts_with(b"[") {
        let chunks: Vec<Chunk<'_>> = parse::body(body, "a reply")?;
        for chunk in chunks {
            stream.absorb(chunk, &mut deltas)?;
        }
    } else {
        stream.absorb(parse::body(body, "a reply")?, &mut deltas)?;
        // A model that spent its whole budget on thinking answers with its usage alone.
        let is_reply = stream.candidates
            || stream.reply.usage.is_some()
            || stream.reply.request_id.is_some()
            || stream.blocked.is_some();
        if !is_reply {
            return Err(without_reply(body, "the reply has no candidates"));
        }
        stream.reply.ended = true;
    }
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    replay: ReplayLog,
    /// The reason why the prompt was blocked.
    blocked: Option<String>,
    /// The latest call, if its arguments have not come. They may follow without the name.
    awaiting_args: Option<usize>,
    /// Whether any candidate has come.
    candidates: bool,
    /// The message of the finish reason.
    finish_message: Option<String>,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        // Some failures in a stream are wrapped in a list.
        if data.starts_with('[') && !parse::is_done(data) {
            return Err(reported_error(data));
        }
        let mut deltas = Vec::new();
        if let Some(chunk) = parse::event(data, "a chunk of a reply")? {
            self.absorb(chunk, &mut deltas)?;
        }
        Ok(deltas)
    }

    fn end_state(&self) -> EndState {
        self.reply.end_state()
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended && self.reply.raw_stop.is_none() && self.blocked.is_none() {
            return Err(parse::interrupted("a `finishReason`"));
        }
        let rejected = |stop| rejected_answer(stop, self.finish_message.as_deref());
        if let Some(error) = self.reply.raw_stop.as_deref().and_then(rejected) {
            return Err(error);
        }
        update(&mut self.reply.raw_stop, self.blocked.take());
        let called = self.reply.calls > 0;
        let stop = self.reply.stop(|raw| stop_reason(raw, called))?;
        let mut deltas = Vec::new();
        self.complete_call(&mut deltas);
        self.reply.finish(usage_of, stop, self.state(), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    /// Takes over the fields of a chunk and appends its deltas.
    ///
    /// # Errors
    /// The chunk reports a failure.
    fn absorb(&mut self, chunk: Chunk<'_>, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(reported_error(&serde_json::json!({ "error": error }).to_string()));
        }
        update(&mut self.reply.model, chunk.model_version);
        update(&mut self.reply.request_id, chunk.response_id);
        update(&mut self.reply.usage, chunk.usage_metadata.filter(Value::is_object));
        if let Some(feedback) = chunk.prompt_feedback {
            update(&mut self.blocked, lenient::non_blank_at(&feedback, "/blockReason"));
        }
        let candidates = chunk.candidates.unwrap_or_default();
        self.candidates |= !candidates.is_empty();
        // If several answers were asked for, the first is the reply.
        let first = candidates.into_iter().find(|candidate| candidate.index.unwrap_or(0) == 0);
        let Some(candidate) = first else { return Ok(()) };
        for raw in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            self.part(raw, deltas)?;
        }
        self.reply.continued |= self.reply.raw_stop.is_some() && !deltas.is_empty();
        deltas.extend(candidate.logprobs_result.as_ref().and_then(logprobs::gemini_delta));
        let stated = |reason: &String| reason != "FINISH_REASON_UNSPECIFIED";
        update(&mut self.reply.raw_stop, candidate.finish_reason.filter(stated));
        update(&mut self.finish_message, candidate.finish_message);
        Ok(())
    }

    /// Appends the deltas of a part.
    fn part(&mut self, raw: &RawValue, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        let part: Part<'_> = parse::element(raw, "a part of a reply")?;
        self.replay.needed |= part.thought_signature.is_some();
        if let Some(call) = part.function_call {
            self.call(call, deltas)?;
        } else if let Some(text) = part.text {
            if text.is_empty() && part.thought_signature.is_none() {
                return Ok(());
            }
            if !text.is_empty() {
                let thought = part.thought == Some(true);
                deltas.push(if thought { Delta::Reasoning(text) } else { Delta::Text(text) });
            }
        }
        self.replay.push(raw.get());
        Ok(())
    }

    /// Appends the deltas of a call, or of arguments whose name came in an earlier part.
    ///
    /// # Errors
    /// The call has no name, and the call before it has its arguments.
    fn call(&mut self, call: Call<'_>, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        let args = call.args.map(|args| lenient::arguments_of(args.get())).unwrap_or_default();
        let filled =
            !args.bytes().all(|byte| matches!(byte, b'{' | b'}') || byte.is_ascii_whitespace());
        let name = call.name.unwrap_or_default();
        let index = if name.is_empty() && self.reply.calls > 0 {
            match self.awaiting_args.filter(|_| filled) {
                Some(index) => index,
                None if !filled => return Ok(()),
                None => {
                    let message = "a function call without a name follows a complete one";
                    return Err(parse::malformed(message.into()));
                }
            }
        } else {
            self.complete_call(deltas);
            self.reply.begin_call(call.id.unwrap_or_default(), name, deltas)
        };
        self.awaiting_args = (!filled).then_some(index);
        if filled {
            deltas.push(Delta::Arguments { index, fragment: args });
        }
        Ok(())
    }

    /// Appends the arguments of a call for which none came: an empty object.
    fn complete_call(&mut self, deltas: &mut Vec<Delta>) {
        let waiting = self.awaiting_args.take();
        deltas
            .extend(waiting.map(|index| Delta::Arguments { index, fragment: String::from("{}") }));
    }

    /// Returns the turn to replay: one object that holds all parts.
    fn state(&self) -> Option<ProviderState> {
        let turn = format!(r#"{{"role":"model","parts":{}}}"#, self.replay.list());
        self.replay.needed.then(|| ProviderState::new(STATE, turn))
    }
}

const USAGE: UsageFields = UsageFields {
    input: &["/promptTokenCount"],
    output: &["/candidatesTokenCount"],
    cached_input: &["/cachedContentTokenCount"],
    reasoning: &["/thoughtsTokenCount"],
    ..UsageFields::NONE
};

/// The provider counts thoughts apart from the candidates, and the prompts of tools apart from the
/// prompt.
fn usage_of(raw: &Value) -> Usage {
    let mut read = USAGE.read(raw);
    read.input_tokens = read.input_tokens.saturating_add(count(raw, &["/toolUsePromptTokenCount"]));
    read.output_tokens = read.output_tokens.saturating_add(read.reasoning_tokens);
    read
}

/// Maps the finish reasons. `None` for an unknown one.
fn stop_reason(raw: &str, called: bool) -> Option<StopReason> {
    Some(match raw {
        // A tool call ends with `STOP` as well.
        "STOP" if called => StopReason::ToolCalls,
        "STOP" => StopReason::Stop,
        "MAX_TOKENS" => StopReason::Length,
        "SAFETY"
        | "RECITATION"
        | "BLOCKLIST"
        | "PROHIBITED_CONTENT"
        | "SPII"
        | "IMAGE_SAFETY"
        | "IMAGE_PROHIBITED_CONTENT"
        | "IMAGE_RECITATION"
        | "MODEL_ARMOR"
        | "JAILBREAK" => StopReason::ContentFilter,
        "MISSING_THOUGHT_SIGNATURE" => StopReason::Other(raw.to_owned()),
        _ => return None,
    })
}
