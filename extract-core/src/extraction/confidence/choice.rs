//! The probability of a token where the schema permits few values: an enum, a constant, a boolean, null.
//!
//! Some servers, such as llama.cpp, report probabilities from before the grammar: the model may have wanted
//! what the grammar forbids. The probability of a token is therefore that among the tokens that lead to a
//! permitted value.

use std::ops::Range;

use crate::conversation::{TokenAlternative, TokenLogprob};

/// The choice between few permitted values.
pub(super) struct Choice<'a> {
    /// The permitted values, as JSON texts.
    permitted: &'a [String],
    /// The index of the chosen one.
    chosen: usize,
    /// The text of the reply.
    text: &'a str,
    /// The place of the value in it.
    place: Range<usize>,
}

/// The probability of a token.
pub(super) enum Weight {
    /// The token decides nothing: every value that was still possible goes on with it.
    Forced,
    /// The logarithm of its probability among the permitted tokens.
    Log(f64),
    /// The server gives no figure.
    Unknown,
}

impl<'a> Choice<'a> {
    /// Returns the choice of the value at this place. `None` if the text there is none of the values.
    pub(super) fn of(permitted: &'a [String], text: &'a str, place: Range<usize>) -> Option<Self> {
        let written = text.get(place.clone())?;
        let chosen = permitted.iter().position(|value| value == written)?;
        Some(Self { permitted, chosen, text, place })
    }

    /// Returns the bytes that decide for the value: its own, and the one behind it if another permitted value
    /// begins with it, as 10 begins with 1.
    pub(super) fn deciding(&self) -> Range<usize> {
        let written = self.text.get(self.place.clone()).unwrap_or_default();
        let mut others = self.permitted.iter().filter(|other| *other != written);
        let is_prefix = others.any(|other| other.starts_with(written));
        self.place.start..self.place.end + usize::from(is_prefix)
    }

    /// Returns the probability of a token that has bytes of the value. `own` is its place in the text.
    pub(super) fn weigh(&self, own: &Range<usize>, token: &TokenLogprob) -> Weight {
        let bytes = self.text.as_bytes();
        let lead = bytes.get(own.start..self.place.start).unwrap_or_default();
        let written = bytes.get(self.place.start..own.start).unwrap_or_default();
        let open: Vec<usize> = (0..self.permitted.len())
            .filter(|&at| {
                self.permitted.get(at).is_some_and(|it| it.as_bytes().starts_with(written))
            })
            .collect();
        let leads_to = |bytes: &[u8]| self.leads_to(bytes, lead, written.len(), &open);
        let chosen = leads_to(&token.bytes);
        if chosen.len() == open.len() {
            return Weight::Forced;
        }
        if !chosen.contains(&self.chosen) {
            return Weight::Unknown;
        }
        let own_figure = plain_log(token);
        if token.alternatives.is_empty() {
            return own_figure.map_or(Weight::Unknown, Weight::Log);
        }
        let is_listed = token.alternatives.iter().any(|other| other.bytes == token.bytes);
        let itself = own_figure.filter(|_| !is_listed).map(|log| (token.bytes.as_slice(), log));
        let others = token.alternatives.iter().filter(|other| is_figure(other.logprob));
        let all = others.map(|other| (other.bytes.as_slice(), other.logprob)).chain(itself);
        let (mut agreeing, mut permitted, mut listed) = (0.0, 0.0, 0.0);
        let mut seen = chosen.clone();
        for (bytes, log) in all {
            let probability = log.min(0.0).exp();
            listed += probability;
            let values = leads_to(bytes);
            if values.iter().all(|at| chosen.contains(at)) && values.contains(&self.chosen) {
                (agreeing, permitted) = (agreeing + probability, permitted + probability);
            } else if !values.is_empty() && !values.contains(&self.chosen) {
                permitted += probability;
            }
            // A token that leads to this value and to others decides less than the chosen one.
            seen.extend(values);
        }
        // A permitted value that no token of the list leads to is at most as probable as the last of the list.
        let unseen = open.iter().filter(|at| !seen.contains(at)).count();
        permitted += unlisted(token, unseen, listed);
        if permitted > 0.0 { Weight::Log((agreeing / permitted).ln()) } else { Weight::Unknown }
    }

    /// Returns the permitted values that a token leads to. The token begins with `lead`, which stands before
    /// the value; `written` bytes of the value stand before the token, and the values `open` begin with them.
    fn leads_to(&self, token: &[u8], lead: &[u8], written: usize, open: &[usize]) -> Vec<usize> {
        let is_blank = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_whitespace);
        let inside = match token.strip_prefix(lead) {
            Some(inside) => inside,
            None if is_blank(lead) => token.trim_ascii_start(),
            None if lead.starts_with(token) => return open.to_vec(),
            None => return Vec::new(),
        };
        let goes_on = |at: &&usize| {
            let Some(value) = self.permitted.get(**at) else { return false };
            let rest = value.as_bytes().get(written..).unwrap_or_default();
            let behind = inside.strip_prefix(rest);
            let ends =
                |behind: &[u8]| behind.first().is_none_or(|byte| b",]} \t\r\n".contains(byte));
            rest.starts_with(inside) || behind.is_some_and(ends)
        };
        open.iter().filter(goes_on).copied().collect()
    }
}

/// Returns the most that `unseen` values can have, if no alternative of the list leads to them.
#[expect(clippy::cast_precision_loss, reason = "numbers of values of an enum")]
fn unlisted(token: &TokenLogprob, unseen: usize, listed: f64) -> f64 {
    let least = lowest(&token.alternatives).map_or(0.0, |log| log.min(0.0).exp());
    (unseen as f64 * least).min((1.0 - listed).max(0.0))
}

/// Returns the logarithm of the probability of a token. Of a token outside of the likeliest, it is that of the
/// last of these: the most that it can be. `None` if the server gives no figure.
pub(super) fn plain_log(token: &TokenLogprob) -> Option<f64> {
    let log = if is_figure(token.logprob) {
        token.logprob
    } else {
        lowest(&token.alternatives).filter(|_| !token.logprob.is_nan())?
    };
    Some(log.min(0.0))
}

fn is_figure(logprob: f64) -> bool {
    logprob > TokenLogprob::OUTSIDE
}

/// Returns the smallest figure of the alternatives.
fn lowest(alternatives: &[TokenAlternative]) -> Option<f64> {
    let figures = alternatives.iter().map(|other| other.logprob).filter(|log| is_figure(*log));
    figures.reduce(f64::min)
}
