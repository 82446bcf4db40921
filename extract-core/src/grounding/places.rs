//! Where quotes stand, between the check of one part of a text and the check of the whole.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use super::Located;

/// A quote that a check found in the source.
#[derive(Debug, Clone)]
pub(crate) struct FoundQuote {
    /// The JSON pointer of the quote in the checked value. The names of map entries are empty in it.
    pub(crate) pointer: String,
    pub(crate) text: String,
    pub(crate) located: Located,
}

/// Collects the quotes that the check of a value finds, as a value of its context.
#[derive(Debug, Default)]
pub(crate) struct QuoteLog(Mutex<Vec<FoundQuote>>);

impl QuoteLog {
    pub(crate) fn add(&self, quote: FoundQuote) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(quote);
    }

    /// Removes and returns the quotes so far.
    pub(crate) fn take(&self) -> Vec<FoundQuote> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The locations of the quotes of a value that was put together from answers about parts of its source. As a
/// value of the context of a check, it decides which occurrence a quote is.
#[derive(Debug, Clone, Default)]
pub(crate) struct QuotePlaces {
    /// The text and the location of the quote at a JSON pointer.
    exact: HashMap<String, (String, Located)>,
    /// All locations of the quotes of a text, for quotes in maps.
    by_text: HashMap<String, Vec<Located>>,
    /// The byte from which quotes at or below a JSON pointer are searched.
    from: HashMap<String, usize>,
}

impl QuotePlaces {
    /// Sets the location of the quote at a pointer.
    pub(crate) fn put(&mut self, pointer: String, text: String, located: Located) {
        self.exact.insert(pointer, (text, located));
    }

    /// Adds a location of a text, wherever in the value it is.
    pub(crate) fn mention(&mut self, text: String, located: Located) {
        let all = self.by_text.entry(text).or_default();
        if !all.contains(&located) {
            all.push(located);
        }
    }

    /// Forgets the locations at and below a pointer.
    pub(crate) fn forget(&mut self, pointer: &str) {
        let is_inside = |at: &str| {
            at.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.exact.retain(|at, _| !is_inside(at));
        self.from.retain(|at, _| !is_inside(at));
    }

    /// Lets quotes at and below a pointer be searched from a byte of the source.
    pub(crate) fn search_from(&mut self, pointer: &str, byte: usize) {
        self.from.insert(pointer.to_owned(), byte);
    }

    /// Returns the location of the quote at a pointer, if it is known. `after` is the end of the latest mention
    /// of the same text.
    pub(crate) fn find(&self, pointer: &str, text: &str, after: usize) -> Option<Located> {
        if let Some((of, located)) = self.exact.get(pointer) {
            if of == text {
                return Some(located.clone());
            }
        }
        if self.start(pointer).is_some() {
            return None;
        }
        let all = self.by_text.get(text)?;
        all.iter().find(|located| located.bytes.start >= after).or(all.last()).cloned()
    }

    /// Returns the byte from which the quote at a pointer is searched, if it is limited.
    pub(crate) fn start(&self, pointer: &str) -> Option<usize> {
        let mut at = pointer;
        loop {
            if let Some(byte) = self.from.get(at) {
                return Some(*byte);
            }
            at = &at[..at.rfind('/')?];
        }
    }
}

impl Located {
    /// Returns the location in a text that has so many bytes and characters in front of this one.
    pub(crate) fn moved(&self, bytes: usize, chars: usize) -> Self {
        let shift = |range: &Range<usize>, by: usize| range.start + by..range.end + by;
        Self {
            bytes: shift(&self.bytes, bytes),
            chars: shift(&self.chars, chars),
            quality: self.quality,
        }
    }
}
