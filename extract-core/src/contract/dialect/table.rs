//! The rules of a dialect as one row of data. The engine reads the row and does not know the provider.
//! The rows are in `rows`.

use super::tool_format::ToolFormat;

/// A provider's dialect of JSON Schema: a row of rules that [`lower`](super::lower) follows.
///
/// There is one constant for every kind of structured output that a provider offers.
///
/// ```
/// use extract_llm::dialect::Dialect;
///
/// assert_eq!(Dialect::OPENAI_STRICT.name(), "openai-strict");
/// assert!(Dialect::ALL.iter().any(|dialect| dialect.name() == "gemini-json-schema"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent rules, not a state")]
pub struct Dialect {
    pub(super) name: &'static str,
    /// Whether the server enforces the schema.
    pub(super) enforced: bool,
    pub(super) root: Root,
    /// Whether a property may be missing. If not, optional properties become nullable.
    pub(super) optional: bool,
    pub(super) one_of: OneOf,
    pub(super) maps: Maps,
    pub(super) tuples: Tuples,
    pub(super) any: Any,
    pub(super) refs: Refs,
    pub(super) recursion: Recursion,
    /// The form of a reference to the root.
    pub(super) root_refs: RootRefs,
    pub(super) nullable: Nullable,
    /// Whether a union of constants becomes one `enum`, with its descriptions in one description.
    pub(super) merge_constants: bool,
    pub(super) constants: Constants,
    /// The constraint keywords that may be sent. Others go into the description.
    pub(super) keywords: &'static [&'static str],
    /// The values of `format` that may be sent.
    pub(super) formats: &'static [&'static str],
    pub(super) patterns: Patterns,
    /// The largest `minItems` that may be sent.
    pub(super) min_items: u64,
    pub(super) property_names: PropertyNames,
    /// Whether type names are written in upper case.
    pub(super) upper_case_types: bool,
    /// Whether `propertyOrdering` is written.
    pub(super) property_ordering: bool,
    /// Whether an object below the root may have no members.
    pub(super) empty_objects: bool,
    /// Whether `additionalProperties: false` is written. A server that does not define the field is not
    /// sent it.
    pub(super) closes_objects: bool,
    pub(super) limits: Limits,
    /// The dialect of the same request field if nothing is to be enforced.
    pub(super) loose: Option<&'static Dialect>,
    pub(in crate::contract) tool: ToolFormat,
}

impl Dialect {
    /// Returns the name of the dialect in reports and errors.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the dialect of the same request field if the provider is not asked to enforce the
    /// schema; `None` if the field has no such dialect.
    pub fn loose(&self) -> Option<&'static Self> {
        self.loose
    }

    /// Returns whether the server enforces a schema in this dialect. If so, a reply fits unless it was
    /// refused or cut off.
    pub const fn enforced(&self) -> bool {
        self.enforced
    }

    /// Returns whether a constraint keyword may be sent.
    pub(super) fn allows(&self, keyword: &str) -> bool {
        self.keywords.contains(&keyword)
    }
}

/// The schemas that may be the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// An object with named properties; no union and no `$ref`.
    Object,
    /// Any schema.
    Any,
}

/// The form of `oneOf`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OneOf {
    Keep,
    AnyOf,
}

/// The form of objects whose keys are not fixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maps {
    Keep,
    /// A list of `{key, value}` objects.
    Pairs,
}

/// The form of lists with a schema for every position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tuples {
    Keep,
    /// An object with the members `"0"`, `"1"`, …
    Object,
}

/// The form of values of any type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Any {
    /// `true` and `{}` stay.
    Keep,
    /// A list of all six types.
    AllTypes,
    /// A string that holds JSON text.
    Text,
}

/// The form of references to definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refs {
    /// Kept, even with a description beside it.
    Annotated,
    /// Kept if nothing stands beside it.
    Bare,
    /// Replaced by the schema that it refers to.
    Inline,
}

/// The form of types that contain themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recursion {
    Keep,
    /// Kept if every cycle passes through an optional property; otherwise written out to the depth
    /// `unroll`.
    KeepIfOptional {
        unroll: usize,
    },
    /// Written out to this depth. A deeper value is a string that holds JSON text.
    Unroll(usize),
}

/// The form of a reference to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootRefs {
    /// `"$ref": "#"`.
    Hash,
    /// A definition that repeats the root.
    Define,
}

/// The form of a schema that also accepts null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nullable {
    /// `type: ["string", "null"]` for simple types, `anyOf` for the others.
    TypeList,
    /// `anyOf: [.., {type: null}]`.
    AnyOf,
    /// `nullable: true`.
    Keyword,
}

/// The constants that may be sent, and their form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Constants {
    /// `enum` of anything and `const`.
    Any,
    /// `enum` of scalars and `const`.
    Scalars,
    /// `enum` of strings and numbers; a `const` is an `enum` of one.
    StringsAndNumbers,
    /// `enum` of strings; a `const` is an `enum` of one.
    Strings,
}

/// The regular expressions that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patterns {
    Any,
    /// Without lookaround, backreferences and word boundaries.
    Plain,
    /// Plain, from `^` to `$`, and without classes such as `\d` and groups such as `(?:`.
    Anchored,
}

/// The property names that may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyNames {
    Any,
    /// `^[a-zA-Z0-9_.-]{1,64}$`. Other names are replaced, and restored in the reply.
    Ascii64,
}

/// The numbers that a dialect allows; `None` if it states no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) properties: Option<usize>,
    pub(super) depth: Option<usize>,
    pub(super) enum_values: Option<usize>,
    /// For an enum with more values than the first number: the most characters of its values.
    pub(super) long_enum: Option<(usize, usize)>,
    /// Characters of property names, definition names, enum values and constants.
    pub(super) text: Option<usize>,
    pub(super) optional: Option<usize>,
    pub(super) unions: Option<usize>,
    pub(super) max_items_sum: Option<usize>,
    /// Tools in one request.
    pub(super) tools: Option<usize>,
}

impl Limits {
    /// No limits.
    pub(super) const NONE: Self = Self {
        properties: None,
        depth: None,
        enum_values: None,
        long_enum: None,
        text: None,
        optional: None,
        unions: None,
        max_items_sum: None,
        tools: None,
    };
}
