//! Finds the texts of a reply that may hold the answer, and reads them.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::reply_turn::ReplyTurn;
use super::unreadable::{other_call, unreadable_problem};
use crate::contract::{Contract, LoweredContract, Problem, Shape};
use crate::conversation::{Output, ToolCall};
use crate::extraction::task::Task;
use crate::reading::{Level, ReadError, Reader, Reading};

/// A text of a reply that may hold the answer.
#[derive(Clone)]
pub(in crate::extraction) enum AnswerText {
    /// Arguments of a tool call: JSON, or nearly.
    Arguments(String),
    /// Text in which the answer has to be found.
    Text(String),
}

/// A candidate for the whole value.
pub(super) enum Candidate {
    /// One text that may hold all of it.
    One(AnswerText),
    /// Several calls, each with elements of the list.
    Chunks(Vec<AnswerText>),
    /// JSON that came as reasoning, in a reply without text and calls.
    Reasoning(AnswerText),
}

impl AnswerText {
    /// Makes the answer of a call. A call without arguments has an empty object.
    pub(in crate::extraction) fn arguments_of(call: &ToolCall) -> Self {
        match call.arguments.trim() {
            "" => Self::Arguments(String::from("{}")),
            _ => Self::Arguments(call.arguments.clone()),
        }
    }

    /// Returns whether the text is a JSON object with members.
    pub(super) fn is_filled_object(&self) -> bool {
        let members = serde_json::from_str::<Map<String, Value>>(self.text());
        members.is_ok_and(|members| !members.is_empty())
    }

    /// Returns the text as the model wrote it.
    pub(in crate::extraction) fn text(&self) -> &str {
        match self {
            Self::Arguments(text) | Self::Text(text) => text,
        }
    }
}

/// Returns the candidates of a reply, likeliest first: calls of the requested tool, other calls, the text. If
/// no tool was requested, the text comes first. If there is none, and no tool was requested, reasoning that
/// is JSON is the only candidate.
///
/// With `may_be_chunks`, several calls of the requested tool are chunks of one list.
pub(super) fn candidates(
    turn: &ReplyTurn<'_>,
    output: &Output,
    contract: &Contract,
    may_be_chunks: bool,
) -> Vec<Candidate> {
    let mut calls: Vec<&ToolCall> = turn.calls().collect();
    // The sort is stable: calls of the requested tool keep their order.
    calls.sort_by_key(|call| call.name != contract.name());
    let chunks = if may_be_chunks { list_chunks(&calls, contract) } else { None };
    let mut candidates = match chunks {
        Some(chunks) => vec![Candidate::Chunks(chunks)],
        None => calls.iter().map(|call| Candidate::One(AnswerText::arguments_of(call))).collect(),
    };
    let text = turn.text();
    let wants_calls = matches!(output, Output::Tools(_));
    if !text.trim().is_empty() {
        let at = if wants_calls { candidates.len() } else { 0 };
        candidates.insert(at, Candidate::One(AnswerText::Text(text)));
    } else if candidates.is_empty() && !wants_calls {
        let json = turn.json_reasoning();
        candidates.extend(json.map(|json| Candidate::Reasoning(AnswerText::Text(json))));
    }
    candidates
}

/// Returns the calls as chunks of the list. Returns `None` if the value is no list of any length, or
/// if fewer than two calls are of the requested tool.
fn list_chunks(calls: &[&ToolCall], contract: &Contract) -> Option<Vec<AnswerText>> {
    if calls.len() < 2 || !contract.is_list_of_any_length() {
        return None;
    }
    let requested = calls.iter().filter(|call| call.name == contract.name());
    let chunks: Vec<AnswerText> = requested.map(|call| AnswerText::arguments_of(call)).collect();
    (chunks.len() > 1).then_some(chunks)
}

/// Length of a text, in bytes, from which it is read on a thread of its own. Reading it here would hold up
/// the deadline and every other task of this thread.
const LONG: usize = 256 * 1024;

/// Reads an answer of the whole value; a long one on a thread of its own. Outside of a runtime every
/// answer is read on this thread. Fails if nothing can be read.
pub(super) async fn read_apart<T>(
    task: &Task<T>,
    form: Option<&Arc<LoweredContract>>,
    answer: &AnswerText,
) -> Result<Reading, Problem> {
    let level = task.options.reading;
    let read = move |answer: &AnswerText, contract: &Contract, form: Option<&LoweredContract>| {
        read_answer(answer, contract.shape(form), contract.name(), level)
    };
    let runtime = tokio::runtime::Handle::try_current();
    let (Ok(runtime), true) = (runtime, answer.text().len() >= LONG) else {
        return read(answer, &task.contract, form.map(Arc::as_ref));
    };
    let (contract, form, answer) = (Arc::clone(&task.contract), form.cloned(), answer.clone());
    let reading = runtime.spawn_blocking(move || read(&answer, &contract, form.as_deref())).await;
    match reading.map_err(tokio::task::JoinError::try_into_panic) {
        Ok(reading) => reading,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => Err(unreadable_problem("a reply that was not read: the runtime shuts down")),
    }
}

/// Reads an answer by a shape that was requested under this tool name. Fails if nothing can be read, and
/// below [`Level::Salvage`] if the value is cut off.
pub(in crate::extraction) fn read_answer(
    answer: &AnswerText,
    shape: &Shape,
    name: &str,
    level: Level,
) -> Result<Reading, Problem> {
    let offered = [name];
    let reader = Reader::new(shape).level(level).offered(&offered);
    let read = match answer {
        AnswerText::Arguments(text) => reader.read_arguments(text),
        AnswerText::Text(text) => reader.read(text),
    };
    let reading = read.map_err(|error| match error {
        ReadError::OtherCall { offered, found } => other_call(&offered, &found),
        error => unreadable_problem(error.to_string()),
    })?;
    match reading.cut_pointer() {
        Some(pointer) if level != Level::Salvage => {
            let within = if pointer.is_empty() { "the value" } else { pointer };
            Err(unreadable_problem(format!("one that ends inside {within}")))
        }
        _ => Ok(reading),
    }
}
