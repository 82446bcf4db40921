//! The dialects, one constant for every dialect. Every rule cites its source; a rule without a source
//! follows the stricter neighbour and says so. To add a provider, add a row.

use super::table::{
    Any, Constants, Dialect, Limits, Maps, Nullable, OneOf, Patterns, PropertyNames, Recursion,
    Refs, Root, RootRefs, Tuples,
};
use super::tool_format::{SchemaKey, ToolFormat};

/// The formats of draft 2020-12 that grammar engines support. Because of others (`ip`, `uint8`, …) some
/// engines refuse the schema.
const STANDARD_FORMATS: &[&str] =
    &["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"];

/// <https://platform.openai.com/docs/guides/structured-outputs>, "Supported properties".
const OPENAI_FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// All constraint keywords and annotations that a dialect can allow.
const EVERY_KEYWORD: &[&str] = &[
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "propertyNames",
    "patternProperties",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "contentEncoding",
    "contentMediaType",
    "default",
    "examples",
];

impl Dialect {
    /// The whole of JSON Schema, tidied: composition is merged, structs are closed, and keywords that
    /// say nothing about values are removed. It is for tools that are not strict, and for servers that
    /// compile it to a grammar with full support (vLLM).
    pub const JSON_SCHEMA: Self = Self {
        name: "json-schema",
        enforced: true,
        root: Root::Any,
        optional: true,
        one_of: OneOf::Keep,
        maps: Maps::Keep,
        tuples: Tuples::Keep,
        any: Any::Keep,
        refs: Refs::Annotated,
        recursion: Recursion::Keep,
        root_refs: RootRefs::Define,
        nullable: Nullable::TypeList,
        merge_constants: false,
        constants: Constants::Any,
        keywords: EVERY_KEYWORD,
        formats: STANDARD_FORMATS,
        patterns: Patterns::Any,
        min_items: u64::MAX,
        property_names: PropertyNames::Any,
        upper_case_types: false,
        property_ordering: false,
        empty_objects: true,
        closes_objects: true,
        limits: Limits::NONE,
        loose: None,
        tool: ToolFormat { schema: SchemaKey::Function, strict: false },
    };

    /// JSON Schema for llama.cpp and servers built on it (Ollama). Its grammar ignores
    /// `patternProperties` and `propertyNames`, reads an empty schema as an object, and takes patterns
    /// only from `^` to `$` (`json-schema-to-grammar` in its repository).
    pub const LLAMA_CPP: Self = Self {
        name: "llama-cpp",
        any: Any::AllTypes,
        refs: Refs::Annotated,
        patterns: Patterns::Anchored,
        keywords: &[
            "format",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "minItems",
            "maxItems",
        ],
        formats: &["date-time", "date", "time", "uuid"],
        merge_constants: true,
        ..Self::JSON_SCHEMA
    };

    /// OpenAI's `strict: true`, for `response_format` and for tools. Every object is closed and every
    /// property required (an optional one is nullable). Unions are `anyOf` only, and formats are those
    /// of its list. The limits are 5,000 properties, 10 levels, 1,000 enum values, and 120,000
    /// characters of names and enum values
    /// (<https://platform.openai.com/docs/guides/structured-outputs>, "Supported schemas").
    ///
    /// The guide does not mention `oneOf`, `prefixItems`, `patternProperties` or `default`. They are
    /// converted or moved into descriptions, as OpenAI's SDKs do.
    pub const OPENAI_STRICT: Self = Self {
        name: "openai-strict",
        enforced: true,
        root: Root::Object,
        optional: false,
        one_of: OneOf::AnyOf,
        maps: Maps::Pairs,
        tuples: Tuples::Object,
        any: Any::Text,
        refs: Refs::Bare,
        recursion: Recursion::Keep,
        root_refs: RootRefs::Hash,
        nullable: Nullable::TypeList,
        merge_constants: true,
        constants: Constants::Scalars,
        keywords: &[
            "format",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minItems",
            "maxItems",
        ],
        formats: OPENAI_FORMATS,
        patterns: Patterns::Plain,
        min_items: u64::MAX,
        property_names: PropertyNames::Any,
        upper_case_types: false,
        property_ordering: false,
        empty_objects: true,
        closes_objects: true,
        limits: Limits {
            properties: Some(5_000),
            depth: Some(10),
            enum_values: Some(1_000),
            long_enum: Some((250, 15_000)),
            text: Some(120_000),
            ..Limits::NONE
        },
        loose: Some(&Self::OPENAI_LOOSE),
        tool: ToolFormat { schema: SchemaKey::Function, strict: true },
    };

