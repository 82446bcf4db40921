//! Taking the answer out of a reply: where it may stand, and reading it there.

use super::Journey;
use crate::contract::{Problem, ProblemKind, Shape};
use crate::conversation::{Output, Reply, ToolCall};
use crate::reading::{self, Level, Reading};

impl<T> Journey<T> {
    /// Reads one answer of the whole value. What could as well be something else is accepted and
    /// noted.
    pub(super) fn read(&mut self, answer: &Answer) -> Result<Reading, Problem> {
        let shape = self.task.contract.shape(self.form.as_deref());
        let reading = read_answer(answer, shape)?;
        if reading.rivals > 0 {
            let attempt = self.ledger.attempts.len();
            self.ledger.notes.push(format!(
                "attempt {attempt}: the reply holds {} other values that fit as well; the first was taken",
                reading.rivals
            ));
        }
        Ok(reading)
    }

    /// Where the answer may stand in a reply, likeliest first: the calls of the tool that was
    /// asked for, other calls, the text.
    pub(super) fn answers(&self, reply: &Reply) -> Vec<Answer> {
        let mut calls: Vec<&ToolCall> = reply.tool_calls().collect();
        // The sort is stable: calls of the right name come first, in their order.
        calls.sort_by_key(|call| call.name != self.task.contract.name());
        let arguments = calls.into_iter().map(Answer::arguments_of);
        let text = Some(reply.text()).filter(|text| !text.trim().is_empty()).map(Answer::Text);
        match self.request.output {
            Output::Tools(_) => arguments.chain(text).collect(),
            _ => text.into_iter().chain(arguments).collect(),
        }
    }
}

/// What may be the answer.
pub(super) enum Answer {
    /// The arguments of a tool call, which are JSON or nearly.
    Arguments(String),
    /// Text, in which the answer has to be found.
    Text(String),
}

impl Answer {
    pub(super) fn arguments_of(call: &ToolCall) -> Self {
        match call.arguments.trim() {
            // A call without arguments is an empty object to some providers.
            "" => Self::Arguments(String::from("{}")),
            _ => Self::Arguments(call.arguments.clone()),
        }
    }
}

/// Reads one answer for a shape. What was cut off inside is no answer.
pub(super) fn read_answer(answer: &Answer, shape: &Shape) -> Result<Reading, Problem> {
    let read = match answer {
        Answer::Arguments(text) => reading::read_arguments(text, shape, Level::Lenient),
        Answer::Text(text) => reading::read(text, shape, Level::Lenient),
    };
    let reading = read.map_err(|error| unreadable_problem(error.to_string()))?;
    if reading.is_cut() {
        return Err(unreadable_problem("one that ends in the middle"));
    }
    Ok(reading)
}

pub(super) fn unreadable_problem(found: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unreadable, "", "a JSON value", found)
}
