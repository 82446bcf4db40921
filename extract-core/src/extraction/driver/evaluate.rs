//! Judging: from a reply to a checked value, or to all that is wrong with it.

use std::sync::Arc;

use serde_json::Value;

use super::candidates::{AnswerText, Candidate, read_answer, read_apart, unreadable_problem};
use super::partial_reask::ReadValue;
use super::{Driver, Failure, Task};
use crate::check::check;
use crate::contract::dialect::Restored;
use crate::contract::{Extract, FailedCheck, Problem, Problems};
use crate::conversation::Reply;
use crate::extraction::bad_items::{BadItems, RemainingItems};
use crate::extraction::ledger::Outcome;
use crate::reading::{Reading, Repair};

/// How often the elements that were left are looked at again after bad ones were left out.
const MOST_ROUNDS: usize = 32;

impl<T: Extract> Driver<T> {
    /// Reads and checks a reply. Where it holds several answers, the first that passes is taken, and
    /// noted; the pieces of a list are one answer;
    /// where none passes, the problems are those of the first that could be read. A check that could
    /// not be made is an end.
    pub(super) async fn judge(&mut self, reply: &Reply) -> Result<Result<T, Problems>, Failure> {
        if let Some(judged) = self.judge_calls(reply).await? {
            return Ok(judged);
        }
        if let Some(judged) = self.judge_words(reply).await? {
            return Ok(judged);
        }
        let mut first: Option<(Vec<Repair>, Problems)> = None;
        let mut unreadable: Option<Problem> = None;
        for given in self.answers(reply) {
            let taken = match &given {
                Candidate::Pieces(pieces) => self.read_pieces(pieces),
                Candidate::One(answer) => match self.take_parts(answer) {
                    Some(taken) => Ok(taken),
                    None => match read_apart(&self.task, self.form.as_ref(), answer).await {
                        Ok(reading) => Ok(self.take_reading(answer, reading)),
                        Err(problem) => Err(problem),
                    },
                },
            };
            let ReadValue { raised: Restored { value, problems, .. }, repairs } = match taken {
                Ok(taken) => taken,
                Err(problem) => {
                    unreadable.get_or_insert(problem);
                    continue;
                }
            };
            let (value, checked) = self.weigh(value, problems).await;
            let checked = match checked {
                Ok(checked) => checked,
                Err(failed) => {
                    self.last = Some(value);
                    self.enter_verdict(Outcome::Unchecked, repairs, &Problems::new());
                    return Err(Failure::Unchecked(failed));
                }
            };
            if checked.is_ok() || first.is_none() {
                self.last = Some(value);
            }
            match checked {
                Ok(value) => {
                    if let Candidate::One(AnswerText::Arguments(_)) = given {
                        self.note_calls_not_taken(reply.tool_calls().count());
                    }
                    self.enter_verdict(Outcome::Accepted, repairs, &Problems::new());
                    return Ok(Ok(value));
                }
                Err(problems) if first.is_none() => first = Some((repairs, problems)),
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

    /// Reads one answer of the whole value, and gives it the type's own shape.
    pub(super) fn read_whole(&mut self, answer: &AnswerText) -> Result<ReadValue, Problem> {
        let contract = &self.task.contract;
        let shape = contract.shape(self.form.as_deref());
        let reading = read_answer(answer, shape, contract.name(), self.task.options.reading)?;
        Ok(self.take_reading(answer, reading))
    }

    /// Gives a reading the type's own shape. A value that could as well be another one is noted.
    fn take_reading(&mut self, answer: &AnswerText, mut reading: Reading) -> ReadValue {
        self.note_others(&reading);
        let (contract, form) = (&self.task.contract, self.form.as_deref());
        if !reading.is_as_written() && !reading.is_of_call() {
            if let Some(value) = contract.read_as_written(form, answer.text()) {
                let raised = Restored { value, problems: Vec::new() };
                return ReadValue { raised, repairs: Vec::new() };
            }
        }
        if let Some(form) = form.filter(|form| {
            !reading.is_as_written() && !reading.is_of_call() && !form.lowered.is_identity()
        }) {
            let level = self.task.options.reading;
            let own = read_answer(answer, contract.shape(None), contract.name(), level);
            if let Some(own) = own.ok().filter(|own| contract.is_of_own_shape(form, own)) {
                return ReadValue {
                    raised: contract.restore_reading(None, own),
                    repairs: Vec::new(),
                };
            }
        }
        let repairs = std::mem::take(&mut reading.repairs);
        ReadValue { raised: contract.restore_reading(form, reading), repairs }
    }

    /// Checks a value in all layers; the elements of a list that do not pass may be left out of it.
    async fn weigh(
        &mut self,
        value: Value,
        problems: Vec<Problem>,
    ) -> (Value, Result<Result<T, Problems>, FailedCheck>) {
        let background = Arc::clone(&self.background);
        let cx = background.context();
        let Task { contract, rules, options, list_pointer: list, .. } = &self.task;
        let first = match check(contract, &value, problems, rules, cx).await {
            Ok(Err(problems)) if options.bad_items == BadItems::LeaveOut => problems,
            checked => return (value, checked),
        };
        let mut kept = RemainingItems::all(&value, list);
        let mut problems = first.clone();
        for _ in 0..MOST_ROUNDS {
            kept = kept.and_then(|kept| kept.leave_out(list, &problems));
            let Some(left) = &kept else { break };
            match check(contract, &left.value, Vec::new(), rules, cx).await {
                Ok(Err(others)) => problems = others,
                checked => {
                    let Some(RemainingItems { value, bad, .. }) = kept else { break };
                    self.ledger.left_out = bad;
                    return (value, checked);
                }
            }
        }
        (value, Ok(Err(first)))
    }

    pub(super) fn enter_verdict(
        &mut self,
        outcome: Outcome,
        repairs: Vec<Repair>,
        problems: &Problems,
    ) {
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
