//! The provider table. Facts are of November 2026, from the providers' references and from recorded
//! exchanges.

use super::facts::{Facts, MediaSupport, ModelModes};
use super::families::{
    ANTHROPIC, ANTHROPIC_RULES, CHAT, COMPATIBLE, GEMINI, GEMINI_RULES, INTERACTIONS_RULES, OPENAI,
    OPENAI_BREAKPOINTS, OPENAI_CHAT_RULES, OPENAI_RESPONSES, OPENAI_RULES, OPENAI_VARIANTS,
    OWN_SERVER, SCHEMA_FIRST, SCHEMA_OR_TOOLS, SMALL_MODELS, TOOLS_FIRST, TOOLS_OR_TEXT,
};
use super::row::{Auth, Preset, Rule};
use super::thinking as t;
use crate::contract::dialect::Dialect;
use crate::conversation::Mode;
use crate::model::profile::{AskingForm, SchemaPrompt};
use crate::wire::{
    BatchForm, CacheForm, CacheKeyField, CountForm, LogprobsSupport, MaxTokensField, MediaForm,
    Protocol, Quirks, Sampling, SeedField, ThinkingForm, ThinkingSupport, TierField,
    ToolChoiceForm,
};

/// The row of an unknown provider, on which all other rows build.
const ROW: Preset = Preset {
    name: "custom",
    aliases: &[],
    base_url: "",
    base_variables: &[],
    base_suffix: "",
    key_variables: &[],
    auth: Auth::Bearer,
    signed_for: None,
    headers: &[],
    protocol: Protocol::Chat,
    count: CountForm::None,
    batch: BatchForm::None,
    facts: COMPATIBLE,
    rules: &[],
};

/// All servers of the protocol accept this version. The next one (2026-10-21) refuses sampling parameters
/// even for models that support them.
const ANTHROPIC_VERSION: &[(&str, &str)] = &[("anthropic-version", "2023-06-01")];

/// Returns what a model of Anthropic can be told over Bedrock: the same, in its additional fields.
const fn additional(thinking: ThinkingSupport) -> ThinkingSupport {
    ThinkingSupport { form: ThinkingForm::Additional, ..thinking }
}

