//! Why nothing could be read.

use thiserror::Error;

use super::scan::ScanError;

/// Why a text could not be read at all. A value that does not fit its schema is no such error: it
/// is a [`Reading`](super::Reading) with misfits.
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Level, ReadError, read};
/// use serde_json::json;
///
/// let shape = Shape::compile(&json!({"type": "object", "properties": {}}))?;
/// let error = read("I could not find any.", &shape, Level::Lenient).unwrap_err();
/// assert!(matches!(error, ReadError::NoValue { .. }));
/// # Ok::<(), extract_llm::contract::SchemaError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The text is not JSON, and the level allows nothing else.
    #[error("the text is not JSON: {message} (line {line}, column {column})")]
    NotJson {
        /// What is wrong.
        message: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// There is no value in the text that the schema could mean.
    #[error("there is no {expected} in the text, which begins {excerpt:?}")]
    NoValue {
        /// What was looked for.
        expected: String,
        /// The beginning of the text.
        excerpt: String,
    },
    /// The text ends while the model still thinks aloud, so that there is no answer yet.
    #[error("the text ends in thinking that begins with {mark:?}, before any answer")]
    OnlyThinking {
        /// The mark that opened the thinking.
        mark: String,
    },
    /// The text ends inside of a tool call that is written in it, or that call cannot be read.
    #[error("the text ends inside of a tool call that is written in it, or the call is malformed")]
    CutCall,
    /// The text holds a call of a tool that was not offered.
    #[error("expected a call of one of the tools {offered}, found a call of {found}")]
    OtherCall {
        /// The names of the tools that were offered.
        offered: String,
        /// The names that were called.
        found: String,
    },
    /// The text is beyond the limits.
    #[error(transparent)]
    Limit(#[from] ScanError),
}
