//! Differences between a server and the reference of its protocol, as data. The provider table in
//! `model/preset` assigns them to providers.

use super::logprobs::LogprobsSupport;
use super::thinking::ThinkingSupport;
use crate::conversation::CacheSupport;

/// The name of the field that limits the tokens of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxTokensField {
    /// `max_completion_tokens`, for OpenAI: its reasoning models refuse the older name.
    MaxCompletionTokens,
    /// `max_tokens`, for nearly all other servers.
    MaxTokens,
}

/// The form of the tool choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoiceForm {
    /// The name of the tool, in the protocol's form.
    Named,
    /// Any tool must be called. For servers that ignore a name, such as llama.cpp.
    Required,
    /// `"any"`, Mistral's keyword for [`Required`](Self::Required).
    Any,
    /// The model decides. For models that refuse a forced call.
    Auto,
    /// No tool choice is sent.
    Omitted,
}

/// Whether a model accepts sampling parameters other than the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sampling {
    /// Always.
    Accepted,
    /// Only while it does not think.
    WithoutThinking,
    /// Never.
    Refused,
}

/// Where a system message behind the first turn is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SystemPlace {
    /// In its place, as a turn of its own.
    Turn,
    /// In the user's turn: the model refuses or ignores it elsewhere.
    UserTurn,
}

/// The field that carries the service tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierField {
    /// `service_tier`, or the protocol's equivalent.
    ServiceTier,
    /// There is none.
    None,
}

/// The name of the field for the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeedField {
    /// `seed`.
    Seed,
    /// `random_seed`, for Mistral.
    RandomSeed,
}

/// The form of media in messages of Chat Completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaForm {
    /// `image_url`, `input_audio` with a format, `file`.
    OpenAi,
    /// `image_url`, `input_audio` as a string, `document_url`: Mistral.
    Mistral,
}

/// The form of cache points: the ends of prefixes that the provider should cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheForm {
    /// None is sent; no prompt cache of the provider is known.
    Unknown,
    /// None is sent; the provider caches by itself.
    Unmarked,
    /// `cache_control: {"type": "ephemeral"}` on the tool or part before the cache point, or the
    /// protocol's equivalent.
    Marked,
    /// As [`Marked`](Self::Marked), but not on tools and without a life: Amazon's models on Bedrock.
    MarkedMessages,
    /// `prompt_cache_breakpoint: {"mode": "explicit"}` on a part of the system, the user or a tool:
    /// OpenAI's newer models. They cache the end of the newest message by themselves as well.
    Breakpoint,
}

impl CacheForm {
    /// The cache points that providers accept in one request.
    const LIMIT: usize = 4;

    /// Returns what the form means for the plan of a request.
    pub(crate) fn support(self) -> CacheSupport {
        let limit = Self::LIMIT;
        match self {
            Self::Unknown => CacheSupport::None,
            Self::Unmarked => CacheSupport::ByItself,
            Self::Marked => CacheSupport::Marks { limit, on_tools: true },
            Self::MarkedMessages | Self::Breakpoint => {
                CacheSupport::Marks { limit, on_tools: false }
            }
        }
    }
}

/// The place of the key that leads requests with the same prefix to the same cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheKeyField {
    /// `prompt_cache_key` in the body.
    PromptCacheKey,
    /// A header of this name, in lower case.
    Header(&'static str),
    /// There is none.
    None,
}

/// The field that carries a schema in Gemini's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaField {
    /// `responseJsonSchema` and `parametersJsonSchema`: JSON Schema.
    JsonSchema,
    /// `responseSchema` and `parameters`: the older subset of `OpenAPI`.
    OpenApi,
    /// `responseFormat`: the newer field of Vertex AI.
    ResponseFormat,
}

/// The differences between a server and the reference of its protocol. A protocol ignores the fields
/// that do not apply to it.
///
/// ```
/// use extract_core::wire::{MaxTokensField, Quirks};
///
/// assert_eq!(Quirks::OPENAI.max_tokens, MaxTokensField::MaxCompletionTokens);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent facts, not a state")]
pub struct Quirks {
    /// The field that limits the tokens of the reply.
    pub max_tokens: MaxTokensField,
    /// The form of the tool choice.
    pub tool_choice: ToolChoiceForm,
    /// Whether `parallel_tool_calls: false` may be sent.
    pub parallel_tool_calls: bool,
    /// Whether `strict` may be sent.
    pub strict: bool,
    /// Whether `stream_options: {"include_usage": true}` may be sent.
    pub stream_usage: bool,
    /// What the model can be told about its thinking.
    pub thinking: ThinkingSupport,
    /// Whether sampling parameters other than the default are accepted.
    pub sampling: Sampling,
    /// The log-probabilities of tokens.
    pub logprobs: LogprobsSupport,
    /// The field for the seed.
    pub seed: SeedField,
    /// The field for the service tier.
    pub service_tier: TierField,
    /// The form of media.
    pub media: MediaForm,
    /// The form of cache points.
    pub cache: CacheForm,
    /// The place of the key of the prompt cache.
    pub cache_key: CacheKeyField,
    /// The field for a schema (Gemini).
    pub schema: SchemaField,
    /// Where later system messages are said (Messages).
    pub system: SystemPlace,
    /// Whether the server is told to store nothing (Responses). A model that thinks is then asked for its
    /// encrypted reasoning, so that the next request can repeat it.
    pub stateless: bool,
    /// The fields of the model's turn that the server wants back (Chat Completions).
    pub replay: &'static [&'static str],
    /// Fields that are merged into every request, as the text of a JSON object. Empty for none.
    pub extra: &'static str,
}

impl Quirks {
    /// The quirks of OpenAI, and of the reference server of every other protocol.
    pub const OPENAI: Self = Self {
        max_tokens: MaxTokensField::MaxCompletionTokens,
        tool_choice: ToolChoiceForm::Named,
        parallel_tool_calls: true,
        strict: true,
        stream_usage: true,
        thinking: ThinkingSupport::LEVELS,
        sampling: Sampling::Accepted,
        logprobs: LogprobsSupport::OPENAI,
        seed: SeedField::Seed,
        service_tier: TierField::ServiceTier,
        media: MediaForm::OpenAi,
        cache: CacheForm::Unmarked,
        cache_key: CacheKeyField::None,
        schema: SchemaField::JsonSchema,
        system: SystemPlace::UserTurn,
        stateless: false,
        replay: &[],
        extra: "",
    };

    /// The quirks assumed for an unknown server.
    pub const COMPATIBLE: Self = Self {
        max_tokens: MaxTokensField::MaxTokens,
        tool_choice: ToolChoiceForm::Required,
        // Some servers refuse unknown fields, and several calls work without this one.
        parallel_tool_calls: false,
        cache: CacheForm::Unknown,
        logprobs: LogprobsSupport::ALWAYS,
        ..Self::OPENAI
    };
}
