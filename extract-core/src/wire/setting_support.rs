//! Refuses settings that a protocol or a server cannot carry, before anything is sent.

use super::descriptor::Descriptor;
use super::quirks::{CacheKeyField, EffortField, Quirks, TierField};
use crate::conversation::{Feature, ProviderError, ProviderErrorKind, Settings};

/// Checks that every setting can be sent.
///
/// # Errors
/// Names the first setting that is not finite, or that has no field.
pub(super) fn check(
    protocol: &Descriptor,
    settings: &Settings,
    quirks: &Quirks,
) -> Result<(), ProviderError> {
    if let Some(name) = settings.not_finite() {
        let message = format!("`{name}` must be finite");
        return Err(ProviderError::new(ProviderErrorKind::Encode, message));
    }
    let is_set = [
        ("seed", settings.seed.is_some()),
        ("stop", !settings.stop.is_empty()),
        ("service_tier", settings.service_tier.is_some()),
        ("prompt_cache_key", settings.prompt_cache_key.is_some()),
        ("reasoning_effort", settings.reasoning_effort.is_some()),
    ];
    let refused = |name: &str| {
        protocol.unsupported_settings.contains(&name)
            || match name {
                "service_tier" => quirks.service_tier == TierField::None,
                "prompt_cache_key" => quirks.cache_key == CacheKeyField::None,
                "reasoning_effort" => quirks.effort == EffortField::None,
                _ => false,
            }
    };
    match is_set.iter().find(|(name, set)| *set && refused(name)) {
        None => Ok(()),
        Some((name, _)) => Err(ProviderError::unsupported(
            Feature::Setting((*name).to_owned()),
            format!(
                "{} has no field for `{name}` here; `extra_body` can send any field",
                protocol.name
            ),
        )),
    }
}
