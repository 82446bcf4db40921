//! The confidence of the value, kept over all replies: each field has that of the reply that wrote it.

use super::state::Driver;
use crate::contract::ReaskParts;
use crate::conversation::{Feature, ProviderError, Reply};
use crate::extraction::ask::Ask;
use crate::extraction::confidence::{Confidences, Known, LOGPROBS, Weighed, adopt};

/// The confidences of the fields of the latest value.
#[derive(Default)]
pub(super) struct FieldWeights {
    known: Known,
    /// The reason why the confidence of fields is unknown.
    unknown: Option<&'static str>,
}

impl<T> Driver<T> {
    /// Weighs the fields of the latest value that come from this reply.
    pub(super) fn weigh(&mut self, reply: &Reply) {
        if !self.task.options.wants_confidence() {
            return;
        }
        let Some(whole) = &self.last_value else { return };
        let before = std::mem::take(&mut self.weights).known;
        let (contract, level) = (&self.task.contract, self.task.options.reading);
        let weigh_whole = || {
            let form = self.ask.whole().form.as_deref();
            let weighed = Weighed::of(reply, contract, form, level, |value| value == whole);
            weighed.map(|weighed| adopt(&weighed, whole, str::to_owned))
        };
        // The fields that stay, and the fields of this reply.
        let (mut known, result) = match &self.ask {
            Ask::Parts(ask) if ask.is_answered() => {
                let (contract, form) = (ask.parts.contract(), ask.form.as_deref());
                let weighed = Weighed::of(reply, contract, form, level, |_| true);
                let kept = without_parts(before, &ask.parts, weighed.as_ref().ok());
                let place = |pointer: &str| ask.parts.whole_pointer(pointer);
                (kept, weighed.map(|weighed| adopt(&weighed, whole, place)))
            }
            Ask::Whole(_) | Ask::Parts(_) => (Known::new(), weigh_whole()),
            Ask::Rest(_) => (before, Err("only the first reply of a list is weighed")),
            Ask::Calls(_) => {
                (Known::new(), Err("log-probabilities do not cover the arguments of tools"))
            }
        };
        let (new, unknown) = match result {
            Ok(new) => (new, None),
            Err(reason) => (Known::new(), Some(reason)),
        };
        known.extend(new);
        self.weights = FieldWeights { known, unknown };
    }

    /// Records the confidences of the accepted value in the ledger.
    pub(super) fn record_confidences(&mut self) {
        if !self.task.options.wants_confidence() {
            return;
        }
        let Some(value) = &self.last_value else { return };
        let FieldWeights { known, unknown } = std::mem::take(&mut self.weights);
        let confidences = Confidences::of(value, |pointer, field| {
            // A field that changed since is not the one that was weighed.
            let (weighed, confidence) = known.get(pointer)?;
            (weighed == field).then_some(*confidence)
        });
        if let Some(reason) = unknown.filter(|_| self.dialogue.request.settings.logprobs) {
            self.ledger.note_attempt(&format!("confidence is unknown: {reason}"));
        }
        if known.is_empty() {
            return;
        }
        if let Some(limit) = self.task.options.doubt_below {
            self.ledger.doubts = confidences.below(limit);
        }
        self.ledger.confidences = confidences;
    }

    /// Leaves out the question for log-probabilities if the server refuses it. The client remembers it.
    pub(super) fn leave_out_logprobs(&mut self, error: &ProviderError) -> bool {
        let is_named =
            matches!(&error.unsupported, Some(Feature::Setting(name)) if name == LOGPROBS);
        // A router has no server that takes all fields of the request; it does not say which ones.
        let is_unrouted = error.message.to_ascii_lowercase().contains("no endpoints found");
        let is_ours = self.task.options.wants_confidence() && (is_named || is_unrouted);
        if !is_ours || !self.dialogue.each_settings(|settings| settings.unset(LOGPROBS)) {
            return false;
        }
        self.ledger.note_attempt(&format!("confidence is unknown: {error}"));
        self.task.client.refused.add_setting(LOGPROBS, error.to_string());
        true
    }
}

/// Returns the fields outside of the parts that a reply gives; without a reading of it, outside of all parts.
fn without_parts(mut known: Known, parts: &ReaskParts, weighed: Option<&Weighed>) -> Known {
    let is_given = |name: &str| weighed.is_none_or(|weighed| weighed.value.get(name).is_some());
    let given: Vec<&str> = parts
        .iter()
        .filter(|part| is_given(&part.name))
        .map(|part| part.pointer.as_str())
        .collect();
    known.retain(|pointer, _| !given.iter().any(|part| is_inside(pointer, part)));
    known
}

/// Whether a pointer leads to a value, or into it.
fn is_inside(pointer: &str, around: &str) -> bool {
    let rest = pointer.strip_prefix(around);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
