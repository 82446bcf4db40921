//! [`Answer`]: what one request gave, with the places of its quotes in the whole document.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::check::check_pieces;
use crate::contract::{CheckContext, Contract, Extract};
use crate::grounding::{FoundQuote, Located, QuoteLog};

/// The answer about one chunk.
#[derive(Debug)]
pub(super) struct Answer {
    /// The index of the chunk, from 0.
    pub(super) chunk: usize,
    /// The pass, from 1.
    pub(super) pass: usize,
    /// The value in the shape of the type.
    pub(super) value: Value,
    /// The text and the location in the document of each quote, by its JSON pointer.
    pub(super) quotes: BTreeMap<String, (String, Located)>,
}

impl Answer {
    /// Returns the answer without the places of its quotes.
    pub(super) fn without_quotes(&self) -> Self {
        let (chunk, pass, value) = (self.chunk, self.pass, self.value.clone());
        Self { chunk, pass, value, quotes: BTreeMap::new() }
    }

    /// Returns the location of the quote at a pointer.
    pub(super) fn located(&self, pointer: &str) -> Option<&Located> {
        self.quotes.get(pointer).map(|(_, located)| located)
    }

    /// Returns the quotes at and below a pointer, with the rest of their pointers.
    pub(super) fn quotes_in<'a>(
        &'a self,
        pointer: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a str, &'a Located)> {
        let all = self.quotes.range(pointer.to_owned()..);
        let inside = all.map_while(move |(at, quote)| Some((at.strip_prefix(pointer)?, quote)));
        inside
            .filter(|(rest, _)| rest.is_empty() || rest.starts_with('/'))
            .map(|(rest, (text, located))| (rest, text.as_str(), located))
    }
}

/// Finds the quotes of an answer in its chunk. `before` are the bytes and characters of the document in front of
/// the chunk, and the context has its source.
pub(super) fn find_quotes<T: Extract>(
    contract: &Contract,
    value: &Value,
    context: CheckContext,
    before: (usize, usize),
) -> BTreeMap<String, (String, Located)> {
    let context = context.value(QuoteLog::default());
    // The answer was checked before; only the places are of interest.
    let _ = check_pieces::<T>(contract, value, context.context());
    let found = context.context().find::<QuoteLog>().map(QuoteLog::take).unwrap_or_default();
    let place = |FoundQuote { pointer, text, located }| {
        (pointer, (text, located.moved(before.0, before.1)))
    };
    found.into_iter().map(place).collect()
}
