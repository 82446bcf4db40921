//! Where in a reply the value stands while it arrives.

use crate::conversation::{Delta, Mode};
use crate::extraction::channel::AttemptStarted;

/// What of a reply is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AnswerBlock {
    /// Nothing: what arrives is not the whole value, or is known already.
    #[default]
    Nothing,
    /// The text.
    Text,
    /// The arguments of the call that came first.
    Call(Option<usize>),
}

impl AnswerBlock {
    /// Where the value stands in a reply that begins.
    pub(super) fn of(attempt: &AttemptStarted) -> Self {
        match attempt.mode {
            _ if attempt.is_parts => Self::Nothing,
            Mode::Tools => Self::Call(None),
            _ => Self::Text,
        }
    }

    /// More of the value's text, if this piece holds any.
    pub(super) fn text_of<'d>(&mut self, delta: &'d Delta) -> Option<&'d str> {
        match (delta, self) {
            (Delta::Text(text), Self::Text) => Some(text),
            (Delta::Arguments { index, fragment }, Self::Call(followed)) => {
                (index == followed.get_or_insert(*index)).then_some(fragment)
            }
            _ => None,
        }
    }
}
