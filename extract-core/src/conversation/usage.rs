//! Token counts, prices and amounts of money.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// The token counts of a reply, with the same meaning for all providers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens, including cached ones.
    pub input_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cached_input_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// The part of `cache_write_tokens` that is kept for the longest time, at a higher price
    /// ([`PromptCache::Long`](super::PromptCache::Long)). 0 also if the provider does not report it apart.
    pub long_cache_write_tokens: u64,
    /// All output tokens, including reasoning.
    pub output_tokens: u64,
    /// Output tokens of the reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Creates a usage with these counts and no cached or reasoning tokens.
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens, output_tokens, ..Self::default() }
    }

    /// Returns the sum of input and output tokens.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        let add = |into: &mut u64, more: u64| *into = into.saturating_add(more);
        add(&mut self.input_tokens, other.input_tokens);
        add(&mut self.cached_input_tokens, other.cached_input_tokens);
        add(&mut self.cache_write_tokens, other.cache_write_tokens);
        add(&mut self.long_cache_write_tokens, other.long_cache_write_tokens);
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
    }
}

/// An amount in US dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
pub struct Usd(pub f64);

impl std::fmt::Display for Usd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "${:.6}", self.0)
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

/// The prices of a model, in US dollars per million tokens.
///
/// ```
/// use extract_llm::conversation::{Prices, Usage};
/// use extract_llm::Usd;
///
/// let prices = Prices::new(2.0, 8.0);
/// assert_eq!(prices.cost(&Usage::new(500_000, 250_000)), Usd(3.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Prices {
    /// The price of uncached input tokens.
    pub input: f64,
    /// The price of input tokens that are read from the cache.
    pub cached_input: f64,
    /// The price of input tokens that are written to the cache.
    pub cache_write: f64,
    /// The price of input tokens that are written to the cache for the longest time.
    pub long_cache_write: f64,
    /// The price of output tokens.
    pub output: f64,
}

impl Prices {
    /// Creates prices without a discount for cached tokens.
    pub fn new(input: f64, output: f64) -> Self {
        Self { input, cached_input: input, cache_write: input, long_cache_write: input, output }
    }

    /// Sets the price of input tokens that are read from the cache. The default is the input price.
    pub fn cached_input(mut self, price: f64) -> Self {
        self.cached_input = price;
        self
    }

    /// Sets the price of input tokens that are written to the cache, for any time. The default is the input
    /// price.
    pub fn cache_write(mut self, price: f64) -> Self {
        self.cache_write = price;
        self.long_cache_write = price;
        self
    }

    /// Sets the price of input tokens that are written to the cache for the longest time, with
    /// [`PromptCache::Long`](super::PromptCache::Long). Set it after [`cache_write`](Self::cache_write),
    /// whose price is the default.
    pub fn long_cache_write(mut self, price: f64) -> Self {
        self.long_cache_write = price;
        self
    }

    /// Returns the cost of a usage.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn cost(&self, usage: &Usage) -> Usd {
        let cached = usage.cached_input_tokens.saturating_add(usage.cache_write_tokens);
        let plain = usage.input_tokens.saturating_sub(cached);
        let long = usage.long_cache_write_tokens.min(usage.cache_write_tokens);
        let short = usage.cache_write_tokens - long;
        let micros = plain as f64 * self.input
            + usage.cached_input_tokens as f64 * self.cached_input
            + short as f64 * self.cache_write
            + long as f64 * self.long_cache_write
            + usage.output_tokens as f64 * self.output;
        Usd(micros / 1_000_000.0)
    }
}
