//! A model of a provider without its connection: the provider's row, the protocol and the facts. Shared by
//! [`Provider`](super::Provider) and [`Scripted`](super::Scripted).

use super::config_error::ConfigError;
use super::model_spec;
use super::options::ProviderOptions;
use super::preset::{self, Facts, Preset};
use super::profile::Profile;
use crate::conversation::{Feature, Part, ProviderError, Request, Settings};
use crate::wire::{Delivery, Protocol};

/// A model and the way in which requests to it are written.
pub(super) struct WireModel {
    /// The provider's row.
    pub(super) preset: &'static Preset,
    pub(super) protocol: Protocol,
    pub(super) facts: Facts,
    /// The model's name.
    pub(super) name: String,
}

impl WireModel {
    /// Returns the model that the options name. Fails if the provider or the model is missing or unknown.
    pub(super) fn of(options: &ProviderOptions) -> Result<Self, ConfigError> {
        let (preset, name) = model_spec::split_model(&options.model, options)?;
        let protocol = options.protocol.unwrap_or(preset.protocol);
        let facts = options.facts.unwrap_or_else(|| {
            // The row's facts apply to its protocol only.
            let row = if protocol == preset.protocol { preset } else { preset::custom(protocol) };
            row.facts(&name)
        });
        Ok(Self { preset, protocol, facts, name })
    }

    /// Returns the body of a request. Fails if the model does not support the media or the settings, or if
    /// the protocol cannot express them.
    pub(super) fn encode(
        &self,
        request: &Request,
        delivery: Delivery,
    ) -> Result<Vec<u8>, ProviderError> {
        for part in request.messages.iter().flat_map(|message| &message.parts) {
            match part {
                Part::Media(media) if !self.facts.media.takes(media) => {
                    let (name, kind) = (self.preset.name, media.kind);
                    return Err(ProviderError::unsupported(
                        Feature::Media(kind),
                        format!("{name} does not support {kind} input in this form"),
                    ));
                }
                _ => {}
            }
        }
        self.protocol.encode(request, &self.name, &self.facts.quirks, delivery)
    }

    /// Returns the profile of the model.
    pub(super) fn profile(&self) -> Profile {
        let facts = &self.facts;
        let mut profile = Profile::new(self.preset.name, &self.name).modes(facts.modes);
        profile.dialect = facts.schema_dialect;
        profile.strict = facts.schema_strict;
        profile.tool_dialect = facts.tool_dialect;
        profile.tool_strict = facts.tool_strict;
        profile.parallel_tools = facts.parallel_tools;
        profile.schema_prompt = facts.schema_prompt;
        profile.asking = facts.asking;
        profile.forced_tools = facts.forced_tools(self.protocol);
        profile.cache = facts.quirks.cache.support();
        profile.settings.max_tokens = facts.max_tokens;
        profile
    }

    /// Replaces or removes every setting that [`encode`](Self::encode) would refuse. Returns a note for each.
    pub(super) fn fit_settings(&self, settings: &mut Settings) -> Vec<String> {
        self.protocol.fit(&self.name, settings, &self.facts.quirks)
    }
}
