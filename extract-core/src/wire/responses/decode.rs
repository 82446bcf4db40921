//! The reply: a list of items, whole or in events. Events name their item by id or by output index; the
//! last event holds the whole response, which supplies everything that no earlier event held.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::item::{Item, ItemState, STATE, TextKind};
use crate::conversation::{
    Assembly, Block, Delta, ProviderError, ProviderErrorKind, ProviderState, Reply, StopReason,
    Usage,
};
use crate::wire::decoder::{EndState, StreamDecoder, whole_reply};
use crate::wire::failure::{reported_error, without_reply};
use crate::wire::replay::ReplayLog;
use crate::wire::reply_state::{ReplyState, update};
use crate::wire::{lenient, logprobs, parse, usage};

/// A whole reply.
#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow)]
    output: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "lenient::non_blank")]
    status: Option<String>,
    incomplete_details: Option<Value>,
    error: Option<Value>,
    usage: Option<Value>,
    #[serde(default, deserialize_with = "lenient::text")]
    model: Option<String>,
    store: Option<Value>,
}

/// The fields of all kinds of events that the decoder reads.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(borrow)]
    item: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<Response<'a>>,
    #[serde(default, deserialize_with = "lenient::text")]
    item_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    output_index: Option<String>,
    #[serde(default, deserialize_with = "lenient::index")]
    sequence_number: Option<usize>,
    #[serde(default, deserialize_with = "lenient::index")]
    summary_index: Option<usize>,
    #[serde(default, deserialize_with = "lenient::text")]
    delta: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    arguments: Option<String>,
    logprobs: Option<Value>,
}

/// Decodes the body of a successful answer.
pub(super) fn decode(body: &[u8]) -> Result<Reply, ProviderError> {
    let response: Response<'_> = parse::body(body, "a response")?;
    let failed = response.error.as_ref().is_some_and(|error| !error.is_null());
    if response.output.is_none() && !failed {
        return Err(without_reply(body, "the response has no output"));
    }
    let mut stream = Stream::default();
    let mut deltas = Vec::new();
    stream.close(response, &mut deltas)?;
    whole_reply(&mut stream, deltas)
}

/// The state of one streamed reply.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the reply")]
pub(super) struct Stream {
    reply: ReplyState,
    items: Vec<ItemState>,
    replay: ReplayLog,
    refused: bool,
    /// Whether deltas of text had log-probabilities. Those of complete items repeat them.
    has_logprobs: bool,
    /// The sequence number of the latest event, and its hash.
    latest: Option<(usize, u64)>,
    /// Whether the server stores the response.
    stored: bool,
    /// Whether there is reasoning that only the server's store can replay.
    unreadable: bool,
}

impl StreamDecoder for Stream {
    fn event(&mut self, name: Option<&str>, data: &str) -> Result<Vec<Delta>, ProviderError> {
        let Some(event) = parse::event::<Event<'_>>(data, "an event")? else {
            return Ok(Vec::new());
        };
        if self.is_repetition(&event, data) {
            return Ok(Vec::new());
        }
        let kind = event.r#type.as_deref().or(name).unwrap_or_default();
        let mut deltas = Vec::new();
        match kind {
            "error" => return Err(reported_error(data)),
            "response.output_item.added" => {
                if let Some(raw) = event.item {
                    let item = Item::parse(raw)?;
                    self.open(&item, event.output_index, &mut deltas)?;
                }
            }
            "response.output_text.delta" => {
                self.add(&event, TextKind::Text, &mut deltas)?;
                self.add_logprobs(event.logprobs.as_ref(), &mut deltas);
            }
            "response.refusal.delta" => self.add(&event, TextKind::Refusal, &mut deltas)?,
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.add(&event, TextKind::Reasoning, &mut deltas)?;
            }
            "response.reasoning_summary_part.added"
                if event.summary_index.is_some_and(|index| index > 0) =>
            {
                // A blank line separates the parts of a summary.
                let gap = Event { delta: Some(String::from("\n\n")), ..event };
                self.add(&gap, TextKind::Reasoning, &mut deltas)?;
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.add(&event, TextKind::Arguments, &mut deltas)?;
            }
            "response.function_call_arguments.done" => {
                let at = self.find(event.item_id.as_deref(), event.output_index.as_deref());
                if let (Some(at), Some(arguments)) = (at, event.arguments) {
                    self.push_rest(at, TextKind::Arguments, &arguments, &mut deltas);
                }
            }
            "response.output_item.done" => {
                if let Some(raw) = event.item {
                    let item = Item::parse(raw)?;
                    let at = self.open(&item, event.output_index, &mut deltas)?;
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
                self.reply.ended = true;
            }
            // A failure in the shape of Chat Completions, without a type.
            "" if data.contains("\"error\"") => return Err(reported_error(data)),
            _ => {}
        }
        Ok(deltas)
    }

    fn end_state(&self) -> EndState {
        self.reply.end_state()
    }

    fn end(&mut self) -> Result<Vec<Delta>, ProviderError> {
        if !self.reply.ended {
            return Err(parse::interrupted("`response.completed`"));
        }
        let stop = if self.refused {
            StopReason::Refusal
        } else {
            self.reply.stop(|raw| stop_reason(raw, self.reply.calls > 0))?
        };
        let mut deltas = Vec::new();
        if self.items.iter().any(|item| item.differs) {
            deltas.push(Delta::Blocks(self.complete_blocks()?));
        }
        self.reply.cost = self.reply.usage.as_ref().and_then(usage::stated_cost);
        self.reply.finish(usage::openai, stop, self.state(), &mut deltas);
        Ok(deltas)
    }

    fn usage(&self) -> Option<Usage> {
        self.reply.usage.as_ref().map(usage::openai)
    }
}

