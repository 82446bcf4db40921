//! Refuses settings that a protocol, a server or a model cannot be sent, before anything is sent.

use super::descriptor::Descriptor;
use super::logprobs::LogprobsField;
use super::quirks::{CacheKeyField, Quirks, Sampling, TierField};
use crate::conversation::{Feature, ProviderError, ProviderErrorKind, Settings, Thinking};

/// Checks that every setting can be sent.
///
/// # Errors
/// Names the first setting that is not finite, that has no field, or that the model refuses.
pub(super) fn check(
    protocol: &Descriptor,
    model: &str,
    settings: &Settings,
    quirks: &Quirks,
) -> Result<(), ProviderError> {
    if let Some(name) = settings.not_finite() {
        let message = format!("`{name}` must be finite");
        return Err(ProviderError::new(ProviderErrorKind::Encode, message));
    }
    match refusals(protocol, model, settings, quirks).into_iter().next() {
        None => Ok(()),
        Some((name, reason)) => {
            let message = format!("{reason}; `lenient_settings` leaves it out");
            Err(ProviderError::unsupported(Feature::Setting(name.to_owned()), message))
        }
    }
}

/// Replaces or removes every setting that cannot be sent. Returns a note for each.
pub(super) fn fit(
    protocol: &Descriptor,
    model: &str,
    settings: &mut Settings,
    quirks: &Quirks,
) -> Vec<String> {
    let mut notes = Vec::new();
    // A change of `thinking` may allow or forbid sampling parameters.
    while let Some((name, reason)) = refusals(protocol, model, settings, quirks).into_iter().next()
    {
        let thinking = settings.thinking.filter(|_| name == "thinking");
        let nearest = thinking.and_then(|thinking| quirks.thinking.nearest(thinking));
        if let Some(nearest) = nearest.filter(|nearest| Some(*nearest) != thinking) {
            settings.thinking = Some(nearest);
            notes.push(format!("`thinking` is {nearest}: {reason}"));
        } else if settings.unset(name) {
            notes.push(format!("`{name}` is left out: {reason}"));
        } else {
            break;
        }
    }
    notes
}

/// Returns the settings that cannot be sent, with the reasons. `thinking` comes first.
fn refusals(
    protocol: &Descriptor,
    model: &str,
    settings: &Settings,
    quirks: &Quirks,
) -> Vec<(&'static str, String)> {
    let mut refused = Vec::new();
    if let Some(thinking) = settings.thinking {
        let support = &quirks.thinking;
        if !support.takes(thinking) {
            let words = support.words();
            let reason = format!("{model} cannot be told `thinking` {thinking}: it takes {words}");
            refused.push(("thinking", reason));
        } else if let (Thinking::Budget(budget), Some(all)) = (thinking, settings.max_tokens) {
            if budget >= all {
                let reason = format!("{thinking} leaves none of `max_tokens` {all} for the answer");
                refused.push(("thinking", reason));
            }
        }
    }
    // Most models accept the default value, 1.
    let differs = |value: Option<f64>| value.is_some_and(|value| (value - 1.0).abs() > 1e-9);
    for (name, value) in [("temperature", settings.temperature), ("top_p", settings.top_p)] {
        let reason = match quirks.sampling {
            Sampling::Refused => format!("{model} does not support `{name}`"),
            Sampling::WithoutThinking if quirks.thinking.thinks(settings) => {
                let how = if quirks.thinking.takes(Thinking::Off) {
                    ": it takes it with `Thinking::Off` only"
                } else {
                    ""
                };
                format!("{model} does not support `{name}` while it thinks{how}")
            }
            Sampling::WithoutThinking | Sampling::Accepted => continue,
        };
        if differs(value) {
            refused.push((name, reason));
        }
    }
    if settings.logprobs {
        let support = &quirks.logprobs;
        let has_no_field = support.field == LogprobsField::None
            || protocol.unsupported_settings.contains(&"logprobs");
        if has_no_field {
            let reason = format!("{model} gives no log-probabilities over {}", protocol.name);
            refused.push(("logprobs", reason));
        } else if !support.while_thinking && quirks.thinking.thinks(settings) {
            let how = if quirks.thinking.takes(Thinking::Off) {
                ": it does with `Thinking::Off` only"
            } else {
                ""
            };
            let reason = format!("{model} gives no log-probabilities while it thinks{how}");
            refused.push(("logprobs", reason));
        }
    }
    let fields = [
        ("seed", settings.seed.is_some()),
        ("stop", !settings.stop.is_empty()),
        ("service_tier", settings.service_tier.is_some()),
        ("prompt_cache_key", settings.prompt_cache_key.is_some()),
    ];
    for (name, is_set) in fields {
        let has_no_field = match name {
            "service_tier" => quirks.service_tier == TierField::None,
            "prompt_cache_key" => quirks.cache_key == CacheKeyField::None,
            _ => false,
        };
        if is_set && (has_no_field || protocol.unsupported_settings.contains(&name)) {
            let protocol = protocol.name;
            let reason =
                format!("{protocol} has no field for `{name}` here (`extra_body` can send any)");
            refused.push((name, reason));
        }
    }
    refused
}
