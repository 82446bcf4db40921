//! The reply: steps. A stream gives the start, the deltas and the end of a step by its index. A whole
//! reply is decoded as a stream whose steps are complete at their start.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::conversation::{Delta, ProviderError, ProviderState, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{reported_error, without_reply};
use crate::wire::open_blocks::ToolInput;
use crate::wire::replay::ReplayLog;
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::usage::{UsageFields, count};
use crate::wire::{lenient, object, parse};

/// The protocol's name in [`ProviderState`].
pub(super) const STATE: &str = "interactions";

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    #[derive(serde::Deserialize)]
    struct Steps<'a> {
        #[serde(borrow, default)]
        steps: Option<Vec<&'a RawValue>>,
    }
    let interaction: Value = parse::body(body, "an interaction")?;
    let written: Steps<'_> = parse::body(body, "an interaction")?;
    if interaction.get("error").is_some_and(lenient::is_error) {
        return Err(reported_error(&interaction.to_string()));
    }
    if lenient::non_blank_at(&interaction, "/status").is_none() {
        return Err(without_reply(body, "the reply has no status"));
    }
    let steps = written.steps.unwrap_or_default();
    let read: Vec<Value> =
        steps.iter().map(|step| serde_json::from_str(step.get()).unwrap_or_default()).collect();
    // The server may repeat the steps of the request before the answer.
    let of_request = |step: &Value| matches!(kind(step), "user_input" | "function_result");
    let first = read.iter().rposition(of_request).map_or(0, |last| last + 1);
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    for (index, step) in read.iter().enumerate().skip(first) {
        stream.begin(index, step.clone(), &mut deltas);
        stream.complete(index, &mut deltas);
    }
    stream.update(&interaction)?;
    stream.reply.ended = true;
    // The steps are replayed in the server's text, not in a re-serialised form.
    let mut verbatim = ReplayLog::default();
    steps.iter().skip(first).for_each(|step| verbatim.push(step.get()));
    stream.verbatim = Some(verbatim);
    whole_reply(&mut stream, deltas)
}

/// Returns the type of a step, of a delta or of a content part.
fn kind(step: &Value) -> &str {
    lenient::text_at(step, "/type").unwrap_or_default()
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
    /// The steps by index, assembled from their deltas.
    steps: BTreeMap<usize, Step>,
    /// The steps in the server's text, if they came whole.
    verbatim: Option<ReplayLog>,
}

