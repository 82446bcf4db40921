//! Look-ups in the provider table.

use super::row::{Preset, Rule};
use super::rows::{CUSTOM, PRESETS};
use crate::wire::Protocol;

/// Returns all providers in the table.
pub fn presets() -> &'static [Preset] {
    PRESETS
}

/// Returns the provider of this name or alias. `None` if it is not in the table.
pub(crate) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name || preset.aliases.contains(&name))
}

/// Returns the row for an unknown server of this protocol.
pub(crate) fn custom(protocol: Protocol) -> &'static Preset {
    CUSTOM.iter().find(|preset| preset.protocol == protocol).unwrap_or(&CUSTOM[0])
}

/// Returns a provider whose models have names like this one: `openai` for `gpt-4o`. `None` if there is
/// none.
pub(crate) fn likely(model: &str) -> Option<&'static Preset> {
    // The family is the letters at the start of the name: `claude`, `gpt`.
    let family = |name: &str| -> String {
        let letters = name.chars().take_while(char::is_ascii_alphabetic);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let family_of_model = Some(family(model)).filter(|family| !family.is_empty())?;
    let is_named =
        |rule: &Rule| rule.models.iter().any(|pattern| family(pattern) == family_of_model);
    presets()
        .iter()
        .find(|preset| preset.name == family_of_model || preset.all_rules().any(is_named))
}

/// Whether this is the name of open weights, which begins with the publisher's name and a slash.
/// Self-hosted servers use this name; the publisher's API does not.
pub(crate) fn is_published(model: &str) -> bool {
    const PUBLISHED: [&str; 3] = ["openai/gpt-oss", "google/gemma", "google/medgemma"];
    PUBLISHED.iter().any(|name| model.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Mode;
    use crate::wire::{Sampling, ToolChoiceForm};

    #[test]
    fn a_model_is_told_its_provider_by_its_first_letters() {
        for (model, provider) in [
            ("gpt-4o", Some("openai")),
            ("o3-mini", Some("openai")),
            ("GPT-4o", Some("openai")),
            ("claude-opus-5-5", Some("anthropic")),
            ("gemini-3.5-flash", Some("google")),
            ("mistral-large", Some("mistral")),
            ("nobody-knows", None),
            ("", None),
            ("7b", None),
        ] {
            assert_eq!(likely(model).map(|preset| preset.name), provider, "{model}");
        }
    }

    #[test]
    fn rows_hold_together() {
        let mut names: Vec<&str> = Vec::new();
        for preset in presets() {
            names.extend([preset.name].iter().chain(preset.aliases));
            let facts = std::iter::once(preset.facts)
                .chain(preset.all_rules().map(|rule| rule.apply(preset.facts)));
            for facts in facts {
                assert!(!facts.modes.is_empty(), "{}", preset.name);
                assert!(!facts.modes.contains(&Mode::Auto), "{}", preset.name);
                let extra = facts.quirks.extra;
                if !extra.is_empty() {
                    let _: serde_json::Map<String, serde_json::Value> =
                        serde_json::from_str(extra).unwrap();
                }
            }
            assert!(!preset.base_url.ends_with('/'), "{}", preset.name);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "every name is there once");
    }

    #[test]
    fn the_newest_claude_is_not_forced_and_its_elders_are() {
        let anthropic = find("anthropic").unwrap();
        let choice = |model: &str| anthropic.facts(model).quirks.tool_choice;
        for model in ["claude-opus-5-5", "claude-sonnet-5-5", "claude-fable-5-2", "claude-next"] {
            assert_eq!(choice(model), ToolChoiceForm::Auto, "{model}");
            assert_eq!(anthropic.facts(model).quirks.sampling, Sampling::Refused, "{model}");
        }
        for model in ["claude-opus-5", "claude-haiku-5-5", "claude-sonnet-4-6", "claude-3-5-haiku"]
        {
            assert_eq!(choice(model), ToolChoiceForm::Named, "{model}");
        }
        assert_eq!(anthropic.facts("claude-opus-5-5").modes[0], Mode::JsonSchema);
        assert_eq!(anthropic.facts("claude-3-5-haiku-20241022").modes[0], Mode::Tools);
    }
}
