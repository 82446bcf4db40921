//! The reply, whole or in events. Version 1 names its events in `event_type`, one JSON object a line.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::conversation::{Delta, ProviderError, Reply, StopReason, Usage};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{reported_error, without_reply};
use crate::wire::reply_state::ReplyState;
use crate::wire::usage::UsageFields;
use crate::wire::{lenient, parse};

#[derive(Deserialize)]
struct ChatBody {
    message: Option<Value>,
    /// Version 1.
    text: Option<Value>,
    tool_calls: Option<Value>,
    meta: Option<Value>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    finish_reason: Option<String>,
    usage: Option<Value>,
}

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let reply: ChatBody = parse::body(body, "a chat")?;
    let mut stream = Stream::default();
    stream.reply.raw_stop = reply.finish_reason;
    stream.reply.usage = reply.usage.or(reply.meta).filter(Value::is_object);
    stream.reply.ended = true;
    let mut deltas = Vec::new();
    match (&reply.message, &reply.text) {
        (Some(message @ Value::Object(_)), _) => {
            deltas.extend(lenient::non_empty_at(message, "/tool_plan").map(Delta::Reasoning));
            match message.get("content") {
                Some(Value::Array(parts)) => deltas.extend(parts.iter().filter_map(part_delta)),
                Some(Value::String(text)) => deltas.push(Delta::Text(text.clone())),
                _ => {}
            }
            stream.calls(message.get("tool_calls"), &mut deltas);
        }
        (None, Some(Value::String(text))) => {
            deltas.push(Delta::Text(text.clone()));
            stream.calls(reply.tool_calls.as_ref(), &mut deltas);
        }
        _ => return Err(without_reply(body, "the reply has no message")),
    }
    whole_reply(&mut stream, deltas)
}

/// Returns the delta of a content part. `None` for an empty one.
fn part_delta(part: &Value) -> Option<Delta> {
    let text = |key: &str| lenient::non_empty_at(part, key);
    text("/thinking").map(Delta::Reasoning).or_else(|| text("/text").map(Delta::Text))
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
pub(super) struct Stream {
    reply: ReplyState,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let Some(event) = parse::event::<Value>(data, "an event")? else { return Ok(Vec::new()) };
        let mut deltas = Vec::new();
        if let Some(kind) = lenient::text_at(&event, "/event_type") {
            self.version_1_event(kind, &event, &mut deltas);
            return Ok(deltas);
        }
        match lenient::text_at(&event, "/type").or(name).unwrap_or_default() {
            "content-start" | "content-delta" => {
                deltas.extend(event.pointer("/delta/message/content").and_then(part_delta));
            }
            "tool-plan-delta" => {
                let plan = lenient::non_empty_at(&event, "/delta/message/tool_plan");
                deltas.extend(plan.map(Delta::Reasoning));
            }
            "tool-call-start" => {
                if let Some(call) = event.pointer("/delta/message/tool_calls") {
                    self.call(call, &mut deltas);
                }
            }
            "tool-call-delta" => {
                let fragment =
                    lenient::text_at(&event, "/delta/message/tool_calls/function/arguments");
                if let (Some(fragment), Some(index)) = (fragment, self.reply.calls.checked_sub(1)) {
                    deltas.push(Delta::Arguments { index, fragment: fragment.to_owned() });
                }
            }
            "message-end" => {
                if let Some(error) = lenient::text_at(&event, "/delta/error") {
                    return Err(reported_error(&json!({"message": error}).to_string()));
                }
                self.close(
                    lenient::non_blank_at(&event, "/delta/finish_reason"),
                    event.pointer("/delta/usage"),
                );
            }
            "error" => return Err(reported_error(data)),
            // A failure has no type, only a message, or an object behind a gateway.
            "" if event.get("message").is_some_and(Value::is_string)
                || event.get("error").is_some_and(lenient::is_error) =>
            {
                return Err(reported_error(data));
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
            return Err(parse::interrupted("`message-end`"));
        }
        let mut deltas = Vec::new();
        let stop = self.reply.stop(stop_reason)?;
        self.reply.finish(usage_of, stop, None, &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage_of)
    }
}

impl Stream {
    /// Decodes an event of version 1.
    fn version_1_event(&mut self, kind: &str, event: &Value, deltas: &mut Vec<Delta>) {
        match kind {
            "text-generation" => {
                deltas.extend(
                    lenient::text_at(event, "/text").map(|text| Delta::Text(text.to_owned())),
                );
            }
            "tool-calls-generation" => self.calls(event.get("tool_calls"), deltas),
            "stream-end" => self.close(
                lenient::non_blank_at(event, "/finish_reason"),
                event.pointer("/response/meta"),
            ),
            _ => {}
        }
    }

    /// Takes over the fields of the last event.
    fn close(&mut self, finish_reason: Option<String>, usage: Option<&Value>) {
        self.reply.raw_stop = finish_reason;
        self.reply.usage = usage.filter(|usage| usage.is_object()).cloned();
        self.reply.ended = true;
    }

    /// Appends the calls of a list.
    fn calls(&mut self, calls: Option<&Value>, deltas: &mut Vec<Delta>) {
        let calls = calls.and_then(Value::as_array);
        calls.into_iter().flatten().for_each(|call| self.call(call, deltas));
    }

    /// Begins a call, in the form of either version.
    fn call(&mut self, call: &Value, deltas: &mut Vec<Delta>) {
        let first = |pointers: &[&str]| {
            pointers.iter().find_map(|pointer| lenient::text_at(call, pointer)).unwrap_or_default()
        };
        let (id, name) = (first(&["/id"]), first(&["/function/name", "/name"]));
        let index = self.reply.begin_call(id, name, deltas);
        let arguments = call.pointer("/function/arguments").or_else(|| call.get("parameters"));
        let fragment = arguments.map(|value| lenient::arguments_of(&value.to_string()));
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            deltas.push(Delta::Arguments { index, fragment });
        }
    }
}

const USAGE: UsageFields = UsageFields {
    input: &["/tokens/input_tokens", "/billed_units/input_tokens"],
    output: &["/tokens/output_tokens", "/billed_units/output_tokens"],
    cached_input: &["/cached_tokens"],
    reasoning: &["/tokens/reasoning_tokens"],
    ..UsageFields::NONE
};

fn usage_of(raw: &Value) -> Usage {
    USAGE.read(raw)
}

/// Maps the finish reasons. `None` for an unknown one.
fn stop_reason(raw: &str) -> Option<StopReason> {
    Some(match raw {
        "COMPLETE" | "STOP_SEQUENCE" => StopReason::Stop,
        "MAX_TOKENS" | "ERROR_LIMIT" => StopReason::Length,
        "TOOL_CALL" => StopReason::ToolCalls,
        "ERROR_TOXIC" => StopReason::ContentFilter,
        _ => return None,
    })
}
