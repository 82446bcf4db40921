//! The events of an extraction, and the changes of its settings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::state::Driver;
use crate::conversation::Progress;
use crate::extraction::events::{Event, Listener, NextRequest, changed};
use crate::extraction::ledger::PassedOver;

/// The number of the next extraction in this process.
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Returns the number of a new extraction.
pub(super) fn next_number() -> u64 {
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Hands an event to all listeners.
pub(super) fn tell(listeners: &[Listener], event: impl FnOnce() -> Event) {
    if !listeners.is_empty() {
        let event = event();
        listeners.iter().for_each(|listener| listener.send(&event));
    }
}

impl<T> Driver<T> {
    /// Hands an event to all listeners. `event` gets the number of the extraction.
    pub(super) fn tell(&self, event: impl FnOnce(u64) -> Event) {
        tell(&self.task.options.listeners, || event(self.number));
    }

    /// Lets the user's functions change the settings of the next request.
    pub(super) fn change_settings(&mut self) {
        if self.task.options.before_request.is_empty() {
            return;
        }
        let next = NextRequest {
            extraction: self.number,
            attempt: self.attempt_count().saturating_add(1),
            type_name: self.task.contract.name().to_owned(),
            address: self.dialogue.address.clone(),
            mode: self.dialogue.request.output.mode(),
        };
        let functions = &self.task.options.before_request;
        self.dialogue.change_settings(|settings| changed(settings, functions, &next));
    }

    /// Tells listeners about the waits of the next request.
    pub(super) fn tell_waits(&self, progress: &Progress, attempt: u32) {
        if self.task.options.listeners.is_empty() {
            return;
        }
        let (listeners, extraction) = (self.task.options.listeners.clone(), self.number);
        progress.on_wait(move |wait, failure| {
            let failure = failure.cloned().map(Box::new);
            tell(&listeners, || Event::Wait { extraction, attempt, wait, failure });
        });
    }

    /// Hands the latest attempt to all listeners. It has ended.
    pub(super) fn tell_attempt(&self) {
        let Some(attempt) = self.ledger.attempts.last() else { return };
        self.tell(|extraction| Event::Attempt { extraction, attempt: Arc::new(attempt.clone()) });
    }

    /// Records a model that is passed over.
    pub(super) fn note_passed_over(&mut self, model: PassedOver) {
        tracing::info!(target: "extract_llm", "{model}");
        self.tell(|extraction| Event::PassedOver { extraction, model: model.clone() });
        self.ledger.passed_over.push(model);
    }
}
