//! [`TokenMap`]: the tokens of a reply by their places in its text.

use std::ops::Range;

use crate::conversation::{Reply, TokenLogprob};

/// The tokens of a reply, by the bytes of its text that they are.
pub(super) struct TokenMap<'r> {
    tokens: &'r [TokenLogprob],
    /// The offset in all tokens at which each token ends.
    ends: Vec<usize>,
    /// The offset in all tokens at which the text begins.
    begin: usize,
}

impl<'r> TokenMap<'r> {
    /// Places the tokens of a reply in its text. Some servers, such as llama.cpp, remove a fence around the text
    /// and list its tokens all the same, so there may be more tokens before and behind the text.
    ///
    /// Fails with the reason if there are no tokens, or if their bytes are not those of the text: the text has to
    /// occur in them once.
    pub(super) fn of(reply: &'r Reply, text: &str) -> Result<Self, &'static str> {
        if reply.logprobs.is_empty() {
            return Err("the server sent no log-probabilities");
        }
        let mut bytes = Vec::with_capacity(text.len());
        let mut ends = Vec::with_capacity(reply.logprobs.len());
        for token in &reply.logprobs {
            bytes.extend_from_slice(&token.bytes);
            ends.push(bytes.len());
        }
        let begin = if bytes == text.as_bytes() { Some(0) } else { only_place(&bytes, text) };
        let begin = begin.ok_or("the tokens with log-probabilities are not those of the text")?;
        Ok(Self { tokens: &reply.logprobs, ends, begin })
    }

    /// Returns the tokens that have a byte in the range of the text, each with its own range. The range of a token
    /// that begins before the text begins with the text.
    pub(super) fn overlapping(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, &'r TokenLogprob)> {
        let (from, to) = (range.start + self.begin, range.end + self.begin);
        let first = self.ends.partition_point(|end| *end <= from);
        let start_of = |at: usize| at.checked_sub(1).and_then(|at| self.ends.get(at).copied());
        (first..self.tokens.len())
            .map_while(move |at| {
                let (start, end) = (start_of(at).unwrap_or(0), *self.ends.get(at)?);
                let own = start.saturating_sub(self.begin)..end.saturating_sub(self.begin);
                (start < to).then_some((own, self.tokens.get(at)?))
            })
            .filter(|(own, _)| !own.is_empty())
    }
}

/// Returns the offset of a text in the bytes of all tokens, if it occurs once.
fn only_place(bytes: &[u8], text: &str) -> Option<usize> {
    if text.trim().is_empty() {
        return None;
    }
    let found = memchr::memmem::find(bytes, text.as_bytes())?;
    let behind = bytes.get(found + 1..).unwrap_or_default();
    memchr::memmem::find(behind, text.as_bytes()).is_none().then_some(found)
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
            let (from, to) = (from.min(to).min(bytes.len()), from.max(to).min(bytes.len()));
            let found: Vec<_> = map.overlapping(from..to).map(|(own, _)| own).collect();
            let expected: Vec<_> = pieces
                .into_iter()
                .filter(|own| (own.clone()).any(|at| (from..to).contains(&at)))
                .collect();
            prop_assert_eq!(found, expected);
        }

        /// Tokens in which the text does not occur exactly once are refused.
        #[test]
        fn other_bytes_are_refused(text in "[a-c]{1,3}", other in "[a-c]{0,8}") {
            let places = (0..other.len()).filter(|&at| other[at..].starts_with(&text));
            prop_assume!(places.count() != 1);
            let mut reply = Reply::new(vec![Block::Text(text.clone())], StopReason::Stop);
            reply.logprobs = vec![TokenLogprob::new(other, -0.5)];
            prop_assert!(TokenMap::of(&reply, &text).is_err());
        }
    }
}
