//! What a reading says about itself: each repair, each place that did not fit, and whether the
//! text was all there.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// How far a reading may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Level {
    /// The text is JSON, and nothing else; nothing is repaired and nothing is converted.
    Strict,
    /// Repairs of form, and conversions toward the schema that lose nothing.
    #[default]
    Lenient,
    /// As lenient, and list items that cannot be read for the schema are left out and reported.
    Salvage,
}

/// What was done to the text, or to a value, so that it could be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RepairKind {
    // ── where the answer stood ──
    /// The answer stood in a fenced block, in prose, or behind reasoning.
    Located,
    /// Several values stood in the text and became one list.
    Collected,
    /// The answer was written as XML-like elements.
    Markup,
    /// The answer stood in a tool call that was written as text.
    Envelope,
    // ── form ──
    /// Other quotation marks than `"`.
    Quotes,
    /// A quotation mark inside a string that was not escaped.
    InnerQuote,
    /// A string whose opening or closing mark was missing.
    MissingQuote,
    /// A block string: `"""…"""` or a fence where a string stands.
    BlockString,
    /// A key without quotes.
    BareKey,
    /// A string without quotes.
    BareString,
    /// A missing comma.
    MissingComma,
    /// A comma too many.
    ExtraComma,
    /// A missing colon.
    MissingColon,
    /// A missing `}` or `]`.
    MissingCloser,
    /// A missing `{`.
    MissingOpener,
    /// A `}` or `]` too many.
    StrayCloser,
    /// Text between values that is no value.
    StrayText,
    /// A comment.
    Comment,
    /// `…` or `...` for what was left out.
    Ellipsis,
    /// A raw line break, tab or other control character inside a string.
    ControlCharacter,
    /// An escape that JSON does not know, which makes all backslashes of its string literal; or half
    /// of a surrogate pair.
    Escape,
    /// Strings joined by `+`.
    JoinedStrings,
    /// `True`, `None`, `undefined` and other spellings of JSON's literals.
    Literal,
    /// A number not written as JSON writes it: `.5`, `+1`, `1,234`, `$5`, `1/2`.
    NumberForm,
    /// A call around a value: `ObjectId("…")`, `callback(…)`.
    Wrapper,
    /// A key without a value.
    MissingValue,
    /// A key that stood twice with the same value.
    DuplicateKey,
    /// Bytes that are not UTF-8.
    BadUtf8,
    // ── meaning, toward the schema ──
    /// A string that held the JSON of the value.
    ParsedString,
    /// A string to a number.
    StringToNumber,
    /// A string or a number to a boolean.
    ToBool,
    /// A number, a boolean or a piece of JSON to a string.
    ToText,
    /// A number of whole value, written with a fraction, to an integer.
    ToInteger,
    /// An empty or null-like text to `null`.
    ToNull,
    /// A value that the enum or the constant spells otherwise.
    EnumMatched,
    /// A key that the schema spells otherwise, or an alias.
    KeyMatched,
    /// A single value to a list of one.
    ToList,
    /// A list with one fitting element to that element.
    FromList,
    /// A value to an object of one field.
    ToField,
    /// An object of one member to that member's value.
    FromField,
    /// A member that the schema does not know. It stays in the JSON value; a type passes over it.
    UnknownKey,
    /// A tag was put in, because the members are those of exactly one variant.
    Tag,
    /// A list item that does not fit was left out ([`Level::Salvage`] only), or a value that was no
    /// item of the list that others became.
    DroppedItem,
    /// A list to an object, its elements in the order of the fields ([`Level::Salvage`] only).
    ListToObject,
    /// What was cut off at the end of a partial text was left out.
    CutOff,
    /// More repairs were made than a report holds.
    More,
}

/// One thing that was changed between the text and the value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repair {
    /// JSON pointer into the value that was read; empty for the whole of it.
    pub pointer: String,
    /// What was done.
    pub kind: RepairKind,
    /// What stood there, bounded in length; empty where nothing did.
    pub before: Cow<'static, str>,
    /// What it was read as, bounded in length; empty where it was left out.
    pub after: Cow<'static, str>,
}

impl Repair {
    /// A repair of the whole text.
    pub(crate) fn of_whole(kind: RepairKind, before: &str, after: &str) -> Self {
        let (before, after) = (excerpt(before.trim()), excerpt(after.trim()));
        Self { pointer: String::new(), kind, before, after }
    }
}

/// A place where the value does not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Misfit {
    /// JSON pointer into the value that was read; empty for the whole of it.
    pub pointer: String,
    /// What the schema asks for.
    pub expected: String,
    /// What stands there, bounded in length.
    pub found: String,
    /// Only the reading finds it: the value as it stands there would pass the schema.
    pub unseen: bool,
}

/// Whether the text was all there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CutEnding {
    /// Everything that was opened was closed.
    Whole,
    /// The text ended behind a complete value, and closers were missing.
    Unclosed,
    /// The text ended inside a string, a number, a word or a key, or behind an opening bracket, a
    /// comma, a colon or a key.
    Cut,
}

/// What was read, and how.
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Level, RepairKind, read};
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
    /// The value: what fits the schema best of all that the text could mean.
    pub value: serde_json::Value,
    /// Everything that was changed, in the order of the value.
    pub repairs: Vec<Repair>,
    /// Where the value does not fit the schema; empty if it fits.
    pub misfits: Vec<Misfit>,
    /// Whether the text was all there.
    pub ending: CutEnding,
    /// How many other values of the text would have fitted (nearly) as well, and differ.
    pub rivals: usize,
}

impl Reading {
    /// Whether the value fits the schema, as far as reading looks at it (types, members, enums,
    /// bounds; not patterns and formats).
    pub fn fits(&self) -> bool {
        self.misfits.is_empty()
    }

    /// Whether the value is what the text says, to the letter: nothing was repaired or converted.
    pub fn is_as_written(&self) -> bool {
        self.misfits.is_empty() && self.repairs.is_empty()
    }

    /// Whether the value was the content of a call that was written as text.
    pub(crate) fn is_of_call(&self) -> bool {
        self.repairs.iter().any(|repair| repair.kind == RepairKind::Envelope)
    }

    /// Whether the text ended inside the value. Such a value is not an answer: part of it is missing.
    pub fn is_cut(&self) -> bool {
        self.ending == CutEnding::Cut
    }

    /// The JSON pointer of the innermost container in which the text ended, where it was cut off.
    pub fn cut_place(&self) -> Option<&str> {
        // The place stands first among the misfits; at [`Level::Salvage`] it is no misfit.
        let place = self.misfits.first().map_or("", |misfit| misfit.pointer.as_str());
        self.is_cut().then_some(place)
    }
}

/// The longest excerpt that a repair shows, in bytes.
const EXCERPT: usize = 80;

/// The most repairs and misfits that one report lists.
pub(super) const MOST: usize = 10_000;

/// A text, bounded in length and cut in the middle of no character.
pub(super) fn excerpt(text: &str) -> Cow<'static, str> {
    if text.len() <= EXCERPT {
        return Cow::Owned(text.to_owned());
    }
    let end = (0..=EXCERPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    Cow::Owned(format!("{}…", &text[..end]))
}
