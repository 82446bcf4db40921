//! [`Chunking`]: how a document is cut into chunks that a model can take.

use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::boundaries::Unit;
use super::text::Document;
use crate::conversation::approximate_tokens;

/// The default for the largest chunk, in tokens.
const MAX_TOKENS: u64 = 2_000;

/// A counter of the tokens of a text.
type Counter = Arc<dyn Fn(&str) -> u64 + Send + Sync>;

/// How a document is cut into chunks. Each chunk is a byte range of the document, and each byte is in a chunk.
///
/// A chunk holds as many whole pages, paragraphs, lines or sentences as fit into
/// [`max_tokens`](Self::max_tokens). One that does not fit is cut at the next smaller unit: page, paragraph
/// (blank line), line, sentence, word, character. The time is linear in the length of the text.
///
/// ```
/// use extract_llm::document::{Chunking, Document};
///
/// let text = "The first paragraph.\n\nThe second one.\n\nAnd a third.";
/// let chunks = Chunking::paragraphs().max_tokens(8).split(&Document::new(text));
///
/// let texts: Vec<&str> = chunks.iter().map(|chunk| &text[chunk.bytes.clone()]).collect();
/// assert_eq!(texts, ["The first paragraph.\n\n", "The second one.\n\n", "And a third."]);
/// ```
#[derive(Clone)]
pub struct Chunking {
    unit: Unit,
    /// Whether a chunk holds at most one unit.
    is_single: bool,
    max_tokens: u64,
    overlap: u64,
    count: Counter,
}

/// One chunk of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Chunk {
    /// The number of the chunk, from 1.
    pub number: usize,
    /// Its bytes in the document, with the overlap.
    pub bytes: Range<usize>,
    /// The bytes at its start that the chunk before it has too: see [`Chunking::overlap`].
    pub overlap: usize,
    /// Its first and last page, from 1. `None` if the document has no page offsets.
    #[serde(serialize_with = "pages")]
    pub pages: Option<RangeInclusive<usize>>,
    /// Whether it has only white space. Such a chunk is not sent.
    pub is_blank: bool,
}

/// Serializes pages as the first and the last one.
#[expect(clippy::ref_option, reason = "serde passes the field")]
fn pages<S: Serializer>(
    pages: &Option<RangeInclusive<usize>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    pages.as_ref().map(|pages| (pages.start(), pages.end())).serialize(serializer)
}

impl Chunk {
    /// Makes the only chunk of a text of so many bytes.
    pub(super) fn whole(bytes: usize) -> Self {
        Self { number: 1, bytes: 0..bytes, overlap: 0, pages: None, is_blank: false }
    }
}

impl Chunking {
    fn by(unit: Unit) -> Self {
        Self {
            unit,
            is_single: false,
            max_tokens: MAX_TOKENS,
            overlap: 0,
            count: Arc::new(approximate_tokens),
        }
    }

    /// Cuts between pages, as many in a chunk as fit. Without page offsets, the document is one page.
    pub fn pages() -> Self {
        Self::by(Unit::Page)
    }

    /// Cuts between pages, one page a chunk.
    pub fn each_page() -> Self {
        Self { is_single: true, ..Self::by(Unit::Page) }
    }

    /// Cuts between paragraphs, that is at blank lines and form feeds, as many in a chunk as fit. This is the
    /// default.
    pub fn paragraphs() -> Self {
        Self::by(Unit::Paragraph)
    }

    /// Cuts between lines, as many in a chunk as fit. It suits tables and logs.
    pub fn lines() -> Self {
        Self::by(Unit::Line)
    }

    /// Cuts between sentences (by the rules of Unicode, UAX 29), as many in a chunk as fit.
    pub fn sentences() -> Self {
        Self::by(Unit::Sentence)
    }

    /// Sets the most tokens of a chunk, with its overlap. Default: 2,000; 0 counts as 1. Only a single character
    /// with more tokens makes a larger chunk.
    pub fn max_tokens(mut self, tokens: u64) -> Self {
        self.max_tokens = tokens.max(1);
        self
    }

    /// Sets the most tokens that a chunk repeats from the end of the chunk before it: whole sentences, or whole
    /// words of a longer sentence. Default: 0. At most half of [`max_tokens`](Self::max_tokens).
    ///
    /// What stands in an overlap is found twice, and merged.
    pub fn overlap(mut self, tokens: u64) -> Self {
        self.overlap = tokens;
        self
    }

