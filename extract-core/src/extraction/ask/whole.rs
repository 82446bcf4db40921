//! [`Whole`]: a request for the whole value.

use std::sync::Arc;

use serde_json::Value;

use super::candidates::{AnswerText, Candidate, candidates, read_answer, read_apart};
use super::evaluation::{Evaluation, Evaluator};
use super::read_value::{FirstPassing, ReadValue};
use super::reply_turn::ReplyTurn;
use super::text_answer::value_of_text;
use crate::contract::dialect::Restored;
use crate::contract::{Contract, Extract, LoweredContract, Problem, Variants};
use crate::conversation::Output;
use crate::reading::Reading;

/// A request for the whole value.
#[derive(Clone)]
pub(in crate::extraction) struct Whole {
    /// How the answer is requested.
    pub(in crate::extraction) output: Output,
    /// The lowered contract, if its schema is sent.
    pub(in crate::extraction) form: Option<Arc<LoweredContract>>,
    /// Turns plain text into a value, if plain text is an answer.
    pub(in crate::extraction) text_variants: Option<Arc<Variants>>,
}

impl Whole {
    /// Reads and checks the answers of a reply, likeliest first.
    pub(super) async fn evaluate<T: Extract>(
        &self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        if let Some(value) = self.text_answer(turn, &evaluator.task.contract) {
            return evaluator.evaluate_value(value).await;
        }
        let mut first = FirstPassing::default();
        for candidate in candidates(turn, &self.output, &evaluator.task.contract, true) {
            let read = match &candidate {
                Candidate::Chunks(chunks) => self.read_chunks(chunks, evaluator),
                Candidate::One(answer) | Candidate::Reasoning(answer) => {
                    self.read(answer, evaluator).await
                }
            };
            if let Ok(read) = &read {
                let (contract, form) = (&evaluator.task.contract, self.form.as_deref());
                let (value, cut) = (&read.restored.value, evaluator.cut.as_ref());
                if !evaluator.lists.begin(contract, form, value, cut) {
                    return Evaluation::truncated();
                }
            }
            if let Some(evaluation) = first.offer(&candidate, read, turn, evaluator).await {
                return evaluation;
            }
        }
        // A reply that was cut off and cannot be read is no wrong answer.
        if evaluator.cut.is_some() && !first.has_read() {
            Evaluation::truncated()
        } else {
            first.rejected()
        }
    }

    /// Returns the value of a reply without calls whose text is an answer, if the type accepts text.
    pub(super) fn text_answer(&self, turn: &ReplyTurn<'_>, contract: &Contract) -> Option<Value> {
        let variants = self.text_variants.as_ref()?;
        if turn.has_calls() {
            return None;
        }
        value_of_text(variants, turn, contract)
    }

    /// Reads an answer of the whole value. A long one is read on a thread of its own, so that the
    /// deadline holds. Fails if nothing can be read.
    pub(super) async fn read<T: Extract>(
        &self,
        answer: &AnswerText,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Result<ReadValue, Problem> {
        let reading = read_apart(evaluator.task, self.form.as_ref(), answer).await?;
        Ok(self.restore(answer, reading, evaluator))
    }

    /// Reads an answer of the whole value on this thread. Fails if nothing can be read.
    pub(super) fn read_here<T: Extract>(
        &self,
        answer: &AnswerText,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Result<ReadValue, Problem> {
        let contract = &evaluator.task.contract;
        let shape = contract.shape(self.form.as_deref());
        let level = evaluator.task.options.reading;
        let reading = read_answer(answer, shape, contract.name(), level)?;
        Ok(self.restore(answer, reading, evaluator))
    }

    /// Restores the type's shape from a reading. An answer that is in the type's shape already, although
    /// a dialect asked for another, is read as it is.
    fn restore<T: Extract>(
        &self,
        answer: &AnswerText,
        mut reading: Reading,
        evaluator: &mut Evaluator<'_, T>,
    ) -> ReadValue {
        evaluator.note_others(&reading);
        let (contract, form) = (&evaluator.task.contract, self.form.as_deref());
        let stated = contract.stated_counts(&reading.value);
        if !reading.is_as_written() && !reading.is_from_call() {
            if let Some(value) = contract.read_as_written(form, answer.text()) {
                let restored = Restored { value, problems: Vec::new() };
                return ReadValue { restored, repairs: Vec::new(), stated };
            }
            if let Some(form) = form.filter(|form| !form.lowered.is_identity()) {
                let level = evaluator.task.options.reading;
                let unlowered = read_answer(answer, contract.shape(None), contract.name(), level);
                let unlowered = unlowered.ok().filter(|own| contract.is_in_type_shape(form, own));
                if let Some(unlowered) = unlowered {
                    let restored = contract.restore_reading(None, unlowered);
                    return ReadValue { restored, repairs: Vec::new(), stated };
                }
            }
        }
        let repairs = std::mem::take(&mut reading.repairs);
        ReadValue { restored: contract.restore_reading(form, reading), repairs, stated }
    }
}
