//! Finds the start of the answer in a text that is still arriving: after thinking, prose, a fence
//! or the envelope of a tool call.

use super::calls::{self, Ahead};
use super::thinking::{Step, Walk};

/// Searches an incoming text for its first value. Each byte is examined a bounded number of times.
#[derive(Debug, Default)]
pub(crate) struct AnswerStart {
    walk: Walk,
    /// The names of the tools that may be called in the text.
    offered: Vec<String>,
    /// The end of the text that was searched for tags, in bytes.
    searched: usize,
    /// The text holds a call whose arguments cannot be streamed.
    silent: bool,
}

impl AnswerStart {
    /// Creates a search for an answer that may be the arguments of a call of one of these tools.
    pub(crate) fn offering(offered: impl IntoIterator<Item = String>) -> Self {
        Self { offered: offered.into_iter().collect(), ..Self::default() }
    }

    /// Returns the offset of the value, or `None` if it has not begun or cannot be streamed. `text`
    /// is the whole text so far. `lists` says whether the value may be a list.
    pub(crate) fn find(&mut self, text: &str, lists: bool) -> Option<usize> {
        while !self.silent {
            let Step::Value(at) = self.walk.step(text, false) else { return None };
            let rest = &text[at..];
            if !self.offered.is_empty() {
                // The end of the searched text may be half a mark, so search it again.
                let from = self.searched.saturating_sub(16).max(self.walk.start());
                let from = super::thinking::floor(text, from);
                self.silent = calls::writes_tags(&text[from..at]);
                self.searched = at;
                match calls::skip_mark(rest) {
                    _ if self.silent => return None,
                    Some(0) => {}
                    Some(len) => {
                        self.walk.skip(len);
                        continue;
                    }
                    None => return None,
                }
            }
            if !(rest.starts_with('{') || lists && rest.starts_with('[')) {
                self.walk.skip(1);
                continue;
            }
            match calls::look_ahead(rest, &self.offered) {
                Ahead::Data => return Some(at),
                Ahead::Arguments(inside) => return Some(at + inside),
                Ahead::Undecided => return None,
                Ahead::Silent => self.silent = true,
            }
        }
        None
    }

    /// Creates a search for the next value, after one that was not the answer. It knows no tools.
    pub(crate) fn next_value() -> Self {
        Self::default()
    }
}
