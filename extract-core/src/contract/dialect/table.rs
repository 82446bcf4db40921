//! What a dialect is: one row of rules, as data. The engine reads the row and never asks which
//! provider it is for. The rows themselves are in `rows`.

/// A provider's dialect of JSON Schema: a row of rules that [`lower`](super::lower) follows.
///
/// The rows are constants, one for each kind of structured output that a provider offers.
///
/// ```
/// use extract_llm::contract::dialect::Dialect;
///
/// assert_eq!(Dialect::OPENAI_STRICT.name(), "openai-strict");
/// assert!(Dialect::ALL.iter().any(|dialect| dialect.name() == "gemini-json-schema"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "a row of independent rules, not a state")]
pub struct Dialect {
    pub(super) name: &'static str,
    /// Whether the server holds the model to the schema.
    pub(super) enforced: bool,
    pub(super) root: Root,
    /// Whether a property may be left out; where not, optional ones become nullable.
    pub(super) optional: bool,
    pub(super) one_of: OneOf,
    pub(super) maps: Maps,
    pub(super) tuples: Tuples,
    pub(super) any: Any,
    pub(super) refs: Refs,
    pub(super) recursion: Recursion,
    /// How a recursion to the root is written.
    pub(super) root_refs: RootRefs,
    pub(super) nullable: Nullable,
    /// Whether a union of constants becomes one `enum`, its words moved into the description.
    pub(super) merge_constants: bool,
    pub(super) constants: Constants,
    /// Constraint keywords that may be sent; every other one is said in words.
    pub(super) keywords: &'static [&'static str],
    /// Values of `format` that may be sent.
    pub(super) formats: &'static [&'static str],
    pub(super) patterns: Patterns,
    /// The largest `minItems` that may be sent.
    pub(super) min_items: u64,
    pub(super) property_names: PropertyNames,
    pub(super) upper_case_types: bool,
    pub(super) property_ordering: bool,
    /// Whether an object may have no members, below the root.
    pub(super) empty_objects: bool,
    /// Whether `additionalProperties: false` is written (it is left out where the field is unknown).
    pub(super) closes_objects: bool,
    pub(super) limits: Limits,
    /// What the same place takes when nothing is to be enforced there.
    pub(super) loose: Option<&'static Dialect>,
}

impl Dialect {
    /// The dialect's name, as it stands in reports and errors.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The dialect that the same place of a request takes when the provider is not asked to enforce
    /// the schema; none where it always is.
    pub fn loose(&self) -> Option<&'static Self> {
        self.loose
    }

    /// Whether the server holds the model to a schema in this dialect. Where it does, a reply fits
    /// unless it was refused or cut off.
    pub const fn enforced(&self) -> bool {
        self.enforced
    }

    pub(super) fn allows(&self, keyword: &str) -> bool {
        self.keywords.contains(&keyword)
    }
}

/// What may stand at the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    /// An object with named properties: no union, no `$ref`.
    Object,
    Any,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OneOf {
    Keep,
    AnyOf,
}

/// Objects whose keys are not known beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maps {
    Keep,
    /// As a list of `{key, value}` objects.
    Pairs,
}

/// Lists with a type for each place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tuples {
    Keep,
    /// As an object with the members `"0"`, `"1"`, …
    Object,
}

/// Values of any type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Any {
    /// `true` and `{}` stay.
    Keep,
    /// A list of all six types.
    AllTypes,
    /// A string that holds JSON text.
    Text,
}

/// References to definitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refs {
    /// Kept, and a description may stand beside one.
    Annotated,
    /// Kept where nothing stands beside them.
    Bare,
    /// Each replaced by what it refers to.
    Inline,
}

/// Types that contain themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recursion {
    Keep,
    /// Kept where every cycle passes through a property that may be left out, else unrolled.
    KeepIfOptional {
        unroll: usize,
    },
    /// Written out to this depth; what lies deeper is a string that holds JSON text.
    Unroll(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RootRefs {
    /// `"$ref": "#"`.
    Hash,
    /// A definition that repeats the root.
    Define,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nullable {
    /// `type: ["string", "null"]` for simple types, `anyOf` for the others.
    TypeList,
    /// `anyOf: [.., {type: null}]`.
    AnyOf,
    /// `nullable: true`.
    Keyword,
}

/// Which constants may be sent, and how.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patterns {
    Any,
    /// Without lookaround, backreferences and word boundaries.
    Plain,
    /// Plain, from `^` to `$`, and without classes such as `\d` and groups such as `(?:`.
    Anchored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyNames {
    Any,
    /// `^[a-zA-Z0-9_.-]{1,64}$`; others are renamed, and named back when a value is raised.
    Ascii64,
}

/// What a dialect allows; `None` where it states no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) properties: Option<usize>,
    pub(super) depth: Option<usize>,
    pub(super) enum_values: Option<usize>,
    /// An enum of more values than the first may have as many characters as the second.
    pub(super) long_enum: Option<(usize, usize)>,
    /// Characters of property names, definition names, enum values and constants.
    pub(super) text: Option<usize>,
    pub(super) optional: Option<usize>,
    pub(super) unions: Option<usize>,
    pub(super) max_items_sum: Option<usize>,
    /// Tools of one request.
    pub(super) tools: Option<usize>,
}

impl Limits {
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
