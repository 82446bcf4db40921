//! Providers as rows of data: where they are, where their key stands, and how their dialect of the
//! protocol differs. A new OpenAI-compatible provider is one row.
//!
//! Facts are of November 2026, from the providers' own references and from recorded exchanges.

use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::wire::{MaxTokensField, Quirks, ToolChoiceForm};

/// One provider.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Preset {
    /// Its name, as in `provider/model`.
    pub name: &'static str,
    /// Where it is.
    pub base_url: &'static str,
    /// The environment variables that may hold its key, first found first taken; none for servers
    /// on the own machine, which ask for no key.
    pub key_variables: &'static [&'static str],
    /// The modes its models take, best first.
    pub modes: &'static [Mode],
    /// The dialect of JSON Schema it takes where it enforces the schema.
    pub dialect: &'static Dialect,
    /// Whether it can be asked to enforce a schema (`strict`).
    pub strict: bool,
    /// How it differs from OpenAI on the wire.
    pub quirks: Quirks,
}

const SCHEMA_FIRST: &[Mode] = &[Mode::JsonSchema, Mode::Tools, Mode::JsonObject, Mode::Text];
const TOOLS_FIRST: &[Mode] = &[Mode::Tools, Mode::JsonObject, Mode::Text];

const fn quirks(
    max_tokens: MaxTokensField,
    tool_choice: ToolChoiceForm,
    parallel: bool,
    strict: bool,
) -> Quirks {
    let mut quirks = Quirks::COMPATIBLE;
    quirks.max_tokens = max_tokens;
    quirks.tool_choice = tool_choice;
    quirks.parallel_tool_calls = parallel;
    quirks.strict = strict;
    quirks
}

const OLDER: MaxTokensField = MaxTokensField::MaxTokens;
const NEWER: MaxTokensField = MaxTokensField::MaxCompletionTokens;

/// A server of one's own that compiles the schema to a grammar. It takes no notice of a tool that
/// is chosen by name, and repeats a call where it may make several.
const OWN_SERVER: Quirks = quirks(OLDER, ToolChoiceForm::Required, true, false);

static PRESETS: &[Preset] = &[
    Preset {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        key_variables: &["OPENAI_API_KEY"],
        // Function tools are refused while reasoning is on (gpt-5.4 and later); a native schema is not.
        modes: SCHEMA_FIRST,
        dialect: &Dialect::OPENAI_STRICT,
        strict: true,
        quirks: Quirks::OPENAI,
    },
    Preset {
        name: "groq",
        base_url: "https://api.groq.com/openai/v1",
        key_variables: &["GROQ_API_KEY"],
        // Only a few of its models take a native schema; all take tools.
        modes: TOOLS_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(NEWER, ToolChoiceForm::Named, true, false),
    },
    Preset {
        name: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_variables: &["MISTRAL_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::OPENAI_STRICT,
        strict: true,
        quirks: quirks(OLDER, ToolChoiceForm::Any, true, true),
    },
    Preset {
        name: "deepseek",
        base_url: "https://api.deepseek.com",
        key_variables: &["DEEPSEEK_API_KEY"],
        // Its models think unless told not to, and then refuse to be forced to call a tool.
        modes: &[Mode::JsonObject, Mode::Text, Mode::Tools],
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Auto, false, false),
    },
    Preset {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        key_variables: &["OPENROUTER_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::OPENAI_STRICT,
        strict: true,
        quirks: quirks(OLDER, ToolChoiceForm::Named, true, true),
    },
    Preset {
        name: "xai",
        base_url: "https://api.x.ai/v1",
        key_variables: &["XAI_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::OPENAI_STRICT,
        strict: true,
        quirks: quirks(NEWER, ToolChoiceForm::Named, true, true),
    },
    Preset {
        name: "together",
        base_url: "https://api.together.xyz/v1",
        key_variables: &["TOGETHER_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Named, false, false),
    },
    Preset {
        name: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_variables: &["FIREWORKS_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Named, false, false),
    },
    Preset {
        name: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_variables: &["CEREBRAS_API_KEY"],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::OPENAI_STRICT,
        strict: true,
        quirks: quirks(NEWER, ToolChoiceForm::Named, true, true),
    },
    Preset {
        name: "perplexity",
        base_url: "https://api.perplexity.ai",
        key_variables: &["PERPLEXITY_API_KEY", "PPLX_API_KEY"],
        modes: &[Mode::JsonSchema, Mode::Text],
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Auto, false, false),
    },
    Preset {
        name: "ollama",
        base_url: "http://127.0.0.1:11434/v1",
        key_variables: &[],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Required, false, false),
    },
    Preset {
        name: "llamacpp",
        base_url: "http://127.0.0.1:8080/v1",
        key_variables: &[],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: OWN_SERVER,
    },
    Preset {
        name: "vllm",
        base_url: "http://127.0.0.1:8000/v1",
        key_variables: &[],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: OWN_SERVER,
    },
    Preset {
        name: "lmstudio",
        base_url: "http://127.0.0.1:1234/v1",
        key_variables: &[],
        modes: SCHEMA_FIRST,
        dialect: &Dialect::JSON_SCHEMA,
        strict: false,
        quirks: quirks(OLDER, ToolChoiceForm::Required, false, false),
    },
];

/// A server of which only the base URL is known.
pub(super) static CUSTOM: Preset = Preset {
    name: "custom",
    base_url: "",
    key_variables: &[],
    modes: SCHEMA_FIRST,
    dialect: &Dialect::JSON_SCHEMA,
    strict: false,
    quirks: Quirks::COMPATIBLE,
};

/// All providers that are known by name.
pub fn presets() -> &'static [Preset] {
    PRESETS
}

/// The provider of this name.
pub(super) fn find(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}
