//! Judging: from a reply to a checked value, or to all that is wrong with it.

use std::sync::Arc;

use super::{Ending, Journey};
use crate::check::check;
use crate::contract::dialect::Raised;
use crate::contract::{Extract, Problem, ProblemKind, Problems};
use crate::conversation::{Output, Reply, ToolCall};
use crate::extraction::ledger::Outcome;
use crate::reading::{self, Level, Reading, Repair};

impl<T: Extract> Journey<T> {
    /// Reads and checks a reply. Where it holds several answers, the first that passes is taken;
    /// where none passes, the problems are those of the first that could be read. A check that could
    /// not be made is an end.
    pub(super) async fn judge(&mut self, reply: &Reply) -> Result<Result<T, Problems>, Ending> {
        let background = Arc::clone(&self.background);
        let mut first: Option<(Vec<Repair>, Problems)> = None;
        let mut unreadable: Option<Problem> = None;
        for answer in self.answers(reply) {
            let reading = match self.read(&answer) {
                Ok(reading) => reading,
                Err(problem) => {
                    unreadable.get_or_insert(problem);
                    continue;
                }
            };
            let Raised { value, problems, .. } =
                self.task.contract.raise(self.form.as_deref(), reading.value);
            let (contract, rules) = (&self.task.contract, &self.task.rules);
            let checked = check(contract, &value, problems, rules, background.context()).await;
            let checked = match checked {
                Ok(checked) => checked,
                Err(failed) => {
                    self.last = Some(value);
                    self.enter_verdict(Outcome::Unchecked, reading.repairs, &Problems::new());
                    return Err(Ending::Unchecked(failed));
                }
            };
            if checked.is_ok() || first.is_none() {
                self.last = Some(value);
            }
            match checked {
                Ok(value) => {
                    self.enter_verdict(Outcome::Accepted, reading.repairs, &Problems::new());
                    return Ok(Ok(value));
                }
                Err(problems) if first.is_none() => first = Some((reading.repairs, problems)),
                Err(_) => {}
            }
        }
        let (repairs, problems) = first.unwrap_or_else(|| {
            let problem = unreadable.unwrap_or_else(|| unreadable_problem("nothing"));
            (Vec::new(), problem.into())
        });
        self.enter_verdict(Outcome::Rejected, repairs, &problems);
        Ok(Err(problems))
    }

    /// Reads one answer. What was cut off inside is no answer, and what could as well be something
    /// else is accepted and noted.
    fn read(&mut self, answer: &Answer) -> Result<Reading, Problem> {
        let shape = self.task.contract.shape(self.form.as_deref());
        let read = match answer {
            Answer::Arguments(text) => reading::read_arguments(text, shape, Level::Lenient),
            Answer::Text(text) => reading::read(text, shape, Level::Lenient),
        };
        let reading = read.map_err(|error| unreadable_problem(error.to_string()))?;
        if reading.is_cut() {
            return Err(unreadable_problem("one that ends in the middle"));
        }
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
    fn answers(&self, reply: &Reply) -> Vec<Answer> {
        let mut calls: Vec<&ToolCall> = reply.tool_calls().collect();
        // The sort is stable: calls of the right name come first, in their order.
        calls.sort_by_key(|call| call.name != self.task.contract.name());
        let arguments = calls.into_iter().map(|call| match call.arguments.trim() {
            // A call without arguments is an empty object to some providers.
            "" => Answer::Arguments(String::from("{}")),
            _ => Answer::Arguments(call.arguments.clone()),
        });
        let text = Some(reply.text()).filter(|text| !text.trim().is_empty()).map(Answer::Text);
        match self.request.output {
            Output::Tools(_) => arguments.chain(text).collect(),
            _ => text.into_iter().chain(arguments).collect(),
        }
    }

    fn enter_verdict(&mut self, outcome: Outcome, repairs: Vec<Repair>, problems: &Problems) {
        if let Some(attempt) = self.ledger.attempts.last_mut() {
            attempt.outcome = outcome;
            attempt.repairs = repairs;
            attempt.problems = problems.iter().cloned().collect();
            tracing::debug!(
                attempt = attempt.number,
                ?outcome,
                problems = problems.len(),
                "checked"
            );
        }
    }
}

/// What may be the answer.
enum Answer {
    /// The arguments of a tool call, which are JSON or nearly.
    Arguments(String),
    /// Text, in which the answer has to be found.
    Text(String),
}

fn unreadable_problem(found: impl Into<String>) -> Problem {
    Problem::new(ProblemKind::Unreadable, "", "a JSON value", found)
}
