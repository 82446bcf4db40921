//! The reply: a list of items, whole or in events. The events name the item they are about by its
//! id or by its place; the last one holds the whole response, which fills in what no event told.

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
struct Response<'a> {
    #[serde(borrow)]
    output: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "loose::word")]
    status: Option<String>,
    incomplete_details: Option<Value>,
    error: Option<Value>,
    usage: Option<Value>,
    #[serde(default, deserialize_with = "loose::text")]
    model: Option<String>,
    store: Option<Value>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    #[serde(default, deserialize_with = "loose::text")]
    item_id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    output_index: Option<String>,
    #[serde(default, deserialize_with = "loose::index")]
    summary_index: Option<usize>,
    #[serde(default, deserialize_with = "loose::text")]
    delta: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    arguments: Option<String>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, deserialize_with = "loose::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    role: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    phase: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    call_id: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "loose::arguments")]
    arguments: Option<String>,
    #[serde(default, deserialize_with = "loose::text")]
    input: Option<String>,
    content: Option<Value>,
    summary: Option<Value>,
    encrypted_content: Option<Value>,
}

impl Item {
    fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }

    fn is_call(&self) -> bool {
        matches!(self.kind(), "function_call" | "custom_tool_call")
    }

    fn is_answer(&self) -> bool {
        // What the server repeats of the user's turn is no answer (`responses/compact` does).
        self.kind() == "message" && self.role.as_deref().unwrap_or("assistant") == "assistant"
    }

    fn is_commentary(&self) -> bool {
        self.phase.as_deref().is_some_and(|phase| phase != "final_answer")
    }
}

/// The reply in the body of a 200.
pub(crate) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let malformed = |message: String| ProviderError::new(ProviderErrorKind::Malformed, message);
    let response: Response<'_> = serde_json::from_slice(body).map_err(|error| {
        malformed(format!("not a response: {error}; it begins {}", beginning(body)))
    })?;
    let failed = response.error.as_ref().is_some_and(|error| !error.is_null());
    if response.output.is_none() && !failed {
        return Err(malformed(format!(
            "the response has no output; it begins {}",
            beginning(body)
        )));
    }
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    stream.close(response, &mut deltas)?;
    deltas.extend(stream.end()?);
    assemble(deltas)
}

/// A streamed reply so far.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    items: Vec<Known>,
    calls: usize,
    refused: bool,
    turn: Turn,
    /// Whether the server keeps the response itself.
    stored: bool,
    usage: Option<Value>,
    status: Option<String>,
    reason: Option<String>,
    model: Option<String>,
    ended: bool,
}

/// What may have to be sent back.
#[derive(Debug, Default)]
struct Turn {
    /// The items so far as JSON.
    items: Vec<String>,
    /// Whether the provider wants them back as they are.
    needed: bool,
    /// Whether there is reasoning that only the server's own memory can give back.
    unreadable: bool,
}

