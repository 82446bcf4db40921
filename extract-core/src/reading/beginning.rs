//! Where the answer begins in a text that is still arriving: behind reasoning, prose and a fence, at
//! the first bracket.

use super::candidates;

/// Looks for the first value of a text; each byte is looked at once.
#[derive(Debug, Default)]
pub(crate) struct Beginning {
    /// How much of the text was looked through for the beginning of a value.
    searched: usize,
    thinking: Option<Thinking>,
    /// How much white space the text begins with.
    blank: usize,
}

impl Beginning {
    /// Where the value begins; `lists` says whether it may be a list. `text` is the whole text so
    /// far.
    pub(crate) fn find(&mut self, text: &str, lists: bool) -> Option<usize> {
        if self.thinking.is_none() {
            let rest = &text[self.blank..];
            self.blank += rest.len() - rest.trim_start().len();
            self.thinking = Thinking::begins(&text[self.blank..]);
        }
        if let Some(Thinking::Aloud { close }) = &self.thinking {
            // The closing tag may be cut: its beginning is looked at again.
            let from = floor(text, self.searched.saturating_sub(close.len()));
            let Some(at) = text[from..].find(close.as_str()) else {
                self.searched = text.len();
                return None;
            };
            self.searched = self.searched.max(from + at + close.len());
            self.thinking = Some(Thinking::Done);
        }
        let new = &text.as_bytes()[self.searched..];
        let opens = |byte: &u8| *byte == b'{' || *byte == b'[' && lists;
        let Some(found) = new.iter().position(opens) else {
            self.searched = text.len();
            return None;
        };
        if self.thinking.is_none() {
            // The text began with a bracket, or with prose: nothing is thought aloud.
            self.thinking = Some(Thinking::Done);
        }
        Some(self.searched + found)
    }

    /// The beginning of another value, behind one that was none.
    pub(crate) fn of_another() -> Self {
        Self { thinking: Some(Thinking::Done), ..Self::default() }
    }
}

/// What is known of reasoning at the beginning of the text.
#[derive(Debug)]
enum Thinking {
    /// It goes on until this tag.
    Aloud { close: String },
    /// It is over, or there is none.
    Done,
}

impl Thinking {
    /// Whether the text begins with reasoning; `None` while that cannot be told.
    fn begins(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let Some(inside) = text.strip_prefix('<') else { return Some(Self::Done) };
        match inside.split_once('>') {
            Some((name, _)) if candidates::is_thought(name) => {
                Some(Self::Aloud { close: format!("</{name}>") })
            }
            None if inside.len() < 32 => None,
            _ => Some(Self::Done),
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    (0..=at).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
