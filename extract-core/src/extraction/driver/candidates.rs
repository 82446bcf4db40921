//! Taking the answer out of a reply: where it may stand, and reading it there.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Driver, Task};
use crate::contract::{Contract, LoweredContract, Problem, ProblemKind, Shape};
use crate::conversation::{Output, Reply, ToolCall};
use crate::reading::{Level, ReadError, Reader, Reading, RepairKind};

impl<T> Driver<T> {
    /// Notes that a reading had more than one value before it, and what became of the others.
    pub(super) fn note_others(&mut self, reading: &Reading) {
        if reading.rivals > 0 {
            self.note(&format!(
                "the reply holds {} other values that fit as well; the first was taken",
                reading.rivals
            ));
        }
        let count = |kind| reading.repairs.iter().filter(|repair| repair.kind == kind).count();
        if count(RepairKind::Collected) > 0 {
            let but = match count(RepairKind::DroppedItem) {
                0 => String::new(),
                more => {
                    format!("; {more} that are no elements of it, or say the same, were left out")
                }
            };
            self.note(&format!("the reply holds several values, which became one list{but}"));
        }
    }

    /// Where the answer may stand in a reply, likeliest first: the calls of the tool that was
    /// asked for, other calls, the text.
    pub(super) fn answers(&self, reply: &Reply) -> Vec<Candidate> {
        let mut calls: Vec<&ToolCall> = reply.tool_calls().collect();
        // The sort is stable: calls of the right name come first, in their order.
        calls.sort_by_key(|call| call.name != self.task.contract.name());
        let mut arguments: Vec<Candidate> = match self.pieces(&calls) {
            Some(pieces) => vec![Candidate::Pieces(pieces)],
            None => calls
                .into_iter()
                .map(|call| Candidate::One(AnswerText::arguments_of(call)))
                .collect(),
        };
        let text = Some(reply.text()).filter(|text| !text.trim().is_empty());
        let text = text.map(|text| Candidate::One(AnswerText::Text(text)));
        let at = if matches!(self.request.output, Output::Tools(_)) { arguments.len() } else { 0 };
        arguments.splice(at..at, text);
        arguments
    }
}

/// What may be the answer.
#[derive(Clone)]
pub(super) enum AnswerText {
    /// The arguments of a tool call, which are JSON or nearly.
    Arguments(String),
    /// Text, in which the answer has to be found.
    Text(String),
}

/// What a reply gives for the value.
pub(super) enum Candidate {
    /// What may be all of it.
    One(AnswerText),
    /// Several calls, each with a piece of the list.
    Pieces(Vec<AnswerText>),
}

impl AnswerText {
    /// Whether the text is the JSON of an object with members.
    pub(super) fn is_filled_object(&self) -> bool {
        let members = serde_json::from_str::<Map<String, Value>>(self.text());
        members.is_ok_and(|members| !members.is_empty())
    }

    /// The text as the model wrote it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Arguments(text) | Self::Text(text) => text,
        }
    }

    pub(super) fn arguments_of(call: &ToolCall) -> Self {
        match call.arguments.trim() {
            // A call without arguments is an empty object to some providers.
            "" => Self::Arguments(String::from("{}")),
            _ => Self::Arguments(call.arguments.clone()),
        }
    }
}

/// The length of a text, in bytes, from which it is read beside the runtime: reading it would hold up
/// the deadline, and everything else that runs on the same thread.
const LONG: usize = 256 * 1024;

/// Reads one answer of the whole value. A long one is read on a thread of its own, so that a deadline is
/// kept; outside of a runtime it is read in place.
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

/// Reads one answer for a shape, which was asked for by this name. A value that was cut off is no
/// answer, unless the level takes it.
pub(super) fn read_answer(
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
    match reading.cut_place() {
        Some(place) if level != Level::Salvage => {
            let within = if place.is_empty() { "the value" } else { place };
            Err(unreadable_problem(format!("one that ends inside {within}")))
        }
        _ => Ok(reading),
    }
}

/// A call of a tool that was not offered.
pub(super) fn other_call(offered: &str, found: &str) -> Problem {
    let expected = format!("a call of one of the tools {offered}");
    Problem::new(ProblemKind::Unreadable, "", expected, format!("a call of {found}"))
}

pub(super) fn unreadable_problem(found: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unreadable, "", "a JSON value", found)
}
