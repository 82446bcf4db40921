//! Fallbacks after a failed request: a higher limit of tokens, the whole value instead of parts, one tool
//! instead of several, another mode, a request without a setting.

use super::state::{Driver, Failure};
use crate::conversation::{Feature, Mode, ProviderError};
use crate::extraction::ask::Ask;
use crate::extraction::initial_request::InitialRequest;
use crate::extraction::ledger::{Attempt, Outcome};
use crate::extraction::policy::Reask;

impl<T> Driver<T> {
    /// Changes the next request so that it may not fail in the same way. Returns false if nothing can be
    /// changed.
    pub(super) fn recover_from(&mut self, failure: &Failure) -> bool {
        match failure {
            Failure::Truncated(_) => self.raise_max_tokens(),
            Failure::Provider(error) => {
                self.leave_out_logprobs(error)
                    || self.fall_back_to_whole(error)
                    || self.fall_back_to_one_tool(error)
                    || self.fall_back_to_next_mode(error)
                    || self.leave_out_setting(error)
            }
            _ => false,
        }
    }

    /// Asks for the whole value if the server refuses the request for parts.
    fn fall_back_to_whole(&mut self, error: &ProviderError) -> bool {
        let is_refused = matches!(error.unsupported, Some(Feature::Mode(_) | Feature::Schema(_)));
        if !is_refused || self.ask.parts().is_none() {
            return false;
        }
        let whole = self.ask.whole().clone();
        self.dialogue.request.output = whole.output.clone();
        let Ask::Parts(parts) = std::mem::replace(&mut self.ask, Ask::Whole(whole)) else {
            return false;
        };
        self.task.options.policy.reask = Reask::Whole;
        self.ledger
            .note_attempt(&format!("the whole is asked for again instead of parts: {error}"));
        self.dialogue.request.messages.truncate(parts.messages_before);
        let problems = self.problems.clone();
        match parts.rejected_reply {
            Some(reply) => self.append_feedback(&reply, &problems),
            None => self.append_rejected_value(&problems),
        }
        true
    }

    /// Asks for the value by one tool if the server refuses several. The client remembers it.
    fn fall_back_to_one_tool(&mut self, error: &ProviderError) -> bool {
        let is_about_tools = matches!(
            error.unsupported,
            Some(Feature::Mode(Mode::Tools) | Feature::Schema(Mode::Tools))
        );
        if self.was_answered() || !is_about_tools || !matches!(self.ask, Ask::Calls(_)) {
            return false;
        }
        self.task.client.refused.add_split(&self.task.contract);
        let Ok(initial) = InitialRequest::of(&self.task) else { return false };
        self.ledger.notes.push(format!("the value is asked for as one tool: {error}"));
        self.replace_initial(initial);
        true
    }

    /// Asks in the next mode if the server refuses this one, or the schema in it, and the mode is
    /// [`Mode::Auto`]. The client remembers it; no mode is tried twice.
    fn fall_back_to_next_mode(&mut self, error: &ProviderError) -> bool {
        let is_ours = self.task.options.mode == Mode::Auto && self.task.user_tools.is_empty();
        if !is_ours || self.was_answered() {
            return false;
        }
        let refused = self.dialogue.request.output.mode();
        match error.unsupported {
            Some(Feature::Mode(mode)) if mode == refused => self.task.client.refused.add(refused),
            Some(Feature::Schema(mode)) if mode == refused => {
                self.task.client.refused.add_for(refused, &self.task.contract);
            }
            _ => return false,
        }
        let Ok(initial) = InitialRequest::of(&self.task) else { return false };
        let next = initial.request.output.mode();
        if self.attempts_of_model().any(|attempt| attempt.mode == next) {
            return false;
        }
        self.ledger.notes.push(format!("the mode is {next} instead of {refused}: {error}"));
        self.replace_initial(initial);
        true
    }

    /// Leaves out a setting that the server refuses, if settings are lenient. The client remembers it.
    fn leave_out_setting(&mut self, error: &ProviderError) -> bool {
        let Some(Feature::Setting(name)) = &error.unsupported else { return false };
        let is_lenient = self.task.options.lenient_settings;
        if !is_lenient || !self.dialogue.each_settings(|settings| settings.unset(name)) {
            return false;
        }
        self.ledger.notes.push(format!("`{name}` is left out: {error}"));
        self.task.client.refused.add_setting(name, error.to_string());
        true
    }

    /// Returns the attempts of the current model. A request that was cancelled went to another one.
    pub(super) fn attempts_of_model(&self) -> impl DoubleEndedIterator<Item = &Attempt> {
        let own = self.ledger.attempts.iter().skip(self.dialogue.attempts_before);
        own.filter(|attempt| attempt.outcome != Outcome::Cancelled)
    }

    /// Returns whether the current model has replied.
    fn was_answered(&self) -> bool {
        self.attempts_of_model().any(|attempt| attempt.stop.is_some())
    }

    /// Replaces the initial request, and keeps the conversation behind it.
    fn replace_initial(&mut self, initial: InitialRequest) {
        self.ledger.notes.extend(initial.notes);
        self.ask = initial.ask;
        self.user_tools = initial.user_tools;
        self.dialogue.replace_initial(initial.request);
    }
}
