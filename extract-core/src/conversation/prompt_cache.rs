//! The use of a provider's prompt cache: what is asked for, and what a provider can do.

/// Whether the provider shall cache the start of the prompt, and for how long.
///
/// The start is everything that is the same in many calls: tools and schema, system prompt, examples. The
/// input follows it and is not cached.
///
/// ```
/// use extract_llm::conversation::PromptCache;
///
/// assert!(PromptCache::Long.is_on());
/// assert!(!PromptCache::Off.is_on());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PromptCache {
    /// Nothing is cached. Cache points of messages are not sent, and OpenAI's newer models are told not to
    /// cache by themselves. Other providers that cache by themselves cannot be told.
    Off,
    /// The start is cached for the provider's default time: 5 minutes at Anthropic and Bedrock, 30 minutes
    /// at OpenAI. Each use starts the time again.
    Short,
    /// The start is cached for the longest time that can be set: 1 hour at Anthropic, Bedrock and
    /// OpenRouter, 12 hours at OpenAI over Responses. A write costs more than with
    /// [`Short`](Self::Short): twice the input price at Anthropic, 2.5 times at OpenAI. Where no time can
    /// be set, it is the same as `Short`.
    Long,
}

impl PromptCache {
    /// Whether the start of the prompt shall be cached.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }
}

/// What a provider's prompt cache can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CacheSupport {
    /// No prompt cache is known.
    None,
    /// The provider caches by itself. Cache points are not sent.
    ByItself,
    /// Cache points are sent.
    Marks {
        /// The most cache points of one request.
        limit: usize,
        /// Whether the list of tools can have one.
        on_tools: bool,
    },
}
