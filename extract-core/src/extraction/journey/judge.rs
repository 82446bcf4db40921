//! Judging: from a reply to a checked value, or to all that is wrong with it.

use super::Journey;
use super::answers::unreadable_problem;
use super::parts::Taken;
use crate::check::check;
use crate::contract::dialect::Raised;
use crate::contract::{Extract, Problem, Problems};
use crate::conversation::Reply;
use crate::extraction::bad_items::{BadItems, leave_out};
use crate::extraction::ledger::Outcome;
use crate::reading::Repair;

impl<T: Extract> Journey<T> {
    /// Reads and checks a reply. Where it holds several answers, the first that passes is taken;
    /// where none passes, the problems are those of the first that could be read.
    pub(super) fn judge(&mut self, reply: &Reply) -> Result<T, Problems> {
        let mut first: Option<(Vec<Repair>, Problems)> = None;
        let mut unreadable: Option<Problem> = None;
        for answer in self.answers(reply) {
            let taken = match self.take_parts(&answer) {
                Some(taken) => Ok(taken),
                None => self.read(&answer).map(|reading| Taken {
                    raised: self.task.contract.raise(self.form.as_deref(), reading.value),
                    repairs: reading.repairs,
                }),
            };
            let Taken { raised: Raised { value, problems, .. }, repairs } = match taken {
                Ok(taken) => taken,
                Err(problem) => {
                    unreadable.get_or_insert(problem);
                    continue;
                }
            };
            let mut checked = check::<T>(&self.task.contract, &value, problems);
            let mut value = value;
            if let (Err(problems), BadItems::LeaveOut) = (&checked, self.task.options.bad_items) {
                if let Some((kept, bad)) = leave_out(&value, &self.task.list, problems) {
                    checked = check::<T>(&self.task.contract, &kept, Vec::new());
                    if checked.is_ok() {
                        (value, self.ledger.left_out) = (kept, bad);
                    }
                }
            }
            if checked.is_ok() || first.is_none() {
                self.last = Some(value);
            }
            match checked {
                Ok(value) => {
                    self.enter_verdict(Outcome::Accepted, repairs, &Problems::new());
                    return Ok(value);
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
        Err(problems)
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