/// One step and its state.
#[derive(Debug)]
struct Step {
    value: Value,
    /// The arguments, if the step is a call.
    input: ToolInput,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let Some(event) = parse::event::<Value>(data, "an event of an interaction")? else {
            return Ok(Vec::new());
        };
        if event.get("error").is_some_and(lenient::is_error) {
            return Err(reported_error(data));
        }
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let mut deltas = Vec::new();
        let event_type = lenient::text_at(&event, "/event_type").unwrap_or_default();
        match event_type {
            // The start of a known step is a repetition.
            "step.start" if event.get("index").is_some() && self.steps.contains_key(&index) => {}
            "step.start" => {
                let step = event.get("step").filter(|step| step.is_object()).cloned();
                self.begin(index, step.unwrap_or_else(|| json!({})), &mut deltas);
            }
            "step.delta" => {
                self.add(index, event.get("delta").unwrap_or(&Value::Null), &mut deltas);
            }
            "step.stop" => self.complete(index, &mut deltas),
            "error" => return Err(reported_error(data)),
            "interaction.created" | "interaction.status_update" | "interaction.completed" => {
                self.update(event.get("interaction").unwrap_or(&event))?;
                let working =
                    matches!(self.reply.raw_stop.as_deref(), Some("in_progress" | "queued"));
                self.reply.ended |= event_type == "interaction.completed" && !working;
            }
            _ => {}
        }
        Ok(deltas)
    }

    fn end_state(&self) -> EndState {
        self.reply.end_state()
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended {
            return Err(parse::interrupted("`interaction.completed`"));
        }
        let mut deltas = Vec::new();
        let indices: Vec<usize> = self.steps.keys().copied().collect();
        indices.into_iter().for_each(|index| self.complete(index, &mut deltas));
        let called = self.reply.calls > 0;
        let stop = self.reply.stop(|status| stop_reason(status, called))?;
        self.reply.finish(usage_of, stop, self.state(), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    /// Returns the steps to replay. Only a signed thought makes that necessary.
    fn state(&self) -> Option<ProviderState> {
        let signed = |step: &Step| step.value.get("signature").is_some();
        if !self.steps.values().any(signed) {
            return None;
        }
        let assembled = || {
            let mut log = ReplayLog::default();
            self.steps.values().for_each(|step| log.push(step.value.to_string()));
            log.list()
        };
        let list = self.verbatim.as_ref().map_or_else(assembled, ReplayLog::list);
        Some(ProviderState::new(STATE, list))
    }

    /// Takes over the fields of the interaction as a whole.
    ///
    /// # Errors
    /// The interaction failed.
    fn update(&mut self, interaction: &Value) -> Result<(), ProviderError> {
        let text = |pointer: &str| lenient::text_at(interaction, pointer).map(str::to_owned);
        update(&mut self.reply.raw_stop, lenient::non_blank_at(interaction, "/status"));
        update(&mut self.reply.model, text("/model"));
        update(&mut self.reply.request_id, text("/id").or_else(|| text("/interaction_id")));
        let counts = interaction.get("usage").filter(|usage| usage.is_object());
        update(&mut self.reply.usage, counts.cloned());
        if self.reply.raw_stop.as_deref() == Some("failed") {
            let of_interaction = interaction.pointer("/errors/0").cloned();
            let of_a_step = || {
                let steps = interaction.get("steps")?.as_array()?;
                steps.iter().rev().find_map(|step| step.get("error")).cloned()
            };
            let error = of_interaction.or_else(of_a_step);
            let error = error.unwrap_or_else(|| json!({"message": "the interaction failed"}));
            return Err(reported_error(&json!({ "error": error }).to_string()));
        }
        Ok(())
    }

    /// Begins a step. It may be complete already.
    fn begin(&mut self, index: usize, step: Value, deltas: &mut Vec<Delta>) {
        let texts = |list: &str| {
            let parts = step.get(list).and_then(Value::as_array).into_iter().flatten();
            parts.filter_map(text_of).collect::<Vec<String>>()
        };
        let mut call = None;
        match kind(&step) {
            "model_output" => deltas.extend(texts("content").into_iter().map(Delta::Text)),
            "thought" => deltas.extend(texts("summary").into_iter().map(Delta::Reasoning)),
            "function_call" => {
                let field = |pointer| lenient::text_at(&step, pointer).unwrap_or_default();
                call = Some(self.reply.begin_call(field("/id"), field("/name"), deltas));
            }
            _ => {}
        }
        self.steps.insert(index, Step { value: step, input: ToolInput::of(call) });
    }

    /// Appends a delta to its step. A delta without a step begins one.
    fn add(&mut self, index: usize, delta: &Value, deltas: &mut Vec<Delta>) {
        let step_kind = match kind(delta) {
            "thought_summary" | "thought_signature" => "thought",
            "arguments_delta" => "function_call",
            "text" => "model_output",
            // Annotations, and the deltas of the server's tools.
            _ => return,
        };
        if !self.steps.contains_key(&index) {
            self.begin(index, json!({ "type": step_kind }), deltas);
        }
        let Some(step) = self.steps.get_mut(&index) else { return };
        match kind(delta) {
            "text" => {
                let Some(text) = text_of(delta) else { return };
                append(&mut step.value, "content", &text);
                deltas.push(Delta::Text(text));
            }
            "thought_summary" => {
                let Some(text) = delta.get("content").and_then(text_of) else { return };
                append(&mut step.value, "summary", &text);
                deltas.push(Delta::Reasoning(text));
            }
            "thought_signature" => {
                let more = lenient::text_at(delta, "/signature").unwrap_or_default();
                match step.value.get_mut("signature") {
                    Some(Value::String(known)) => known.push_str(more),
                    _ => object::set(&mut step.value, "signature", more),
                }
            }
            _ => step.input.push(lenient::text_at(delta, "/arguments").unwrap_or_default(), deltas),
        }
    }

    /// Completes a step. Arguments without deltas came with the start of the step.
    fn complete(&mut self, index: usize, deltas: &mut Vec<Delta>) {
        let Some(step) = self.steps.get_mut(&index) else { return };
        if step.input.call.is_none() {
            return;
        }
        let at_start = step.value.get("arguments").filter(|arguments| !arguments.is_null());
        let at_start = at_start.map(|arguments| lenient::arguments_of(&arguments.to_string()));
        if !step.input.complete(at_start.filter(|arguments| !arguments.is_empty()), deltas) {
            if let Some(arguments) = step.input.object() {
                object::set(&mut step.value, "arguments", arguments);
            }
        }
    }
}

/// Returns the text of a content part. `None` if it is empty or of another kind.
fn text_of(content: &Value) -> Option<String> {
    let text = lenient::non_empty_at(content, "/text")?;
    matches!(kind(content), "text" | "").then_some(text)
}

/// Appends text to the last text of a step's list.
fn append(step: &mut Value, list: &str, text: &str) {
    if !step.get(list).is_some_and(Value::is_array) {
        object::set(step, list, Vec::<Value>::new());
    }
    let Some(parts) = step.get_mut(list).and_then(Value::as_array_mut) else { return };
    match parts.last_mut().and_then(|last| last.get_mut("text")) {
        Some(Value::String(last)) => last.push_str(text),
        _ => parts.push(json!({"type": "text", "text": text})),
    }
}

const USAGE: UsageFields = UsageFields {
    input: &["/total_input_tokens"],
    output: &["/total_output_tokens"],
    cached_input: &["/total_cached_tokens"],
    reasoning: &["/total_thought_tokens"],
    ..UsageFields::NONE
};

/// The provider counts thoughts apart from the output, unless the total shows that the output includes
/// them. It counts the input of tools apart from the other input.
fn usage_of(raw: &Value) -> Usage {
    let mut read = USAGE.read(raw);
    read.input_tokens = read.input_tokens.saturating_add(count(raw, &["/total_tool_use_tokens"]));
    if count(raw, &["/total_tokens"]) != read.total_tokens() {
        read.output_tokens = read.output_tokens.saturating_add(read.reasoning_tokens);
    }
    read
}

/// Maps the status of an interaction. `None` for an unknown one.
fn stop_reason(status: &str, called: bool) -> Option<StopReason> {
    Some(match status {
        "completed" | "requires_action" if called => StopReason::ToolCalls,
        "completed" => StopReason::Stop,
        // Without a call of ours, the server waits for another kind of action.
        "requires_action" => StopReason::Other(status.to_owned()),
        "incomplete" | "budget_exceeded" | "requires_continuation" => StopReason::Length,
        _ => return None,
    })
}
