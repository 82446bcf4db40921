//! Facts and rules that several rows share. Facts are of November 2026, from the providers' references
//! and from recorded exchanges.

use super::facts::{Facts, MediaSupport, ModelModes};
use super::row::Rule;
use super::thinking as t;
use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::model::profile::{AskingForm, SchemaPrompt};
use crate::wire::{
    CacheForm, CacheKeyField, LogprobsSupport, MaxTokensField, Quirks, Sampling, SchemaField,
    SystemPlace, ThinkingSupport, TierField, ToolChoiceForm,
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
    asking: AskingForm::TypeInSystem,
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
    quirks: Quirks { stateless: true, ..OPENAI.quirks },
    ..OPENAI
};

/// What OpenAI's models can be told about thinking, on Responses. They take sampling parameters while they
/// do not think.
pub(super) const OPENAI_RULES: &[Rule] = &[
    thinks(&["gpt-4*", "gpt-3.5*", "chatgpt-4o*"], t::NEVER_THINKS),
    thinks(&["o1*", "o3*", "o4*"], t::LOW_TO_HIGH),
    thinks(&["gpt-5*"], t::MINIMAL_TO_HIGH),
    thinks(&["gpt-5.1*"], t::UNLESS_TOLD_TO_HIGH),
    thinks(&["gpt-5.2*", "gpt-5.3*", "gpt-5.4*"], t::UNLESS_TOLD_TO_XHIGH),
    thinks(&["gpt-5.5*"], t::OFF_TO_XHIGH),
    thinks(&["gpt-5.6*", "gpt-6*"], t::OFF_TO_MAX),
    thinks(&["gpt-6-astra*", "gpt-6.1-sol*", "gpt-6.2*"], t::LOW_TO_MAX),
];

/// What differs on Chat Completions: it refuses the effort `max` for every model, and the newer models
/// refuse function tools there while reasoning is on.
pub(super) const OPENAI_CHAT_RULES: &[Rule] = &[
    thinks(&["gpt-5.6*", "gpt-6*"], t::OFF_TO_XHIGH),
    thinks(&["gpt-6-astra*", "gpt-6.1-sol*", "gpt-6.2*"], t::LOW_TO_XHIGH),
    Rule {
        models: &["gpt-5.4*", "gpt-5.5*", "gpt-5.6*", "gpt-6*"],
        modes: Some(NO_TOOLS),
        ..Rule::NONE
    },
];

/// Variants of OpenAI's models that think otherwise, and models older than native schemas.
pub(super) const OPENAI_VARIANTS: &[Rule] = &[
    thinks(&["gpt-5*-pro*", "gpt-6*-pro*"], t::MEDIUM_TO_XHIGH),
    thinks(&["gpt-5-pro*"], t::HIGH),
    thinks(&["gpt-5*-chat-latest", "gpt-6*-chat-latest"], t::MEDIUM),
    Rule {
        models: &["gpt-3.5*", "gpt-4", "gpt-4-*", "gpt-4o-2024-05-13"],
        modes: Some(TOOLS_FIRST),
        tool: Some((&Dialect::JSON_SCHEMA, false)),
        max_tokens_field: Some(MaxTokensField::MaxTokens),
        ..Rule::NONE
    },
];

/// Returns the rule of models that can be told this about thinking, and that take sampling parameters while
/// they do not think.
const fn thinks(models: &'static [&'static str], thinking: ThinkingSupport) -> Rule {
    Rule {
        models,
        thinking: Some(thinking),
        sampling: Some(Sampling::WithoutThinking),
        ..Rule::NONE
    }
}

