//! [`DocumentReport`]: the value of a document, and how it came about.

use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use super::chunking::Chunk;
use super::text::{Document, PagePlace};
use crate::extraction::{FailedChunk, Ledger};
use crate::grounding::Quote;

/// The value of a document, and how it came about.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct DocumentReport<T> {
    /// The value. It has passed all checks, and its quotes have their locations in the document.
    pub value: T,
    /// The value as JSON, in the type's shape.
    pub json: Value,
    /// The fields for which chunks gave different values.
    pub conflicts: Vec<Conflict>,
    /// The elements of lists that were found several times and are one element of the value.
    pub duplicates: Vec<Duplicate>,
    /// The chunks that failed. Empty unless
    /// [`allow_failed_chunks`](super::DocumentRequest::allow_failed_chunks) is set.
    pub failed: Vec<FailedChunk>,
    /// The chunks, in order.
    pub chunks: Vec<Chunk>,
    /// The answers about the chunks, before they were merged.
    pub answers: Vec<ChunkAnswer>,
    /// What each pass gave.
    pub passes: Vec<Pass>,
    /// The requests about all chunks, including failed ones, in the order in which they ended. Attempts are
    /// numbered within each call.
    pub ledger: Ledger,
    /// The document.
    #[serde(skip)]
    pub document: Document,
}

/// A field for which chunks gave different values.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The JSON pointer of the field in the merged value.
    pub pointer: String,
    /// The different values, in the order of the document.
    pub values: Vec<ConflictingValue>,
    /// The index of the value that was taken.
    pub chosen: usize,
}

/// One of several values for a field.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ConflictingValue {
    /// The value.
    pub value: Value,
    /// The numbers of the chunks that gave it, from 1.
    pub chunks: Vec<usize>,
    /// The byte ranges in the document of the quotes in it.
    pub quoted: Vec<Range<usize>>,
}

/// An element of a list that was found several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Duplicate {
    /// The JSON pointer of the element in the merged value.
    pub pointer: String,
    /// How often it was found.
    pub mentions: usize,
    /// The numbers of the chunks that gave it, from 1.
    pub chunks: Vec<usize>,
}

/// The answer about one chunk.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChunkAnswer {
    /// The number of the chunk, from 1.
    pub chunk: usize,
    /// The pass, from 1.
    pub pass: usize,
    /// The answer as JSON, in the type's shape. Fields that the chunk does not tell are null.
    pub json: Value,
}

/// What one pass over the chunks gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Pass {
    /// The number of the pass, from 1.
    pub number: usize,
    /// The elements of lists that no pass before had found.
    pub new_elements: usize,
    /// The other fields that no pass before had found.
    pub new_fields: usize,
}

impl<T> DocumentReport<T> {
    /// Returns the number of the page, from 1, on which a quote of the value begins. `None` if the document has no
    /// page offsets.
    pub fn page_of(&self, quote: &Quote) -> Option<usize> {
        self.document.page_of(quote)
    }

    /// Returns the parts of a quote of the value on each page, in order. Empty if the document has no page
    /// offsets.
    pub fn on_pages(&self, quote: &Quote) -> Vec<PagePlace> {
        let bytes = quote.located().map(|located| located.bytes.clone());
        bytes.map(|bytes| self.document.on_pages(bytes)).unwrap_or_default()
    }
}
