//! Asking again only for what failed: which parts, in which form, and the value that is made of the
//! one that is kept and their answer.

use std::sync::Arc;

use serde_json::Value;

use super::Driver;
use super::candidates::{AnswerText, read_answer};
use crate::contract::dialect::Restored;
use crate::contract::{LoweredContract, Problem, Problems, ReaskParts};
use crate::conversation::{Feature, Output, ProviderError, Reply, ToolChoice, Tools};
use crate::extraction::Reask;
use crate::reading::Repair;

/// A value of fewer bytes of JSON is asked for as a whole: what is saved would be less than what it
/// takes to say which part is meant.
const LEAST_WHOLE: usize = 1024;

/// The parts may take so much of the whole at most: one in three.
const SHARE: usize = 3;

/// Parts that are asked for.
pub(super) struct PartialReask {
    pub(super) parts: ReaskParts,
    /// Their lowered schema, where one is sent.
    pub(super) form: Option<Arc<LoweredContract>>,
    /// The value that they belong into.
    kept: Value,
    /// Whether the answer was one to them.
    taken: bool,
    /// How many messages there were before they were asked for.
    before: usize,
    /// The reply that they were found wrong in; none where it was another model's.
    reply: Option<Reply>,
}

/// What an answer comes to, in the type's own shape.
pub(super) struct ReadValue {
    pub(super) raised: Restored,
    pub(super) repairs: Vec<Repair>,
}

impl<T> Driver<T> {
    /// The parts that are asked for, as they stand in the ledger.
    pub(super) fn asked_parts(&self) -> Vec<String> {
        let parts = self.parts.iter().flat_map(|asking| asking.parts.pointers());
        parts.map(str::to_owned).collect()
    }

    /// Decides what is asked for next, and how: the parts that are wrong, or the whole.
    pub(super) fn choose_what_to_ask(&mut self, problems: &Problems) {
        // An answer that could not be read says nothing of the parts: they are asked for again.
        if self.last.is_some() || self.parts.is_none() {
            self.parts = self.next_parts(problems);
        }
        self.request.output = match &self.parts {
            Some(asking) => self.output_for(asking),
            None => self.output_for_whole(),
        };
    }

    fn next_parts(&self, problems: &Problems) -> Option<PartialReask> {
        let value = self.last.as_ref()?;
        let reask = self.task.options.policy.reask;
        // Of several tools, only the calls that were wrong are made again as it is.
        let is_one_tool = match &self.whole {
            Output::Tools(tools) => tools.tools.len() == 1,
            _ => true,
        } && self.tooling.as_ref().is_none_or(|tooling| tooling.split.is_none());
        let came_back = reask == Reask::Auto && self.parts.is_some() && self.unchanged > 0;
        // What was given instead of parts, and does not pass either, is nothing to build upon.
        let is_other = self.parts.as_ref().is_some_and(|asking| !asking.taken);
        if reask == Reask::Whole || !is_one_tool || came_back || is_other {
            return None;
        }
        let whole = value.to_string().len();
        if reask == Reask::Auto && whole < LEAST_WHOLE {
            return None;
        }
        let (contract, form) = (&self.task.contract, self.form.as_deref());
        let parts = ReaskParts::of(contract, form, value, problems)?;
        if reask == Reask::Auto && parts.bytes().saturating_mul(SHARE) > whole {
            return None;
        }
        let form = match form {
            Some(whole) => Some(parts.contract().form_like(whole).ok()?),
            None => None,
        };
        let kept = value.clone();
        Some(PartialReask { parts, form, kept, taken: false, before: 0, reply: None })
    }

    /// Keeps what it takes to ask for the whole instead.
    pub(super) fn note_asked(&mut self, before: usize, reply: Option<&Reply>) {
        if let Some(asking) = &mut self.parts {
            (asking.before, asking.reply) = (before, reply.cloned());
        }
    }

    /// Asks for the whole instead, if the server does not take the request for parts.
    pub(super) fn step_back_to_the_whole(&mut self, error: &ProviderError) -> bool {
        let refused = matches!(error.unsupported, Some(Feature::Mode(_) | Feature::Schema(_)));
        if !refused {
            return false;
        }
        let Some(asking) = self.parts.take() else { return false };
        self.task.options.policy.reask = Reask::Whole;
        self.note(&format!("the whole is asked for again instead of parts: {error}"));
        self.request.messages.truncate(asking.before);
        self.request.output = self.whole.clone();
        let problems = self.problems.clone();
        match asking.reply {
            Some(reply) => self.feed_back(&reply, &problems),
            None => self.introduce(&problems),
        }
        true
    }

    /// The parts are asked for in the mode of the whole. Where that is tools, the tool of the whole
    /// stays, because the conversation has calls of it.
    fn output_for(&self, asking: &PartialReask) -> Output {
        match (&self.whole, &asking.form) {
            (Output::Tools(whole), Some(form)) => {
                let mut tools = whole.tools.clone();
                tools.push(Arc::clone(&form.tool));
                Output::Tools(Tools {
                    choice: ToolChoice::Only(whole.tools.len()),
                    tools,
                    ..*whole
                })
            }
            (Output::JsonSchema(_), Some(form)) => Output::JsonSchema(Arc::clone(&form.tool)),
            (whole, _) => whole.clone(),
        }
    }

    /// The whole again; a tool that the conversation has calls of stays beside it.
    fn output_for_whole(&self) -> Output {
        match (&self.whole, &self.request.output) {
            (Output::Tools(whole), Output::Tools(now)) if now.tools.len() > whole.tools.len() => {
                Output::Tools(Tools { choice: ToolChoice::Only(0), ..now.clone() })
            }
            (whole, _) => whole.clone(),
        }
    }

    /// The type of the parts in words, where that of the whole was told in words.
    pub(super) fn type_of_parts(&self) -> Option<String> {
        let PartialReask { parts, form, .. } = self.parts.as_ref()?;
        let prompt = self.task.client.model.profile().schema_prompt;
        if form.is_some() && !prompt.tells(self.request.output.mode()) {
            return None;
        }
        let contract = parts.contract();
        Some(match &self.task.options.instructions {
            Some(write) => write(contract),
            None => format!("The type of the parts:\n\n{}", contract.prompt_schema()),
        })
    }

    /// The value that an answer to parts makes, together with what is kept; `None` where parts were
    /// not asked for, or the answer has none of them: it may be the whole.
    pub(super) fn take_parts(&mut self, answer: &AnswerText) -> Option<ReadValue> {
        let PartialReask { parts, form, kept, taken, .. } = self.parts.as_mut()?;
        let (contract, form) = (parts.contract(), form.as_deref());
        let shape = contract.shape(form);
        let mut reading =
            read_answer(answer, shape, contract.name(), self.task.options.reading).ok()?;
        let repairs = std::mem::take(&mut reading.repairs);
        let mut raised = contract.restore_reading(form, reading);
        raised.value = parts.merge(kept, &raised.value)?;
        let problems = std::mem::take(&mut raised.problems);
        let in_whole = |problem: Problem| parts.to_whole(problem);
        raised.problems = problems.into_iter().map(in_whole).collect();
        *taken = true;
        Some(ReadValue { raised, repairs })
    }
}