/// OpenAI's models with cache points. Older models cache by themselves.
pub(super) const OPENAI_BREAKPOINTS: &[Rule] =
    &[Rule { models: &["gpt-5.6*", "gpt-6*"], cache: Some(CacheForm::Breakpoint), ..Rule::NONE }];

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
    asking: AskingForm::TypeInSystem,
    max_tokens: Some(16_000),
    media: MediaSupport {
        image: ModelModes::ALL,
        audio: ModelModes::NONE,
        document: ModelModes::ALL,
    },
    quirks: Quirks {
        tool_choice: ToolChoiceForm::Auto,
        cache: CacheForm::Marked,
        sampling: Sampling::Refused,
        thinking: t::ALWAYS_ADAPTIVE,
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
    Rule {
        models: &["claude-sonnet-5", "claude-sonnet-5-20*", "claude-opus-5", "claude-opus-5-20*"],
        thinking: Some(t::ADAPTIVE_UNLESS_OFF),
        ..Rule::NONE
    },
    Rule { models: &["claude-haiku-5-5*"], thinking: Some(t::ADAPTIVE_UNLESS_OFF), ..Rule::NONE },
    Rule { models: &["claude-sonnet-5-5*"], thinking: Some(t::OFF_BETWEEN_TOOLS), ..Rule::NONE },
    Rule {
        models: &["claude-fable-5*", "claude-opus-4-8*", "claude-opus-5*"],
        system: Some(SystemPlace::Turn),
        ..Rule::NONE
    },
    Rule {
        models: &["claude-*-4-7*", "claude-*-4-8*"],
        thinking: Some(t::ADAPTIVE_IF_TOLD),
        ..Rule::NONE
    },
    Rule {
        models: &["claude-*-4-6*"],
        sampling: Some(Sampling::WithoutThinking),
        thinking: Some(t::ADAPTIVE_OR_BUDGET),
        ..Rule::NONE
    },
    Rule {
        models: &["claude-*-4-5*"],
        sampling: Some(Sampling::WithoutThinking),
        thinking: Some(t::BUDGET),
        ..Rule::NONE
    },
    Rule { models: &["claude-opus-4-5*"], thinking: Some(t::BUDGET_OR_EFFORT), ..Rule::NONE },
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
        sampling: Some(Sampling::WithoutThinking),
        thinking: Some(t::BUDGET),
        max_tokens: Some(8_192),
        ..Rule::NONE
    },
    Rule {
        models: &[
            "claude-2*",
            "claude-3-opus*",
            "claude-3-sonnet*",
            "claude-3-haiku*",
            "claude-3-5*",
        ],
        thinking: Some(t::NEVER_THINKS),
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
    quirks: Quirks {
        thinking: t::GEMINI_LEVELS,
        logprobs: LogprobsSupport::ALWAYS,
        ..Quirks::OPENAI
    },
    ..COMPATIBLE
};

/// Google's models over Interactions, all of which support JSON Schema: what they can be told about
/// thinking, and those that refuse sampling parameters.
pub(super) const INTERACTIONS_RULES: &[Rule] = &[
    Rule {
        models: &["gemini-3.5-flash-lite*", "gemini-3.6*", "gemini-3.7*", "gemini-3.8*"],
        sampling: Some(Sampling::Refused),
        ..Rule::NONE
    },
    Rule {
        models: &[
            "gemini-3.1-pro*",
            "gemini-3.7*",
            "gemini-3.8*",
            "gemini-4-argon*",
            "gemini-4-carbon*",
        ],
        thinking: Some(t::LEVELS_FROM_LOW),
        ..Rule::NONE
    },
    Rule { models: &["gemini-4-hydrogen*"], thinking: Some(t::LEVELS_TO_XHIGH), ..Rule::NONE },
];

/// Google's models over generateContent.
pub(super) const GEMINI_RULES: &[Rule] = &[
    INTERACTIONS_RULES[0],
    INTERACTIONS_RULES[1],
    INTERACTIONS_RULES[2],
    Rule { models: &["gemini-2.5*"], thinking: Some(t::GEMINI_BUDGET), ..Rule::NONE },
    Rule { models: &["gemini-2.5-pro*"], thinking: Some(t::GEMINI_BUDGET_ALWAYS), ..Rule::NONE },
    Rule {
        models: &["gemini-1*", "gemini-2.0*"],
        schema: Some((&Dialect::GEMINI_RESPONSE_SCHEMA, false)),
        tool: Some((&Dialect::GEMINI_RESPONSE_SCHEMA, false)),
        schema_field: Some(SchemaField::OpenApi),
        thinking: Some(t::NEVER_THINKS),
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
        logprobs: LogprobsSupport::OWN_SERVER,
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

/// Very small models, by the names that their servers give them.
pub(super) const SMALL_MODELS: &[Rule] = &[Rule {
    models: &["smollm*", "SmolLM*", "*/smollm*", "*/SmolLM*"],
    asking: Some(AskingForm::MembersBehindText),
    ..Rule::NONE
}];
