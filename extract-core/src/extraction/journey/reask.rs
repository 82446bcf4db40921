//! Asking again: what the conversation is continued with after an answer that did not pass.

use std::sync::Arc;

use super::Journey;
use crate::check::{Feedback, render_feedback};
use crate::contract::Problems;
use crate::conversation::{Message, Reply, ToolResult};

impl<T> Journey<T> {
    /// Appends the reply and what is wrong with it, where the protocol wants that to stand: as the
    /// result of every call that was made, or else as a turn of the user.
    pub(super) fn feed_back(&mut self, reply: &Reply, problems: &Problems) {
        if self.feed_back_calls(reply) {
            return;
        }
        let attempt = u32::try_from(self.ledger.attempts.len()).unwrap_or(u32::MAX);
        // The model is told the places in its own answer, which may be wrapped.
        let problems: Problems = problems
            .iter()
            .cloned()
            .map(|mut problem| {
                problem.pointer = self.task.contract.asked_pointer(&problem.pointer);
                problem
            })
            .collect();
        let feedback = Feedback::new(&problems, self.request.output.mode(), attempt);
        let words = match &self.task.options.feedback {
            Some(write) => write(&feedback),
            None => render_feedback(&feedback),
        };
        let messages = &mut self.request.messages;
        let turn = reply.to_message();
        if !turn.parts.is_empty() {
            messages.push(turn);
        }
        let mut calls = reply.tool_calls().peekable();
        if calls.peek().is_none() {
            messages.push(Message::user(words));
            return;
        }
        let words: Arc<str> = words.into();
        for call in calls {
            messages.push(Message::tool(ToolResult::new(call, Arc::clone(&words), true)));
        }
    }
}
