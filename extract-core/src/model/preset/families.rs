//! Facts and rules that several rows share. Facts are of November 2026, from the providers' references
//! and from recorded exchanges.

use super::facts::{Facts, MediaSupport, ModelModes};
use super::row::Rule;
use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::model::profile::SchemaPrompt;
use crate::wire::{
    CacheForm, CacheKeyField, EffortField, MaxTokensField, Quirks, SchemaField, TierField,
    ToolChoiceForm,
};

pub(super) const SCHEMA_FIRST: &[Mode] =
    &[Mode::JsonSchema, Mode::Tools, Mode::JsonObject, Mode::Text];
pub(super) const SCHEMA_OR_TOOLS: &[Mode] = &[Mode::JsonSchema, Mode::Tools, Mode::Text];
pub(super) const NO_TOOLS: &[Mode] = &[Mode::JsonSchema, Mode::JsonObject, Mode::Text];
pub(super) const TOOLS_FIRST: &[Mode] = &[Mode::Tools, Mode::JsonObject, Mode::Text];
pub(super) const TOOLS_OR_TEXT: &[Mode] = &[Mode::Tools, Mode::Text];

/// The facts assumed for an unknown server.
pub(super) const COMPATIBLE: Facts = Facts {
    modes: SCHEMA_FIRST,
    schema_dialect: &Dialect::JSON_SCHEMA,
    schema_strict: false,
    tool_dialect: &Dialect::JSON_SCHEMA,
    tool_strict: false,
    // Small models repeat a call if several are allowed, and many servers return only one.
    parallel_tools: false,
    schema_prompt: SchemaPrompt::WhereNeeded,
    sampling: true,
    max_tokens: None,
    media: MediaSupport {
        image: ModelModes::ALL,
        audio: ModelModes::ALL,
        document: ModelModes::ALL,
    },
    quirks: Quirks::COMPATIBLE,
};

/// OpenAI, and cloud providers with the same features.
pub(super) const OPENAI: Facts = Facts {
    schema_dialect: &Dialect::OPENAI_STRICT,
    schema_strict: true,
    tool_dialect: &Dialect::OPENAI_STRICT,
    tool_strict: true,
    parallel_tools: true,
    media: MediaSupport {
        image: ModelModes::BYTES_URL,
        audio: ModelModes::BYTES,
        document: ModelModes::BYTES_ID,
    },
    quirks: Quirks { cache_key: CacheKeyField::PromptCacheKey, ..Quirks::OPENAI },
    ..COMPATIBLE
};

/// OpenAI over the Responses protocol.
pub(super) const OPENAI_RESPONSES: Facts = Facts {
    media: MediaSupport {
        image: ModelModes::ALL,
        audio: ModelModes::NONE,
        document: ModelModes::ALL,
    },
    ..OPENAI
};

/// Models that refuse sampling parameters, and models older than native schemas.
pub(super) const OPENAI_RULES: &[Rule] = &[
    Rule {
        models: &["o1*", "o3*", "o4*", "gpt-5*", "gpt-6*"],
        sampling: Some(false),
        ..Rule::NONE
    },
    Rule {
        models: &["gpt-3.5*", "gpt-4", "gpt-4-*", "gpt-4o-2024-05-13"],
        modes: Some(TOOLS_FIRST),
        tool: Some((&Dialect::JSON_SCHEMA, false)),
        max_tokens_field: Some(MaxTokensField::MaxTokens),
        ..Rule::NONE
    },
];

/// On Chat Completions, the newer models refuse function tools while reasoning is on.
pub(super) const OPENAI_CHAT_RULES: &[Rule] = &[
    OPENAI_RULES[0],
    OPENAI_RULES[1],
    Rule {
        models: &["gpt-5.4*", "gpt-5.5*", "gpt-5.6*", "gpt-6*"],
        modes: Some(NO_TOOLS),
        ..Rule::NONE
    },
];

/// OpenAI's models with cache points. Older models cache by themselves.
pub(super) const OPENAI_BREAKPOINTS: Rule =
    Rule { models: &["gpt-5.6*", "gpt-6*"], cache: Some(CacheForm::Breakpoint), ..Rule::NONE };

