//! Escalation: asking another model, possibly of another provider, after failed answers. The conversation
//! starts anew.

use super::dialogue::{Dialogue, address_of};
use super::state::Driver;
use crate::conversation::{Conversation, Message, Mode, Output, Part};
use crate::extraction::client::Client;
use crate::extraction::initial_request::InitialRequest;
use crate::extraction::options::Options;
use crate::extraction::task::Task;

impl<T> Driver<T> {
    /// Returns whether the next model is due.
    pub(super) fn is_escalation_due(&self) -> bool {
        let next = self.task.escalations.first();
        next.is_some_and(|next| next.after <= self.rejected_count())
    }

    /// Starts the conversation with the next model that can be asked. Returns false if none is left.
    pub(super) fn escalate(&mut self) -> bool {
        while !self.task.escalations.is_empty() {
            let next = self.task.escalations.remove(0);
            let to = address_of(&next.client);
            let task = Task {
                options: options_for(&next.client, &self.task.options),
                client: next.client,
                input: without_state(&self.task.input),
                ..self.task.clone()
            };
            match InitialRequest::of(&task) {
                Ok(initial)
                    if !task.user_tools.is_empty()
                        && !matches!(initial.request.output, Output::Tools(_)) =>
                {
                    self.ledger.notes.push(format!("{to} cannot be asked: it takes no tools"));
                }
                Ok(initial) => {
                    let attempts = self.ledger.attempts.len();
                    let from = &self.dialogue.address;
                    let note = format!("after attempt {attempts}, {to} is asked instead of {from}");
                    self.ledger.notes.push(note);
                    self.ledger.notes.extend(initial.notes);
                    self.dialogue = Dialogue::start(initial.request, &task.client, attempts);
                    self.task = task;
                    self.ask = initial.ask;
                    self.user_tools = initial.user_tools;
                    self.unchanged = 0;
                    return true;
                }
                Err(error) => self.ledger.notes.push(format!("{to} cannot be asked: {error}")),
            }
        }
        false
    }
}

/// Returns the options of an extraction for another client. Settings that belong to the first provider, or
/// may be secret, are left out.
fn options_for(client: &Client, options: &Options) -> Options {
    let defaults = &client.defaults;
    let modes = client.model.profile().modes;
    let mode = match defaults.mode {
        Mode::Auto if modes.contains(&options.mode) => options.mode,
        mode => mode,
    };
    let settings = defaults.settings.clone().or(options.settings.portable());
    Options { mode, settings, prices: defaults.prices, ..options.clone() }
}

/// Returns the input without state that only the provider that wrote it can read.
fn without_state(input: &Conversation) -> Conversation {
    let is_state = |part: &Part| matches!(part, Part::State(_));
    let messages = input.messages().iter().map(|message| {
        let parts = message.parts.iter().filter(|part| !is_state(part)).cloned();
        Message::new(message.role, parts)
    });
    input.with_messages(messages.collect())
}
