//! [`FailedChunk`]: a part of a long document whose extraction failed.

use std::fmt;
use std::ops::{Range, RangeInclusive};

use serde::{Serialize, Serializer};

use super::Error;

/// A chunk of a long document whose extraction failed: see [`document`](crate::document).
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct FailedChunk {
    /// The number of the chunk, from 1.
    pub number: usize,
    /// The bytes of the chunk in the document.
    pub bytes: Range<usize>,
    /// The first and the last page of the chunk, from 1. `None` if the document has no page offsets.
    #[serde(serialize_with = "pages")]
    pub pages: Option<RangeInclusive<usize>>,
    /// The pass that failed, from 1; 0 for a re-ask for the parts of the merged value with problems.
    pub pass: usize,
    /// The error of the extraction, with its ledger.
    #[serde(serialize_with = "in_words")]
    pub error: Error,
}

impl FailedChunk {
    /// Makes the record of a failure.
    pub(crate) fn new(
        number: usize,
        bytes: Range<usize>,
        pages: Option<RangeInclusive<usize>>,
        pass: usize,
        error: Error,
    ) -> Self {
        Self { number, bytes, pages, pass, error }
    }
}

impl fmt::Display for FailedChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chunk {} (bytes {:?}", self.number, self.bytes)?;
        match &self.pages {
            Some(pages) if pages.start() == pages.end() => write!(f, ", page {}", pages.start())?,
            Some(pages) => write!(f, ", pages {} to {}", pages.start(), pages.end())?,
            None => {}
        }
        write!(f, "): {}", self.error)
    }
}

/// Serializes an error as its text.
fn in_words<S: Serializer>(error: &Error, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}

/// Serializes pages as the first and the last one.
#[expect(clippy::ref_option, reason = "serde passes the field")]
fn pages<S: Serializer>(
    pages: &Option<RangeInclusive<usize>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    pages.as_ref().map(|pages| (pages.start(), pages.end())).serialize(serializer)
}
