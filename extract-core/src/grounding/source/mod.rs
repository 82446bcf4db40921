//! The text that an extraction reads from. Knows the position of each part in the messages, and finds
//! quotes in the text; knows nothing of its users.

mod folded;
mod fuzzy;
mod locate;
mod search_cost;

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use folded::FoldedText;
pub use search_cost::SearchCost;

use crate::conversation::{Message, Part, Role};

/// The text that a value was extracted from: the text parts of the user's messages, joined by empty
/// lines. Text of the system, the model and tools is not included. Messages that
/// [`examples`](crate::Extraction::examples) puts before the input are not included either.
///
/// ```
/// use extract_llm::grounding::Source;
/// use extract_llm::Message;
///
/// let source = Source::of(&[
///     Message::user("Maria is 34."),
///     Message::assistant("And?"),
///     Message::user("She lives in Madrid."),
/// ]);
/// assert_eq!(source.text(), "Maria is 34.\n\nShe lives in Madrid.");
///
/// let part = source.part_at(20).unwrap();
/// assert_eq!((part.message, part.part), (2, 0));
/// assert_eq!(&source[part.bytes.clone()], "She lives in Madrid.");
/// ```
#[derive(Clone)]
pub struct Source {
    text: Arc<str>,
    parts: Arc<[SourcePart]>,
    /// The folded text, made when a quote has no exact match.
    folded: Arc<OnceLock<FoldedText>>,
}

/// A part of a [`Source`], and its position in the messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourcePart {
    /// The index of the message in the input, from 0.
    pub message: usize,
    /// The index of the part in the message, from 0.
    pub part: usize,
    /// The byte range in the source's text.
    pub bytes: Range<usize>,
}

/// The location of a text in a [`Source`]: see [`Source::locate`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Located {
    /// The range in bytes, half-open. Both ends are character boundaries.
    pub bytes: Range<usize>,
    /// The range in characters (Unicode scalar values), half-open.
    pub chars: Range<usize>,
    /// The quality of the match.
    pub quality: Match,
}

/// The quality of a match, from the worst to the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Match {
    /// A few letters differ: at most one in seven, and at most one in three of a word. No digit or sign
    /// differs, and no word is added, missing or replaced.
    Fuzzy,
    /// Case, white space, punctuation, typographic forms or hyphens at line ends differ.
    Normalised,
    /// Nothing differs.
    Exact,
}

/// The separator of two parts.
const BETWEEN: &str = "\n\n";

impl Source {
    /// Creates the source of these messages.
    pub fn of(messages: &[Message]) -> Self {
        let users = messages.iter().enumerate().filter(|(_, message)| message.role == Role::User);
        let texts: Vec<(usize, usize, &Arc<str>)> = users
            .flat_map(|(message, said)| {
                said.parts.iter().enumerate().filter_map(move |(part, piece)| match piece {
                    Part::Text(text) if !text.is_empty() => Some((message, part, text)),
                    _ => None,
                })
            })
            .collect();
        if let [(message, part, text)] = texts[..] {
            let whole = SourcePart { message, part, bytes: 0..text.len() };
            return Self::new(Arc::clone(text), vec![whole]);
        }
        let mut joined = String::new();
        let mut parts = Vec::with_capacity(texts.len());
        for (message, part, text) in texts {
            if !joined.is_empty() {
                joined.push_str(BETWEEN);
            }
            let start = joined.len();
            joined.push_str(text);
            parts.push(SourcePart { message, part, bytes: start..joined.len() });
        }
        Self::new(joined.into(), parts)
    }

    /// Creates a source from its text and parts.
    fn new(text: Arc<str>, parts: Vec<SourcePart>) -> Self {
        Self { text, parts: parts.into(), folded: Arc::default() }
    }

    /// Returns the folded text, and makes it on the first call.
    fn folded(&self, cost: &mut SearchCost) -> &FoldedText {
        self.folded.get_or_init(|| {
            cost.spend(self.len());
            FoldedText::of(self, self.parts.iter().skip(1).map(|part| part.bytes.start))
        })
    }

    /// Returns the whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the parts, in order.
    pub fn parts(&self) -> &[SourcePart] {
        &self.parts
    }

    /// Returns the part that contains a byte of the text, or `None` for a byte between parts or beyond
    /// the end.
    pub fn part_at(&self, byte: usize) -> Option<&SourcePart> {
        let index = self.parts.partition_point(|part| part.bytes.end <= byte);
        self.parts.get(index).filter(|part| part.bytes.contains(&byte))
    }
}

impl<T: Into<Arc<str>>> From<T> for Source {
    fn from(text: T) -> Self {
        let text = text.into();
        let whole = SourcePart { message: 0, part: 0, bytes: 0..text.len() };
        let parts = if text.is_empty() { Vec::new() } else { vec![whole] };
        Self::new(text, parts)
    }
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.parts == other.parts
    }
}

impl Eq for Source {}

impl Deref for Source {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("bytes", &self.text.len())
            .field("parts", &self.parts.len())
            .finish_non_exhaustive()
    }
}
