//! The reply: candidates of parts. Every chunk of a stream is a reply of the same shape, and so is
//! every element of the list that a stream without server-sent events comes in.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::super::failure::{beginning, in_reply};
use super::super::{StreamDecoder, assemble, loose, usage};
use super::STATE;
use crate::conversation::{
    Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason, StreamEnd, Usage,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    #[serde(borrow)]
    candidates: Option<Vec<Candidate<'a>>>,
    prompt_feedback: Option<Value>,
    usage_metadata: Option<Value>,
    #[serde(default, deserialize_with = "loose::text")]
    model_version: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    response_id: Option<String>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<'a> {
    #[serde(default, deserialize_with = "loose::index")]
    index: Option<usize>,
    #[serde(borrow)]
    content: Option<Content<'a>>,
    #[serde(default, deserialize_with = "loose::word")]
    finish_reason: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    finish_message: Option<String>,
}

#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part<'a> {
    #[serde(default, deserialize_with = "loose::text")]
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
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// The reply in the body of a 200: one object, or the list that a stream is without `alt=sse`.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |error: serde_json::Error| {
        let message = format!("not a reply: {error}; it begins {}", beginning(body));
        ProviderError::new(ProviderErrorKind::Malformed, message)
    };
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    if body.trim_ascii_start().starts_with(b"[") {
        let chunks: Vec<Chunk<'_>> = serde_json::from_slice(body).map_err(malformed)?;
        for chunk in chunks {
            stream.absorb(chunk, &mut deltas)?;
        }
    } else {
        stream.absorb(serde_json::from_slice(body).map_err(malformed)?, &mut deltas)?;
        // A model that spent its whole budget on thinking answers with nothing but its usage.
        let known = stream.candidates || stream.usage.is_some() || stream.response_id.is_some();
        if !known && stream.blocked.is_none() {
            let message = format!("the reply has no candidates; it begins {}", beginning(body));
            return Err(ProviderError::new(ProviderErrorKind::Malformed, message));
        }
        stream.ended = true;
    }
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    calls: usize,
    /// The parts so far as JSON, and whether the provider wants them back as they are.
    parts: Vec<String>,
    needed: bool,
    usage: Option<Value>,
    finish_reason: Option<String>,
    finish_message: Option<String>,
    /// Why the prompt was not answered.
    blocked: Option<String>,
    model: Option<String>,
    response_id: Option<String>,
    candidates: bool,
    ended: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(Vec::new());
        }
        // A failure inside a stream is at times wrapped in a list.
        if data.starts_with('[') {
            return Err(in_reply(data));
        }
        let chunk: Chunk<'_> = serde_json::from_str(data).map_err(|error| {
            let message = format!(
                "not a chunk of a reply: {error}; it begins {}",
                beginning(data.as_bytes())
            );
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        let mut deltas = Vec::new();
        self.absorb(chunk, &mut deltas)?;
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended && self.finish_reason.is_none() && self.blocked.is_none() {
            let message = "the stream ended without a `finishReason`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        if self.needed {
            let turn = format!(r#"{{"role":"model","parts":[{}]}}"#, self.parts.join(","));
            deltas.push(Delta::State(ProviderState::new(STATE, turn)));
        }
        let raw_stop = self.blocked.take().or(self.finish_reason.take());
        deltas.push(Delta::Done(StreamEnd {
            stop: stop_reason(raw_stop.as_deref(), self.calls > 0),
            raw_stop,
            model: self.model.take(),
            request_id: self.response_id.take(),
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    fn absorb(&mut self, chunk: Chunk<'_>, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        if let Some(error) = chunk.error.filter(|error| !error.is_null()) {
            return Err(in_reply(&serde_json::json!({ "error": error }).to_string()));
        }
        self.model = chunk.model_version.or(self.model.take());
        self.response_id = chunk.response_id.or(self.response_id.take());
        self.usage = chunk.usage_metadata.filter(Value::is_object).or(self.usage.take());
        if let Some(feedback) = chunk.prompt_feedback {
            self.blocked = loose::word_at(&feedback, "/blockReason").or(self.blocked.take());
        }
        let candidates = chunk.candidates.unwrap_or_default();
        self.candidates |= !candidates.is_empty();
        // Where several answers were asked for, the first is the reply.
        let first = candidates.into_iter().find(|candidate| candidate.index.unwrap_or(0) == 0);
        let Some(candidate) = first else { return Ok(()) };
        for raw in candidate.content.and_then(|content| content.parts).unwrap_or_default() {
            self.part(raw, deltas)?;
        }
        self.finish_reason = candidate.finish_reason.or(self.finish_reason.take());
        self.finish_message = candidate.finish_message.or(self.finish_message.take());
        Ok(())
    }

    fn part(&mut self, raw: &RawValue, deltas: &mut Vec<Delta>) -> Result<(), ProviderError> {
        let part: Part<'_> = serde_json::from_str(raw.get()).map_err(|error| {
            let message = format!("not a part of a reply: {error}");
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        self.needed |= part.thought_signature.is_some();
        if let Some(call) = part.function_call {
            let index = self.calls;
            self.calls += 1;
            deltas.push(Delta::ToolCall {
                index,
                id: call.id.unwrap_or_default(),
                name: call.name.unwrap_or_default(),
            });
            let args = call.args.map_or_else(String::new, |args| loose::arguments_of(args.get()));
            let fragment = if args.is_empty() { String::from("{}") } else { args };
            deltas.push(Delta::Arguments { index, fragment });
        } else if let Some(text) = part.text {
            if text.is_empty() && part.thought_signature.is_none() {
                return Ok(());
            }
            if !text.is_empty() {
                let thought = part.thought == Some(true);
                deltas.push(if thought { Delta::Reasoning(text) } else { Delta::Text(text) });
            }
        }
        self.parts.push(raw.get().to_owned());
        Ok(())
    }
}

/// Thoughts are counted beside the candidates, and the prompts of tools beside the prompt.
fn usage_of(raw: &Value) -> Usage {
    let count = |pointer: &str| usage::count(raw, &[pointer]);
    let thoughts = count("/thoughtsTokenCount");
    let input = count("/promptTokenCount").saturating_add(count("/toolUsePromptTokenCount"));
    let output = count("/candidatesTokenCount").saturating_add(thoughts);
    let mut read = Usage::new(input, output);
    read.cached_input_tokens = count("/cachedContentTokenCount");
    read.reasoning_tokens = thoughts;
    read
}

fn stop_reason(raw: Option<&str>, called: bool) -> StopReason {
    match raw {
        // A call of a tool ends with `STOP` as well.
        Some("STOP") if called => StopReason::ToolCalls,
        Some("STOP") => StopReason::Stop,
        Some("MAX_TOKENS") => StopReason::Length,
        Some(
            "SAFETY"
            | "RECITATION"
            | "BLOCKLIST"
            | "PROHIBITED_CONTENT"
            | "SPII"
            | "IMAGE_SAFETY"
            | "IMAGE_PROHIBITED_CONTENT"
            | "IMAGE_RECITATION"
            | "MODEL_ARMOR"
            | "JAILBREAK",
        ) => StopReason::ContentFilter,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
