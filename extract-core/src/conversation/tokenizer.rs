//! Exact numbers of tokens for the models of OpenAI, by the crate `bpe-openai`.

/// Returns how many tokens a text has for OpenAI's models since GPT-4o (vocabulary `o200k`), for
/// [`Conversation::fit_by`](super::Conversation::fit_by) and the like. The first call builds the vocabulary,
/// which takes some 10 MB.
///
/// ```
/// use extract_llm::conversation::openai_tokens;
///
/// assert_eq!(openai_tokens("There were seven of them."), 6);
/// ```
pub fn openai_tokens(text: &str) -> u64 {
    u64::try_from(bpe_openai::o200k_base().count(text)).unwrap_or(u64::MAX)
}
