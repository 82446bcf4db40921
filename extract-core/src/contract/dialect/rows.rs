//! The dialects, one constant each. Every rule cites where it is stated; a rule that no source
//! states follows the stricter neighbour and says so. Adding a provider is adding a row.

use super::table::{
    Any, Constants, Dialect, Limits, Maps, Nullable, OneOf, Patterns, PropertyNames, Recursion,
    Refs, Root, RootRefs, Tuples,
};

/// The formats of draft 2020-12 that grammar engines know. Others (`ip`, `uint8`, …) make some of
/// them refuse the schema.
const STANDARD_FORMATS: &[&str] =
    &["date-time", "date", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"];

/// <https://platform.openai.com/docs/guides/structured-outputs>, "Supported properties".
const OPENAI_FORMATS: &[&str] =
    &["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

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
    /// The whole of JSON Schema, tidied: composition is merged, structs are closed, noise is gone.
    /// For servers that compile it to a grammar with full support (vLLM) and for tools that are not
    /// strict.
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
    };

    /// JSON Schema for llama.cpp and what is built on it (Ollama): its grammar ignores
    /// `patternProperties` and `propertyNames`, takes an empty schema for an object, and patterns
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

    /// OpenAI's `strict: true`, for `response_format` and for tools: every object closed, every
    /// property required (an optional one is nullable), `anyOf` only, formats of its list, at most
    /// 5,000 properties, 10 levels, 1,000 enum values and 120,000 characters of names and enum
    /// values (<https://platform.openai.com/docs/guides/structured-outputs>, "Supported schemas").
    ///
    /// The guide names neither `oneOf`, `prefixItems`, `patternProperties` nor `default`; they are
    /// converted or said in words, as its own SDKs do.
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
    };

    /// OpenAI's schemas without `strict`: anything is accepted and nothing is enforced.
    pub const OPENAI_LOOSE: Self =
        Self { name: "openai-loose", enforced: false, ..Self::JSON_SCHEMA };

    /// OpenAI's rules for a fine-tuned model, which also loses the constraints on strings, numbers
    /// and lists (same guide).
    pub const OPENAI_FINE_TUNED: Self =
        Self { name: "openai-fine-tuned", keywords: &[], ..Self::OPENAI_STRICT };

    /// Anthropic's `output_config.format`: closed objects, optional properties allowed (24), `anyOf`
    /// (16), no recursion, bounds on nothing but `minItems` 0 or 1, enums of scalars
    /// (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, "JSON Schema
    /// limitations").
    ///
    /// A recursive type is written out three levels deep (less where the limits ask for it); what
    /// lies deeper is a string of JSON text, so that no value is lost. The server answers 400
    /// `Circular reference detected in schema definitions` otherwise.
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
    };

    /// Anthropic's strict tools: the rules of [`Dialect::ANTHROPIC_FORMAT`] with `type: object`
    /// demanded at the root (400 `input_schema.type: Field required`) and property names of
    /// `^[a-zA-Z0-9_.-]{1,64}$` (400 `Property keys should match pattern`).
    pub const ANTHROPIC_TOOL: Self = Self {
        name: "anthropic-tool",
        loose: Some(&Self::ANTHROPIC_LOOSE_TOOL),
        ..Self::ANTHROPIC_FORMAT
    };

    /// Anthropic's tools without `strict`: nothing is enforced, the root and the names still are.
    pub const ANTHROPIC_LOOSE_TOOL: Self = Self {
        name: "anthropic-loose-tool",
        enforced: false,
        root: Root::Object,
        property_names: PropertyNames::Ascii64,
        ..Self::JSON_SCHEMA
    };

    /// Gemini's `responseJsonSchema` and `parametersJsonSchema`: maps and tuples as they are, a
    /// `$ref` alone, recursion through properties that may be left out only, and the keywords of
    /// its list; the others are ignored by the server
    /// (<https://ai.google.dev/api/generate-content#v1beta.GenerationConfig>, `responseJsonSchema`).
    /// An `OBJECT` without properties is refused ("should be non-empty for OBJECT type"), and so is an
    /// empty text among the values of an `enum` ("cannot be empty").
    /// The sum of all `maxItems` is kept below 960: beyond it the server answers an unexplained 400
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
    };

    /// Gemini's `responseSchema` and `parameters`, a subset of `OpenAPI` 3.0: upper-case types,
    /// `nullable`, `propertyOrdering`, no references, no `additionalProperties`, enums of strings,
    /// and `date-time` as the only format of a string
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
        ..Self::GEMINI_JSON_SCHEMA
    };

    /// Groq's `strict: true`: OpenAI's rules.
    pub const GROQ_STRICT: Self = Self { name: "groq-strict", ..Self::OPENAI_STRICT };

    /// Mistral's `json_schema`. Its rules are not written down; what OpenAI's strict mode takes,
    /// it takes, and the limits are not known to hold.
    pub const MISTRAL: Self = Self { name: "mistral", limits: Limits::NONE, ..Self::OPENAI_STRICT };

    /// DeepSeek's strict tools (its beta endpoint): OpenAI's shape without any bound, pattern or
    /// format (<https://api-docs.deepseek.com/guides/function_calling>, "strict mode"; what it says
    /// of single keywords has changed, so none is sent).
    pub const DEEPSEEK: Self =
        Self { name: "deepseek", keywords: &[], limits: Limits::NONE, ..Self::OPENAI_STRICT };

    /// Every dialect there is.
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
