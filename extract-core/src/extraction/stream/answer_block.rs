//! The block of a reply that contains the value while it arrives.

use crate::conversation::{Delta, Mode};
use crate::extraction::channel::AttemptStarted;

/// The block of a reply that is followed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum AnswerBlock {
    /// None: the reply is not the whole value, or its elements are returned already.
    #[default]
    Nothing,
    /// The text blocks.
    Text,
    /// The arguments of one tool call: the first one that arrives. Holds its index, once it has arrived.
    Call(Option<usize>),
}

impl AnswerBlock {
    /// Returns the block that will contain the value in a reply that begins.
    pub(super) fn of(attempt: &AttemptStarted) -> Self {
        if attempt.is_parts { Self::Nothing } else { Self::of_mode(attempt.mode) }
    }

    /// Returns the block that will contain the answer of a request in this mode.
    pub(super) fn of_mode(mode: Mode) -> Self {
        match mode {
            Mode::Tools => Self::Call(None),
            _ => Self::Text,
        }
    }

    /// Returns the text in a delta that continues the value, or `None` if it has none.
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
