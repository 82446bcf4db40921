//! What a model says where it could have called a tool: an answer, where the type takes words for one.

use serde_json::Value;

use super::{Driver, Failure};
use crate::contract::{Extract, Problems, Variants};
use crate::conversation::Reply;
use crate::extraction::ledger::Outcome;
use crate::reading::{self, Level};

impl<T: Extract> Driver<T> {
    /// Judges a reply without calls whose words are an answer, where the value is asked for as one
    /// tool; nothing where they are not.
    pub(super) async fn judge_words(
        &mut self,
        reply: &Reply,
    ) -> Result<Option<Result<T, Problems>>, Failure> {
        let words = self.tooling.as_ref().and_then(|tooling| tooling.words.clone());
        let Some(variants) = words.filter(|_| reply.tool_calls().next().is_none()) else {
            return Ok(None);
        };
        let Some(value) = self.words_of(&variants, reply) else { return Ok(None) };
        let checked = self.check_value(&value, Vec::new()).await;
        self.last = Some(value);
        let (outcome, problems) = match &checked {
            Ok(Ok(_)) => (Outcome::Accepted, &Problems::new()),
            Ok(Err(problems)) => (Outcome::Rejected, problems),
            Err(_) => (Outcome::Unchecked, &Problems::new()),
        };
        self.enter_verdict(outcome, Vec::new(), problems);
        checked.map(Some).map_err(Failure::Unchecked)
    }
}

impl<T> Driver<T> {
    /// The value that the words of a reply are. The value itself, written out and nothing else, is no
    /// talk.
    pub(super) fn words_of(&self, variants: &Variants, reply: &Reply) -> Option<Value> {
        let text = reply.text();
        let text = reading::without_reasoning(&text)?;
        let words = variants.value_of_text(text.trim())?;
        let shape = self.task.contract.shape(None);
        let written = reading::read_arguments(text, shape, Level::Strict).is_ok();
        (!text.trim().is_empty() && !written).then_some(words)
    }
}
