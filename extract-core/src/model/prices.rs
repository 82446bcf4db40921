//! The prices that providers publish, from the data of the crate `genai-prices`.

use std::sync::OnceLock;

use genai_prices::{Calculator, PriceRequest, UsageKey};

use crate::conversation::{Usage, Usd};

/// The published prices of the provider at one base URL. A server that is not the provider's own, such as a
/// gateway, has none.
#[derive(Debug)]
pub(super) struct PublishedPrices {
    base_url: String,
    /// The provider's name in the data; `None` inside if the URL is not known there.
    provider: OnceLock<Option<String>>,
}

impl PublishedPrices {
    /// Prepares the prices of the provider at this base URL. The data are read at the first cost.
    pub(super) fn at(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), provider: OnceLock::new() }
    }

    /// Returns the cost of a reply at today's prices: tiers by length, hours of the day and cached tokens
    /// are regarded. `None` if the provider or the model is not in the data.
    pub(super) fn cost(&self, model: &str, usage: &Usage) -> Option<Usd> {
        let calculator = Calculator::bundled();
        let find = || {
            let found = calculator.find_provider(None, Some(&self.base_url)).ok()??;
            Some(found.id().to_owned())
        };
        let provider = self.provider.get_or_init(find).as_deref()?;
        let usage = counts(usage);
        let request = PriceRequest::new(model, &usage).with_provider_id(provider);
        let price = calculator.calculate(&request).ok()?;
        // A free model is possible; a price of nothing for a model without data is not.
        Some(Usd(price.total_price)).filter(|_| price.warnings.is_empty())
    }
}

/// Returns the counts of a usage as the data name them. The counts of input and output are whole there as
/// well: cached and reasoning tokens are parts of them.
#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn counts(usage: &Usage) -> genai_prices::Usage {
    let mut counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, usage.input_tokens as f64),
        (UsageKey::OUTPUT_TOKENS, usage.output_tokens as f64),
    ]);
    let parts = [
        (UsageKey::CACHE_READ_TOKENS, usage.cached_input_tokens),
        (UsageKey::CACHE_WRITE_TOKENS, usage.cache_write_tokens),
    ];
    for (key, count) in parts {
        if count > 0 {
            counts.insert(key, count as f64);
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENAI: &str = "https://api.openai.com/v1";

    fn cost(url: &str, model: &str, usage: &Usage) -> Option<f64> {
        // Sums of floating-point products.
        let cost = PublishedPrices::at(url).cost(model, usage)?.0;
        Some((cost * 1e9).round() / 1e9)
    }

    /// Returns a usage with these tokens read from and written to the cache.
    fn cached(input: u64, read: u64, written: u64, output: u64) -> Usage {
        let mut usage = Usage::new(input, output);
        usage.cached_input_tokens = read;
        usage.cache_write_tokens = written;
        usage
    }

    #[test]
    fn costs_follow_the_published_prices() {
        let usage = Usage::new(1_000, 1_000);
        for (url, model, usage, expected) in [
            (OPENAI, "gpt-4.1", &usage, Some(0.01)),
            (OPENAI, "gpt-4.1-2025-04-14", &usage, Some(0.01)),
            (OPENAI, "gpt-4o", &cached(1_000, 1_000, 0, 0), Some(0.00125)),
            // Twice the input price and half more for the output above 272,000 tokens.
            (OPENAI, "gpt-5.4", &Usage::new(300_000, 1_000), Some(1.5225)),
            (
                "https://api.anthropic.com/v1",
                "claude-opus-4-5",
                &cached(3_000, 1_000, 1_000, 0),
                Some(0.011_75),
            ),
            ("https://api.mistral.ai/v1", "codestral-2508", &usage, Some(0.0012)),
            // A gateway has prices of its own, and nobody knows them.
            ("https://gateway.example/v1", "gpt-4.1", &usage, None),
            ("http://127.0.0.1:8080/v1", "gpt-4.1", &usage, None),
            (OPENAI, "a-model-of-tomorrow", &usage, None),
        ] {
            assert_eq!(cost(url, model, usage), expected, "{url} {model}");
        }
    }

    #[test]
    fn the_provider_of_every_preset_with_published_prices_is_found() {
        for (name, model) in [
            ("openai", "gpt-4.1"),
            ("openai-responses", "gpt-4.1"),
            ("anthropic", "claude-opus-4-5"),
            ("google", "gemini-2.5-flash"),
            ("mistral", "codestral-2508"),
            ("deepseek", "deepseek-chat"),
            ("groq", "openai/gpt-oss-120b"),
            ("xai", "grok-4-fast"),
            ("cohere", "command-a"),
            ("cerebras", "gpt-oss-120b"),
            ("openrouter", "openai/gpt-4.1"),
            ("perplexity", "sonar"),
            ("together", "openai/gpt-oss-120b"),
            ("fireworks", "accounts/fireworks/models/gpt-oss-120b"),
        ] {
            let preset = crate::model::presets().iter().find(|row| row.name == name).unwrap();
            let found = cost(preset.base_url, model, &Usage::new(1_000, 1_000));
            assert!(found.is_some_and(|cost| cost > 0.0), "{name}: {found:?}");
        }
    }
}
