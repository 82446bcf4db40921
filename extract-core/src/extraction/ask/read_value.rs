//! A value that was read from a reply, and the choice among several of them.

use serde_json::Value;

use super::candidates::{AnswerText, Candidate};
use super::evaluation::{Evaluation, Evaluator, Verdict};
use super::incomplete::Incomplete;
use super::reply_turn::ReplyTurn;
use super::unreadable::unreadable_problem;
use crate::contract::dialect::Restored;
use crate::contract::{Extract, Problem, Problems};
use crate::extraction::lists::Gap;
use crate::reading::Repair;

/// A value that was read from an answer, in the type's shape.
pub(super) struct ReadValue {
    pub(super) restored: Restored,
    pub(super) repairs: Vec<Repair>,
    /// The numbers of elements that the model states, with the pointers of the lists.
    pub(super) stated: Vec<(String, Value)>,
}

/// Takes the first answer that passes, and remembers the first that does not.
#[derive(Default)]
pub(super) struct FirstPassing {
    rejected: Option<(Value, Vec<Repair>, Problems)>,
    unreadable: Option<Problem>,
}

impl FirstPassing {
    /// Checks an answer. Returns the evaluation if the answer passes, or if a check of it could not run.
    pub(super) async fn offer<T: Extract>(
        &mut self,
        candidate: &Candidate,
        read: Result<ReadValue, Problem>,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Option<Evaluation<T>> {
        let ReadValue { restored, repairs, stated } = match read {
            Ok(read) => read,
            Err(problem) => {
                self.unreadable.get_or_insert(problem);
                return None;
            }
        };
        let Restored { value, mut problems, .. } = restored;
        evaluator.record_stated(stated);
        match evaluator.judge_lists(&value) {
            Gap::Elements(list) => {
                let incomplete = Incomplete { list, problems, is_unclear: false };
                return Some(Evaluation::incomplete(value, incomplete, repairs));
            }
            Gap::Closed(found) => problems.extend(found),
        }
        let (value, checked) = evaluator.check_or_leave_out(value, problems).await;
        match checked {
            Ok(Ok(typed)) => {
                match candidate {
                    Candidate::One(AnswerText::Arguments(_)) => {
                        evaluator.note_calls_not_taken(turn.calls().count());
                    }
                    Candidate::Reasoning(_) => {
                        evaluator.note("the answer came as reasoning, without any text");
                    }
                    _ => {}
                }
                let verdict = Verdict::Accepted(typed);
                Some(Evaluation { verdict, value: Some(value), repairs })
            }
            Ok(Err(problems)) => {
                self.rejected.get_or_insert((value, repairs, problems));
                None
            }
            Err(failed) => {
                let verdict = Verdict::Unchecked(failed);
                Some(Evaluation { verdict, value: Some(value), repairs })
            }
        }
    }

    /// Whether an answer could be read.
    pub(super) fn has_read(&self) -> bool {
        self.rejected.is_some()
    }

    /// Returns the rejection of the first answer that could be read, or else of the reply.
    pub(super) fn rejected<T>(self) -> Evaluation<T> {
        match self.rejected {
            Some((value, repairs, problems)) => {
                let verdict = Verdict::Rejected(problems.into());
                Evaluation { verdict, value: Some(value), repairs }
            }
            None => Evaluation::unreadable(
                self.unreadable.unwrap_or_else(|| unreadable_problem("nothing")),
            ),
        }
    }
}