impl Stream {
    /// Returns whether the event before had the same number and the same data. Servers that number no
    /// events may send 0 in all of them.
    fn is_repetition(&mut self, event: &Event<'_>, data: &str) -> bool {
        let Some(number) = event.sequence_number.filter(|number| *number > 0) else { return false };
        let mut hasher = DefaultHasher::new();
        data.hash(&mut hasher);
        let this = Some((number, hasher.finish()));
        std::mem::replace(&mut self.latest, this) == this
    }

    /// Returns the blocks of the complete items.
    ///
    /// # Errors
    /// An item was not completed: its deltas may be as wrong as those of the others.
    fn complete_blocks(&self) -> Result<Vec<Block>, ProviderError> {
        if self.items.iter().any(|item| !item.done) {
            let message = "the deltas of an item differ from its final text";
            return Err(parse::malformed(message.into()));
        }
        let (mut stream, mut assembly, mut deltas) = (Self::default(), Assembly::new(), Vec::new());
        for raw in self.replay.elements() {
            let raw: &RawValue =
                serde_json::from_str(raw).map_err(|error| parse::malformed(error.to_string()))?;
            let item = Item::parse(raw)?;
            let at = stream.open(&item, None, &mut deltas)?;
            stream.finish_item(at, &item, raw.get(), &mut deltas);
        }
        deltas.into_iter().for_each(|delta| assembly.push(delta));
        Ok(assembly.blocks().to_vec())
    }

    /// Returns the items to replay. Reasoning that the server neither stores nor sends out cannot be
    /// replayed; the items after it then cannot either.
    fn state(&self) -> Option<ProviderState> {
        self.replay.state(STATE).filter(|_| self.stored || !self.unreadable)
    }

    /// Returns the position of the item with this id, or else with this output index. Servers send one
    /// of them or both. Without either, it is the latest item.
    fn find(&self, id: Option<&str>, output_index: Option<&str>) -> Option<usize> {
        let id = id.filter(|id| !id.is_empty());
        let by_id = id.and_then(|id| self.items.iter().rposition(|item| item.id == id));
        by_id
            .or_else(|| {
                let index = output_index?;
                self.items.iter().rposition(|item| item.output_index.as_deref() == Some(index))
            })
            .or_else(|| {
                let unnamed = id.is_none() && output_index.is_none();
                self.items.len().checked_sub(1).filter(|_| unnamed)
            })
    }

    /// Returns the position of an item, which is new or known from an earlier event.
    ///
    /// # Errors
    /// The reply has too many items.
    fn open(
        &mut self,
        item: &Item,
        index: Option<String>,
        deltas: &mut Vec<Delta>,
    ) -> Result<usize, ProviderError> {
        let id = item.id.clone().unwrap_or_default();
        let found = match (id.is_empty(), &index) {
            (true, None) => None,
            _ => self.find(Some(&id), index.as_deref()),
        };
        if let Some((at, item_state)) = found.and_then(|at| Some((at, self.items.get_mut(at)?))) {
            if item.is_commentary() && !item_state.commentary {
                item_state.commentary = true;
                item_state.differs |= item_state.has_sent(TextKind::Text);
            }
            return Ok(at);
        }
        let call = item.is_call().then(|| {
            let text = |field: &Option<String>| field.clone().unwrap_or_default();
            self.reply.begin_call(text(&item.call_id), text(&item.name), deltas)
        });
        let mut new = ItemState::new(Some(id), index);
        new.commentary = item.is_commentary();
        new.call = call;
        self.new_item(new)
    }

