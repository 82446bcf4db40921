//! A row of the provider table, and the rules for some of its models.

use super::facts::{Facts, MediaSupport};
use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::model::profile::AskingForm;
use crate::wire::{
    BatchForm, CacheForm, CountForm, MaxTokensField, Protocol, Sampling, SchemaField, SystemPlace,
    ThinkingSupport, ToolChoiceForm,
};

/// The header that carries the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer,
    /// The key without a prefix, in the header of this name.
    Header(&'static str),
}

/// One provider: a row of the table.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Preset {
    /// The name, as in `provider/model`.
    pub name: &'static str,
    /// Other names of the provider.
    pub aliases: &'static [&'static str],
    /// The base URL. `{NAME}` is replaced by the environment variable `NAME`.
    pub base_url: &'static str,
    /// The environment variables that may hold another base URL. The first that is set counts.
    pub base_variables: &'static [&'static str],
    /// The path that is appended to a URL from these variables, unless it is there already.
    pub base_suffix: &'static str,
    /// The environment variables that may hold the key. The first that is set counts. Empty for local
    /// servers, which need no key.
    pub key_variables: &'static [&'static str],
    /// The header that carries the key.
    pub auth: Auth,
    /// The AWS service in the signature of requests, if AWS credentials can replace the key (feature
    /// `bedrock-sigv4`).
    pub signed_for: Option<&'static str>,
    /// The headers of every request, by name and value.
    pub headers: &'static [(&'static str, &'static str)],
    /// The wire protocol.
    pub protocol: Protocol,
    /// The way in which it counts tokens.
    pub count: CountForm,
    /// Its batch service.
    pub batch: BatchForm,
    /// The facts about its models. Rules may override them.
    pub facts: Facts,
    /// The rules for some of its models, in lists that rows share. Later rules override earlier ones.
    pub rules: &'static [&'static [Rule]],
}

impl Preset {
    /// Returns the rules for some of its models, in the order in which they apply.
    pub fn all_rules(&self) -> impl Iterator<Item = &'static Rule> {
        self.rules.iter().copied().flatten()
    }

    /// Returns the facts about a model of this provider: the row's facts with all matching rules
    /// applied.
    ///
    /// ```
    /// use extract_llm::Mode;
    /// use extract_core::model::presets;
    ///
    /// let openai = presets().iter().find(|preset| preset.name == "openai").unwrap();
    /// assert_eq!(openai.facts("gpt-4.1-mini").modes[0], Mode::JsonSchema);
    /// assert_eq!(openai.facts("gpt-3.5-turbo").modes[0], Mode::Tools);
    /// ```
    pub fn facts(&self, model: &str) -> Facts {
        let applies = |rule: &&Rule| rule.models.iter().any(|pattern| fits(pattern, model));
        self.all_rules().filter(applies).fold(self.facts, |facts, rule| rule.apply(facts))
    }
}

/// Facts about some models of a provider that differ from the row's facts. `None` leaves a fact
/// unchanged.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Rule {
    /// Patterns of the models' names; `*` matches any text.
    pub models: &'static [&'static str],
    /// The supported modes, best first.
    pub modes: Option<&'static [Mode]>,
    /// The schema dialect of native output, and whether the provider enforces it.
    pub schema: Option<(&'static Dialect, bool)>,
    /// The schema dialect of tools, and whether the provider enforces it.
    pub tool: Option<(&'static Dialect, bool)>,
    /// The form of the tool choice.
    pub tool_choice: Option<ToolChoiceForm>,
    /// Whether the model accepts sampling parameters other than the default.
    pub sampling: Option<Sampling>,
    /// The default limit of tokens in a reply.
    pub max_tokens: Option<u32>,
    /// The field for the limit of tokens.
    pub max_tokens_field: Option<MaxTokensField>,
    /// What the model can be told about its thinking.
    pub thinking: Option<ThinkingSupport>,
    /// Where later system messages are said.
    pub system: Option<SystemPlace>,
    /// The form of cache points.
    pub cache: Option<CacheForm>,
    /// The supported media.
    pub media: Option<MediaSupport>,
    /// The field for a schema (Gemini).
    pub schema_field: Option<SchemaField>,
    /// The form of the text that asks for a value.
    pub asking: Option<AskingForm>,
}

impl Rule {
    /// A rule that changes nothing.
    pub(super) const NONE: Self = Self {
        models: &[],
        modes: None,
        schema: None,
        tool: None,
        tool_choice: None,
        sampling: None,
        max_tokens: None,
        max_tokens_field: None,
        thinking: None,
        system: None,
        cache: None,
        media: None,
        schema_field: None,
        asking: None,
    };

    /// Returns the facts with this rule applied.
    pub(super) fn apply(&self, mut facts: Facts) -> Facts {
        facts.modes = self.modes.unwrap_or(facts.modes);
        (facts.schema_dialect, facts.schema_strict) =
            self.schema.unwrap_or((facts.schema_dialect, facts.schema_strict));
        (facts.tool_dialect, facts.tool_strict) =
            self.tool.unwrap_or((facts.tool_dialect, facts.tool_strict));
        facts.max_tokens = self.max_tokens.or(facts.max_tokens);
        facts.asking = self.asking.unwrap_or(facts.asking);
        facts.media = self.media.unwrap_or(facts.media);
        let quirks = &mut facts.quirks;
        quirks.tool_choice = self.tool_choice.unwrap_or(quirks.tool_choice);
        quirks.max_tokens = self.max_tokens_field.unwrap_or(quirks.max_tokens);
        quirks.sampling = self.sampling.unwrap_or(quirks.sampling);
        quirks.thinking = self.thinking.unwrap_or(quirks.thinking);
        quirks.system = self.system.unwrap_or(quirks.system);
        quirks.cache = self.cache.unwrap_or(quirks.cache);
        quirks.schema = self.schema_field.unwrap_or(quirks.schema);
        facts
    }
}

/// Whether a name matches a pattern in which `*` matches any text.
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
