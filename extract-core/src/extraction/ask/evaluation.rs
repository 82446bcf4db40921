//! The evaluation of one reply: its verdict, and the checks that lead to it.

use std::sync::Arc;

use serde_json::Value;

use super::incomplete::Incomplete;
use super::pending_calls::CallFeedback;
use crate::check::check;
use crate::contract::{CheckContext, Extract, FailedCheck, Problem, Problems};
use crate::extraction::bad_items::{BadItems, RemainingItems};
use crate::extraction::ledger::Ledger;
use crate::extraction::lists::{CutPlace, Gap, Lists};
use crate::extraction::task::Task;
use crate::reading::{Reading, Repair, RepairKind};

/// Limit of the rounds in which invalid elements are left out of a list.
const MAX_ROUNDS: usize = 32;

/// The result of evaluating one reply.
pub(in crate::extraction) struct Evaluation<T> {
    pub(in crate::extraction) verdict: Verdict<T>,
    /// The JSON of the value in the type's shape, if one could be read.
    pub(in crate::extraction) value: Option<Value>,
    /// The repairs that reading it took.
    pub(in crate::extraction) repairs: Vec<Repair>,
}

/// The verdict on a reply.
pub(in crate::extraction) enum Verdict<T> {
    /// The value passed all checks.
    Accepted(T),
    /// The reply is unreadable, or its value failed a check.
    Rejected(Rejection),
    /// A check could not run.
    Unchecked(FailedCheck),
    /// A list of the value has more elements. Nothing was checked yet.
    Incomplete(Incomplete),
    /// The reply was cut off, and nothing of it can be kept.
    Truncated,
}

/// The problems of a rejected reply, and how they are fed back.
pub(in crate::extraction) struct Rejection {
    pub(in crate::extraction) problems: Problems,
    /// One for each call of the reply; empty if the feedback is about the whole value.
    pub(in crate::extraction) calls: Vec<CallFeedback>,
    /// Problems of all calls together, and of elements that the reply does not repeat.
    pub(in crate::extraction) beside_calls: Vec<Problems>,
}

impl From<Problems> for Rejection {
    fn from(problems: Problems) -> Self {
        Self { problems, calls: Vec::new(), beside_calls: Vec::new() }
    }
}

impl<T> Evaluation<T> {
    /// Rejects a reply that holds no readable value.
    pub(in crate::extraction) fn unreadable(problem: Problem) -> Self {
        Self::rejected(Problems::from(problem).into())
    }

    /// Rejects a reply without a value.
    pub(in crate::extraction) fn rejected(rejection: Rejection) -> Self {
        Self { verdict: Verdict::Rejected(rejection), value: None, repairs: Vec::new() }
    }

    /// Rejects a reply that was cut off, of which nothing can be kept.
    pub(super) fn truncated() -> Self {
        Self { verdict: Verdict::Truncated, value: None, repairs: Vec::new() }
    }

    /// Makes the evaluation of a value with an incomplete list.
    pub(super) fn incomplete(value: Value, incomplete: Incomplete, repairs: Vec<Repair>) -> Self {
        Self { verdict: Verdict::Incomplete(incomplete), value: Some(value), repairs }
    }

    /// Sets whether the reply began with elements that may have been given before.
    pub(super) fn set_unclear(&mut self, is_unclear: bool) {
        if let Verdict::Incomplete(incomplete) = &mut self.verdict {
            incomplete.is_unclear = is_unclear;
        }
    }

    /// Makes an evaluation from a checked value.
    pub(super) fn of_checked(value: Value, checked: Checked<T>) -> Self {
        let verdict = match checked {
            Ok(Ok(typed)) => Verdict::Accepted(typed),
            Ok(Err(problems)) => Verdict::Rejected(problems.into()),
            Err(failed) => Verdict::Unchecked(failed),
        };
        Self { verdict, value: Some(value), repairs: Vec::new() }
    }
}

/// A typed value or its problems; the outer error is a check that could not run.
pub(super) type Checked<T> = Result<Result<T, Problems>, FailedCheck>;

/// Checks the values of one extraction, and notes what happened in its ledger.
pub(in crate::extraction) struct Evaluator<'a, T> {
    pub(in crate::extraction) task: &'a Task<T>,
    pub(in crate::extraction) context: &'a Arc<CheckContext>,
    pub(in crate::extraction) ledger: &'a mut Ledger,
    pub(in crate::extraction) lists: &'a mut Lists,
    /// The place at which the reply was cut off.
    pub(in crate::extraction) cut: Option<CutPlace>,
}

impl<T: Extract> Evaluator<'_, T> {
    /// Checks a value by its schema, its type and all rules. `problems` are known already.
    pub(super) async fn check(&self, value: &Value, problems: Vec<Problem>) -> Checked<T> {
        let Task { contract, rules, .. } = self.task;
        check(contract, value, problems, rules, self.context.context()).await
    }

    /// Checks a value that was read without repairs.
    pub(super) async fn evaluate_value(&self, value: Value) -> Evaluation<T> {
        let checked = self.check(&value, Vec::new()).await;
        Evaluation::of_checked(value, checked)
    }

    /// Checks a value. With [`BadItems::LeaveOut`], invalid elements of the list are removed until the
    /// rest passes; the ledger holds them. Returns the value that was checked last.
    pub(super) async fn check_or_leave_out(
        &mut self,
        value: Value,
        problems: Vec<Problem>,
    ) -> (Value, Checked<T>) {
        let list = self.task.list_pointer.as_str();
        let first = match self.check(&value, problems).await {
            Ok(Err(problems)) if self.task.options.bad_items == BadItems::LeaveOut => problems,
            checked => return (value, checked),
        };
        let mut remaining = RemainingItems::all(&value, list);
        let mut problems = first.clone();
        for _ in 0..MAX_ROUNDS {
            remaining = remaining.and_then(|remaining| remaining.leave_out(list, &problems));
            let Some(left) = &remaining else { break };
            match self.check(&left.value, Vec::new()).await {
                Ok(Err(others)) => problems = others,
                checked => {
                    let Some(RemainingItems { value, bad, .. }) = remaining else { break };
                    self.ledger.left_out = bad;
                    return (value, checked);
                }
            }
        }
        (value, Ok(Err(first)))
    }
}

impl<T> Evaluator<'_, T> {
    /// Returns what a value lacks, and notes numbers of elements that differ.
    pub(super) fn judge_lists(&mut self, value: &Value) -> Gap {
        let (gap, notes) = self.lists.judge(&self.task.contract, value);
        notes.iter().for_each(|note| self.note(note));
        gap
    }

    /// Records the numbers of elements that a reply states.
    pub(super) fn record_stated(&mut self, stated: Vec<(String, Value)>) {
        let notes = self.lists.state(stated, &self.task.contract);
        notes.iter().for_each(|note| self.note(note));
    }

    /// Adds a note about the latest attempt to the ledger.
    pub(super) fn note(&mut self, note: &str) {
        self.ledger.note_attempt(note);
    }

    /// Notes that several calls competed for one value.
    pub(super) fn note_calls_not_taken(&mut self, count: usize) {
        if count > 1 {
            self.note(&format!("of {count} calls the first that passed was taken"));
        }
    }

    /// Notes other values of the reply, and values that were joined into one list.
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
}
