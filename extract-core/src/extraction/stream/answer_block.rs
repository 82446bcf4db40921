//! The block of a reply that contains the value while it arrives.

use std::sync::Arc;

use crate::conversation::{Delta, Mode};
use crate::extraction::channel::AttemptStarted;

/// The block of a reply that is followed.
#[derive(Debug, Default)]
pub(super) enum AnswerBlock {
    /// None: the reply is not the whole value, or its elements are returned already.
    #[default]
    Nothing,
    /// The text blocks.
    Text,
    /// The arguments of one tool call.
    Call(AnswerCall),
}

/// The tool call that contains the value: the first one that arrives and is not of a user tool.
#[derive(Debug)]
pub(super) struct AnswerCall {
    /// The names of the user tools.
    user_tools: Arc<[String]>,
    /// The indices of the calls of user tools so far.
    others: Vec<usize>,
    /// The index of the call, once it has arrived.
    index: Option<usize>,
}

impl AnswerBlock {
    /// Returns the block that will contain the value in a reply that begins.
    pub(super) fn of(attempt: &AttemptStarted) -> Self {
        if attempt.is_parts { Self::Nothing } else { Self::of_answer(attempt) }
    }

    /// Returns the block that will contain the answer in a reply that begins, also if it is a part of the value.
    pub(super) fn of_answer(attempt: &AttemptStarted) -> Self {
        match attempt.mode {
            Mode::Tools => Self::Call(AnswerCall {
                user_tools: Arc::clone(&attempt.user_tools),
                others: Vec::new(),
                index: None,
            }),
            _ => Self::Text,
        }
    }

    /// Returns the text in a delta that continues the value, or `None` if it has none.
    pub(super) fn text_of<'d>(&mut self, delta: &'d Delta) -> Option<&'d str> {
        match (delta, self) {
            (Delta::Text(text), Self::Text) => Some(text),
            (delta, Self::Call(call)) => call.text_of(delta),
            _ => None,
        }
    }
}

impl AnswerCall {
    fn text_of<'d>(&mut self, delta: &'d Delta) -> Option<&'d str> {
        match delta {
            Delta::ToolCall { index, name, .. } if self.user_tools.contains(name) => {
                self.others.push(*index);
                None
            }
            Delta::Arguments { index, fragment } if !self.others.contains(index) => {
                (index == self.index.get_or_insert(*index)).then_some(fragment)
            }
            _ => None,
        }
    }
}
