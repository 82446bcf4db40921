//! Token counts as the providers of OpenAI's family write them.

use serde_json::Value;

use crate::conversation::{Delta, Usage, Usd};

/// The first of these paths that holds a count.
pub(super) fn count(usage: &Value, pointers: &[&str]) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "token counts")]
    let whole = |number: f64| number.max(0.0) as u64;
    pointers
        .iter()
        .find_map(|pointer| {
            let value = usage.pointer(pointer)?;
            value.as_u64().or_else(|| value.as_f64().map(whole))
        })
        .unwrap_or(0)
}

/// Usage as Chat Completions and Responses write it, with the names that other servers have for
/// the same.
pub(super) fn openai(usage: &Value) -> Usage {
    let input = count(usage, &["/prompt_tokens", "/input_tokens"]);
    let output = count(usage, &["/completion_tokens", "/output_tokens"]);
    let mut read = Usage::new(input, output);
    read.cached_input_tokens = count(
        usage,
        &[
            "/prompt_tokens_details/cached_tokens",
            "/input_tokens_details/cached_tokens",
            "/prompt_cache_hit_tokens",
            "/num_cached_tokens",
            "/cached_tokens",
        ],
    );
    read.cache_write_tokens = count(
        usage,
        &["/prompt_tokens_details/cache_write_tokens", "/input_tokens_details/cache_write_tokens"],
    );
    read.reasoning_tokens = count(
        usage,
        &[
            "/completion_tokens_details/reasoning_tokens",
            "/output_tokens_details/reasoning_tokens",
            "/reasoning_tokens",
        ],
    );
    // Some servers count the reasoning beside the completion and not in it; the total shows it.
    let total = count(usage, &["/total_tokens"]);
    if read.reasoning_tokens > 0
        && total > 0
        && total == input.saturating_add(output).saturating_add(read.reasoning_tokens)
    {
        read.output_tokens = output.saturating_add(read.reasoning_tokens);
    }
    read
}

/// The price that some providers put into the usage: OpenRouter in dollars, Perplexity as an
/// object, xAI in ten-billionths of a dollar.
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

/// The delta that says all of it.
pub(super) fn openai_delta(raw: Value) -> Delta {
    Delta::Usage { usage: openai(&raw), cost: stated_cost(&raw), raw }
}
