//! [`TokenMap`]: the tokens of a reply by their places in its text.

use std::ops::Range;

use crate::conversation::{Reply, TokenLogprob};

/// The tokens of a reply, by the bytes of its text that they are.
pub(super) struct TokenMap<'r> {
    tokens: &'r [TokenLogprob],
    /// The offset at which each token ends.
    ends: Vec<usize>,
}

impl<'r> TokenMap<'r> {
    /// Places the tokens of a reply in its text. Fails with the reason if there are none, or if their bytes are
    /// not those of the text.
    pub(super) fn of(reply: &'r Reply, text: &str) -> Result<Self, &'static str> {
        if reply.logprobs.is_empty() {
            return Err("the server sent no log-probabilities");
        }
        let mut rest = text.as_bytes();
        let mut ends = Vec::with_capacity(reply.logprobs.len());
        for token in &reply.logprobs {
            rest = rest
                .strip_prefix(token.bytes.as_slice())
                .ok_or("the tokens with log-probabilities are not those of the text")?;
            ends.push(text.len() - rest.len());
        }
        if !rest.is_empty() {
            return Err("the log-probabilities do not cover the whole text");
        }
        Ok(Self { tokens: &reply.logprobs, ends })
    }

    /// Returns the tokens that have a byte in the range, each with its own range.
    pub(super) fn overlapping(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, &'r TokenLogprob)> {
        let first = self.ends.partition_point(|end| *end <= range.start);
        let start_of = move |at: usize| at.checked_sub(1).and_then(|at| self.ends.get(at).copied());
        (first..self.tokens.len())
            .map_while(move |at| {
                let own = start_of(at).unwrap_or(0)..*self.ends.get(at)?;
                (own.start < range.end).then_some((own, self.tokens.get(at)?))
            })
            .filter(|(own, _)| !own.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::{Block, StopReason};

    proptest! {
        /// However a text is split into tokens, a range has exactly the tokens with a byte in it.
        #[test]
        fn a_range_has_the_tokens_that_overlap_it(
            text in "\\PC{0,40}",
            cuts in proptest::collection::vec(0usize..160, 0..20),
            (from, to) in (0usize..160, 0usize..160),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let mut reply = Reply::new(vec![Block::Text(text.clone())], StopReason::Stop);
            let pieces: Vec<_> = cuts.windows(2).map(|pair| pair[0]..pair[1]).collect();
            reply.logprobs =
                pieces.iter().map(|own| TokenLogprob::new(&bytes[own.clone()], -0.5)).collect();
            let map = TokenMap::of(&reply, &text).unwrap();
            let (from, to) = (from.min(bytes.len()), to.min(bytes.len()));
            let found: Vec<_> = map.overlapping(from..to).map(|(own, _)| own).collect();
            let expected: Vec<_> = pieces
                .into_iter()
                .filter(|own| (own.clone()).any(|at| (from..to).contains(&at)))
                .collect();
            prop_assert_eq!(found, expected);
        }

        /// Tokens that are not the bytes of the text are refused.
        #[test]
        fn other_bytes_are_refused(text in "[a-c]{1,8}", other in "[a-c]{0,8}") {
            prop_assume!(text != other);
            let mut reply = Reply::new(vec![Block::Text(text.clone())], StopReason::Stop);
            reply.logprobs = vec![TokenLogprob::new(other, -0.5)];
            prop_assert!(TokenMap::of(&reply, &text).is_err());
        }
    }
}
