//! The facts about a model that the library needs before the first request.

use std::borrow::Cow;

use crate::contract::dialect::Dialect;
use crate::conversation::{Mode, Settings};

/// How a schema is told to the model in words, beside or instead of the place that the provider
/// has for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaPrompt {
    /// Only where the mode has no other place for it.
    WhereNeeded,
    /// Wherever it is not sent as a tool: for servers that hold the model to a schema and do not
    /// show it to it. Of 41 texts a small model got 22 right with these words and 15 without.
    UnlessTool,
    /// Always: for small models, which follow words better than a grammar alone.
    Always,
}

impl SchemaPrompt {
    /// Whether a schema that is sent in this mode is told in words as well.
    pub(crate) fn tells(self, mode: Mode) -> bool {
        match self {
            Self::WhereNeeded => false,
            Self::UnlessTool => mode != Mode::Tools,
            Self::Always => true,
        }
    }
}

/// What is known of a model before it is asked.
///
/// ```
/// use extract_llm::conversation::Mode;
/// use extract_llm::model::Profile;
///
/// let profile = Profile::new("mine", "model-1").modes([Mode::JsonObject, Mode::Text]);
/// assert_eq!(profile.modes[0], Mode::JsonObject);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Profile {
    /// The provider's name, as in `provider/model`.
    pub provider: Cow<'static, str>,
    /// The model's name.
    pub model: String,
    /// The modes it takes, best first. Never empty; never holds [`Mode::Auto`].
    pub modes: Vec<Mode>,
    /// The dialect of JSON Schema that it takes for native output.
    pub dialect: &'static Dialect,
    /// Whether it can be asked to enforce native output while it writes.
    pub strict: bool,
    /// The dialect of JSON Schema that it takes for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether it can be asked to enforce the arguments of tools while it writes.
    pub tool_strict: bool,
    /// Whether one reply may well hold several calls of its tools.
    pub parallel_tools: bool,
    /// Whether the schema is also told in words.
    pub schema_prompt: SchemaPrompt,
    /// Settings that hold where the caller sets none.
    pub settings: Settings,
}

impl Profile {
    /// A model that takes all modes, with full JSON Schema.
    pub fn new(provider: impl Into<Cow<'static, str>>, model: impl Into<String>) -> Self {
        Self {
            provider: provider.into(),
            model: model.into(),
            modes: vec![Mode::Tools, Mode::JsonSchema, Mode::JsonObject, Mode::Text],
            dialect: &Dialect::JSON_SCHEMA,
            strict: false,
            tool_dialect: &Dialect::JSON_SCHEMA,
            tool_strict: false,
            parallel_tools: true,
            schema_prompt: SchemaPrompt::WhereNeeded,
            settings: Settings::default(),
        }
    }

    /// The dialect of the schema that is sent in this mode.
    pub fn dialect_for(&self, mode: Mode) -> &'static Dialect {
        if mode == Mode::Tools { self.tool_dialect } else { self.dialect }
    }

    /// Whether the schema that is sent in this mode can be enforced.
    pub fn strict_for(&self, mode: Mode) -> bool {
        if mode == Mode::Tools { self.tool_strict } else { self.strict }
    }

    /// Sets the modes, best first.
    pub fn modes(mut self, modes: impl Into<Vec<Mode>>) -> Self {
        self.modes = modes.into();
        self
    }
}