    /// Adds an item and returns its position.
    ///
    /// # Errors
    /// The reply has too many items.
    fn new_item(&mut self, item: ItemState) -> Result<usize, ProviderError> {
        let at = self.items.len();
        self.items.push(item);
        parse::check_parts(at)?;
        Ok(at)
    }

    /// Appends the delta of an event to its item. A delta without an item begins one.
    ///
    /// # Errors
    /// The reply has too many items.
    fn add(
        &mut self,
        event: &Event<'_>,
        kind: TextKind,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        let Some(delta) = event.delta.as_deref().filter(|delta| !delta.is_empty()) else {
            return Ok(());
        };
        let found = self.find(event.item_id.as_deref(), event.output_index.as_deref());
        let at = match found {
            Some(at) => at,
            None => {
                self.new_item(ItemState::new(event.item_id.clone(), event.output_index.clone()))?
            }
        };
        deltas.extend(self.push(at, kind, delta));
        Ok(())
    }

    /// Appends the log-probabilities of a delta of text, unless the text is no part of the answer.
    fn add_logprobs(&mut self, list: Option<&Value>, deltas: &mut Vec<Delta>) {
        let is_answer = matches!(deltas.last(), Some(Delta::Text(_)));
        let tokens = logprobs::delta(list).filter(|_| is_answer);
        self.has_logprobs |= tokens.is_some();
        deltas.extend(tokens);
    }

    /// Counts more text of an item and returns its delta. `None` for empty text.
    fn push(&mut self, at: usize, kind: TextKind, text: &str) -> Option<Delta> {
        self.refused |= kind == TextKind::Refusal && !text.is_empty();
        self.items.get_mut(at)?.push(kind, text)
    }

    /// Appends the rest of a text. Its beginning came in deltas. An empty text tells nothing.
    fn push_rest(&mut self, at: usize, kind: TextKind, text: &str, deltas: &mut Vec<Delta>) {
        let Some(item) = self.items.get_mut(at) else { return };
        match item.rest(kind, text) {
            Some(rest) => deltas.extend(self.push(at, kind, rest)),
            // The parts of a summary may be joined in another way.
            None => item.differs |= kind != TextKind::Reasoning && !text.is_empty(),
        }
    }

    /// Appends everything that the complete item holds beyond its deltas.
    fn finish_item(&mut self, at: usize, item: &Item, raw: &str, deltas: &mut Vec<Delta>) {
        match self.items.get_mut(at) {
            Some(known) if !known.done => known.done = true,
            _ => return,
        }
        for (kind, text) in item.texts() {
            self.push_rest(at, kind, &text, deltas);
        }
        if !self.has_logprobs && !item.is_commentary() {
            deltas.extend(item.logprobs().filter_map(|list| logprobs::delta(Some(list))));
        }
        self.unreadable |= item.is_unreadable();
        self.replay.needed |= item.needs_replay();
        self.replay.push(raw);
    }

    /// Takes over the complete response.
    ///
    /// # Errors
    /// The response failed.
    fn close(
        &mut self,
        response: Response<'_>,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        update(&mut self.reply.usage, response.usage.filter(Value::is_object));
        if let Some(error) = response.error.filter(|error| !error.is_null()) {
            return Err(reported_error(&serde_json::json!({ "error": error }).to_string()));
        }
        for (index, raw) in response.output.unwrap_or_default().into_iter().enumerate() {
            let item = Item::parse(raw)?;
            let at = self.open(&item, Some(index.to_string()), deltas)?;
            self.finish_item(at, &item, raw.get(), deltas);
        }
        self.stored = response.store.as_ref().and_then(Value::as_bool) == Some(true);
        update(&mut self.reply.model, response.model);
        if response.status.as_deref() == Some("failed") {
            return Err(ProviderError::new(ProviderErrorKind::Server, "the response failed"));
        }
        let details = response.incomplete_details.as_ref();
        let reason = details.and_then(|details| lenient::non_blank_at(details, "/reason"));
        self.reply.raw_stop = reason.or(response.status);
        self.reply.ended = true;
        Ok(())
    }
}

/// Maps the status and the reasons of incomplete responses. `None` for an unknown one.
fn stop_reason(raw: &str, called: bool) -> Option<StopReason> {
    Some(match raw {
        "completed" | "complete" if called => StopReason::ToolCalls,
        "completed" | "complete" => StopReason::Stop,
        "max_output_tokens" | "max_tokens" => StopReason::Length,
        "content_filter" => StopReason::ContentFilter,
        // The server works in the background and has not answered yet.
        "queued" | "in_progress" => StopReason::Other(raw.to_owned()),
        _ => return None,
    })
}