/// The facts assumed for unknown models of Anthropic. The newest refuse forced tool calls and sampling
/// parameters.
pub(super) const ANTHROPIC: Facts = Facts {
    modes: SCHEMA_OR_TOOLS,
    schema_dialect: &Dialect::ANTHROPIC_FORMAT,
    schema_strict: true,
    tool_dialect: &Dialect::ANTHROPIC_TOOL,
    tool_strict: true,
    parallel_tools: true,
    schema_prompt: SchemaPrompt::WhereNeeded,
    sampling: false,
    max_tokens: Some(16_000),
    media: MediaSupport {
        image: ModelModes::ALL,
        audio: ModelModes::NONE,
        document: ModelModes::ALL,
    },
    quirks: Quirks {
        tool_choice: ToolChoiceForm::Auto,
        cache: CacheForm::Marked,
        ..Quirks::OPENAI
    },
};

/// Anthropic's models, from the newest to the oldest.
pub(super) const ANTHROPIC_RULES: &[Rule] = &[
    Rule {
        models: &[
            "claude-*-4-*",
            "claude-opus-4",
            "claude-sonnet-4",
            "claude-opus-5",
            "claude-opus-5-20*",
            "claude-sonnet-5",
            "claude-sonnet-5-20*",
            "claude-haiku-*",
        ],
        tool_choice: Some(ToolChoiceForm::Named),
        ..Rule::NONE
    },
    Rule { models: &["claude-*-4-5*", "claude-*-4-6*"], sampling: Some(true), ..Rule::NONE },
    Rule {
        // Models older than native schemas and strict tools.
        models: &[
            "claude-2*",
            "claude-3*",
            "claude-opus-4",
            "claude-sonnet-4",
            "claude-*-4-0*",
            "claude-*-4-1*",
            "claude-*-4-2025*",
        ],
        modes: Some(TOOLS_OR_TEXT),
        tool: Some((&Dialect::ANTHROPIC_LOOSE_TOOL, false)),
        tool_choice: Some(ToolChoiceForm::Named),
        sampling: Some(true),
        max_tokens: Some(8_192),
        effort: Some(EffortField::None),
        ..Rule::NONE
    },
    Rule {
        models: &["claude-2*", "claude-3-opus*", "claude-3-sonnet*", "claude-3-haiku*"],
        max_tokens: Some(4_096),
        ..Rule::NONE
    },
];

/// Google's models.
pub(super) const GEMINI: Facts = Facts {
    schema_dialect: &Dialect::GEMINI_JSON_SCHEMA,
    tool_dialect: &Dialect::GEMINI_JSON_SCHEMA,
    parallel_tools: true,
    quirks: Quirks::OPENAI,
    ..COMPATIBLE
};

/// Models of Google that refuse sampling parameters.
pub(super) const GEMINI_SAMPLING: &[Rule] = &[Rule {
    models: &["gemini-3.5-flash-lite*", "gemini-3.6*", "gemini-3.7*", "gemini-3.8*"],
    sampling: Some(false),
    ..Rule::NONE
}];

/// Google's models over generateContent.
pub(super) const GEMINI_RULES: &[Rule] = &[
    GEMINI_SAMPLING[0],
    Rule {
        models: &["gemini-1*", "gemini-2.0*"],
        schema: Some((&Dialect::GEMINI_RESPONSE_SCHEMA, false)),
        tool: Some((&Dialect::GEMINI_RESPONSE_SCHEMA, false)),
        schema_field: Some(SchemaField::OpenApi),
        effort: Some(EffortField::None),
        ..Rule::NONE
    },
];

/// A cloud provider that speaks Chat Completions.
pub(super) const CHAT: Facts = Facts {
    media: MediaSupport::IMAGES,
    quirks: Quirks { tool_choice: ToolChoiceForm::Named, ..Quirks::COMPATIBLE },
    ..COMPATIBLE
};

/// A self-hosted server that compiles the schema to a grammar. It ignores the name of a chosen tool, and
/// its models repeat a call if several are allowed.
pub(super) const OWN_SERVER: Facts = Facts {
    quirks: Quirks {
        parallel_tool_calls: true,
        strict: false,
        // The server has one queue.
        service_tier: TierField::None,
        // It keeps the state of the latest prompts.
        cache: CacheForm::Unmarked,
        ..Quirks::COMPATIBLE
    },
    media: MediaSupport {
        image: ModelModes::BYTES_URL,
        audio: ModelModes::BYTES,
        document: ModelModes::NONE,
    },
    // The grammar enforces the schema, but the model does not see it.
    schema_prompt: SchemaPrompt::UnlessTool,
    ..COMPATIBLE
};
