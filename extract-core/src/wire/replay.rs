//! Turns of the model that the provider wants back unchanged: the decoder keeps their JSON text, and
//! the encoder sends it again byte for byte.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::conversation::{Message, Part, ProviderError, ProviderErrorKind, ProviderState};

/// The elements of a turn as JSON text.
#[derive(Debug, Default)]
pub(super) struct ReplayLog {
    elements: Vec<String>,
    /// Whether the provider wants the turn back. Only then is it kept in the reply.
    pub(super) needed: bool,
}

impl ReplayLog {
    /// Adds an element.
    pub(super) fn push(&mut self, json: impl Into<String>) {
        self.elements.push(json.into());
    }

    /// Returns the elements, oldest first.
    pub(super) fn elements(&self) -> &[String] {
        &self.elements
    }

    /// Returns the elements as the text of a JSON list.
    pub(super) fn list(&self) -> String {
        format!("[{}]", self.elements.join(","))
    }

    /// Returns the state to keep in the reply: the elements as a list. `None` if it is not needed.
    pub(super) fn state(&self, protocol: &'static str) -> Option<ProviderState> {
        self.needed.then(|| ProviderState::new(protocol, self.list()))
    }
}

/// An element of a request: newly written, or replayed as the provider sent it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Replayable<T> {
    /// A new element.
    New(T),
    /// The text of a replayed element.
    Replayed(Box<RawValue>),
}

/// Returns the state of this protocol that the message holds. `None` if there is none.
pub(super) fn state<'m>(message: &'m Message, protocol: &str) -> Option<&'m ProviderState> {
    message.parts.iter().find_map(|part| match part {
        Part::State(state) if state.protocol == protocol => Some(state),
        _ => None,
    })
}

/// Appends the elements of a replayed turn. Returns whether the message holds one.
pub(super) fn elements<T>(
    message: &Message,
    protocol: &str,
    into: &mut Vec<Replayable<T>>,
) -> bool {
    let Some(state) = state(message, protocol) else { return false };
    let turn: Vec<&RawValue> = serde_json::from_str(&state.json).unwrap_or_default();
    into.extend(turn.into_iter().map(|raw| Replayable::Replayed(raw.to_owned())));
    true
}

/// Returns a replayed turn whose state is one JSON value.
///
/// # Errors
/// The state is not JSON.
pub(super) fn value(state: &ProviderState) -> Result<Box<RawValue>, ProviderError> {
    RawValue::from_string(state.json.to_string()).map_err(|error| {
        let message = format!("the provider's state is not JSON: {error}");
        ProviderError::new(ProviderErrorKind::Encode, message)
    })
}