/// All providers, by name.
pub(super) static PRESETS: &[Preset] = &[
    Preset {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        base_variables: &["OPENAI_BASE_URL"],
        key_variables: &["OPENAI_API_KEY"],
        count: CountForm::OpenAi,
        facts: OPENAI,
        rules: &[OPENAI_RULES, OPENAI_CHAT_RULES, OPENAI_VARIANTS, OPENAI_BREAKPOINTS],
        batch: BatchForm::OpenAi,
        ..ROW
    },
    Preset {
        name: "openai-responses",
        base_url: "https://api.openai.com/v1",
        base_variables: &["OPENAI_BASE_URL"],
        key_variables: &["OPENAI_API_KEY"],
        protocol: Protocol::Responses,
        count: CountForm::OpenAi,
        facts: OPENAI_RESPONSES,
        rules: &[OPENAI_RULES, OPENAI_VARIANTS, OPENAI_BREAKPOINTS],
        batch: BatchForm::OpenAi,
        ..ROW
    },
    Preset {
        // The URL of a deployment (`…/openai/deployments/<name>?api-version=…`) is also a valid base
        // URL.
        name: "azure",
        base_url: "{AZURE_OPENAI_ENDPOINT}/openai/v1",
        base_variables: &["AZURE_OPENAI_ENDPOINT"],
        base_suffix: "openai/v1",
        key_variables: &["AZURE_OPENAI_API_KEY"],
        auth: Auth::Header("api-key"),
        facts: OPENAI,
        rules: &[OPENAI_RULES, OPENAI_CHAT_RULES, OPENAI_VARIANTS],
        ..ROW
    },
    Preset {
        name: "azure-responses",
        base_url: "{AZURE_OPENAI_ENDPOINT}/openai/v1",
        base_variables: &["AZURE_OPENAI_ENDPOINT"],
        base_suffix: "openai/v1",
        key_variables: &["AZURE_OPENAI_API_KEY"],
        auth: Auth::Header("api-key"),
        protocol: Protocol::Responses,
        facts: OPENAI_RESPONSES,
        rules: &[OPENAI_RULES, OPENAI_VARIANTS],
        ..ROW
    },
    Preset {
        name: "anthropic",
        base_url: "https://api.anthropic.com/v1",
        key_variables: &["ANTHROPIC_API_KEY"],
        auth: Auth::Header("x-api-key"),
        headers: ANTHROPIC_VERSION,
        protocol: Protocol::Anthropic,
        count: CountForm::Anthropic,
        facts: ANTHROPIC,
        rules: &[ANTHROPIC_RULES],
        batch: BatchForm::Anthropic,
        ..ROW
    },
    Preset {
        name: "google",
        aliases: &["gemini"],
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        auth: Auth::Header("x-goog-api-key"),
        protocol: Protocol::Gemini,
        count: CountForm::Gemini,
        // This API refuses them for every model that is known; Vertex AI does not.
        facts: Facts {
            quirks: Quirks { logprobs: LogprobsSupport::NONE, ..GEMINI.quirks },
            ..GEMINI
        },
        rules: &[GEMINI_RULES],
        batch: BatchForm::Gemini,
        ..ROW
    },
    Preset {
        name: "google-interactions",
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_variables: &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
        auth: Auth::Header("x-goog-api-key"),
        protocol: Protocol::Interactions,
        facts: GEMINI,
        rules: &[INTERACTIONS_RULES],
        ..ROW
    },
    Preset {
        // The key is an OAuth token, such as `gcloud auth print-access-token` prints.
        name: "vertex",
        base_url: "https://{GOOGLE_CLOUD_LOCATION}-aiplatform.googleapis.com/v1/projects/{GOOGLE_CLOUD_PROJECT}/locations/{GOOGLE_CLOUD_LOCATION}/publishers/google",
        key_variables: &["VERTEX_ACCESS_TOKEN", "GOOGLE_ACCESS_TOKEN"],
        protocol: Protocol::Gemini,
        facts: GEMINI,
        rules: &[GEMINI_RULES],
        ..ROW
    },
    Preset {
        name: "bedrock",
        base_url: "https://bedrock-runtime.{AWS_REGION}.amazonaws.com",
        key_variables: &["AWS_BEARER_TOKEN_BEDROCK"],
        signed_for: Some("bedrock"),
        protocol: Protocol::Bedrock,
        facts: Facts {
            modes: TOOLS_OR_TEXT,
            tool_dialect: &Dialect::ANTHROPIC_LOOSE_TOOL,
            parallel_tools: true,
            media: MediaSupport {
                image: ModelModes::BYTES,
                audio: ModelModes::NONE,
                document: ModelModes::BYTES,
            },
            quirks: Quirks {
                tool_choice: ToolChoiceForm::Named,
                thinking: ThinkingSupport::NONE,
                // Most models refuse cache points.
                cache: CacheForm::Unknown,
                ..Quirks::OPENAI
            },
            ..COMPATIBLE
        },
        rules: &[&[
            Rule {
                models: &["*claude-*-4-5*", "*claude-*-4-6*"],
                modes: Some(SCHEMA_OR_TOOLS),
                schema: Some((&Dialect::ANTHROPIC_FORMAT, true)),
                tool: Some((&Dialect::ANTHROPIC_TOOL, true)),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-*-4-5*", "*claude-*-4-1*", "*claude-*-4-20*", "*claude-3-7*"],
                thinking: Some(additional(t::BUDGET)),
                sampling: Some(Sampling::WithoutThinking),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-*-4-6*"],
                thinking: Some(additional(t::ADAPTIVE_OR_BUDGET)),
                sampling: Some(Sampling::WithoutThinking),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-*-4-7*", "*claude-*-4-8*"],
                thinking: Some(additional(t::ADAPTIVE_IF_TOLD)),
                sampling: Some(Sampling::Refused),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-opus-5*", "*claude-sonnet-5*"],
                thinking: Some(additional(t::ADAPTIVE_UNLESS_OFF)),
                sampling: Some(Sampling::Refused),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-*-5-5*", "*claude-fable*", "*claude-mythos*"],
                tool_choice: Some(ToolChoiceForm::Auto),
                sampling: Some(Sampling::Refused),
                thinking: Some(additional(t::ALWAYS_ADAPTIVE)),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-haiku-5-5*"],
                thinking: Some(additional(t::ADAPTIVE_UNLESS_OFF)),
                ..Rule::NONE
            },
            Rule {
                models: &["*claude-sonnet-5-5*"],
                thinking: Some(additional(t::OFF_BETWEEN_TOOLS)),
                ..Rule::NONE
            },
            Rule {
                models: &["*anthropic.*", "*claude*"],
                cache: Some(CacheForm::Marked),
                ..Rule::NONE
            },
            Rule {
                models: &["*amazon.nova*"],
                cache: Some(CacheForm::MarkedMessages),
                ..Rule::NONE
            },
            Rule {
                models: &["*meta.llama*", "*deepseek*", "*ai21*"],
                tool_choice: Some(ToolChoiceForm::Omitted),
                ..Rule::NONE
            },
        ]],
        ..ROW
    },
    Preset {
        name: "cohere",
        base_url: "https://api.cohere.com",
        key_variables: &["CO_API_KEY", "COHERE_API_KEY"],
        protocol: Protocol::Cohere,
        facts: Facts {
            parallel_tools: true,
            media: MediaSupport::IMAGES,
            quirks: Quirks {
                thinking: t::SWITCH_OR_BUDGET,
                cache: CacheForm::Unmarked,
                ..Quirks::COMPATIBLE
            },
            ..COMPATIBLE
        },
        ..ROW
    },
    Preset {
        name: "groq",
        base_url: "https://api.groq.com/openai/v1",
        key_variables: &["GROQ_API_KEY"],
        // Only a few of its models support native schemas; all support tools.
        facts: Facts {
            modes: TOOLS_FIRST,
            parallel_tools: true,
            quirks: Quirks {
                max_tokens: MaxTokensField::MaxCompletionTokens,
                parallel_tool_calls: true,
                strict: false,
                logprobs: LogprobsSupport::NONE,
                cache: CacheForm::Unmarked,
                ..CHAT.quirks
            },
            ..CHAT
        },
        rules: &[&[Rule {
            models: &["openai/gpt-oss*", "qwen/qwen3.8-27b"],
            modes: Some(SCHEMA_FIRST),
            schema: Some((&Dialect::GROQ_STRICT, true)),
            ..Rule::NONE
        }]],
        batch: BatchForm::OpenAi,
        ..ROW
    },
    Preset {
        name: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_variables: &["MISTRAL_API_KEY"],
        facts: Facts {
            schema_dialect: &Dialect::MISTRAL,
            schema_strict: true,
            tool_dialect: &Dialect::MISTRAL,
            tool_strict: true,
            parallel_tools: true,
            media: MediaSupport {
                image: ModelModes::BYTES_URL,
                audio: ModelModes::BYTES_URL,
                document: ModelModes::BYTES_URL,
            },
            quirks: Quirks {
                tool_choice: ToolChoiceForm::Any,
                parallel_tool_calls: true,
                stream_usage: false,
                thinking: ThinkingSupport::NONE,
                logprobs: LogprobsSupport::NONE,
                seed: SeedField::RandomSeed,
                service_tier: TierField::None,
                media: MediaForm::Mistral,
                // It caches requests with a key.
                cache: CacheForm::Unmarked,
                cache_key: CacheKeyField::PromptCacheKey,
                replay: &["content"],
                ..Quirks::COMPATIBLE
            },
            ..COMPATIBLE
        },
        batch: BatchForm::Mistral,
        ..ROW
    },
    Preset {
        name: "deepseek",
        base_url: "https://api.deepseek.com",
        key_variables: &["DEEPSEEK_API_KEY"],
        // Its models reason by default, and then refuse forced tool calls. They do not support native
        // schemas.
        facts: Facts {
            modes: &[Mode::JsonObject, Mode::Text, Mode::Tools],
            media: MediaSupport::TEXT,
            quirks: Quirks {
                tool_choice: ToolChoiceForm::Auto,
                strict: false,
                thinking: t::SWITCH,
                cache: CacheForm::Unmarked,
                replay: &["reasoning_content"],
                ..Quirks::COMPATIBLE
            },
            ..COMPATIBLE
        },
        ..ROW
    },
    Preset {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        key_variables: &["OPENROUTER_API_KEY"],
        facts: Facts {
            schema_dialect: &Dialect::OPENAI_STRICT,
            schema_strict: true,
            tool_dialect: &Dialect::OPENAI_STRICT,
            tool_strict: true,
            media: MediaSupport {
                image: ModelModes::BYTES_URL,
                audio: ModelModes::BYTES,
                document: ModelModes::BYTES,
            },
            quirks: Quirks {
                parallel_tool_calls: true,
                thinking: t::ROUTED,
                cache: CacheForm::Marked,
                replay: &["reasoning_details"],
                // Excludes upstream providers that would ignore the schema.
                extra: r#"{"provider": {"require_parameters": true}}"#,
                ..CHAT.quirks
            },
            ..CHAT
        },
        ..ROW
    },
    Preset {
        name: "xai",
        base_url: "https://api.x.ai/v1",
        key_variables: &["XAI_API_KEY"],
        facts: Facts {
            media: MediaSupport::IMAGES,
            quirks: Quirks { cache_key: CacheKeyField::Header("x-grok-conv-id"), ..OPENAI.quirks },
            ..OPENAI
        },
        ..ROW
    },
    Preset {
        name: "xai-responses",
        base_url: "https://api.x.ai/v1",
        key_variables: &["XAI_API_KEY"],
        protocol: Protocol::Responses,
        facts: Facts { media: MediaSupport::IMAGES, ..OPENAI_RESPONSES },
        ..ROW
    },
    Preset {
        name: "together",
        base_url: "https://api.together.xyz/v1",
        key_variables: &["TOGETHER_API_KEY"],
        facts: Facts { quirks: Quirks { logprobs: LogprobsSupport::COUNT, ..CHAT.quirks }, ..CHAT },
        ..ROW
    },
    Preset {
        name: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_variables: &["FIREWORKS_API_KEY"],
        facts: CHAT,
        ..ROW
    },
    Preset {
        name: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_variables: &["CEREBRAS_API_KEY"],
        facts: Facts {
            media: MediaSupport::TEXT,
            quirks: Quirks { logprobs: LogprobsSupport::NONE, ..Quirks::OPENAI },
            ..OPENAI
        },
        ..ROW
    },
    Preset {
        name: "perplexity",
        base_url: "https://api.perplexity.ai",
        key_variables: &["PERPLEXITY_API_KEY", "PPLX_API_KEY"],
        facts: Facts {
            modes: &[Mode::JsonSchema, Mode::Text],
            quirks: Quirks { service_tier: TierField::None, ..CHAT.quirks },
            ..CHAT
        },
        ..ROW
    },
    Preset {
        name: "huggingface",
        base_url: "https://router.huggingface.co/v1",
        key_variables: &["HF_TOKEN", "HUGGINGFACE_API_KEY"],
        facts: CHAT,
        ..ROW
    },
    Preset {
        name: "venice",
        base_url: "https://api.venice.ai/api/v1",
        key_variables: &["VENICE_API_KEY"],
        facts: Facts { quirks: Quirks { cache: CacheForm::Unmarked, ..CHAT.quirks }, ..CHAT },
        ..ROW
    },
    Preset {
        name: "ollama",
        base_url: "http://127.0.0.1:11434/v1",
        base_variables: &["OLLAMA_HOST"],
        base_suffix: "v1",
        facts: Facts {
            quirks: Quirks { parallel_tool_calls: false, ..OWN_SERVER.quirks },
            schema_dialect: &Dialect::LLAMA_CPP,
            ..OWN_SERVER
        },
        rules: &[SMALL_MODELS],
        ..ROW
    },
    Preset {
        name: "ollama-native",
        base_url: "http://127.0.0.1:11434",
        base_variables: &["OLLAMA_HOST"],
        protocol: Protocol::Ollama,
        facts: Facts {
            schema_dialect: &Dialect::LLAMA_CPP,
            quirks: Quirks { thinking: t::OLLAMA, ..OWN_SERVER.quirks },
            ..OWN_SERVER
        },
        rules: &[SMALL_MODELS],
        ..ROW
    },
    Preset {
        name: "llamacpp",
        aliases: &["llama.cpp"],
        base_url: "http://127.0.0.1:8080/v1",
        count: CountForm::LlamaCpp,
        facts: Facts {
            schema_dialect: &Dialect::LLAMA_CPP,
            tool_dialect: &Dialect::LLAMA_CPP,
            // It serves the embedded model, and mostly small ones. The name does not tell the size.
            asking: AskingForm::MembersBehindText,
            ..OWN_SERVER
        },
        ..ROW
    },
    Preset {
        name: "vllm",
        base_url: "http://127.0.0.1:8000/v1",
        count: CountForm::Vllm,
        facts: OWN_SERVER,
        rules: &[SMALL_MODELS],
        ..ROW
    },
    Preset {
        name: "lmstudio",
        base_url: "http://127.0.0.1:1234/v1",
        facts: Facts { schema_dialect: &Dialect::LLAMA_CPP, ..OWN_SERVER },
        rules: &[SMALL_MODELS],
        ..ROW
    },
];

