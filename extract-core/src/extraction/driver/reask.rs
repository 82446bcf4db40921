//! Re-asks: the next request after a reply that was rejected.

use super::state::{Driver, Failure};
use crate::contract::Problems;
use crate::conversation::{Message, Reply};
use crate::extraction::ask::{Ask, FeedbackWriter, PartialReask, Rejection};
use crate::extraction::ledger::PassedOverReason;
use crate::extraction::policy::{Reask, RetryContext};

impl<T> Driver<T> {
    /// Prepares the next request after a rejected reply. Fails with the limit that forbids it.
    pub(super) fn ask_again(
        &mut self,
        reply: &Reply,
        rejection: &Rejection,
    ) -> Result<(), Failure> {
        self.remember_rejected(&rejection.problems);
        if let Some(limit) = self.lists.given_up() {
            self.take_rest();
            return Err(Failure::Invalid(limit));
        }
        if let Some(limit) = self.reached_limit() {
            return Err(Failure::Invalid(limit));
        }
        let stuck = self.unchanged_limit();
        while let Some(place) = self.due_after_failed_checks(stuck.is_some()) {
            if self.go_on_with(place, PassedOverReason::FailedChecks, None) {
                self.choose_ask(&rejection.problems);
                self.append_rejected_value(&rejection.problems);
                return Ok(());
            }
        }
        if let Some(limit) = stuck {
            return Err(Failure::Invalid(limit));
        }
        if rejection.calls.is_empty() {
            self.append_feedback(reply, &rejection.problems);
        } else {
            self.append_call_feedback(reply, rejection);
        }
        Ok(())
    }

    /// Decides whether the next request asks for the whole value or for its invalid parts. A reply that
    /// could not be read changes nothing.
    pub(super) fn choose_ask(&mut self, problems: &Problems) {
        let is_unread = self.last_value.is_none();
        match &self.ask {
            Ask::Calls(_) => {}
            Ask::Parts(_) | Ask::Rest(_) if is_unread => {}
            Ask::Whole(_) | Ask::Parts(_) | Ask::Rest(_) => {
                let whole = self.ask.whole().clone();
                let parts = self.last_value.as_ref().and_then(|value| {
                    let (contract, reask) = (&self.task.contract, self.reask_policy());
                    let (before, is_unchanged) = (self.ask.parts(), self.unchanged > 0);
                    PartialReask::choose(
                        &whole,
                        before,
                        contract,
                        (value, problems),
                        reask,
                        is_unchanged,
                    )
                });
                self.ask = parts.map_or(Ask::Whole(whole), |parts| Ask::Parts(Box::new(parts)));
            }
        }
        self.dialogue.request.output = self.ask.output(&self.dialogue.request.output);
    }

    /// Returns what re-asks ask for. The schema of parts would change the start of the prompt: with
    /// [`prompt_cache`](crate::Extraction::prompt_cache), only the user can choose that.
    fn reask_policy(&self) -> Reask {
        let sends_schema = self.ask.whole().form.is_some();
        let is_cached = self.dialogue.request.settings.caches_prompt();
        // The whole is too long for one reply.
        if self.lists.has_continued() || self.lists.is_cut() {
            return Reask::Parts;
        }
        match self.task.options.policy.reask {
            Reask::Auto if sends_schema && is_cached => Reask::Whole,
            reask => reask,
        }
    }

    /// Appends the reply, and feedback for each of its calls.
    fn append_call_feedback(&mut self, reply: &Reply, rejection: &Rejection) {
        if self.task.options.policy.retry_context == RetryContext::Last {
            self.dialogue.request.messages.truncate(self.dialogue.initial_messages);
        }
        let feedback = self.feedback_writer().on_calls(reply, rejection);
        let messages = &mut self.dialogue.request.messages;
        messages.push(reply.to_message());
        messages.extend(feedback);
    }

    /// Appends the reply and the feedback on its value: as the result of every call, or else as a user
    /// message.
    pub(super) fn append_feedback(&mut self, reply: &Reply, problems: &Problems) {
        let was_parts = self.ask.parts().is_some();
        self.choose_ask(problems);
        let writer = self.feedback_writer();
        let text = self.ask.feedback(self.last_value.as_ref(), problems, &writer);
        let feedback = FeedbackWriter::on_value(reply, text);
        if self.task.options.policy.retry_context == RetryContext::Last {
            // Parts refer to the value that was fed back on before them.
            let keep = if was_parts {
                self.dialogue.whole_messages
            } else {
                self.dialogue.initial_messages
            };
            self.dialogue.request.messages.truncate(keep);
        }
        self.mark_parts(Some(reply));
        let messages = &mut self.dialogue.request.messages;
        let turn = reply.to_message();
        if !turn.parts.is_empty() {
            messages.push(turn);
        }
        messages.extend(feedback);
        if !was_parts {
            self.dialogue.whole_messages = messages.len();
        }
    }

    /// Tells a new conversation the rejected value and its problems, as plain messages that every provider
    /// accepts. Appends nothing if the reply could not be read.
    pub(super) fn append_rejected_value(&mut self, problems: &Problems) {
        let Some(value) = self.last_value.clone() else { return };
        let form = self.ask.whole().form.as_deref();
        let sent = self.task.contract.sent_value(form, value).to_string();
        let text = self.ask.feedback(self.last_value.as_ref(), problems, &self.feedback_writer());
        self.mark_parts(None);
        let messages = &mut self.dialogue.request.messages;
        messages.extend([Message::assistant(sent), Message::user(text)]);
        self.dialogue.whole_messages = messages.len();
    }

    /// Remembers in a request for parts where it begins, so that it can be undone.
    fn mark_parts(&mut self, rejected_reply: Option<&Reply>) {
        if let Ask::Parts(parts) = &mut self.ask {
            parts.messages_before = self.dialogue.request.messages.len();
            parts.rejected_reply = rejected_reply.cloned();
        }
    }

    pub(super) fn feedback_writer(&self) -> FeedbackWriter<'_> {
        FeedbackWriter {
            options: &self.task.options,
            contract: &self.task.contract,
            output: &self.dialogue.request.output,
            schema_prompt: self.task.client.model.profile().schema_prompt,
            attempt: self.attempt_count(),
            unchanged: self.unchanged,
            expected: self.ask.rest().and_then(|rest| self.lists.list(rest.list())?.expected),
        }
    }
}
