//! The log-probabilities of the tokens of a reply, as a server reports them.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A token of a reply's text, with the logarithm of its probability.
///
/// ```
/// use extract_llm::conversation::TokenLogprob;
///
/// let token = TokenLogprob::new("119", -0.105);
/// assert_eq!(token.bytes, b"119");
/// assert!((token.logprob.exp() - 0.9).abs() < 0.001);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenLogprob {
    /// The bytes of the token. A token may be a part of a character.
    #[serde(rename = "t", with = "token_bytes")]
    pub bytes: Vec<u8>,
    /// The natural logarithm of the probability, from negative infinity to 0. [`TokenLogprob::OUTSIDE`] or
    /// less means that the server gives no figure, because the token is not among the likeliest.
    #[serde(rename = "p")]
    pub logprob: f64,
    /// The likeliest tokens at this position, in the order of the server. They may include this token. Empty
    /// if the server sends none.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<TokenAlternative>,
}

/// A token that could have come in place of another one.
///
/// ```
/// use extract_llm::conversation::{TokenAlternative, TokenLogprob};
///
/// let other = TokenAlternative::new("false", -2.3);
/// let token = TokenLogprob::new("true", -0.105).alternatives([other]);
/// assert_eq!(token.alternatives[0].bytes, b"false");
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenAlternative {
    /// The bytes of the token.
    #[serde(rename = "t", with = "token_bytes")]
    pub bytes: Vec<u8>,
    /// The natural logarithm of its probability.
    #[serde(rename = "p")]
    pub logprob: f64,
}

impl TokenLogprob {
    /// The log-probability that OpenAI reports for a token outside of the likeliest ones.
    pub const OUTSIDE: f64 = -9999.0;

    /// Creates a token without alternatives.
    pub fn new(bytes: impl Into<Vec<u8>>, logprob: f64) -> Self {
        Self { bytes: bytes.into(), logprob, alternatives: Vec::new() }
    }

    /// Sets the likeliest tokens at the position.
    pub fn alternatives(
        mut self,
        alternatives: impl IntoIterator<Item = TokenAlternative>,
    ) -> Self {
        self.alternatives = alternatives.into_iter().collect();
        self
    }
}

impl TokenAlternative {
    /// Creates an alternative.
    pub fn new(bytes: impl Into<Vec<u8>>, logprob: f64) -> Self {
        Self { bytes: bytes.into(), logprob }
    }
}

/// Writes the bytes of a token as a text, or as a list of numbers if they are no UTF-8.
mod token_bytes {
    use super::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Text(String),
        Bytes(Vec<u8>),
    }

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => to.serialize_str(text),
            Err(_) => bytes.serialize(to),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(match Written::deserialize(from)? {
            Written::Text(text) => text.into_bytes(),
            Written::Bytes(bytes) => bytes,
        })
    }
}
