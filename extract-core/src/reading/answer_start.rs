//! Finds the begin of the answer in a text that still arrives: behind thinking, prose and a fence, in
//! the envelope of a call, at the first bracket.

use super::calls::{self, Ahead};
use super::thinking::{Step, Walk};

/// Looks for the first value of a text; each byte is looked at a bounded number of times.
#[derive(Debug, Default)]
pub(crate) struct AnswerStart {
    walk: Walk,
    /// The names of the tools that may be called in the text.
    offered: Vec<String>,
    /// How much of the text before the value was searched for tags.
    searched: usize,
    /// The text holds a call whose arguments are not told as they come.
    silent: bool,
}

impl AnswerStart {
    /// The beginning of an answer that may stand in a call of one of these tools.
    pub(crate) fn offering(offered: impl IntoIterator<Item = String>) -> Self {
        Self { offered: offered.into_iter().collect(), ..Self::default() }
    }

    /// Where the value begins; `lists` says whether it may be a list. `text` is the whole text so
    /// far.
    pub(crate) fn find(&mut self, text: &str, lists: bool) -> Option<usize> {
        while !self.silent {
            let Step::Value(at) = self.walk.step(text, false) else { return None };
            let rest = &text[at..];
            if !self.offered.is_empty() {
                // A mark may have come in pieces: some of what was searched is searched again.
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

    /// The beginning of another value, behind one that was none.
    pub(crate) fn of_another() -> Self {
        Self::default()
    }
}