    /// Replaces the counter of tokens. Default:
    /// [`approximate_tokens`](crate::conversation::approximate_tokens). The counter is called with pieces of
    /// the text, and their counts are added.
    ///
    /// ```
    /// use extract_llm::document::{Chunking, Document};
    ///
    /// let by_bytes = Chunking::sentences().count_by(|text| text.len() as u64).max_tokens(20);
    /// let chunks = by_bytes.split(&Document::new("One two three. Four five six."));
    /// assert_eq!(chunks[0].bytes, 0..15);
    /// ```
    pub fn count_by(mut self, count: impl Fn(&str) -> u64 + Send + Sync + 'static) -> Self {
        self.count = Arc::new(count);
        self
    }

    /// Returns the chunks of a document. None for an empty text.
    pub fn split(&self, document: &Document) -> Vec<Chunk> {
        let text = document.text();
        let overlap = self.overlap.min(self.max_tokens / 2);
        let bound = self.max_tokens - overlap;
        let cores = self.cores(document, bound);
        let mut before: Option<Range<usize>> = None;
        let mut chunks = Vec::with_capacity(cores.len());
        for (index, core) in cores.into_iter().enumerate() {
            let start = match &before {
                Some(before) if overlap > 0 => {
                    let room = self.max_tokens.saturating_sub(self.tokens(text, &core));
                    self.overlap_start(text, before, overlap.min(room))
                }
                _ => core.start,
            };
            let bytes = start..core.end;
            chunks.push(Chunk {
                number: index + 1,
                overlap: core.start - start,
                pages: document.pages_of(&bytes),
                is_blank: text.get(bytes.clone()).is_none_or(|text| text.trim().is_empty()),
                bytes,
            });
            before = Some(core);
        }
        chunks
    }

    /// Returns the chunks without overlap: ranges without gaps.
    fn cores(&self, document: &Document, bound: u64) -> Vec<Range<usize>> {
        let mut packer = Packer { chunking: self, document, bound, cores: Vec::new(), open: None };
        let whole = 0..document.text().len();
        for piece in self.unit.pieces(document.text(), whole, document.page_starts()) {
            packer.add(self.unit, piece);
            if self.is_single {
                packer.close();
            }
        }
        packer.close();
        packer.cores
    }

    /// Returns the start of the overlap in a chunk, for the chunk behind it.
    fn overlap_start(&self, text: &str, core: &Range<usize>, most: u64) -> usize {
        let fitting = |unit: Unit| {
            let mut start = core.end;
            let mut tokens = 0_u64;
            for piece in unit.pieces(text, core.clone(), &[]).into_iter().rev() {
                tokens = tokens.saturating_add(self.tokens(text, &piece));
                if tokens > most {
                    break;
                }
                start = piece.start;
            }
            start
        };
        match fitting(Unit::Sentence) {
            start if start == core.end => fitting(Unit::Word),
            start => start,
        }
    }

    /// Returns the tokens of a piece.
    fn tokens(&self, text: &str, piece: &Range<usize>) -> u64 {
        text.get(piece.clone()).map_or(0, |text| (self.count)(text))
    }
}

impl Default for Chunking {
    fn default() -> Self {
        Self::paragraphs()
    }
}

impl fmt::Debug for Chunking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunking")
            .field("unit", &self.unit)
            .field("max_tokens", &self.max_tokens)
            .field("overlap", &self.overlap)
            .finish_non_exhaustive()
    }
}

/// Puts pieces together to chunks.
struct Packer<'a> {
    chunking: &'a Chunking,
    document: &'a Document,
    bound: u64,
    cores: Vec<Range<usize>>,
    /// The chunk that is being filled, and its tokens.
    open: Option<(Range<usize>, u64)>,
}

impl Packer<'_> {
    /// Adds a piece that follows the ones before. One that is too large is cut.
    fn add(&mut self, unit: Unit, piece: Range<usize>) {
        let text = self.document.text();
        let tokens = self.chunking.tokens(text, &piece);
        let is_blank = text.get(piece.clone()).is_some_and(|text| text.trim().is_empty());
        if let Some((core, held)) = &mut self.open {
            let sum = held.saturating_add(tokens);
            // White space adds nothing to a chunk that a model has to read with care.
            if sum <= self.bound || is_blank {
                core.end = piece.end;
                *held = sum.min(self.bound);
                return;
            }
            self.close();
        }
        match unit.smaller() {
            Some(smaller) if tokens > self.bound && !is_blank => {
                for inner in smaller.pieces(text, piece, self.document.page_starts()) {
                    self.add(smaller, inner);
                }
            }
            _ => self.open = Some((piece, tokens)),
        }
    }

    /// Ends the current chunk.
    fn close(&mut self) {
        self.cores.extend(self.open.take().map(|(core, _)| core));
    }
}
