//! The reply: steps, of which a stream gives the beginnings, the pieces and the ends by their index.
//! A whole reply is read as a stream in which every step is whole from its beginning.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::super::failure::{beginning, in_reply};
use super::super::{StreamDecoder, assemble, loose, usage};
use super::STATE;
use crate::conversation::{
    Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason, StreamEnd, Usage,
};

/// The reply in the body of a 200.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    #[derive(serde::Deserialize)]
    struct Steps<'a> {
        #[serde(borrow, default)]
        steps: Option<Vec<&'a RawValue>>,
    }
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let not_a_reply = |error: serde_json::Error| {
        malformed(format!("not an interaction: {error}; it begins {}", beginning(body)))
    };
    let interaction: Value = serde_json::from_slice(body).map_err(not_a_reply)?;
    let written: Steps<'_> = serde_json::from_slice(body).map_err(not_a_reply)?;
    if interaction.get("error").is_some_and(loose::says_something) {
        return Err(in_reply(&interaction.to_string()));
    }
    if loose::word_at(&interaction, "/status").is_none() {
        let message = format!("the reply has no status; it begins {}", beginning(body));
        return Err(malformed(message));
    }
    let steps = written.steps.unwrap_or_default();
    let read: Vec<Value> =
        steps.iter().map(|step| serde_json::from_str(step.get()).unwrap_or_default()).collect();
    // What was sent may be repeated in front of the answer.
    let sent = |step: &Value| matches!(kind(step), "user_input" | "function_result");
    let first = read.iter().rposition(sent).map_or(0, |last| last + 1);
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    for (index, step) in read.iter().enumerate().skip(first) {
        stream.begin(index, step.clone(), &mut deltas);
        stream.finish(index, &mut deltas);
    }
    stream.take_in(&interaction)?;
    stream.ended = true;
    // The steps in the words that they came in, and not in ours.
    stream.verbatim = Some(steps[first..].iter().map(|step| step.get().to_owned()).collect());
    deltas.extend(stream.end()?);
    assemble(deltas)
}

fn kind(step: &Value) -> &str {
    loose::at(step, "/type").unwrap_or_default()
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The steps by their index, put together from their pieces.
    steps: BTreeMap<usize, Step>,
    /// The steps as they were written, where they came whole.
    verbatim: Option<Vec<String>>,
    calls: usize,
    status: Option<String>,
    usage: Option<Value>,
    model: Option<String>,
    id: Option<String>,
    ended: bool,
}

#[derive(Debug)]
struct Step {
    value: Value,
    /// Which call of the reply it is.
    call: Option<usize>,
    /// The pieces of its arguments.
    arguments: String,
}

