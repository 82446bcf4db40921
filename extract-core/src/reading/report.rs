//! The result of a reading: the value, its repairs, its misfits, and whether the text was complete.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The repairs and conversions that a reading may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// The text must be JSON. Nothing is repaired and nothing is converted.
    Strict,
    /// Form is repaired, and values are converted to fit the schema if nothing is lost.
    #[default]
    Lenient,
    /// As lenient. In addition, list elements that do not fit are left out, cut values are kept,
    /// and objects may become text.
    Salvage,
}

/// A change that was made to the text, or to a value, so that it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RepairKind {
    // ── location of the answer ──
    /// The answer was in a fenced block, in prose, or after reasoning.
    Located,
    /// Several values in the text became one list.
    Collected,
    /// The answer was written as XML-like elements.
    Markup,
    /// The answer was the arguments of a tool call that was written as text.
    Envelope,
    // ── form ──
    /// Quotation marks other than `"`.
    Quotes,
    /// An unescaped quotation mark inside a string.
    InnerQuote,
    /// A string without its opening or closing quotation mark.
    MissingQuote,
    /// A block string: `"""…"""`, or a fence in place of a string.
    BlockString,
    /// A key without quotes.
    BareKey,
    /// A string without quotes.
    BareString,
    /// A missing comma.
    MissingComma,
    /// A surplus comma.
    ExtraComma,
    /// A missing colon.
    MissingColon,
    /// A missing `}` or `]`.
    MissingCloser,
    /// A missing `{`.
    MissingOpener,
    /// A surplus `}` or `]`.
    StrayCloser,
    /// Text between values that is not a value.
    StrayText,
    /// A comment.
    Comment,
    /// `…` or `...` in place of omitted elements or members.
    Ellipsis,
    /// A raw line break, tab or other control character inside a string.
    ControlCharacter,
    /// An escape that is not JSON, so that all backslashes of its string are literal; or half of a
    /// surrogate pair.
    Escape,
    /// Strings joined by `+`.
    JoinedStrings,
    /// `True`, `None`, `undefined` or another spelling of a JSON literal.
    Literal,
    /// A number in a form that is not JSON: `.5`, `+1`, `1,234`, `$5`, `1/2`.
    NumberForm,
    /// A function call around a value: `ObjectId("…")`, `callback(…)`.
    Wrapper,
    /// A key without a value.
    MissingValue,
    /// A duplicate key with an equal value.
    DuplicateKey,
    /// Bytes that are not UTF-8.
    BadUtf8,
    // ── conversion to the schema ──
    /// A string that contained JSON was replaced by that JSON value.
    ParsedString,
    /// A string was converted to a number.
    StringToNumber,
    /// A string or a number was converted to a boolean.
    ToBool,
    /// A number, a boolean or a JSON value was converted to a string.
    ToText,
    /// A number with a zero fraction was converted to an integer.
    ToInteger,
    /// An empty string, or a word such as `N/A`, was converted to `null`.
    ToNull,
    /// A value was replaced by the enum value or constant that it spells differently.
    EnumMatched,
    /// A key was replaced by the field name that it spells differently, or is an alias of.
    KeyMatched,
    /// A single value was converted to a list of one element.
    ToList,
    /// A list of one element was replaced by that element.
    FromList,
    /// A value was converted to an object with one field.
    ToField,
    /// An object with one member was replaced by that member's value.
    FromField,
    /// The schema has no field for a member. The member stays in the JSON value; deserialising
    /// ignores it.
    UnknownKey,
    /// A missing tag was added, because the members fit exactly one variant.
    Tag,
    /// A list element that does not fit was left out ([`Level::Salvage`] only), or a value that
    /// does not belong to a [`Collected`](Self::Collected) list.
    DroppedItem,
    /// A list was converted to an object, its elements in the order of the fields
    /// ([`Level::Salvage`] only).
    ListToObject,
    /// An incomplete value at the end of a partial text was left out.
    CutOff,
    /// Stands for the repairs beyond the largest number that a report holds.
    More,
}

