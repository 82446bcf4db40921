//! The error of a text in which no value could be read.

use thiserror::Error;

use super::scan::ScanError;

/// The reason why no value could be read. A value that does not fit its schema is not an error: it
/// is a [`Reading`](super::Reading) with misfits.
///
/// ```
/// use extract_llm::extraction::ParseError;
/// use extract_llm::reading::ReadError;
///
/// let error = extract_llm::parse::<Vec<u8>>("I could not find any.").unwrap_err();
/// assert!(matches!(error, ParseError::Read(ReadError::NoValue { .. })));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The text is not JSON, and the level is [`Level::Strict`](super::Level::Strict).
    #[error("the text is not JSON: {message} (line {line}, column {column})")]
    NotJson {
        /// The message of the JSON parser.
        message: String,
        /// The line of the error, counted from 1.
        line: usize,
        /// The column of the error, counted from 1.
        column: usize,
    },
    /// The text holds no value that could be meant for the schema.
    #[error("there is no {expected} in the text, which begins {excerpt:?}")]
    NoValue {
        /// The kind of value that the schema expects, such as `JSON object`.
        expected: String,
        /// The first characters of the text.
        excerpt: String,
    },
    /// The text ends inside the model's thinking, so there is no answer yet.
    #[error("the text ends in thinking that begins with {mark:?}, before any answer")]
    OnlyThinking {
        /// The mark that opened the thinking.
        mark: String,
    },
    /// The text ends inside a tool call, or holds a malformed one.
    #[error("the text ends inside of a tool call that is written in it, or the call is malformed")]
    CutCall,
    /// The text holds a call of a tool that was not offered.
    #[error("expected a call of one of the tools {offered}, found a call of {found}")]
    OtherCall {
        /// The names of the offered tools, as a list for a message.
        offered: String,
        /// The names of the called tools, as a list for a message.
        found: String,
    },
    /// The text exceeds the [`Limits`](super::Limits).
    #[error(transparent)]
    Limit(#[from] ScanError),
}
