//! The next model: asking another one, possibly of another provider, after failed answers or failures of the
//! provider. The conversation starts anew.

use super::dialogue::{Dialogue, address_of};
use super::state::{Driver, Failure};
use crate::conversation::{Conversation, Message, Mode, Output, Part};
use crate::extraction::ask::Ask;
use crate::extraction::client::{Client, NextModel};
use crate::extraction::fallback::Admission;
use crate::extraction::initial_request::InitialRequest;
use crate::extraction::ledger::{PassedOver, PassedOverReason};
use crate::extraction::options::Options;
use crate::extraction::request_tools::SentUserTool;
use crate::extraction::task::Task;

/// The conversation with another model before its first request.
pub(super) struct Prepared<T> {
    pub(super) task: Task<T>,
    pub(super) dialogue: Dialogue,
    pub(super) ask: Ask,
    user_tools: Vec<SentUserTool>,
    notes: Vec<String>,
}

impl<T> Driver<T> {
    /// Returns the place of the model that takes over because of failed checks: the one that is due first.
    pub(super) fn due_after_failed_checks(&self, is_stuck: bool) -> Option<usize> {
        let rejected = self.rejected_count();
        let models = self.task.models.iter().enumerate();
        let due = models.filter_map(|(place, next)| {
            let after = next.on.after_failed_checks()?;
            (is_stuck || after <= rejected).then_some((place, after))
        });
        due.min_by_key(|(_, after)| *after).map(|(place, _)| place)
    }

    /// Goes on with another model after a failure, if one is for such failures. Returns false if there is
    /// none.
    pub(super) fn fall_back(&mut self, failure: &Failure) -> bool {
        let reason = match failure {
            Failure::Refused(_) | Failure::Filtered(_) => PassedOverReason::Refused,
            _ => PassedOverReason::Failed,
        };
        let Some(place) = self.place_for(failure) else { return false };
        let place = self.first_with_closed_circuit(place, failure);
        // A wait in the limits that is too long left its attempt open.
        self.cut_off_by_deadline();
        // A request that was not sent left no attempt.
        let unsent = match failure {
            Failure::Provider(error) => Some(error.to_string()),
            _ => None,
        };
        if !self.go_on_with(place, reason, unsent) {
            return self.fall_back(failure);
        }
        let problems = self.problems.clone();
        self.choose_ask(&problems);
        self.append_rejected_value(&problems);
        true
    }

    /// Returns the place of the first model that takes over after this failure.
    fn place_for(&self, failure: &Failure) -> Option<usize> {
        self.task.models.iter().position(|next| match failure {
            Failure::Provider(error) => next.on.is_for(error),
            Failure::Refused(_) | Failure::Filtered(_) => next.on.is_for_refusals(),
            // The limits of this model need a longer wait than the deadline allows; another may be free.
            Failure::Deadline(_) => {
                let state = self.dialogue.request.progress.state();
                state.exceeds_deadline && next.on.is_for_failures()
            }
            Failure::Truncated(_)
            | Failure::Invalid(_)
            | Failure::Budget(_)
            | Failure::Unchecked(_)
            | Failure::Tool { .. }
            | Failure::Steps(_) => false,
        })
    }

    /// Passes over models from this place on while their circuits are open and another one is left.
    fn first_with_closed_circuit(&mut self, mut place: usize, failure: &Failure) -> usize {
        loop {
            let Some(next) = self.task.models.get(place) else { return place };
            match next.client.breaker.admit() {
                Admission::Closed => return place,
                Admission::Probe(probe) => {
                    self.probe = Some(probe);
                    return place;
                }
                Admission::Open => {}
            }
            let address = address_of(&next.client);
            let skipped = self.task.models.remove(place);
            let Some(other) = self.place_for(failure) else {
                self.task.models.insert(place, skipped);
                return place;
            };
            self.note_passed_over(PassedOver::circuit_open(address));
            place = other;
        }
    }

