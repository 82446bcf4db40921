//! Escalation: asking another model, perhaps of another provider, when the first does not get it
//! right. The conversation is opened anew for it.

use std::sync::Arc;

use super::{Driver, Task, address};
use crate::conversation::{Input, Message, Mode, Part};
use crate::extraction::Client;
use crate::extraction::initial_request::InitialRequest;
use crate::extraction::options::Options;

impl<T> Driver<T> {
    /// Whether another model's turn has come.
    pub(super) fn is_escalation_due(&self) -> bool {
        let next = self.task.options.policy.escalations.first();
        next.is_some_and(|next| next.after <= self.rejected())
    }

    /// Opens the conversation anew with the next model; false where there is none that can be asked.
    pub(super) fn escalate(&mut self) -> bool {
        while !self.task.options.policy.escalations.is_empty() {
            let next = self.task.options.policy.escalations.remove(0);
            let attempt = self.ledger.attempts.len();
            let to = address(&next.client);
            let task = Task {
                options: options_for(&next.client, &self.task.options),
                client: next.client,
                contract: Arc::clone(&self.task.contract),
                input: without_state(&self.task.input),
                user_tools: self.task.user_tools.clone(),
                channel: self.task.channel.clone(),
                list_pointer: self.task.list_pointer.clone(),
                rules: self.task.rules.clone(),
            };
            match InitialRequest::of(&task) {
                Ok(opening) if opening.tooling.is_none() && !task.user_tools.is_empty() => {
                    self.ledger.notes.push(format!("{to} cannot be asked: it takes no tools"));
                }
                Ok(opening) => {
                    let from = std::mem::replace(&mut self.asked, to);
                    let note = format!(
                        "after attempt {attempt}, {} is asked instead of {from}",
                        self.asked
                    );
                    self.ledger.notes.push(note);
                    self.task = task;
                    self.before = attempt;
                    self.unchanged = 0;
                    self.open(opening);
                    return true;
                }
                Err(error) => self.ledger.notes.push(format!("{to} cannot be asked: {error}")),
            }
        }
        false
    }
}

/// The options of an extraction as another client is given them: what is the provider's own, or may
/// be secret, stays behind.
fn options_for(client: &Client, options: &Options) -> Options {
    let own = &client.defaults;
    let modes = client.model.profile().modes;
    let mode = match own.mode {
        Mode::Auto if modes.contains(&options.mode) => options.mode,
        mode => mode,
    };
    let settings = own.settings.clone().or(options.settings.portable());
    Options { mode, settings, prices: own.prices, ..options.clone() }
}

/// The input without what only the provider that gave it can read.
fn without_state(input: &Input) -> Input {
    let is_state = |part: &Part| matches!(part, Part::State(_));
    let messages = input.messages().iter().map(|message| {
        let parts = message.parts.iter().filter(|part| !is_state(part)).cloned();
        Message::new(message.role, parts)
    });
    messages.collect::<Vec<_>>().into()
}
