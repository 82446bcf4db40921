//! [`KeptRow`]: a row that the report of a run shows.

use serde::Serialize;
use serde_json::Value;

use super::row::RowError;
use crate::grounding::FoundQuote;

/// The longest text that is kept of an input, in bytes.
const LONGEST: usize = 20_000;

/// A row that the report of a run shows: one that failed, or one whose value has quotes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KeptRow {
    /// The id of the row, as JSON.
    pub id: Value,
    /// The value, or the best one of a row that failed; null if there is none.
    pub value: Value,
    /// The name of the error's kind, if the row failed.
    pub failure: Option<String>,
    /// The text of the error, if the row failed.
    pub message: Option<String>,
    /// The last reply, up to 20,000 bytes, if the row failed.
    pub reply: Option<String>,
    /// Whether the reply was cut.
    pub is_reply_cut: bool,
    /// The text of the input, up to 20,000 bytes.
    pub text: String,
    /// Whether the text was cut.
    pub is_cut: bool,
    /// The quotes with their places in the text.
    pub quotes: Vec<QuotedSpan>,
}

/// A quote of a value, with its place in the input.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct QuotedSpan {
    /// The JSON pointer of the quote in the value.
    pub pointer: String,
    /// The first byte.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
}

impl KeptRow {
    /// Keeps a value with its quotes.
    pub(super) fn of_quotes(quotes: &[FoundQuote], value: &Value) -> Self {
        let span = |quote: &FoundQuote| QuotedSpan {
            pointer: quote.pointer.clone(),
            start: quote.located.bytes.start,
            end: quote.located.bytes.end,
        };
        Self { quotes: quotes.iter().map(span).collect(), ..Self::empty(value.clone()) }
    }

    /// Keeps a failure.
    pub(super) fn of_failure(error: &RowError) -> Self {
        let best = match error {
            RowError::Failed(error) => error.best().map(|best| best.value.clone()),
            RowError::Before(letter) => letter.best.clone(),
        };
        let last = error.ledger().attempts.last();
        let reply = last.map(|last| last.reply.as_str()).filter(|reply| !reply.is_empty());
        Self {
            failure: Some(error.kind().to_owned()),
            message: Some(error.to_string()),
            reply: reply.map(|reply| cut(reply).to_owned()),
            is_reply_cut: reply.is_some_and(|reply| cut(reply).len() < reply.len()),
            ..Self::empty(best.unwrap_or_default())
        }
    }

    fn empty(value: Value) -> Self {
        Self {
            id: Value::Null,
            value,
            failure: None,
            message: None,
            reply: None,
            is_reply_cut: false,
            text: String::new(),
            is_cut: false,
            quotes: Vec::new(),
        }
    }

    /// Sets the id and the text.
    pub(super) fn place(&mut self, id: &Value, text: &str) {
        self.id = id.clone();
        cut(text).clone_into(&mut self.text);
        self.is_cut = self.text.len() < text.len();
        let end = self.text.len();
        self.quotes.retain(|quote| quote.end <= end);
    }
}

/// Returns the start of a text, up to the longest that is kept.
fn cut(text: &str) -> &str {
    let mut end = LONGEST.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
