//! Token counts and prices, read from a provider's usage object.

use serde_json::Value;

use crate::conversation::{Usage, Usd};

/// Returns the number at the first of these JSON pointers that holds one, or else 0.
pub(super) fn count(usage: &Value, pointers: &[&str]) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "token counts")]
    let whole = |number: f64| number.max(0.0) as u64;
    pointers
        .iter()
        .find_map(|pointer| {
            // `Value::pointer` allocates for each segment, and no name here is escaped.
            let mut segments = pointer.split('/').skip(1);
            let value = segments.try_fold(usage, |inside, name| inside.get(name))?;
            value.as_u64().or_else(|| value.as_f64().map(whole))
        })
        .unwrap_or(0)
}

/// JSON pointers to the counts in a protocol's usage object. Of several pointers, the first that holds
/// a number counts.
pub(super) struct UsageFields {
    pub(super) input: &'static [&'static str],
    pub(super) output: &'static [&'static str],
    pub(super) cached_input: &'static [&'static str],
    pub(super) cache_write: &'static [&'static str],
    pub(super) long_cache_write: &'static [&'static str],
    pub(super) reasoning: &'static [&'static str],
}

impl UsageFields {
    /// No counts at all.
    pub(super) const NONE: Self = Self {
        input: &[],
        output: &[],
        cached_input: &[],
        cache_write: &[],
        long_cache_write: &[],
        reasoning: &[],
    };

    /// Returns the counts of a usage object. Missing ones are 0.
    pub(super) fn read(&self, usage: &Value) -> Usage {
        let mut read = Usage::new(count(usage, self.input), count(usage, self.output));
        read.cached_input_tokens = count(usage, self.cached_input);
        read.cache_write_tokens = count(usage, self.cache_write);
        read.long_cache_write_tokens =
            count(usage, self.long_cache_write).min(read.cache_write_tokens);
        read.reasoning_tokens = count(usage, self.reasoning);
        read
    }
}

/// The fields of Chat Completions and Responses, and the names that compatible servers use instead.
const OPENAI: UsageFields = UsageFields {
    input: &["/prompt_tokens", "/input_tokens"],
    output: &["/completion_tokens", "/output_tokens"],
    cached_input: &[
        "/prompt_tokens_details/cached_tokens",
        "/input_tokens_details/cached_tokens",
        "/prompt_cache_hit_tokens",
        "/num_cached_tokens",
        "/cached_tokens",
        "/cache_read_input_tokens",
    ],
    cache_write: &[
        "/prompt_tokens_details/cache_write_tokens",
        "/input_tokens_details/cache_write_tokens",
        "/prompt_tokens_details/cache_creation_tokens",
        "/cache_creation_input_tokens",
    ],
    long_cache_write: &["/cache_creation/ephemeral_1h_input_tokens"],
    reasoning: &[
        "/completion_tokens_details/reasoning_tokens",
        "/output_tokens_details/reasoning_tokens",
        "/reasoning_tokens",
    ],
};

/// Returns the usage of Chat Completions and Responses.
pub(super) fn openai(usage: &Value) -> Usage {
    let mut read = OPENAI.read(usage);
    let (input, output) = (read.input_tokens, read.output_tokens);
    // Some servers do not include the reasoning in the completion; the total shows it.
    let total = count(usage, &["/total_tokens"]);
    if read.reasoning_tokens > 0
        && total > 0
        && total == input.saturating_add(output).saturating_add(read.reasoning_tokens)
    {
        read.output_tokens = output.saturating_add(read.reasoning_tokens);
    }
    read
}

/// Returns the price that some providers put into the usage: OpenRouter in dollars, Perplexity as an
/// object, xAI in units of 1e-10 dollars. `None` if there is none.
pub(super) fn stated_cost(usage: &Value) -> Option<Usd> {
    if let Some(ticks) = usage.get("cost_in_usd_ticks").and_then(Value::as_f64) {
        return Some(Usd(ticks / 1e10));
    }
    let cost = usage.get("cost")?;
    cost.as_f64()
        .or_else(|| cost.get("total_cost")?.as_f64())
        .or_else(|| cost.get("usd")?.as_f64())
        .map(Usd)
}
