//! Settings that were made and that a protocol, or a server of it, has no place for, or that JSON
//! cannot say: an error that names the first of them, before anything is sent.

use super::{EffortField, Protocol, Quirks, TierField};
use crate::conversation::{Feature, ProviderError, ProviderErrorKind, Settings};

/// Whether everything that was set has a place.
pub(super) fn placed(
    protocol: Protocol,
    settings: &Settings,
    quirks: &Quirks,
) -> Result<(), ProviderError> {
    if let Some(name) = settings.not_finite() {
        let message = format!("`{name}` is no finite number");
        return Err(ProviderError::new(ProviderErrorKind::Encode, message));
    }
    let lacks = |protocols: &[Protocol]| protocols.contains(&protocol);
    let no_seed = lacks(&[Protocol::Responses, Protocol::Anthropic, Protocol::Bedrock]);
    let no_stop = lacks(&[Protocol::Responses]);
    let no_tier =
        lacks(&[Protocol::Cohere, Protocol::Ollama]) || quirks.service_tier == TierField::None;
    let no_effort = lacks(&[Protocol::Bedrock]) || quirks.effort == EffortField::None;
    let out_of_place = [
        ("seed", settings.seed.is_some() && no_seed),
        ("stop", !settings.stop.is_empty() && no_stop),
        ("service_tier", settings.service_tier.is_some() && no_tier),
        ("reasoning_effort", settings.reasoning_effort.is_some() && no_effort),
    ];
    match out_of_place.iter().find(|(_, out)| *out) {
        None => Ok(()),
        Some((name, _)) => Err(ProviderError::unsupported(
            Feature::Setting((*name).to_owned()),
            format!(
                "{protocol} has no place for `{name}` here; `extra_body` sends a field as it is"
            ),
        )),
    }
}
