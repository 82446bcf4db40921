//! [`Document`]: a text with the offsets of its pages.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde::Serialize;

use crate::extraction::InputError;
use crate::grounding::{Located, Quote};

/// A text, and the byte offsets at which its pages start, if they are known.
///
/// ```
/// use extract_llm::document::Document;
///
/// let document = Document::new("First page.\u{c}Second page.").pages_at_form_feeds();
/// assert_eq!(document.page_at(3), Some(1));
/// assert_eq!(document.page_at(15), Some(2));
///
/// let places = document.on_pages(6..18);
/// assert_eq!((places[0].page, places[0].bytes.clone()), (1, 6..12));
/// assert_eq!((places[1].page, places[1].bytes.clone()), (2, 0..6));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    text: Arc<str>,
    /// The offsets at which pages start; empty if they are not known.
    pages: Arc<[usize]>,
}

/// The part of a range that stands on one page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PagePlace {
    /// The number of the page, from 1.
    pub page: usize,
    /// The byte range, from the start of the page.
    pub bytes: Range<usize>,
}

impl Document {
    /// Creates a document without page offsets.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), pages: Arc::default() }
    }

    /// Sets the byte offsets at which pages start, in order: the first one is 0. Offsets at which no page can
    /// start are an error of the extraction ([`InputError::PageStart`]).
    pub fn pages(mut self, starts: impl IntoIterator<Item = usize>) -> Self {
        self.pages = starts.into_iter().collect();
        self
    }

    /// Lets a page start at the beginning of the text and behind each form feed (U+000C), which tools such as
    /// `pdftotext` write between pages.
    pub fn pages_at_form_feeds(self) -> Self {
        let behind = self.text.match_indices('\u{c}').map(|(at, _)| at + 1);
        let starts: Vec<usize> =
            std::iter::once(0).chain(behind.filter(|at| *at < self.text.len())).collect();
        self.pages(starts)
    }

    /// Returns the text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the text, which is shared.
    pub(super) fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// Returns the byte offsets at which pages start. Empty if they are not known.
    pub fn page_starts(&self) -> &[usize] {
        &self.pages
    }

    /// Returns the number of the page, from 1, that a byte of the text stands on. `None` if pages are not
    /// known, or if the byte is behind the text.
    pub fn page_at(&self, byte: usize) -> Option<usize> {
        let page = self.pages.partition_point(|start| *start <= byte);
        (page > 0 && byte < self.text.len()).then_some(page)
    }

    /// Returns the parts of a byte range on each page, in order. Empty if pages are not known.
    pub fn on_pages(&self, bytes: Range<usize>) -> Vec<PagePlace> {
        let ends = self.pages.iter().skip(1).copied().chain([self.text.len()]);
        let pages = self.pages.iter().copied().zip(ends).enumerate();
        let first = self.pages.partition_point(|start| *start <= bytes.start).saturating_sub(1);
        pages
            .skip(first)
            .take_while(|(_, (start, _))| *start < bytes.end)
            .map(|(index, (start, end))| PagePlace {
                page: index + 1,
                bytes: bytes.start.max(start) - start..bytes.end.min(end).max(start) - start,
            })
            .filter(|place| !place.bytes.is_empty())
            .collect()
    }

    /// Returns the page of an extracted quote, on which it begins. `None` if pages are not known, or if the quote
    /// has no location.
    pub fn page_of(&self, quote: &Quote) -> Option<usize> {
        quote.located().and_then(|Located { bytes, .. }| self.page_at(bytes.start))
    }

    /// Returns the first and the last page of a range. `None` if pages are not known.
    pub(super) fn pages_of(&self, bytes: &Range<usize>) -> Option<RangeInclusive<usize>> {
        let first = self.page_at(bytes.start)?;
        let last = self.page_at(bytes.end.saturating_sub(1)).unwrap_or(first);
        Some(first..=last.max(first))
    }

    /// Checks the page offsets.
    pub(super) fn check_pages(&self) -> Result<(), InputError> {
        let mut before = None;
        for &byte in &*self.pages {
            let is_next = before.map_or(byte == 0, |before| byte > before);
            if !is_next || byte >= self.text.len().max(1) || !self.text.is_char_boundary(byte) {
                return Err(InputError::PageStart { byte });
            }
            before = Some(byte);
        }
        Ok(())
    }
}

impl<T: Into<Arc<str>>> From<T> for Document {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

impl From<&Document> for Document {
    fn from(document: &Document) -> Self {
        document.clone()
    }
}