/// The rows for unknown servers, one per protocol. The first one is the default.
pub(super) static CUSTOM: &[Preset] = &[
    Preset { facts: Facts { schema_prompt: SchemaPrompt::UnlessTool, ..COMPATIBLE }, ..ROW },
    Preset { protocol: Protocol::Responses, ..ROW },
    Preset {
        // Servers that speak this protocol as their second one mostly support its tools only.
        protocol: Protocol::Anthropic,
        auth: Auth::Header("x-api-key"),
        headers: ANTHROPIC_VERSION,
        facts: Facts {
            modes: TOOLS_OR_TEXT,
            max_tokens: Some(8_192),
            quirks: Quirks {
                parallel_tool_calls: true,
                strict: false,
                thinking: t::EVERY_FORM,
                cache: CacheForm::Marked,
                ..Quirks::COMPATIBLE
            },
            ..COMPATIBLE
        },
        ..ROW
    },
    Preset {
        protocol: Protocol::Gemini,
        auth: Auth::Header("x-goog-api-key"),
        facts: GEMINI,
        ..ROW
    },
    Preset {
        protocol: Protocol::Interactions,
        auth: Auth::Header("x-goog-api-key"),
        facts: GEMINI,
        ..ROW
    },
    Preset {
        protocol: Protocol::Cohere,
        facts: Facts {
            quirks: Quirks { thinking: t::SWITCH_OR_BUDGET, ..Quirks::COMPATIBLE },
            ..COMPATIBLE
        },
        ..ROW
    },
    Preset {
        protocol: Protocol::Bedrock,
        signed_for: Some("bedrock"),
        facts: Facts {
            quirks: Quirks { thinking: ThinkingSupport::NONE, ..Quirks::COMPATIBLE },
            ..COMPATIBLE
        },
        ..ROW
    },
    Preset {
        protocol: Protocol::Ollama,
        facts: Facts { quirks: Quirks { thinking: t::OLLAMA, ..Quirks::COMPATIBLE }, ..COMPATIBLE },
        ..ROW
    },
];