    /// OpenAI's schemas without `strict`: any schema is accepted, and none is enforced.
    pub const OPENAI_LOOSE: Self =
        Self { name: "openai-loose", enforced: false, ..Self::JSON_SCHEMA };

    /// OpenAI's rules for a fine-tuned model, which lacks the constraints on strings, numbers and lists
    /// as well (same guide).
    pub const OPENAI_FINE_TUNED: Self =
        Self { name: "openai-fine-tuned", keywords: &[], ..Self::OPENAI_STRICT };

    /// Anthropic's `output_config.format`: closed objects with at most 24 optional properties and 16
    /// unions (`anyOf`). It has no recursion, no bounds except `minItems` 0 or 1, and enums of scalars
    /// (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, "JSON Schema
    /// limitations").
    ///
    /// A recursive type is written out three levels deep, or less if the limits require it. Deeper
    /// values are strings of JSON text, so that no value is lost. For a recursive schema the server
    /// answers 400 `Circular reference detected in schema definitions`.
    pub const ANTHROPIC_FORMAT: Self = Self {
        name: "anthropic-format",
        enforced: true,
        root: Root::Object,
        optional: true,
        one_of: OneOf::AnyOf,
        maps: Maps::Pairs,
        tuples: Tuples::Object,
        any: Any::Text,
        refs: Refs::Bare,
        recursion: Recursion::Unroll(3),
        root_refs: RootRefs::Define,
        nullable: Nullable::TypeList,
        merge_constants: true,
        constants: Constants::Scalars,
        keywords: &["format", "pattern", "minItems"],
        formats: STANDARD_FORMATS,
        patterns: Patterns::Plain,
        min_items: 1,
        property_names: PropertyNames::Ascii64,
        upper_case_types: false,
        property_ordering: false,
        empty_objects: true,
        closes_objects: true,
        limits: Limits { optional: Some(24), unions: Some(16), tools: Some(20), ..Limits::NONE },
        loose: None,
        tool: ToolFormat { schema: SchemaKey::InputSchema, strict: true },
    };

    /// Anthropic's strict tools: the rules of [`Dialect::ANTHROPIC_FORMAT`], `type: object` at the root
    /// (else 400 `input_schema.type: Field required`) and property names of `^[a-zA-Z0-9_.-]{1,64}$`
    /// (else 400 `Property keys should match pattern`).
    pub const ANTHROPIC_TOOL: Self = Self {
        name: "anthropic-tool",
        loose: Some(&Self::ANTHROPIC_LOOSE_TOOL),
        ..Self::ANTHROPIC_FORMAT
    };

    /// Anthropic's tools without `strict`: only the rules for the root and for property names are
    /// enforced.
    pub const ANTHROPIC_LOOSE_TOOL: Self = Self {
        name: "anthropic-loose-tool",
        enforced: false,
        root: Root::Object,
        property_names: PropertyNames::Ascii64,
        tool: ToolFormat { schema: SchemaKey::InputSchema, strict: false },
        ..Self::JSON_SCHEMA
    };

