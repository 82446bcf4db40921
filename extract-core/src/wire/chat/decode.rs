//! The reply, whole or in chunks. The message of a whole reply and the delta of a chunk have the same
//! fields, and are decoded by the same code.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::calls::{CallDelta, Calls, Function};
use super::turn::{Turn, chunk_delta};
use crate::conversation::{Delta, ProviderError, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{rejected_answer, reported_error, without_reply};
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::{lenient, logprobs, parse, usage};

/// A whole completion, or one chunk of a stream.
#[derive(Deserialize)]
struct Chunk {
    choices: Option<Vec<Option<Choice>>>,
    usage: Option<Value>,
    error: Option<Value>,
    x_groq: Option<Value>,
    /// The price in Venice's replies.
    cost: Option<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    object: Option<String>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, deserialize_with = "lenient::index")]
    index: Option<usize>,
    message: Option<ChoiceMessage>,
    delta: Option<ChoiceMessage>,
    /// The text of completions older than chats.
    #[serde(default, deserialize_with = "lenient::text")]
    text: Option<String>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    finish_reason: Option<String>,
    logprobs: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct ChoiceMessage {
    content: Option<Content>,
    #[serde(default, deserialize_with = "lenient::text")]
    refusal: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    reasoning_content: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    reasoning: Option<String>,
    reasoning_details: Option<Value>,
    tool_calls: Option<Vec<CallDelta>>,
    /// The call in the form that preceded `tool_calls`.
    function_call: Option<Function>,
    /// Speech, with its transcript.
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

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let chunk: Chunk = parse::body(body, "a chat completion")?;
    let has_message = chunk.choices.as_ref().is_some_and(|choices| {
        choices.iter().flatten().any(|choice| {
            choice.message.is_some() || choice.delta.is_some() || choice.text.is_some()
        })
    });
    let mut stream = Stream::default();
    let deltas = stream.absorb(chunk, true)?;
    if !has_message {
        return Err(without_reply(body, "the reply has no choice with a message"));
    }
    stream.reply.ended = true;
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    calls: Calls,
    turn: Turn,
    refused: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        self.reply.ended |= parse::is_done(data);
        let Some(chunk) = parse::event::<Chunk>(data, "a chunk of a chat completion")? else {
            return Ok(Vec::new());
        };
        if chunk.object.as_deref() == Some("error") {
            return Err(reported_error(data));
        }
        self.absorb(chunk, false)
    }

    fn end_state(&self) -> EndState {
        self.reply.end_state()
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended && self.reply.raw_stop.is_none() {
            return Err(parse::interrupted("a finish reason and without `[DONE]`"));
        }
        let reason = self.reply.raw_stop.as_deref().unwrap_or_default();
        if let Some(error) = rejected_answer(reason, None) {
            return Err(error);
        }
        // A refusal ends with `stop` at OpenAI; the content decides.
        let stop = if self.refused { StopReason::Refusal } else { self.reply.stop(stop_reason)? };
        let stated = self.reply.usage.as_ref().and_then(usage::stated_cost);
        update(&mut self.reply.cost, stated);
        let mut deltas = Vec::new();
        self.reply.finish(usage::openai, stop, self.turn.state(), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage::openai)
    }
}

