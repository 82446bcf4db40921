//! The settings that go over the wire as plain values, under each protocol's names.

use super::object::Object;
use crate::conversation::Settings;

/// A protocol's field names. `None` for a field that the protocol lacks or writes elsewhere.
pub(super) struct SamplingFields {
    /// The limit of tokens in the reply.
    pub(super) max_tokens: Option<&'static str>,
    pub(super) temperature: &'static str,
    pub(super) top_p: &'static str,
    pub(super) seed: Option<&'static str>,
    pub(super) stop: Option<&'static str>,
}

impl SamplingFields {
    /// The names that most protocols share.
    pub(super) const COMMON: Self = Self {
        max_tokens: None,
        temperature: "temperature",
        top_p: "top_p",
        seed: None,
        stop: Some("stop_sequences"),
    };

    /// Returns an object of all settings that are set.
    pub(super) fn object(&self, settings: &Settings) -> Object {
        let mut object = Object::new();
        if let Some(name) = self.max_tokens {
            object = object.with_some(name, settings.max_tokens);
        }
        object = object
            .with_some(self.temperature, settings.temperature)
            .with_some(self.top_p, settings.top_p);
        if let Some(name) = self.seed {
            object = object.with_some(name, settings.seed);
        }
        match self.stop {
            Some(name) => object.with_list(name, &settings.stop),
            None => object,
        }
    }
}
