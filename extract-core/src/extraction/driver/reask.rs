//! Asking again: whether there is a point in it, whom, and what the conversation is continued with
//! after an answer that did not pass.

use std::sync::Arc;

use super::{Driver, Failure};
use crate::check::{Feedback, render_feedback};
use crate::contract::Problems;
use crate::conversation::{Message, Output, Reply, ToolResult, Tools};
use crate::extraction::RetryContext;

impl<T> Driver<T> {
    /// Makes the next request, after an answer that did not pass; or says which limit forbids it.
    pub(super) fn ask_again(&mut self, reply: &Reply, problems: &Problems) -> Result<(), Failure> {
        self.note_rejected(problems);
        if let Some(limit) = self.limit() {
            return Err(Failure::Invalid(limit));
        }
        let stuck = self.is_stuck();
        if (self.is_escalation_due() || stuck.is_some()) && self.escalate() {
            self.choose_what_to_ask(problems);
            self.introduce(problems);
            return Ok(());
        }
        if let Some(limit) = stuck {
            return Err(Failure::Invalid(limit));
        }
        self.feed_back(reply, problems);
        Ok(())
    }

    /// Continues the conversation with the reply and what is wrong with it, where the protocol wants
    /// that to stand: as the result of every call that was made, or else as a turn of the user.
    pub(super) fn feed_back(&mut self, reply: &Reply, problems: &Problems) {
        if self.feed_back_calls(reply) {
            return;
        }
        let was_of_parts = self.parts.is_some();
        self.choose_what_to_ask(problems);
        let words = self.words(problems);
        if self.task.options.policy.retry_context == RetryContext::Last {
            // Parts are parts of something, which stays.
            self.request.messages.truncate(if was_of_parts { self.told } else { self.opened });
        }
        self.note_asked(self.request.messages.len(), Some(reply));
        let messages = &mut self.request.messages;
        let turn = reply.to_message();
        if !turn.parts.is_empty() {
            messages.push(turn);
        }
        let mut calls = reply.tool_calls().peekable();
        if calls.peek().is_none() {
            messages.push(Message::user(words));
        } else {
            let words: Arc<str> = words.into();
            for call in calls {
                messages.push(Message::tool(ToolResult::new(call, Arc::clone(&words), true)));
            }
        }
        if !was_of_parts {
            self.told = self.request.messages.len();
        }
    }

    /// Tells another model, which has just been asked anew, of the answer that did not pass: as plain
    /// turns, which every provider takes. An answer that could not be read tells it nothing.
    pub(super) fn introduce(&mut self, problems: &Problems) {
        let Some(value) = self.last.clone() else { return };
        let asked = self.task.contract.sent_value(self.form.as_deref(), value).to_string();
        let words = self.words(problems);
        self.note_asked(self.request.messages.len(), None);
        self.request.messages.extend([Message::assistant(asked), Message::user(words)]);
        self.told = self.request.messages.len();
    }

    /// What is wrong, and what is asked for now, in words.
    fn words(&self, problems: &Problems) -> String {
        let attempt = u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX);
        // The model is told the places in its own answer, which may be wrapped, or of another shape.
        let (contract, form) = (&self.task.contract, self.form.as_deref());
        let asked = self.last.clone().map(|value| contract.in_sent_shape(form, value, problems));
        let (value, problems) = match &asked {
            Some((value, problems)) => (Some(value), problems),
            None => (None, problems),
        };
        let mut feedback = Feedback::new(problems, self.request.output.mode(), attempt);
        feedback.value = value;
        feedback.unchanged = self.unchanged;
        feedback.parts = self.parts.as_ref().map(|asking| &asking.parts);
        feedback.tool = match &self.request.output {
            Output::Tools(Tools { tools, .. }) if tools.len() > 1 => {
                tools.iter().map(|tool| tool.name.as_str()).find(|name| *name == contract.name())
            }
            _ => None,
        };
        let words = match &self.task.options.feedback {
            Some(write) => write(&feedback),
            None => render_feedback(&feedback),
        };
        match self.type_of_parts() {
            Some(type_of_parts) => format!("{words}\n\n{type_of_parts}"),
            None => words,
        }
    }
}