impl StreamDecoder for Stream {
    fn event(&mut self, _name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(Vec::new());
        }
        let event: Value = serde_json::from_str(data).map_err(|error| {
            let begins = beginning(data.as_bytes());
            let message = format!("not an event of an interaction: {error}; it begins {begins}");
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        if event.get("error").is_some_and(loose::says_something) {
            return Err(in_reply(data));
        }
        let index = event.get("index").and_then(Value::as_u64).unwrap_or(0);
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        let mut deltas = Vec::new();
        match loose::at(&event, "/event_type").unwrap_or_default() {
            "step.start" => {
                let step = event.get("step").cloned().unwrap_or_default();
                self.begin(index, step, &mut deltas);
            }
            "step.delta" => {
                self.add(index, event.get("delta").unwrap_or(&Value::Null), &mut deltas);
            }
            "step.stop" => self.finish(index, &mut deltas),
            "error" => return Err(in_reply(data)),
            "interaction.created" | "interaction.status_update" | "interaction.completed" => {
                self.take_in(event.get("interaction").unwrap_or(&event))?;
                self.ended |= event["event_type"] == "interaction.completed";
            }
            _ => {}
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended {
            let message = "the stream ended without `interaction.completed`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        let open: Vec<usize> = self.steps.keys().copied().collect();
        open.into_iter().for_each(|index| self.finish(index, &mut deltas));
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: None, raw });
        }
        // Only thoughts that are signed have to come back as they were.
        if self.steps.values().any(|step| step.value.get("signature").is_some()) {
            let written = self.verbatim.take().unwrap_or_else(|| {
                self.steps.values().map(|step| step.value.to_string()).collect()
            });
            deltas
                .push(Delta::State(ProviderState::new(STATE, format!("[{}]", written.join(",")))));
        }
        let raw_stop = self.status.take();
        deltas.push(Delta::Done(StreamEnd {
            stop: stop_reason(raw_stop.as_deref(), self.calls > 0),
            raw_stop,
            model: self.model.take(),
            request_id: self.id.take(),
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    /// What is said of the interaction as a whole.
    fn take_in(&mut self, interaction: &Value) -> Result<(), ProviderError> {
        let text = |pointer: &str| loose::at(interaction, pointer).map(str::to_owned);
        self.status = loose::word_at(interaction, "/status").or(self.status.take());
        self.model = text("/model").or(self.model.take());
        self.id = text("/id").or_else(|| text("/interaction_id")).or(self.id.take());
        let counts = interaction.get("usage").filter(|usage| usage.is_object());
        self.usage = counts.cloned().or(self.usage.take());
        if self.status.as_deref() == Some("failed") {
            let told = interaction.pointer("/errors/0").cloned();
            let of_a_step = || {
                let steps = interaction.get("steps")?.as_array()?;
                steps.iter().rev().find_map(|step| step.get("error")).cloned()
            };
            let error = told.or_else(of_a_step);
            let error = error.unwrap_or_else(|| json!({"message": "the interaction failed"}));
            return Err(in_reply(&json!({ "error": error }).to_string()));
        }
        Ok(())
    }

    /// A step begins; it may be whole already.
    fn begin(&mut self, index: usize, step: Value, deltas: &mut Vec<Delta>) {
        let mut call = None;
        match kind(&step) {
            "model_output" => {
                for part in step.get("content").and_then(Value::as_array).into_iter().flatten() {
                    deltas.extend(text_of(part).map(Delta::Text));
                }
            }
            "thought" => {
                for part in step.get("summary").and_then(Value::as_array).into_iter().flatten() {
                    deltas.extend(text_of(part).map(Delta::Reasoning));
                }
            }
            "function_call" => {
                call = Some(self.calls);
                let field = |pointer| loose::at(&step, pointer).unwrap_or_default().to_owned();
                let (id, name) = (field("/id"), field("/name"));
                deltas.push(Delta::ToolCall { index: self.calls, id, name });
                self.calls += 1;
            }
            _ => {}
        }
        self.steps.insert(index, Step { value: step, call, arguments: String::new() });
    }

    /// More of a step. One that was never begun is begun by its first piece.
    fn add(&mut self, index: usize, delta: &Value, deltas: &mut Vec<Delta>) {
        let begins_as = match kind(delta) {
            "thought_summary" | "thought_signature" => "thought",
            "arguments_delta" => "function_call",
            "text" => "model_output",
            // Annotations, and what tools of the server do.
            _ => return,
        };
        if !self.steps.contains_key(&index) {
            self.begin(index, json!({ "type": begins_as }), deltas);
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
                let more = loose::at(delta, "/signature").unwrap_or_default();
                let known = loose::at(&step.value, "/signature").unwrap_or_default();
                step.value["signature"] = format!("{known}{more}").into();
            }
            _ => {
                let fragment = loose::at(delta, "/arguments").unwrap_or_default().to_owned();
                if let (Some(index), false) = (step.call, fragment.is_empty()) {
                    step.arguments.push_str(&fragment);
                    deltas.push(Delta::Arguments { index, fragment });
                }
            }
        }
    }

    /// A step is whole. Arguments that did not come in pieces stand in its beginning.
    fn finish(&mut self, index: usize, deltas: &mut Vec<Delta>) {
        let Some(step) = self.steps.get_mut(&index) else { return };
        let Some(index) = step.call else { return };
        if step.arguments.is_empty() {
            let given = step.value.get("arguments").filter(|given| !given.is_null());
            let given = given.map(|given| loose::arguments_of(&given.to_string()));
            let fragment = given.filter(|given| !given.is_empty()).unwrap_or_else(|| "{}".into());
            step.arguments.clone_from(&fragment);
            deltas.push(Delta::Arguments { index, fragment });
        } else if let Ok(arguments) = serde_json::from_str::<Map<String, Value>>(&step.arguments) {
            step.value["arguments"] = arguments.into();
        }
    }
}

/// The text of a piece of content, where it says something.
fn text_of(content: &Value) -> Option<String> {
    let text = loose::at(content, "/text").filter(|text| !text.is_empty())?;
    matches!(kind(content), "text" | "").then(|| text.to_owned())
}

/// Puts more text to the last text of a step's list.
fn append(step: &mut Value, list: &str, text: &str) {
    if !step[list].is_array() {
        step[list] = Value::Array(Vec::new());
    }
    let Some(parts) = step[list].as_array_mut() else { return };
    match parts.last_mut().and_then(|last| last.get_mut("text")) {
        Some(Value::String(last)) => last.push_str(text),
        _ => parts.push(json!({"type": "text", "text": text})),
    }
}

/// Thoughts are counted beside the output; where a server counts them in it, the total shows it.
fn usage_of(raw: &Value) -> Usage {
    let count = |pointer: &str| usage::count(raw, &[pointer]);
    let thoughts = count("/total_thought_tokens");
    let input = count("/total_input_tokens").saturating_add(count("/total_tool_use_tokens"));
    let output = count("/total_output_tokens");
    let included = count("/total_tokens") == input.saturating_add(output);
    let output = if included { output } else { output.saturating_add(thoughts) };
    let mut read = Usage::new(input, output);
    read.cached_input_tokens = count("/total_cached_tokens");
    read.reasoning_tokens = thoughts;
    read
}

fn stop_reason(status: Option<&str>, called: bool) -> StopReason {
    match status {
        Some("completed" | "requires_action") if called => StopReason::ToolCalls,
        Some("completed") => StopReason::Stop,
        Some("incomplete" | "budget_exceeded" | "requires_continuation") => StopReason::Length,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
