//! Log-probabilities of tokens: the support of servers for them, as data, and their two forms in replies.

use serde_json::Value;

use crate::conversation::{Delta, TokenAlternative, TokenLogprob};

/// The fields that ask for log-probabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogprobsField {
    /// The protocol's own fields, such as `logprobs: true` and `top_logprobs`.
    Protocol,
    /// `logprobs` with the number of alternatives: Together.
    Count,
    /// There is none.
    None,
}

/// The support of a model for the log-probabilities of tokens.
///
/// ```
/// use extract_core::wire::{LogprobsField, LogprobsSupport};
///
/// assert_eq!(LogprobsSupport::OPENAI.field, LogprobsField::Protocol);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogprobsSupport {
    /// The fields.
    pub field: LogprobsField,
    /// The number of alternatives that are asked for, at each token.
    pub alternatives: u8,
    /// Whether they come while the model thinks.
    pub while_thinking: bool,
}

impl LogprobsSupport {
    /// The server gives none.
    pub const NONE: Self =
        Self { field: LogprobsField::None, alternatives: 0, while_thinking: false };
    /// OpenAI: only while the model does not think.
    pub const OPENAI: Self =
        Self { field: LogprobsField::Protocol, alternatives: 5, while_thinking: false };
    /// Servers that give them also while the model thinks, and unknown servers.
    pub const ALWAYS: Self = Self { while_thinking: true, ..Self::OPENAI };
    /// A server of one's own. Its figures are from before the grammar, so more alternatives are asked for.
    pub const OWN_SERVER: Self = Self { alternatives: 10, ..Self::ALWAYS };
    /// Together, which takes a number.
    pub const COUNT: Self = Self { field: LogprobsField::Count, ..Self::ALWAYS };
}

/// Returns the bytes of a token in the form of Chat Completions. Servers without the field `bytes` send the
/// text alone.
fn bytes_of(token: &Value) -> Option<Vec<u8>> {
    let text = || token.get("token").and_then(Value::as_str).map(|text| text.as_bytes().to_vec());
    match token.get("bytes") {
        Some(Value::Array(bytes)) => {
            bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect()
        }
        _ => text(),
    }
}

/// Reads a list of tokens in the form of Chat Completions. `None` if a token has no bytes or no figure: the
/// list would not cover the text.
fn tokens(list: &Value) -> Option<Vec<TokenLogprob>> {
    let token = |token: &Value| {
        let alternatives = token.get("top_logprobs").and_then(Value::as_array);
        let alternatives = alternatives.into_iter().flatten().filter_map(|other| {
            Some(TokenAlternative::new(bytes_of(other)?, other.get("logprob")?.as_f64()?))
        });
        let read = TokenLogprob::new(bytes_of(token)?, token.get("logprob")?.as_f64()?);
        Some(read.alternatives(alternatives))
    };
    list.as_array()?.iter().map(token).collect()
}

/// Returns the delta of a list of tokens in the form of Chat Completions. `None` if it is none, or is empty.
pub(super) fn delta(list: Option<&Value>) -> Option<Delta> {
    let tokens = tokens(list?)?;
    (!tokens.is_empty()).then_some(Delta::Logprobs(tokens))
}

/// Returns the delta of the field `logprobs` of a choice. Besides OpenAI's list `content`, it may hold the older
/// lists `tokens` and `token_logprobs`.
pub(super) fn choice_delta(logprobs: &Value) -> Option<Delta> {
    delta(logprobs.get("content")).or_else(|| older_delta(logprobs))
}

/// Reads the lists of completions older than chats.
fn older_delta(logprobs: &Value) -> Option<Delta> {
    let texts = logprobs.get("tokens")?.as_array()?;
    let figures = logprobs.get("token_logprobs")?.as_array()?;
    if texts.is_empty() || texts.len() != figures.len() {
        return None;
    }
    let tops = logprobs.get("top_logprobs").and_then(Value::as_array);
    let token = |(at, (text, figure)): (usize, (&Value, &Value))| {
        let top = tops.and_then(|tops| tops.get(at)?.as_object());
        let others = top.into_iter().flatten();
        let others = others.filter_map(|(text, figure)| {
            Some(TokenAlternative::new(text.as_bytes(), figure.as_f64()?))
        });
        let token = TokenLogprob::new(text.as_str()?.as_bytes(), figure.as_f64()?);
        Some(token.alternatives(others))
    };
    let tokens: Option<Vec<TokenLogprob>> =
        texts.iter().zip(figures).enumerate().map(token).collect();
    tokens.map(Delta::Logprobs)
}

/// Returns the delta of Gemini's `logprobsResult`. Its tokens are texts.
pub(super) fn gemini_delta(result: &Value) -> Option<Delta> {
    let read = |token: &Value| {
        let text = token.get("token")?.as_str()?;
        Some((text.as_bytes().to_vec(), token.get("logProbability")?.as_f64()?))
    };
    let tops = result.get("topCandidates").and_then(Value::as_array);
    let chosen = result.get("chosenCandidates")?.as_array()?.iter().enumerate();
    let tokens: Option<Vec<TokenLogprob>> = chosen
        .map(|(at, token)| {
            let (bytes, logprob) = read(token)?;
            let top = tops.and_then(|tops| tops.get(at)?.get("candidates")?.as_array());
            let others = top.into_iter().flatten().filter_map(read);
            let others = others.map(|(bytes, logprob)| TokenAlternative::new(bytes, logprob));
            Some(TokenLogprob::new(bytes, logprob).alternatives(others))
        })
        .collect();
    tokens.filter(|tokens| !tokens.is_empty()).map(Delta::Logprobs)
}