/// An item that an event told of.
#[derive(Debug, Default)]
struct Known {
    id: String,
    place: Option<String>,
    commentary: bool,
    call: Option<usize>,
    /// What was passed on of it so far, in bytes.
    text: usize,
    refusal: usize,
    reasoning: usize,
    arguments: usize,
    done: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let data = data.trim();
        if data.is_empty() || data == "[DONE]" {
            return Ok(Vec::new());
        }
        let event: Event<'_> = serde_json::from_str(data).map_err(|error| {
            let message =
                format!("not an event: {error}; it begins {}", beginning(data.as_bytes()));
            ProviderError::new(ProviderErrorKind::Malformed, message)
        })?;
        let kind = event.r#type.as_deref().or(name).unwrap_or_default();
        let mut deltas = Vec::new();
        match kind {
            "error" => return Err(in_reply(data)),
            "response.output_item.added" => {
                if let Some(raw) = event.item {
                    let item = read_item(raw)?;
                    self.known(&item, event.output_index, &mut deltas);
                }
            }
            "response.output_text.delta" => self.more(&event, Said::Text, &mut deltas),
            "response.refusal.delta" => self.more(&event, Said::Refusal, &mut deltas),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.more(&event, Said::Reasoning, &mut deltas);
            }
            "response.reasoning_summary_part.added"
                if event.summary_index.is_some_and(|index| index > 0) =>
            {
                // Parts of a summary stand apart from each other.
                let gap = Event { delta: Some(String::from("\n\n")), ..event };
                self.more(&gap, Said::Reasoning, &mut deltas);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.more(&event, Said::Arguments, &mut deltas);
            }
            "response.function_call_arguments.done" => {
                let at = self.find(event.item_id.as_deref(), event.output_index.as_deref());
                if let (Some(at), Some(arguments)) = (at, event.arguments) {
                    self.rest_of_arguments(at, &arguments, &mut deltas);
                }
            }
            "response.output_item.done" => {
                if let Some(raw) = event.item {
                    let item = read_item(raw)?;
                    let at = self.known(&item, event.output_index, &mut deltas);
                    self.finish_item(at, &item, raw.get(), &mut deltas);
                }
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => {
                if let Some(response) = event.response {
                    self.close(response, &mut deltas)?;
                }
                self.ended = true;
            }
            // A failure in the shape of Chat Completions, without a type.
            "" if data.contains("\"error\"") => return Err(in_reply(data)),
            _ => {}
        }
        Ok(deltas)
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.ended {
            let message = "the stream ended without `response.completed`";
            return Err(ProviderError::new(ProviderErrorKind::Interrupted, message));
        }
        let mut deltas = Vec::new();
        deltas.extend(self.usage.take().map(usage::openai_delta));
        // Reasoning that the server neither keeps nor hands out cannot be replayed, and what follows
        // it must then not be said to follow it.
        if self.turn.needed && (self.stored || !self.turn.unreadable) {
            let turn = format!("[{}]", self.turn.items.join(","));
            deltas.push(Delta::State(ProviderState::new(STATE, turn)));
        }
        let raw_stop = self.reason.take().or(self.status.take());
        deltas.push(Delta::Done(StreamEnd {
            stop: stop_reason(raw_stop.as_deref(), self.refused, self.calls > 0),
            raw_stop,
            model: self.model.take(),
            request_id: None,
            transport_retries: 0,
        }));
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(usage::openai)
    }
}

#[derive(Clone, Copy)]
enum Said {
    Text,
    Refusal,
    Reasoning,
    Arguments,
}

fn read_item(raw: &RawValue) -> Result<Item, ProviderError> {
    serde_json::from_str(raw.get()).map_err(|error| {
        let message = format!("not an item of a response: {error}");
        ProviderError::new(ProviderErrorKind::Malformed, message)
    })
}

impl Stream {
    /// The item of this id, or else of this place; servers give the one, the other or both. Where
    /// they give neither it is the latest.
    fn find(&self, id: Option<&str>, place: Option<&str>) -> Option<usize> {
        let by_id = id
            .filter(|id| !id.is_empty())
            .and_then(|id| self.items.iter().rposition(|known| known.id == id));
        by_id
            .or_else(|| {
                let place = place?;
                self.items.iter().rposition(|known| known.place.as_deref() == Some(place))
            })
            .or_else(|| {
                let nameless = id.is_none_or(str::is_empty) && place.is_none();
                self.items.len().checked_sub(1).filter(|_| nameless)
            })
    }

    fn known(&mut self, item: &Item, place: Option<String>, deltas: &mut Vec<Delta>) -> usize {
        let id = item.id.clone().unwrap_or_default();
        let found = match (id.is_empty(), &place) {
            (true, None) => None,
            _ => self.find(Some(&id), place.as_deref()),
        };
        if let Some(at) = found {
            self.items[at].commentary |= item.is_commentary();
            return at;
        }
        let call = item.is_call().then(|| {
            self.calls += 1;
            self.calls - 1
        });
        if let Some(index) = call {
            deltas.push(Delta::ToolCall {
                index,
                id: item.call_id.clone().unwrap_or_default(),
                name: item.name.clone().unwrap_or_default(),
            });
        }
        self.items.push(Known {
            id,
            place,
            commentary: item.is_commentary(),
            call,
            ..Known::default()
        });
        self.items.len() - 1
    }

    fn more(&mut self, event: &Event<'_>, said: Said, deltas: &mut Vec<Delta>) {
        let Some(more) = event.delta.as_deref().filter(|more| !more.is_empty()) else { return };
        let found = self.find(event.item_id.as_deref(), event.output_index.as_deref());
        let at = found.unwrap_or_else(|| {
            let id = event.item_id.clone().unwrap_or_default();
            let place = event.output_index.clone();
            self.items.push(Known { id, place, ..Known::default() });
            self.items.len() - 1
        });
        self.pass_on(at, said, more, deltas);
    }

