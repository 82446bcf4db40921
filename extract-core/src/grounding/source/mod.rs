//! The text that an extraction reads from, as its checks see it. Knows where each piece of it stood
//! in the messages, and where a quote stands in it; nothing of who looks at it.

mod folded;
mod fuzzy;
mod locate;
mod search_cost;

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use folded::Folded;
pub use search_cost::SearchCost;

use crate::conversation::{Message, Part, Role};

/// The text that a value was extracted from: the text parts of the user's messages, one after the
/// other, with an empty line between them. Text of the system, of the model and of tools is no part of
/// it, and neither are messages that were put before the input by
/// [`examples`](crate::Extraction::examples).
///
/// ```
/// use extract_llm::grounding::Source;
/// use extract_llm::conversation::Message;
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
    /// Made when a quote is looked up that does not stand there as it is.
    folded: Arc<OnceLock<Folded>>,
}

/// A piece of a [`Source`], and the message that it stood in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourcePart {
    /// Which message of the input, from 0.
    pub message: usize,
    /// Which part of that message, from 0.
    pub part: usize,
    /// Where it stands in the source's text, in bytes.
    pub bytes: Range<usize>,
}

/// Where a text stands in a [`Source`]; see [`Source::locate`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Located {
    /// In bytes, half-open; both ends lie on character boundaries.
    pub bytes: Range<usize>,
    /// In characters (Unicode scalar values), half-open.
    pub chars: Range<usize>,
    /// How well it fits.
    pub quality: Match,
}

/// How well a quote fits the place where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Match {
    /// A few letters differ, at most one in seven and one in three of a word, but no digit or sign, and
    /// no word is more, less or another.
    Fuzzy,
    /// Case, white space, punctuation, typographic forms or hyphens at line ends differ.
    Normalised,
    /// Nothing differs.
    Exact,
}

/// What stands between two parts.
const BETWEEN: &str = "\n\n";

impl Source {
    /// The source that these messages are.
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

    fn new(text: Arc<str>, parts: Vec<SourcePart>) -> Self {
        Self { text, parts: parts.into(), folded: Arc::default() }
    }

    fn folded(&self, cost: &mut SearchCost) -> &Folded {
        self.folded.get_or_init(|| {
            cost.spend(self.len());
            Folded::of(self, self.parts.iter().skip(1).map(|part| part.bytes.start))
        })
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The pieces it is made of, in their order.
    pub fn parts(&self) -> &[SourcePart] {
        &self.parts
    }

    /// The piece that a byte of the text belongs to; none between two of them.
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
