//! From what a model wrote to the JSON value that it meant. Knows the schema, and no provider and
//! no network.
//!
//! One incremental [`Scanner`] reads bytes and tells events; [`read`] looks in a whole text for
//! what could be the answer, and takes what fits the schema with the fewest changes. Every change
//! is in the report, and nothing is ever invented.

mod answer_start;
mod calls;
mod candidates;
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
mod stream_scan;
mod strict;
mod thinking;
mod tree;
mod unguided;

pub(crate) use answer_start::AnswerStart;
pub(crate) use calls::{WrittenCalls, calls_for, names_in_words};
pub use error::ReadError;
pub use fit::PartialMode;
pub use incremental::Incremental;
pub(crate) use part::{PartReader, json_number};
pub use report::{CutEnding, Level, Misfit, Reading, Repair, RepairKind};
pub use scan::{Container, Limits, NotePlace, ScanError, Scanner, Sink, Token, TokenRole};
pub use stream_scan::Follower;
pub(crate) use thinking::without_reasoning;

use crate::contract::shape::Shape;
use serde_json::Value;

/// A JSON text as a value; none where it is no JSON, or an object has two members of one name.
pub(crate) fn parse_json(text: &str) -> Option<Value> {
    strict::parse(text).ok().filter(|parsed| parsed.is_plain).map(|parsed| parsed.value)
}

/// Reads a text for a schema: finds the answer in it, repairs its form, and converts it toward the
/// schema.
///
/// A value that fits the schema in part comes back as well, with its [`misfits`](Reading::misfits);
/// only where nothing can be read at all there is an error.
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Level, read};
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
/// Where no value is found, or the text is beyond its limits.
pub fn read(text: &str, shape: &Shape, level: Level) -> Result<Reading, ReadError> {
    Reader::new(shape).level(level).read(text)
}

/// Reads the arguments of a tool call: the text begins with the value; its form is repaired, and
/// nothing is searched for in prose. Values that follow it are weighed as those of a text are.
///
/// # Errors
///
/// As [`read`].
pub fn read_arguments(text: &str, shape: &Shape, level: Level) -> Result<Reading, ReadError> {
    Reader::new(shape).level(level).read_arguments(text)
}

/// Reads any JSON value from a text, without a schema. Where a text can be taken for several
/// things, the more conservative is chosen.
///
/// ```
/// let reading = extract_llm::reading::read_any("{a: [1, 2, 3,], 'b': None}")?;
/// assert_eq!(reading.value, serde_json::json!({"a": [1, 2, 3], "b": null}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// # Errors
///
/// As [`read`].
pub fn read_any(text: &str) -> Result<Reading, ReadError> {
    let shape = Shape::any();
    Reader::new(&shape).read(text)
}

/// Reads a text that is cut off: the best value so far. What is at its very end and may not be
/// complete is shown or [withheld](Growing); fields that have not come are `null`, and lists empty.
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Growing, read_partial};
///
/// let reading = read_partial(r#"{"title": "Pride and Pre"#, &Shape::any(), Growing::Shown)?;
/// assert_eq!(reading.value, serde_json::json!({"title": "Pride and Pre"}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// # Errors
///
/// Where there is no value yet, or the text is beyond its limits.
pub fn read_partial(text: &str, shape: &Shape, growing: PartialMode) -> Result<Reading, ReadError> {
    Reader::new(shape).read_partial(text, growing)
}

/// Reads texts for one schema, with settings.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'s> {
    shape: &'s Shape,
    level: Level,
    limits: Limits,
    offered: &'s [&'s str],
}

impl<'s> Reader<'s> {
    /// A lenient reader.
    pub fn new(shape: &'s Shape) -> Self {
        Self { shape, level: Level::default(), limits: Limits::default(), offered: &[] }
    }

    /// How far the reading may go.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Names the tools that the value could be given through. A call of one of them that is written
    /// in the text is then unwrapped, in the envelope of whatever family; a call of another is an
    /// error. Without names an envelope is a value like any other.
    ///
    /// ```
    /// use extract_llm::contract::Shape;
    /// use extract_llm::reading::{Reader, RepairKind};
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

    /// The bounds on a text.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// See [`read`].
    ///
    /// # Errors
    ///
    /// Where no value is found, or the text is beyond its limits.
    pub fn read(&self, text: &str) -> Result<Reading, ReadError> {
        search::whole(self, text, true)
    }

    /// See [`read_arguments`].
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_arguments(&self, text: &str) -> Result<Reading, ReadError> {
        search::whole(self, text, false)
    }

    /// See [`read_partial`].
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_partial(&self, text: &str, growing: PartialMode) -> Result<Reading, ReadError> {
        search::partial(self, text, growing)
    }
}
