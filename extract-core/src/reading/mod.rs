//! Turns the text of a reply into a JSON value that fits a schema. This module knows no provider
//! and no network.
//!
//! [`Scanner`] reads bytes incrementally and emits events. [`read`] searches a whole text for
//! values and takes the one that fits the schema with the fewest changes. Every change is recorded
//! as a [`Repair`]. No value is ever invented.

mod answer_start;
mod calls;
mod candidates;
mod chosen;
mod collect;
mod enum_match;
mod error;
mod fit;
mod incremental;
mod markup;
mod numbers;
mod part;
mod report;
mod scan;
mod search;
mod spans;
mod stream_scan;
mod strict;
mod thinking;
mod tree;
mod unguided;

pub(crate) use answer_start::AnswerStart;
pub(crate) use calls::{WrittenCalls, calls_for, format_names};
pub use error::ReadError;
pub use fit::PartialMode;
pub use incremental::Incremental;
pub(crate) use part::{PartReader, json_number};
pub use report::{CutEnding, Level, Misfit, Reading, Repair, RepairKind};
pub use scan::{Container, Limits, NotePlace, ScanError, Scanner, Sink, Token, TokenRole};
pub(crate) use spans::spans;
pub use stream_scan::AnswerScan;
pub(crate) use thinking::without_reasoning;

use crate::contract::shape::Shape;
use serde_json::Value;

/// Parses a JSON text. Returns `None` if it is not valid JSON, or if an object has a duplicate key.
pub(crate) fn parse_json(text: &str) -> Option<Value> {
    strict::parse(text).ok().filter(|parsed| parsed.is_plain).map(|parsed| parsed.value)
}

/// Reads the answer in a text: finds it, repairs its form, and converts it to fit the schema.
///
/// Returns a value that fits only partly together with its [`misfits`](Reading::misfits). It fails
/// only if the text holds no readable value.
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::read;
/// use extract_llm::Level;
/// use serde_json::json;
///
/// let shape = Shape::compile(&json!({
///     "type": "object",
///     "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
///     "required": ["name", "age"]
/// }))?;
/// let reading = read("Sure!\n```json\n{name: 'Ada', Age: '36',}\n```", &shape, Level::Lenient)?;
/// assert_eq!(reading.value, json!({"name": "Ada", "age": 36}));
/// assert!(reading.fits() && !reading.repairs.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns an error if the text holds no value, or exceeds the [`Limits`].
pub fn read(text: &str, shape: &Shape, level: Level) -> Result<Reading, ReadError> {
    Reader::new(shape).level(level).read(text)
}

/// Reads the arguments of a tool call. The text must begin with the value, or with a fence around
/// it. Its form is repaired, but the value is not searched for in prose. If more values follow, the
/// best fit is chosen, as in [`read`].
///
/// # Errors
///
/// Fails as [`read`] does.
pub fn read_arguments(text: &str, shape: &Shape, level: Level) -> Result<Reading, ReadError> {
    Reader::new(shape).level(level).read_arguments(text)
}

/// Reads any JSON value from a text, without a schema. Several values in the text become one list.
///
/// ```
/// let reading = extract_core::reading::read_any("{a: [1, 2, 3,], 'b': None}")?;
/// assert_eq!(reading.value, serde_json::json!({"a": [1, 2, 3], "b": null}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// # Errors
///
/// Fails as [`read`] does.
pub fn read_any(text: &str) -> Result<Reading, ReadError> {
    let shape = Shape::any();
    Reader::new(&shape).read(text)
}

/// Reads a text that is cut off, and returns the value so far. `growing` says whether an incomplete
/// last token is shown or [withheld](PartialMode::Withheld). Missing required fields are `null`, or
/// `[]` for a list.
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::{PartialMode, read_partial};
///
/// let reading = read_partial(r#"{"title": "Pride and Pre"#, &Shape::any(), PartialMode::Shown)?;
/// assert_eq!(reading.value, serde_json::json!({"title": "Pride and Pre"}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// # Errors
///
/// Returns an error if the text holds no value yet, or exceeds the [`Limits`].
pub fn read_partial(text: &str, shape: &Shape, growing: PartialMode) -> Result<Reading, ReadError> {
    Reader::new(shape).read_partial(text, growing)
}

/// Reads texts for one schema. Holds the level, the limits and the names of the offered tools.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'s> {
    shape: &'s Shape,
    level: Level,
    limits: Limits,
    offered: &'s [&'s str],
}

impl<'s> Reader<'s> {
    /// Creates a reader with [`Level::Lenient`], the default [`Limits`] and no offered tools.
    pub fn new(shape: &'s Shape) -> Self {
        Self { shape, level: Level::default(), limits: Limits::default(), offered: &[] }
    }

    /// Sets which repairs and conversions are allowed. The default is [`Level::Lenient`].
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the names of the tools that the model may call. The default is none.
    ///
    /// A call of such a tool that is written in the text is unwrapped, in any known envelope. A
    /// call of another tool is an error. Without names an envelope is read as a value.
    /// [`Level::Strict`] unwraps no calls.
    ///
    /// ```
    /// use extract_core::contract::Shape;
    /// use extract_core::reading::Reader;
    /// use extract_llm::reading::RepairKind;
    /// use serde_json::json;
    ///
    /// let schema = json!({"type": "object", "properties": {"age": {"type": "integer"}}});
    /// let shape = Shape::compile(&schema)?;
    /// let text = "<tool_call>\n{\"name\": \"Person\", \"arguments\": {\"age\": 41}}\n</tool_call>";
    /// let reading = Reader::new(&shape).offered(&["Person"]).read(text)?;
    /// assert_eq!(reading.value, json!({"age": 41}));
    /// assert_eq!(reading.repairs[0].kind, RepairKind::Envelope);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn offered(mut self, names: &'s [&'s str]) -> Self {
        self.offered = names;
        self
    }

    /// Sets the limits on a text. The default is [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Reads the answer in a text, as the function [`read`] does.
    ///
    /// # Errors
    ///
    /// Returns an error if the text holds no value, or exceeds the [`Limits`].
    pub fn read(&self, text: &str) -> Result<Reading, ReadError> {
        search::whole(self, text, true)
    }

    /// Reads the arguments of a tool call, as the function [`read_arguments`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`read`](Self::read) does.
    pub fn read_arguments(&self, text: &str) -> Result<Reading, ReadError> {
        search::whole(self, text, false)
    }

    /// Reads a text that is cut off, as the function [`read_partial`] does.
    ///
    /// # Errors
    ///
    /// Fails as [`read`](Self::read) does.
    pub fn read_partial(&self, text: &str, growing: PartialMode) -> Result<Reading, ReadError> {
        search::partial(self, text, growing)
    }
}
