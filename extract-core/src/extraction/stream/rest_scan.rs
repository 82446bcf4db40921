//! The elements of a list that is continued, while the reply with them arrives. They are shown at once unless
//! the first one may be given already: the merge of the whole reply decides then.

use super::answer_block::AnswerBlock;
use super::element_spans::ElementSpans;
use crate::contract::rest_name;
use crate::conversation::Delta;
use crate::extraction::channel::{AttemptStarted, RestStarted};
use crate::reading::AnswerScan;

/// The scan of a reply with more elements of a list.
#[derive(Debug)]
pub(super) struct RestScan {
    scan: AnswerScan<ElementSpans>,
    block: AnswerBlock,
    /// Whether the first element was found to be new.
    is_new: bool,
}

impl RestScan {
    /// Starts the scan of a reply.
    pub(super) fn of(attempt: &AttemptStarted, rest: &RestStarted) -> Self {
        let spans = ElementSpans::of(vec![rest_name(&rest.list)]);
        let members = attempt.contract.shape(attempt.form.as_deref()).member_names();
        let scan = AnswerScan::new(spans).member_names(members);
        let scan = scan.offering([attempt.contract.name().to_owned()]);
        Self { scan, block: AnswerBlock::of_answer(attempt), is_new: false }
    }

    /// Adds a delta, and returns the texts of the elements that are complete now. Returns none if the first
    /// element of the reply is given already.
    pub(super) fn feed(&mut self, delta: &Delta, is_given: impl Fn(&str) -> bool) -> Vec<String> {
        let Some(text) = self.block.text_of(delta) else { return Vec::new() };
        self.scan.feed_str(text);
        let mut complete = Vec::new();
        while let Some(span) = self.scan.sink_mut().take() {
            let Some(text) = self.scan.text().get(span) else { continue };
            if !self.is_new && is_given(text) {
                self.block = AnswerBlock::Nothing;
                return Vec::new();
            }
            self.is_new = true;
            complete.push(text.to_owned());
        }
        complete
    }
}
