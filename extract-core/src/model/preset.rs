//! Providers as rows of data: where they are, where their key stands, which protocol they speak, and
//! what their models take. The rows stand in `preset/rows.rs`; a new OpenAI-compatible provider is
//! one row.

use super::SchemaPrompt;
use crate::contract::dialect::Dialect;
use crate::conversation::{Media, MediaKind, MediaSource, Mode};
use crate::wire::{EffortField, MaxTokensField, Protocol, Quirks, ToolChoiceForm};

mod rows;

pub use rows::presets;
pub(super) use rows::{custom, find};

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

/// The provider whose models are named like this one: `openai` for `gpt-4o`.
pub(super) fn likely(model: &str) -> Option<&'static Preset> {
    // As far as the first letters go: `claude`, `gpt`.
    let family = |name: &str| -> String {
        let letters = name.chars().take_while(char::is_ascii_alphabetic);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let wanted = Some(family(model)).filter(|family| !family.is_empty())?;
    let is_named = |rule: &Rule| rule.models.iter().any(|pattern| family(pattern) == wanted);
    presets().iter().find(|preset| preset.name == wanted || preset.rules.iter().any(is_named))
}

/// Whether this is the name of open weights as their publisher writes it, with a slash: a server of
/// one's own goes by it, and the publisher's own service does not have it under this name.
pub(super) fn is_published(model: &str) -> bool {
    const PUBLISHED: [&str; 3] = ["openai/gpt-oss", "google/gemma", "google/medgemma"];
    PUBLISHED.iter().any(|name| model.starts_with(name))
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

/// What a model takes.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent facts, not a state")]
pub struct Facts {
    /// The modes, best first.
    pub modes: &'static [Mode],
    /// The dialect of JSON Schema for native output.
    pub schema_dialect: &'static Dialect,
    /// Whether native output is enforced while the model writes.
    pub schema_strict: bool,
    /// The dialect of JSON Schema for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether the arguments of tools can be enforced while the model writes.
    pub tool_strict: bool,
    /// Whether one reply may well hold several calls of its tools.
    pub parallel_tools: bool,
    /// Whether a schema that is sent is told in words as well.
    pub schema_prompt: SchemaPrompt,
    /// Whether it takes sampling parameters other than the default.
    pub sampling: bool,
    /// The bound on a reply's tokens where the caller sets none.
    pub max_tokens: Option<u32>,
    /// What it can look at, and how it is given that.
    pub media: MediaSupport,
    /// How it differs on the wire.
    pub quirks: Quirks,
}

/// Which media a provider takes, and in which ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MediaSupport {
    /// Images.
    pub image: ModelModes,
    /// Recordings.
    pub audio: ModelModes,
    /// Documents; text documents can be sent everywhere.
    pub document: ModelModes,
}

/// In which ways a kind of media can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelModes {
    /// By its bytes.
    pub bytes: bool,
    /// By a URL that the provider fetches.
    pub url: bool,
    /// By the id of an uploaded file.
    pub id: bool,
}

impl ModelModes {
    /// Not at all.
    pub const NONE: Self = Self { bytes: false, url: false, id: false };
    /// By bytes.
    pub const BYTES: Self = Self { bytes: true, ..Self::NONE };
    /// By bytes or URL.
    pub const BYTES_URL: Self = Self { url: true, ..Self::BYTES };
    /// By bytes or file id.
    pub const BYTES_ID: Self = Self { id: true, ..Self::BYTES };
    /// In every way.
    pub const ALL: Self = Self { bytes: true, url: true, id: true };
}

impl MediaSupport {
    /// Text alone.
    pub const TEXT: Self =
        Self { image: ModelModes::NONE, audio: ModelModes::NONE, document: ModelModes::NONE };
    /// Images by bytes and URL.
    pub const IMAGES: Self = Self { image: ModelModes::BYTES_URL, ..Self::TEXT };

    /// Whether this can be sent.
    pub fn takes(&self, media: &Media) -> bool {
        let ways = match media.kind {
            MediaKind::Image => self.image,
            MediaKind::Audio => self.audio,
            MediaKind::Document => self.document,
        };
        let text = media.media_type.as_deref().is_some_and(|kind| kind.starts_with("text/"));
        match media.source {
            MediaSource::Inline(_) => ways.bytes || (text && media.kind == MediaKind::Document),
            MediaSource::Url(_) => ways.url,
            MediaSource::Id(_) => ways.id,
        }
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
    pub schema_field: Option<crate::wire::SchemaField>,
}

impl Rule {
    const NONE: Self = Self {
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

    fn apply(&self, mut facts: Facts) -> Facts {
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
                .chain(preset.rules.iter().map(|rule| rule.apply(preset.facts)));
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
            assert!(!anthropic.facts(model).sampling, "{model}");
        }
        for model in ["claude-opus-5", "claude-haiku-5-5", "claude-sonnet-4-6", "claude-3-5-haiku"]
        {
            assert_eq!(choice(model), ToolChoiceForm::Named, "{model}");
        }
        assert_eq!(anthropic.facts("claude-opus-5-5").modes[0], Mode::JsonSchema);
        assert_eq!(anthropic.facts("claude-3-5-haiku-20241022").modes[0], Mode::Tools);
    }
}
