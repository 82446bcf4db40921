//! A row of the provider table, and the rules for some of its models.

use super::facts::{Facts, MediaSupport};
use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::wire::{EffortField, MaxTokensField, Protocol, SchemaField, ToolChoiceForm};

/// How a provider is shown the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer,
    /// The key alone, in the header of this name.
    Header(&'static str),
}

/// One provider.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Preset {
    /// Its name, as in `provider/model`.
    pub name: &'static str,
    /// Other names that it goes by.
    pub aliases: &'static [&'static str],
    /// Where it is. `{NAME}` stands for what the environment variable `NAME` holds.
    pub base_url: &'static str,
    /// Environment variables that may say where it is instead.
    pub base_variables: &'static [&'static str],
    /// What comes behind an address from these variables, where it is missing.
    pub base_suffix: &'static str,
    /// The environment variables that may hold its key, first found first taken; none for servers
    /// on the own machine, which ask for no key.
    pub key_variables: &'static [&'static str],
    /// How it is shown the key.
    pub auth: Auth,
    /// The AWS service that requests are signed for where AWS credentials stand in for a key (feature
    /// `bedrock-sigv4`).
    pub signed_for: Option<&'static str>,
    /// Headers that go with every request.
    pub headers: &'static [(&'static str, &'static str)],
    /// The protocol that it speaks.
    pub protocol: Protocol,
    /// What its models take, as far as no rule says otherwise.
    pub facts: Facts,
    /// What some of its models take. Later rules overrule earlier ones.
    pub rules: &'static [Rule],
}

impl Preset {
    /// What a model of this provider takes.
    ///
    /// ```
    /// use extract_llm::conversation::Mode;
    /// use extract_llm::model::presets;
    ///
    /// let openai = presets().iter().find(|preset| preset.name == "openai").unwrap();
    /// assert_eq!(openai.facts("gpt-4.1-mini").modes[0], Mode::JsonSchema);
    /// assert_eq!(openai.facts("gpt-3.5-turbo").modes[0], Mode::Tools);
    /// ```
    pub fn facts(&self, model: &str) -> Facts {
        let applies = |rule: &&Rule| rule.models.iter().any(|pattern| fits(pattern, model));
        self.rules.iter().filter(applies).fold(self.facts, |facts, rule| rule.apply(facts))
    }
}

/// What some models of a provider take, where that differs from the others.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// The models' names; `*` stands for anything.
    pub models: &'static [&'static str],
    /// The modes, best first.
    pub modes: Option<&'static [Mode]>,
    /// Dialect and enforcement of native output.
    pub schema: Option<(&'static Dialect, bool)>,
    /// Dialect and enforcement of tools.
    pub tool: Option<(&'static Dialect, bool)>,
    /// How a tool is demanded.
    pub tool_choice: Option<ToolChoiceForm>,
    /// Whether sampling parameters are taken.
    pub sampling: Option<bool>,
    /// The bound on a reply's tokens.
    pub max_tokens: Option<u32>,
    /// The name of the bound.
    pub max_tokens_field: Option<MaxTokensField>,
    /// How hard to think is said where.
    pub effort: Option<EffortField>,
    /// What can be looked at.
    pub media: Option<MediaSupport>,
    /// Where Gemini wants the schema.
    pub schema_field: Option<SchemaField>,
}

impl Rule {
    pub(super) const NONE: Self = Self {
        models: &[],
        modes: None,
        schema: None,
        tool: None,
        tool_choice: None,
        sampling: None,
        max_tokens: None,
        max_tokens_field: None,
        effort: None,
        media: None,
        schema_field: None,
    };

    pub(super) fn apply(&self, mut facts: Facts) -> Facts {
        facts.modes = self.modes.unwrap_or(facts.modes);
        (facts.schema_dialect, facts.schema_strict) =
            self.schema.unwrap_or((facts.schema_dialect, facts.schema_strict));
        (facts.tool_dialect, facts.tool_strict) =
            self.tool.unwrap_or((facts.tool_dialect, facts.tool_strict));
        facts.sampling = self.sampling.unwrap_or(facts.sampling);
        facts.max_tokens = self.max_tokens.or(facts.max_tokens);
        facts.media = self.media.unwrap_or(facts.media);
        let quirks = &mut facts.quirks;
        quirks.tool_choice = self.tool_choice.unwrap_or(quirks.tool_choice);
        quirks.max_tokens = self.max_tokens_field.unwrap_or(quirks.max_tokens);
        quirks.effort = self.effort.unwrap_or(quirks.effort);
        quirks.schema = self.schema_field.unwrap_or(quirks.schema);
        facts
    }
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            let Some(rest) = name.strip_prefix(head) else { return false };
            (0..=rest.len())
                .filter(|&at| rest.is_char_boundary(at))
                .any(|at| fits(tail, &rest[at..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_they_look() {
        for (pattern, name, expected) in [
            ("gpt-4o*", "gpt-4o-mini", true),
            ("gpt-4o*", "gpt-4", false),
            ("claude-*-4-5*", "claude-sonnet-4-5-20250929", true),
            ("claude-*-4-5*", "claude-sonnet-4-20250514", false),
            ("*", "", true),
            ("o1", "o1-mini", false),
            ("*ü*", "grüße", true),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
