//! How a server's form of its protocol differs from the protocol's reference, as data. The rows that
//! say which provider has which stand in the presets.

/// The name of the field that bounds the length of the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MaxTokensField {
    /// `max_completion_tokens`: OpenAI, whose reasoning models refuse the older name.
    MaxCompletionTokens,
    /// `max_tokens`: nearly everybody else.
    MaxTokens,
}

/// How a call of the tool is demanded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoiceForm {
    /// By the tool's name, as the protocol has it.
    Named,
    /// Any tool must be called: for servers that take no notice of a name, as llama.cpp does.
    Required,
    /// `"any"`: Mistral's word for the same.
    Any,
    /// Left to the model, for models that refuse to be forced.
    Auto,
    /// Not sent at all.
    Omitted,
}

/// How hard to think is said in which field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EffortField {
    /// `reasoning_effort: "low"`, or what the protocol has in its place.
    Effort,
    /// `reasoning: {"effort": "low"}`: OpenRouter.
    Reasoning,
    /// `thinking: {"type": "enabled"}` or `"disabled"`: DeepSeek.
    Thinking,
    /// There is none.
    None,
}

/// Where the service tier goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TierField {
    /// `service_tier`, or what the protocol has in its place.
    ServiceTier,
    /// There is none.
    None,
}

/// The name of the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeedField {
    /// `seed`.
    Seed,
    /// `random_seed`: Mistral.
    RandomSeed,
}

/// How media stand in a message of Chat Completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum MediaForm {
    /// `image_url`, `input_audio` with a format, `file`.
    OpenAi,
    /// `image_url`, `input_audio` as a text, `document_url`: Mistral.
    Mistral,
}

/// How a place that is worth caching is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheForm {
    /// Not at all; the provider finds it itself.
    Unmarked,
    /// `cache_control: {"type": "ephemeral"}` on the part before it, or what the protocol has in
    /// its place.
    Marked,
}

/// Where a native schema goes in Gemini's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaField {
    /// `responseJsonSchema`, `parametersJsonSchema`: JSON Schema.
    JsonSchema,
    /// `responseSchema`, `parameters`: the older subset of `OpenAPI`.
    OpenApi,
    /// `responseFormat`: the newer place of Vertex AI.
    ResponseFormat,
}

/// How a server differs from the reference of its protocol. Not every protocol looks at every field.
///
/// ```
/// use extract_llm::wire::{MaxTokensField, Quirks};
///
/// assert_eq!(Quirks::OPENAI.max_tokens, MaxTokensField::MaxCompletionTokens);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quirks {
    /// How to bound the reply's length.
    pub max_tokens: MaxTokensField,
    /// How to demand the tool.
    pub tool_choice: ToolChoiceForm,
    /// Whether `parallel_tool_calls: false` may be sent.
    pub parallel_tool_calls: bool,
    /// Whether `strict` may be sent.
    pub strict: bool,
    /// Whether `stream_options: {"include_usage": true}` may be sent.
    pub stream_usage: bool,
    /// Where the effort goes.
    pub effort: EffortField,
    /// Where the seed goes.
    pub seed: SeedField,
    /// Where the service tier goes.
    pub service_tier: TierField,
    /// How media are written.
    pub media: MediaForm,
    /// How cache points are written.
    pub cache: CacheForm,
    /// Where a schema goes (Gemini).
    pub schema: SchemaField,
    /// Fields of the model's turn that the server wants back (Chat Completions).
    pub replay: &'static [&'static str],
    /// Fields that go with every request, as a JSON object; empty for none.
    pub extra: &'static str,
}

impl Quirks {
    /// OpenAI itself, and the reference of every other protocol.
    pub const OPENAI: Self = Self {
        max_tokens: MaxTokensField::MaxCompletionTokens,
        tool_choice: ToolChoiceForm::Named,
        parallel_tool_calls: true,
        strict: true,
        stream_usage: true,
        effort: EffortField::Effort,
        seed: SeedField::Seed,
        service_tier: TierField::ServiceTier,
        media: MediaForm::OpenAi,
        cache: CacheForm::Unmarked,
        schema: SchemaField::JsonSchema,
        replay: &[],
        extra: "",
    };

    /// A server of which only the protocol is known.
    pub const COMPATIBLE: Self = Self {
        max_tokens: MaxTokensField::MaxTokens,
        tool_choice: ToolChoiceForm::Required,
        // Some refuse a field that they do not know; several calls lose nothing where it is not sent.
        parallel_tool_calls: false,
        ..Self::OPENAI
    };
}