/// One change between the text and the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repair {
    /// JSON pointer into the value; empty for the whole value.
    pub pointer: String,
    /// The kind of change.
    pub kind: RepairKind,
    /// The text before the change, shortened if it is long; empty if text was added.
    pub before: Cow<'static, str>,
    /// The text after the change, shortened if it is long; empty if text was left out.
    pub after: Cow<'static, str>,
}

impl Repair {
    /// Creates a repair of the whole text.
    pub(crate) fn of_whole(kind: RepairKind, before: &str, after: &str) -> Self {
        let (before, after) = (excerpt(before.trim()), excerpt(after.trim()));
        Self { pointer: String::new(), kind, before, after }
    }
}

/// A part of the value that does not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Misfit {
    /// JSON pointer into the value; empty for the whole value.
    pub pointer: String,
    /// A description of the value that the schema expects.
    pub expected: String,
    /// The text that was found, shortened if it is long.
    pub found: String,
    /// Only the reading detects this misfit: the JSON value itself would pass the schema.
    pub unseen: bool,
}

/// Whether the text was complete.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CutEnding {
    /// All containers and strings were closed.
    Whole,
    /// The text ended after a complete value, but closing brackets were missing.
    Unclosed,
    /// The text ended inside a string, a number, a word or a key, or after an opening bracket, a
    /// comma, a colon or a key.
    Cut,
}

/// A value with a report of how it was read.
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::read;
/// use extract_llm::reading::RepairKind;
/// use extract_llm::Level;
/// use serde_json::json;
///
/// let shape = Shape::compile(&json!({"type": "array", "items": {"type": "integer"}}))?;
/// let reading = read("[1, '2',]", &shape, Level::Lenient)?;
/// assert_eq!(reading.value, json!([1, 2]));
/// assert!(reading.repairs.iter().any(|repair| repair.kind == RepairKind::ExtraComma));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// The candidate in the text that fits the schema best.
    pub value: serde_json::Value,
    /// All changes, in the order of the value.
    pub repairs: Vec<Repair>,
    /// The parts that do not fit the schema; empty if the value fits.
    pub misfits: Vec<Misfit>,
    /// Whether the text was complete.
    pub ending: CutEnding,
    /// The number of other, different values in the text that fit as well, or nearly as well.
    pub rivals: usize,
}

impl Reading {
    /// Returns whether the value fits the schema. A reading checks types, members, enums and
    /// bounds, but not patterns and formats.
    pub fn fits(&self) -> bool {
        self.misfits.is_empty()
    }

    /// Returns whether the value is exactly as written: nothing was repaired or converted.
    pub fn is_as_written(&self) -> bool {
        self.misfits.is_empty() && self.repairs.is_empty()
    }

    /// Returns whether the value was the content of a call that was written as text.
    pub(crate) fn is_from_call(&self) -> bool {
        self.repairs.iter().any(|repair| repair.kind == RepairKind::Envelope)
    }

    /// Returns whether the text ended inside the value. Such a value is incomplete, and is not an
    /// answer.
    pub fn is_cut(&self) -> bool {
        self.ending == CutEnding::Cut
    }

    /// Returns the JSON pointer of the innermost value in which the text ended, or `None` if it is
    /// not cut.
    pub fn cut_pointer(&self) -> Option<&str> {
        // The cut is the first misfit. At [`Level::Salvage`] there is no misfit for it.
        let place = self.misfits.first().map_or("", |misfit| misfit.pointer.as_str());
        self.is_cut().then_some(place)
    }
}

/// The longest excerpt in a report, in bytes.
const EXCERPT: usize = 80;

/// The largest number of repairs, and of misfits, in one report.
pub(super) const MOST: usize = 10_000;

/// Returns a text, shortened to the excerpt limit at a character boundary.
pub(super) fn excerpt(text: &str) -> Cow<'static, str> {
    if text.len() <= EXCERPT {
        return Cow::Owned(text.to_owned());
    }
    let end = (0..=EXCERPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}