    /// Gemini's `responseJsonSchema` and `parametersJsonSchema`: maps and tuples as they are, a `$ref`
    /// alone, recursion only through optional properties, and the keywords of its list. The server
    /// ignores other keywords (<https://ai.google.dev/api/generate-content#v1beta.GenerationConfig>,
    /// `responseJsonSchema`).
    ///
    /// It refuses an `OBJECT` without properties ("should be non-empty for OBJECT type") and an empty
    /// string in an `enum` ("cannot be empty").
    ///
    /// The sum of all `maxItems` is limited to 960: beyond it the server answers an unexplained 400
    /// (python-genai issue 2170).
    pub const GEMINI_JSON_SCHEMA: Self = Self {
        name: "gemini-json-schema",
        enforced: true,
        root: Root::Any,
        optional: true,
        one_of: OneOf::AnyOf,
        maps: Maps::Keep,
        tuples: Tuples::Keep,
        any: Any::Text,
        refs: Refs::Bare,
        recursion: Recursion::KeepIfOptional { unroll: 3 },
        root_refs: RootRefs::Define,
        nullable: Nullable::AnyOf,
        merge_constants: true,
        constants: Constants::StringsAndNumbers,
        keywords: &["format", "minimum", "maximum", "minItems", "maxItems"],
        formats: &["date-time", "date", "time"],
        patterns: Patterns::Plain,
        min_items: u64::MAX,
        property_names: PropertyNames::Any,
        upper_case_types: false,
        property_ordering: true,
        empty_objects: false,
        closes_objects: true,
        limits: Limits { max_items_sum: Some(960), ..Limits::NONE },
        loose: None,
        tool: ToolFormat { schema: SchemaKey::Declaration("parametersJsonSchema"), strict: false },
    };

    /// Gemini's `responseSchema` and `parameters`, a subset of `OpenAPI` 3.0. It has upper-case types,
    /// `nullable` and `propertyOrdering`, but no references and no `additionalProperties`. Enums hold
    /// strings, and `date-time` is the only string format
    /// (<https://ai.google.dev/api/caching#Schema>).
    pub const GEMINI_RESPONSE_SCHEMA: Self = Self {
        name: "gemini-response-schema",
        maps: Maps::Pairs,
        tuples: Tuples::Object,
        refs: Refs::Inline,
        recursion: Recursion::Unroll(3),
        nullable: Nullable::Keyword,
        constants: Constants::Strings,
        keywords: &[
            "format",
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
        ],
        formats: &["date-time"],
        upper_case_types: true,
        closes_objects: false,
        tool: ToolFormat { schema: SchemaKey::Declaration("parameters"), strict: false },
        ..Self::GEMINI_JSON_SCHEMA
    };

    /// Groq's `strict: true`: OpenAI's rules.
    pub const GROQ_STRICT: Self = Self { name: "groq-strict", ..Self::OPENAI_STRICT };

    /// Mistral's `json_schema`. Its rules are not documented. It accepts the schemas of OpenAI's strict
    /// mode; its limits are unknown, so none is applied.
    pub const MISTRAL: Self = Self { name: "mistral", limits: Limits::NONE, ..Self::OPENAI_STRICT };

    /// DeepSeek's strict tools (its beta endpoint): OpenAI's shape without bounds, patterns and formats
    /// (<https://api-docs.deepseek.com/guides/function_calling>, "strict mode"). Its documentation of
    /// these keywords has changed, so none is sent.
    pub const DEEPSEEK: Self =
        Self { name: "deepseek", keywords: &[], limits: Limits::NONE, ..Self::OPENAI_STRICT };

    /// All dialects.
    pub const ALL: &[&Self] = &[
        &Self::JSON_SCHEMA,
        &Self::LLAMA_CPP,
        &Self::OPENAI_STRICT,
        &Self::OPENAI_LOOSE,
        &Self::OPENAI_FINE_TUNED,
        &Self::ANTHROPIC_FORMAT,
        &Self::ANTHROPIC_TOOL,
        &Self::ANTHROPIC_LOOSE_TOOL,
        &Self::GEMINI_JSON_SCHEMA,
        &Self::GEMINI_RESPONSE_SCHEMA,
        &Self::GROQ_STRICT,
        &Self::MISTRAL,
        &Self::DEEPSEEK,
    ];
}
