//! Tokens and money.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

/// Tokens that a reply cost, normalised over providers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Usage {
    /// All input tokens, cached ones included.
    pub input_tokens: u64,
    /// Input tokens that were read from the provider's prompt cache.
    pub cached_input_tokens: u64,
    /// Input tokens that were written to the provider's prompt cache.
    pub cache_write_tokens: u64,
    /// All output tokens, reasoning included.
    pub output_tokens: u64,
    /// Output tokens that were spent on reasoning.
    pub reasoning_tokens: u64,
}

impl Usage {
    /// Usage of so many input and output tokens.
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens, output_tokens, ..Self::default() }
    }

    /// Input and output together.
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
        add(&mut self.output_tokens, other.output_tokens);
        add(&mut self.reasoning_tokens, other.reasoning_tokens);
    }
}

/// An amount of United States dollars.
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

/// What a model costs, in dollars per million tokens.
///
/// ```
/// use extract_llm::conversation::{Prices, Usage, Usd};
///
/// let prices = Prices::new(2.0, 8.0);
/// assert_eq!(prices.cost(&Usage::new(500_000, 250_000)), Usd(3.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Prices {
    /// An uncached input token.
    pub input: f64,
    /// An input token read from the cache.
    pub cached_input: f64,
    /// An input token written to the cache.
    pub cache_write: f64,
    /// An output token.
    pub output: f64,
}

impl Prices {
    /// Prices without a discount for cached tokens.
    pub fn new(input: f64, output: f64) -> Self {
        Self { input, cached_input: input, cache_write: input, output }
    }

    /// Sets the price of input tokens that are read from the cache.
    pub fn cached_input(mut self, price: f64) -> Self {
        self.cached_input = price;
        self
    }

    /// Sets the price of input tokens that are written to the cache.
    pub fn cache_write(mut self, price: f64) -> Self {
        self.cache_write = price;
        self
    }

    /// What this usage costs.
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn cost(&self, usage: &Usage) -> Usd {
        let cached = usage.cached_input_tokens.saturating_add(usage.cache_write_tokens);
        let plain = usage.input_tokens.saturating_sub(cached);
        let micros = plain as f64 * self.input
            + usage.cached_input_tokens as f64 * self.cached_input
            + usage.cache_write_tokens as f64 * self.cache_write
            + usage.output_tokens as f64 * self.output;
        Usd(micros / 1_000_000.0)
    }
}