    fn pass_on(&mut self, at: usize, said: Said, more: &str, deltas: &mut Vec<Delta>) {
        if more.is_empty() {
            return;
        }
        let known = &mut self.items[at];
        let text = more.to_owned();
        match said {
            Said::Text => {
                known.text += more.len();
                let commentary = known.commentary;
                deltas.push(if commentary { Delta::Commentary(text) } else { Delta::Text(text) });
            }
            Said::Refusal => {
                known.refusal += more.len();
                self.refused = true;
                deltas.push(Delta::Refusal(text));
            }
            Said::Reasoning => {
                known.reasoning += more.len();
                deltas.push(Delta::Reasoning(text));
            }
            Said::Arguments => {
                known.arguments += more.len();
                if let Some(index) = known.call {
                    deltas.push(Delta::Arguments { index, fragment: text });
                }
            }
        }
    }

    fn rest_of_arguments(&mut self, at: usize, arguments: &str, deltas: &mut Vec<Delta>) {
        if let Some(rest) = arguments.get(self.items[at].arguments..) {
            self.pass_on(at, Said::Arguments, rest, deltas);
        }
    }

    /// What the whole item holds beyond what came in pieces.
    fn finish_item(&mut self, at: usize, item: &Item, raw: &str, deltas: &mut Vec<Delta>) {
        if self.items[at].done {
            return;
        }
        self.items[at].done = true;
        if item.is_call() {
            let arguments = item.arguments.as_deref().or(item.input.as_deref());
            self.rest_of_arguments(at, arguments.unwrap_or_default(), deltas);
        } else if item.is_answer() {
            let text = joined(item.content.as_ref(), "text", "");
            if let Some(rest) = text.get(self.items[at].text..) {
                self.pass_on(at, Said::Text, rest, deltas);
            }
            let refusal = joined(item.content.as_ref(), "refusal", "");
            if let Some(rest) = refusal.get(self.items[at].refusal..) {
                self.pass_on(at, Said::Refusal, rest, deltas);
            }
        } else if item.kind() == "reasoning" {
            let mut text = joined(item.summary.as_ref(), "text", "\n\n");
            if text.is_empty() {
                text = joined(item.content.as_ref(), "text", "");
            }
            if let Some(rest) = text.get(self.items[at].reasoning..) {
                self.pass_on(at, Said::Reasoning, rest, deltas);
            }
            let encrypted = item.encrypted_content.as_ref().and_then(Value::as_str);
            self.turn.unreadable |= encrypted.is_none_or(str::is_empty);
        }
        let plain = item.is_call() || (item.is_answer() && item.phase.is_none());
        self.turn.needed |= !plain;
        self.turn.items.push(raw.to_owned());
    }

    fn close(
        &mut self,
        response: Response<'_>,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        self.usage = response.usage.filter(Value::is_object).or(self.usage.take());
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(in_reply(&serde_json::json!({ "error": error }).to_string()));
        }
        for (place, raw) in response.output.unwrap_or_default().into_iter().enumerate() {
            let item = read_item(raw)?;
            let at = self.known(&item, Some(place.to_string()), deltas);
            self.finish_item(at, &item, raw.get(), deltas);
        }
        self.stored = response.store.as_ref().and_then(Value::as_bool) == Some(true);
        self.model = response.model.or(self.model.take());
        self.reason = response
            .incomplete_details
            .as_ref()
            .and_then(|details| loose::word_at(details, "/reason"));
        self.status = response.status;
        if self.status.as_deref() == Some("failed") {
            return Err(ProviderError::new(ProviderErrorKind::Server, "the response failed"));
        }
        self.ended = true;
        Ok(())
    }
}

/// The texts of a list of parts, or the text that stands in its place.
fn joined(list: Option<&Value>, key: &str, between: &str) -> String {
    match list {
        Some(Value::String(text)) if key == "text" => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get(key)?.as_str());
            texts.collect::<Vec<_>>().join(between)
        }
        _ => String::new(),
    }
}

fn stop_reason(raw: Option<&str>, refused: bool, called: bool) -> StopReason {
    if refused {
        return StopReason::Refusal;
    }
    match raw {
        Some("completed" | "complete") if called => StopReason::ToolCalls,
        Some("completed" | "complete") => StopReason::Stop,
        Some("max_output_tokens" | "max_tokens") => StopReason::Length,
        Some("content_filter") => StopReason::ContentFilter,
        Some(other) => StopReason::Other(other.to_owned()),
        None => StopReason::Unstated,
    }
}