    /// Begins with another model if the circuit of this one is open.
    pub(super) fn pass_over_open_circuits(&mut self) {
        loop {
            match self.task.client.breaker.admit() {
                Admission::Closed => return,
                Admission::Probe(probe) => {
                    self.probe = Some(probe);
                    return;
                }
                Admission::Open => {}
            }
            let next = self.task.models.iter().position(|next| next.on.is_for_failures());
            let Some(place) = next else { return };
            self.go_on_with(place, PassedOverReason::CircuitOpen, None);
        }
    }

    /// Goes on with the model at this place of the list, which leaves the list. Returns false if it cannot be
    /// asked. `unsent` is the error of a request that was not sent.
    pub(super) fn go_on_with(
        &mut self,
        place: usize,
        reason: PassedOverReason,
        unsent: Option<String>,
    ) -> bool {
        let next = self.task.models.remove(place);
        match self.prepare(&next) {
            Ok(prepared) => {
                self.pass_over(reason, unsent);
                let rest = self.take_rest();
                self.take_over(prepared);
                if let Some(rest) = rest {
                    self.resume_rest(rest);
                }
                true
            }
            Err(passed_over) => {
                self.ledger.notes.push(passed_over.to_string());
                self.note_passed_over(passed_over);
                false
            }
        }
    }

    /// Records that the current model is not asked any more.
    fn pass_over(&mut self, reason: PassedOverReason, unsent: Option<String>) {
        let address = self.dialogue.address.clone();
        let own = self.attempts_of_model().last();
        let detail = match reason {
            PassedOverReason::CircuitOpen => None,
            _ => own.and_then(|attempt| attempt.error.clone()).or(unsent),
        };
        self.note_passed_over(PassedOver { address, reason, detail });
    }

    /// Prepares the conversation with another model.
    pub(super) fn prepare(&self, next: &NextModel) -> Result<Prepared<T>, PassedOver> {
        let client = next.client.clone();
        self.prepare_task(Task {
            options: options_for(&client, &self.task.options),
            client,
            input: without_state(&self.task.input),
            ..self.task.clone()
        })
    }

    /// Prepares a new conversation for a task.
    pub(super) fn prepare_task(&self, task: Task<T>) -> Result<Prepared<T>, PassedOver> {
        let address = address_of(&task.client);
        let initial = match InitialRequest::of(&task) {
            Ok(initial) => initial,
            Err(error) => return Err(PassedOver::not_able(address, error.to_string())),
        };
        let is_asked_by_tools = matches!(initial.request.output, Output::Tools(_));
        if !task.user_tools.is_empty() && !is_asked_by_tools {
            return Err(PassedOver::not_able(address, String::from("it takes no tools")));
        }
        let InitialRequest { request, ask, user_tools, notes } = initial;
        let dialogue = Dialogue::start(request, &task.client, self.ledger.attempts.len());
        Ok(Prepared { task, dialogue, ask, user_tools, notes })
    }

    /// Replaces the current conversation by that of another model.
    pub(super) fn take_over(&mut self, prepared: Prepared<T>) {
        let Prepared { task, dialogue, ask, user_tools, notes } = prepared;
        let (from, to) = (&self.dialogue.address, &dialogue.address);
        let note = match self.ledger.attempts.len() {
            0 => format!("{to} is asked instead of {from}"),
            attempts => format!("after attempt {attempts}, {to} is asked instead of {from}"),
        };
        self.ledger.notes.push(note);
        self.ledger.notes.extend(notes);
        // Its reply is not one to the request of the model before it.
        self.cached.forget();
        (self.task, self.dialogue, self.ask, self.user_tools) = (task, dialogue, ask, user_tools);
        self.unchanged = 0;
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
    let (prices, context_window) = (defaults.prices, defaults.context_window);
    Options { mode, settings, prices, context_window, ..options.clone() }
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
