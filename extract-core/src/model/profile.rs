//! The facts about a model that the library needs before the first request.

use std::borrow::Cow;

use crate::contract::dialect::Dialect;
use crate::conversation::{CacheSupport, Mode, Settings, Thinking};

/// Whether the prompt also describes the schema. The schema goes into the provider's field for schemas
/// anyway, if the mode has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaPrompt {
    /// Only if the mode has no field for the schema.
    WhereNeeded,
    /// In every mode but tools. For servers that enforce a schema without showing it to the model. Of 41
    /// texts, a small model got 22 right with the description and 15 without.
    UnlessTool,
    /// Always. For small models, which follow a description better than a grammar alone.
    Always,
}

impl SchemaPrompt {
    /// Whether the prompt describes a schema that this mode also sends in a field.
    pub(crate) fn tells(self, mode: Mode) -> bool {
        match self {
            Self::WhereNeeded => false,
            Self::UnlessTool => mode != Mode::Tools,
            Self::Always => true,
        }
    }
}

/// The form of asking for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum AskingForm {
    /// In the modes without a field for a schema ([`Mode::JsonObject`] and [`Mode::Text`]), the type in
    /// TypeScript notation, as a system message. A source text is between `<text>` and `</text>`. The
    /// default. No other form was measured on a larger model.
    #[default]
    TypeInSystem,
    /// In these modes, the members of the type in words, behind the source text and in the same message,
    /// without a system message. A source text is between `[text]` and `[/text]`. For very small models:
    /// `benches/peers/README.md` has the measurements. The other form is used if the input is no text, or
    /// if words cannot say the type.
    MembersBehindText,
}

/// Whether a model can be forced to call a tool. A model that cannot is told to in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForcedTools {
    /// Always.
    Always,
    /// Only without a [budget](crate::conversation::Thinking::Budget) of thinking.
    WithoutBudget,
    /// Never.
    Never,
}

impl ForcedTools {
    /// Whether a call can be forced under these settings.
    pub(crate) fn under(self, settings: &Settings) -> bool {
        match self {
            Self::Always => true,
            Self::WithoutBudget => !matches!(settings.thinking, Some(Thinking::Budget(_))),
            Self::Never => false,
        }
    }
}

/// The facts about a model that are known before a request.
///
/// ```
/// use extract_llm::Mode;
/// use extract_llm::model::Profile;
///
/// let profile = Profile::new("mine", "model-1").modes([Mode::JsonObject, Mode::Text]);
/// assert_eq!(profile.modes[0], Mode::JsonObject);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Profile {
    /// The provider's name, as in `provider/model`.
    pub provider: Cow<'static, str>,
    /// The model's name.
    pub model: String,
    /// The supported modes, best first. Never empty; never holds [`Mode::Auto`].
    pub modes: Vec<Mode>,
    /// The dialect of JSON Schema for native output.
    pub dialect: &'static Dialect,
    /// Whether the provider can enforce the schema of native output during generation.
    pub strict: bool,
    /// The dialect of JSON Schema for tools.
    pub tool_dialect: &'static Dialect,
    /// Whether the provider can enforce the schemas of tools during generation.
    pub tool_strict: bool,
    /// Whether to allow several tool calls in one reply.
    pub parallel_tools: bool,
    /// Whether the model can be forced to call a tool.
    pub forced_tools: ForcedTools,
    /// Whether the prompt also describes the schema.
    pub schema_prompt: SchemaPrompt,
    /// The form of the text that asks for a value.
    pub asking: AskingForm,
    /// What the provider's prompt cache can be told. The default is four cache points, also on tools: a
    /// model of your own gets them in the request, and may ignore them.
    pub cache: CacheSupport,
    /// Default settings. The caller's settings override them.
    pub settings: Settings,
    /// The host and the port of the server, if there is one. The default is none.
    pub server: Option<(String, u16)>,
    /// Whether requests wait for a batch, so that a second one would not be faster.
    pub(crate) is_batched: bool,
}

impl Profile {
    /// Returns the profile of a model with all modes, full JSON Schema and parallel tool calls, without
    /// enforcement and without default settings.
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
            forced_tools: ForcedTools::Always,
            schema_prompt: SchemaPrompt::WhereNeeded,
            asking: AskingForm::TypeInSystem,
            cache: CacheSupport::Marks { limit: 4, on_tools: true },
            settings: Settings::default(),
            server: None,
            is_batched: false,
        }
    }

    /// Returns the schema dialect of a mode.
    pub fn dialect_for(&self, mode: Mode) -> &'static Dialect {
        if mode == Mode::Tools { self.tool_dialect } else { self.dialect }
    }

    /// Whether the provider can enforce the schema of this mode.
    pub fn strict_for(&self, mode: Mode) -> bool {
        if mode == Mode::Tools { self.tool_strict } else { self.strict }
    }

    /// Sets the supported modes, best first. The default is all modes, tools first.
    pub fn modes(mut self, modes: impl Into<Vec<Mode>>) -> Self {
        self.modes = modes.into();
        self
    }
}