impl Stream {
    /// Takes over the fields of a chunk and returns its deltas. `whole` marks a reply that is not streamed.
    ///
    /// # Errors
    /// The chunk reports a failure, or the reply has too many parts.
    fn absorb(&mut self, chunk: Chunk, whole: bool) -> Result<Vec<Delta>, ProviderError> {
        // Some gateways answer 200 and put the failure of the server behind them into the body.
        check(chunk.error)?;
        if self.reply.model.as_deref().is_none_or(str::is_empty) {
            update(&mut self.reply.model, chunk.model);
        }
        if let Some(groq) = chunk.x_groq {
            update(&mut self.reply.request_id, lenient::text_at(&groq, "/id").map(str::to_owned));
            if let Some(error) = groq.get("error").filter(|error| !error.is_null()) {
                return Err(reported_error(&json!({ "error": error }).to_string()));
            }
            if self.reply.usage.is_none() {
                self.reply.usage = groq.get("usage").filter(|usage| usage.is_object()).cloned();
            }
        }
        if let Some(cost) = chunk.cost {
            let holder: Map<String, Value> = [(String::from("cost"), cost)].into_iter().collect();
            update(&mut self.reply.cost, usage::stated_cost(&Value::Object(holder)));
        }
        update(&mut self.reply.usage, chunk.usage.filter(Value::is_object));
        let mut deltas = Vec::new();
        // If several answers were asked for, the first is the reply.
        let mut choices = chunk.choices.unwrap_or_default().into_iter().flatten();
        if let Some(choice) = choices.find(|choice| choice.index.unwrap_or(0) == 0) {
            check(choice.error)?;
            let message = if whole {
                choice.message.or(choice.delta)
            } else {
                choice.delta.or(choice.message)
            };
            if let Some(message) = message {
                self.message(message, whole, &mut deltas)?;
            }
            deltas.extend(choice.text.filter(|text| !text.is_empty()).map(Delta::Text));
            self.reply.continued |= self.reply.raw_stop.is_some() && !deltas.is_empty();
            deltas.extend(choice.logprobs.as_ref().and_then(logprobs::choice_delta));
            update(&mut self.reply.raw_stop, choice.finish_reason);
        }
        Ok(deltas)
    }

    /// Appends the deltas of a message, or of a piece of one.
    ///
    /// # Errors
    /// The reply has too many calls or details of reasoning.
    fn message(
        &mut self,
        message: ChoiceMessage,
        whole: bool,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        let not_empty = |text: &String| !text.is_empty();
        // If a server sends both names of the reasoning, they hold the same text.
        let reasoning = message.reasoning_content.filter(not_empty);
        self.turn.push_reasoning(reasoning.as_deref().unwrap_or_default());
        deltas.extend(reasoning.or(message.reasoning.filter(not_empty)).map(Delta::Reasoning));
        if let Some(Value::Array(details)) = message.reasoning_details {
            details.into_iter().try_for_each(|detail| self.turn.push_detail(detail))?;
        }
        match message.content {
            Some(Content::Text(text)) if !text.is_empty() => {
                self.turn.push_text(&text);
                deltas.push(Delta::Text(text));
            }
            Some(Content::Chunks(chunks)) => {
                for chunk in chunks {
                    deltas.extend(chunk_delta(&chunk));
                    self.turn.push_chunk(chunk);
                }
            }
            Some(Content::Other(object @ Value::Object(_))) => deltas.extend(chunk_delta(&object)),
            _ => {
                let audio = message.audio.as_ref();
                let transcript =
                    audio.and_then(|audio| lenient::non_empty_at(audio, "/transcript"));
                deltas.extend(transcript.map(Delta::Text));
            }
        }
        if let Some(refusal) = message.refusal.filter(not_empty) {
            self.refused = true;
            deltas.push(Delta::Refusal(refusal));
        }
        if let Some(function) = message.function_call {
            self.calls.push(CallDelta::function(function), 0, deltas)?;
        }
        for (position, mut call) in message.tool_calls.unwrap_or_default().into_iter().enumerate() {
            if whole {
                // A whole list is in order, whatever its indices are.
                call.index = Some(position);
            }
            self.calls.push(call, position, deltas)?;
        }
        Ok(())
    }
}

/// Returns an error if the field reports one.
fn check(error: Option<Value>) -> Result<(), ProviderError> {
    match error.filter(lenient::is_error) {
        Some(error) => Err(reported_error(&json!({ "error": error }).to_string())),
        None => Ok(()),
    }
}

/// Maps the finish reasons of all compatible servers. `None` for an unknown one.
fn stop_reason(raw: &str) -> Option<StopReason> {
    // Gateways pass on the spellings of the protocols behind them.
    Some(match raw.to_ascii_lowercase().as_str() {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" | "complete" | "completed" => {
            StopReason::Stop
        }
        "length" | "max_tokens" | "max_output_tokens" => StopReason::Length,
        "model_length" | "model_context_window_exceeded" => StopReason::ContextWindow,
        "tool_calls" | "tool_call" | "function_call" | "tool_use" => StopReason::ToolCalls,
        "content_filter" | "safety" => StopReason::ContentFilter,
        "refusal" => StopReason::Refusal,
        _ => return None,
    })
}
