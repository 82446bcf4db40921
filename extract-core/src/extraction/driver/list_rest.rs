//! Continuing a list: the next request asks for the elements behind those that were given. It begins like the
//! first request, and shows the last elements only.

use std::borrow::Cow;

use super::end::Next;
use super::state::{Driver, Failure};
use crate::contract::Problems;
use crate::conversation::{Message, Output, Reply, StopReason, ToolCall};
use crate::extraction::ask::{Ask, Incomplete, ListRest};
use crate::extraction::channel::StreamEvent;
use crate::extraction::error::Rejected;
use crate::extraction::ledger::Outcome;
use crate::extraction::limit::Limit;
use crate::extraction::lists::{CutPlace, cut_back};

impl<T> Driver<T> {
    /// Whether the complete elements of a reply that is cut off are kept.
    pub(super) fn keeps_cut_lists(&self) -> bool {
        self.lists.continues() && matches!(self.ask, Ask::Whole(_) | Ask::Rest(_))
    }

    /// Returns a reply up to its last complete element if it was cut off, and the place of the cut. `None` if
    /// nothing of it can be kept.
    pub(super) fn kept_part<'r>(
        &self,
        reply: &'r Reply,
    ) -> Option<(Cow<'r, Reply>, Option<CutPlace>)> {
        if reply.stop != StopReason::Length || !self.keeps_cut_lists() {
            return Some((Cow::Borrowed(reply), None));
        }
        let (contract, form) = self.ask.requested(&self.task.contract);
        // The arguments of another tool are whole, or there is no call.
        let is_value = |call: &ToolCall| {
            call.name == contract.name() || call.name == self.task.contract.name()
        };
        if !reply.tool_calls().all(is_value) {
            return None;
        }
        let names: Vec<&str> = match &self.dialogue.request.output {
            Output::Tools(tools) => tools.tools.iter().map(|tool| tool.name.as_str()).collect(),
            _ => vec![contract.name()],
        };
        let members = contract.shape(form.as_deref()).member_names();
        let cut = cut_back(reply, &names, members.as_ref())?;
        Some((Cow::Owned(cut.reply), Some(cut.place)))
    }

    /// Records that nothing of a reply that was cut off can be kept.
    pub(super) fn truncated<C>(&mut self) -> Next<T, C> {
        let Some(attempt) = self.ledger.attempts.last_mut() else {
            return Next::Fail(Failure::Truncated(String::new()));
        };
        attempt.outcome = Outcome::Truncated;
        Next::Fail(Failure::Truncated(attempt.reply.clone()))
    }

    /// Prepares the request for the rest of a list. Shows the value so far to the stream. Fails if the rest
    /// cannot be asked for, or if the stream was stopped.
    pub(super) async fn continue_list(&mut self, incomplete: Incomplete) -> Result<(), Failure> {
        let value = self.last_value.take().unwrap_or_default();
        if let Some(channel) = self.task.channel.clone() {
            channel.send(StreamEvent::Continued { value: value.clone() });
            channel.wait_until_consumed().await;
            if let Some(problems) = channel.stopped() {
                self.problems = problems;
                return Err(Failure::Invalid(Limit::BadItem));
            }
        }
        let pointer = self.lists.list(incomplete.list).map(|list| list.pointer.clone());
        let pointer = pointer.unwrap_or_default();
        let (whole, contract) = (self.ask.whole().clone(), &self.task.contract);
        let Some(rest) = ListRest::of(whole, contract, &pointer, incomplete, value.clone()) else {
            self.last_value = Some(value);
            self.remember_rejected(&self.lists.problems());
            return Err(Failure::Invalid(Limit::NoMoreItems));
        };
        self.ask_for_rest(rest);
        Ok(())
    }

    /// Replaces the exchange so far by the request for the rest of a list.
    pub(super) fn ask_for_rest(&mut self, rest: ListRest) {
        let (last, list) = (rest.last_items().0, rest.list());
        self.lists.ask(list);
        self.ask = Ask::Rest(Box::new(rest));
        self.dialogue.request.output = self.ask.output(&self.dialogue.request.output);
        let text = self.ask.feedback(None, &Problems::new(), &self.feedback_writer());
        self.dialogue.request.messages.truncate(self.dialogue.initial_messages);
        let messages = &mut self.dialogue.request.messages;
        messages.extend([Message::assistant(last.to_string()), Message::user(text)]);
        self.dialogue.whole_messages = messages.len();
        self.unchanged = 0;
    }

    /// Takes the request for the rest of a list, for another model.
    pub(super) fn take_rest(&mut self) -> Option<ListRest> {
        if !matches!(self.ask, Ask::Rest(_)) {
            return None;
        }
        let whole = Ask::Whole(self.ask.whole().clone());
        match std::mem::replace(&mut self.ask, whole) {
            Ask::Rest(rest) => Some(*rest),
            _ => None,
        }
    }

    /// Asks the current model for the rest of a list of which another model gave the beginning. A model that
    /// cannot be asked for it alone is asked for the whole value.
    pub(super) fn resume_rest(&mut self, rest: ListRest) {
        let whole = self.ask.whole().clone();
        let rest = match self.ask {
            Ask::Whole(_) => rest.for_whole(whole, &self.task.contract),
            _ => None,
        };
        match rest {
            Some(rest) => self.ask_for_rest(rest),
            None => {
                let note = "the list is asked for from its beginning: this model cannot be asked for its rest";
                self.ledger.notes.push(note.to_owned());
            }
        }
    }

    /// Returns the value so far while the rest of a list is asked for, with the problem of the list.
    pub(super) fn value_so_far(&self) -> Option<Rejected> {
        let rest = self.ask.rest()?;
        Some(Rejected { value: rest.kept.clone(), problems: self.lists.problems() })
    }
}
