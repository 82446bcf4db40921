//! [`TokenCount`]: the number of tokens of a request, and who counted them.

use crate::conversation::Request;

/// The number of tokens of a request, and who counted them:
/// [`Extraction::count_tokens`](crate::Extraction::count_tokens) returns it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenCount {
    /// The tokens of the input.
    pub tokens: u64,
    /// Who counted them.
    pub source: CountSource,
}

/// The source of a [`TokenCount`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CountSource {
    /// The server that answers the request. The number is exact, or as good as the server's own estimate.
    Endpoint,
    /// The tokenizer of the model's vocabulary, on this machine (feature `tokenizer`). The number is exact for
    /// the texts; the frames around them, and media, are guessed.
    Tokenizer,
    /// Nobody: [`approximate_tokens`](crate::conversation::approximate_tokens), because the server counts no
    /// tokens.
    Approximate,
}

impl TokenCount {
    /// Creates a count.
    pub fn new(tokens: u64, source: CountSource) -> Self {
        Self { tokens, source }
    }

    /// Counts a request approximately.
    pub fn approximate(request: &Request) -> Self {
        Self::new(request.approximate_tokens(), CountSource::Approximate)
    }
}

impl TokenCount {
    /// Counts a request by the vocabulary of OpenAI's models. `None` for other models.
    #[cfg(feature = "tokenizer")]
    pub(super) fn by_tokenizer(model: &str, request: &Request) -> Option<Self> {
        use crate::conversation::{Tokens, openai_tokens};

        const FAMILIES: [&str; 9] =
            ["gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-6", "gpt-oss", "o1", "o3", "o4"];
        let name = model.rsplit('/').next().unwrap_or(model);
        let is_known = FAMILIES.iter().any(|family| name.starts_with(family));
        let tokens = is_known.then(|| Tokens::of_request(request, openai_tokens).total())?;
        Some(Self::new(tokens, CountSource::Tokenizer))
    }

    /// Returns `None`: there is no tokenizer without the feature `tokenizer`.
    #[cfg(not(feature = "tokenizer"))]
    pub(super) fn by_tokenizer(_: &str, _: &Request) -> Option<Self> {
        None
    }
}
