//! [`PartialReask`]: a request for the invalid parts of a value.

use std::sync::Arc;

use serde_json::Value;

use super::candidates::{AnswerText, Candidate, candidates, read_answer};
use super::evaluation::{Evaluation, Evaluator};
use super::read_value::{FirstPassing, ReadValue};
use super::reply_turn::ReplyTurn;
use super::whole::Whole;
use crate::contract::{Contract, Extract, LoweredContract, Problem, Problems, ReaskParts};
use crate::conversation::{Output, Reply, ToolChoice, Tools};
use crate::extraction::policy::Reask;
use crate::reading::Level;

/// Least size of a value, in bytes of JSON, whose parts are asked for. Below it, less is saved than it
/// takes to name the parts.
const MIN_WHOLE: usize = 1024;

/// Parts are asked for if they are at most one of so many shares of the whole.
const MIN_SHARES: usize = 3;

/// A request for the invalid parts of a value.
pub(in crate::extraction) struct PartialReask {
    /// How the whole value is asked for.
    pub(super) whole: Whole,
    pub(in crate::extraction) parts: ReaskParts,
    /// Lowered contract of the parts, if a schema is sent.
    pub(in crate::extraction) form: Option<Arc<LoweredContract>>,
    /// The value that the parts belong to.
    kept: Value,
    /// Whether the latest reply answered with parts, not with a whole value.
    answered: bool,
    /// Messages before the request for parts.
    pub(in crate::extraction) messages_before: usize,
    /// The reply with the invalid parts; `None` if another model wrote it.
    pub(in crate::extraction) rejected_reply: Option<Reply>,
}

impl PartialReask {
    /// Chooses the parts of a rejected value to ask for. Returns `None` if the whole value has to be asked
    /// for: the policy says so, several tools are offered, parts came back with the same problems, or
    /// parts would save too little.
    pub(in crate::extraction) fn choose(
        whole: &Whole,
        before: Option<&Self>,
        contract: &Arc<Contract>,
        rejected: (&Value, &Problems),
        reask: Reask,
        is_unchanged: bool,
    ) -> Option<Self> {
        let (value, problems) = rejected;
        let is_one_tool = match &whole.output {
            Output::Tools(tools) => tools.tools.len() == 1,
            _ => true,
        };
        let came_back = reask == Reask::Auto && before.is_some() && is_unchanged;
        // A whole value in place of parts is not merged into, because it failed as well.
        let is_other_value = before.is_some_and(|parts| !parts.answered);
        if reask == Reask::Whole || !is_one_tool || came_back || is_other_value {
            return None;
        }
        let size = value.to_string().len();
        if reask == Reask::Auto && size < MIN_WHOLE {
            return None;
        }
        let parts = ReaskParts::of(contract, whole.form.as_deref(), value, problems)?;
        if reask == Reask::Auto && parts.bytes().saturating_mul(MIN_SHARES) > size {
            return None;
        }
        let form = match &whole.form {
            Some(whole) => Some(parts.contract().lowered_like(whole).ok()?),
            None => None,
        };
        Some(Self {
            whole: whole.clone(),
            parts,
            form,
            kept: value.clone(),
            answered: false,
            messages_before: 0,
            rejected_reply: None,
        })
    }

    /// Returns whether the latest reply answered with parts, not with a whole value.
    pub(in crate::extraction) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Returns the output: the mode of the whole. The tool of the whole stays beside that of the parts,
    /// because the conversation holds calls of it.
    pub(super) fn output(&self) -> Output {
        match (&self.whole.output, &self.form) {
            (Output::Tools(whole), Some(form)) => {
                let mut tools = whole.tools.clone();
                tools.push(Arc::clone(&form.tool));
                let choice = ToolChoice::Only(whole.tools.len());
                Output::Tools(Tools { tools, choice, ..*whole })
            }
            (Output::JsonSchema(_), Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
            (whole, _) => whole.clone(),
        }
    }

    /// Reads and checks a reply. Parts are merged into the value; a whole value is checked as it is.
    pub(super) async fn evaluate<T: Extract>(
        &mut self,
        turn: &ReplyTurn<'_>,
        evaluator: &mut Evaluator<'_, T>,
    ) -> Evaluation<T> {
        if let Some(value) = self.whole.text_answer(turn, &evaluator.task.contract) {
            return evaluator.evaluate_value(value).await;
        }
        let mut first = FirstPassing::default();
        for candidate in candidates(turn, &self.whole.output, &evaluator.task.contract, false) {
            let (Candidate::One(answer) | Candidate::Reasoning(answer)) = &candidate else {
                continue;
            };
            let read = match self.read(answer, evaluator.task.options.reading) {
                Some(read) => Ok(read),
                None => self.whole.read(answer, evaluator).await,
            };
            if let Some(evaluation) = first.offer(&candidate, read, turn, evaluator).await {
                return evaluation;
            }
        }
        first.rejected()
    }

    /// Reads an answer as parts and merges them into the value. Returns `None` if the answer holds none of
    /// the parts; it may be a whole value.
    fn read(&mut self, answer: &AnswerText, level: Level) -> Option<ReadValue> {
        let (contract, form) = (self.parts.contract(), self.form.as_deref());
        let shape = contract.shape(form);
        let mut reading = read_answer(answer, shape, contract.name(), level).ok()?;
        let repairs = std::mem::take(&mut reading.repairs);
        let mut restored = contract.restore_reading(form, reading);
        restored.value = self.parts.merge(&self.kept, &restored.value)?;
        let problems = std::mem::take(&mut restored.problems);
        let to_whole = |problem: Problem| self.parts.to_whole(problem);
        restored.problems = problems.into_iter().map(to_whole).collect();
        self.answered = true;
        Some(ReadValue { restored, repairs, stated: Vec::new() })
    }
}
