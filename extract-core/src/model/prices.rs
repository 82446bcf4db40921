//! The prices that providers publish, from the data of the crate `genai-prices` and a table of newer ones.

mod recent;

use std::sync::OnceLock;
use std::time::SystemTime;

use genai_prices::{Calculator, PriceRequest, UsageKey};

use crate::conversation::{Usage, Usd};
use recent::recent_prices;

/// The published prices of the provider at one base URL. A server that is not the provider's own, such as a
/// gateway, has none.
#[derive(Debug)]
pub(super) struct PublishedPrices {
    base_url: String,
    /// The provider's name in the data; `None` inside if the URL is not known there.
    provider: OnceLock<Option<String>>,
    /// The context window of the provider's model.
    window: OnceLock<Option<u64>>,
}

impl PublishedPrices {
    /// Prepares the prices of the provider at this base URL. The data are read at the first cost.
    pub(super) fn at(base_url: &str) -> Self {
        Self { base_url: base_url.to_owned(), provider: OnceLock::new(), window: OnceLock::new() }
    }

    /// Returns the tokens of the model's context window. `None` if the provider or the model is not in the
    /// data.
    pub(super) fn context_window(&self, model: &str) -> Option<u64> {
        *self.window.get_or_init(|| {
            let calculator = Calculator::bundled();
            let found = calculator.find_provider(None, Some(&self.base_url)).ok()??;
            let usage = genai_prices::Usage::from([(UsageKey::INPUT_TOKENS, 0.0)]);
            let request = PriceRequest::new(model, &usage).with_provider_id(found.id());
            let id = calculator.calculate(&request).ok()?.model_id;
            found.models().find(|model| model.id() == id)?.context_window()
        })
    }

    /// Returns the cost of a reply at the prices of now: tiers by length, hours of the day and cached tokens
    /// are regarded. `None` if the provider or the model is not known.
    pub(super) fn cost(&self, model: &str, usage: &Usage) -> Option<Usd> {
        self.cost_at(SystemTime::now(), model, usage)
    }

    fn cost_at(&self, time: SystemTime, model: &str, usage: &Usage) -> Option<Usd> {
        let calculator = Calculator::bundled();
        let find = || {
            let found = calculator.find_provider(None, Some(&self.base_url)).ok()??;
            Some(found.id().to_owned())
        };
        let provider = self.provider.get_or_init(find).as_deref()?;
        if let Some(prices) = recent_prices(provider, model) {
            return Some(prices.cost(usage));
        }
        let cost_of = |usage: &Usage| {
            let usage = counts(usage);
            let request =
                PriceRequest::new(model, &usage).with_provider_id(provider).with_timestamp(time);
            let price = calculator.calculate(&request).ok()?;
            // A free model is possible; a price of nothing for a model without data is not.
            Some(price.total_price).filter(|_| price.warnings.is_empty())
        };
        let cost = cost_of(usage)?;
        if usage.long_cache_write_tokens > 0 {
            // Long writes cost more. Without a price of their own, the data give them that of short ones.
            let short = cost_of(&Usage { long_cache_write_tokens: 0, ..*usage })?;
            if cost <= short {
                return None;
            }
        }
        Some(Usd(cost))
    }
}

/// Returns the counts of a usage as the data name them. The counts of input and output are whole there as
/// well: cached and reasoning tokens are parts of them, and long writes are a part of all writes.
#[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
fn counts(usage: &Usage) -> genai_prices::Usage {
    let mut counts = genai_prices::Usage::from([
        (UsageKey::INPUT_TOKENS, usage.input_tokens as f64),
        (UsageKey::OUTPUT_TOKENS, usage.output_tokens as f64),
    ]);
    let parts = [
        (UsageKey::CACHE_READ_TOKENS, usage.cached_input_tokens),
        (UsageKey::CACHE_WRITE_TOKENS, usage.cache_write_tokens),
        (UsageKey::CACHE_WRITE_1H_TOKENS, usage.long_cache_write_tokens),
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
    use std::time::Duration;

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

    /// Returns the URL of a preset.
    fn url(preset: &str) -> &'static str {
        crate::model::presets().iter().find(|row| row.name == preset).unwrap().base_url
    }

    /// Returns a time of 2026 in UTC by its day since 28 November and its hour.
    fn november_28(days: u64, hour: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_824_000 + 86_400 * days + 3_600 * hour)
    }

    /// Returns the cost of one kind of a million tokens, as the price lists of the providers state it.
    fn per_million(preset: &str, model: &str, at: SystemTime, kind: &str, length: u64) -> f64 {
        let mut usage = Usage::new(length, 0);
        match kind {
            "input" => {}
            "read" => usage.cached_input_tokens = length,
            "write" => usage.cache_write_tokens = length,
            "long" => (usage.cache_write_tokens, usage.long_cache_write_tokens) = (length, length),
            "output" => usage.output_tokens = length,
            other => panic!("{other}"),
        }
        let prices = PublishedPrices::at(url(preset));
        let cost = |usage: &Usage| {
            prices.cost_at(at, model, usage).unwrap_or_else(|| panic!("{preset} {model} {kind}")).0
        };
        let before = if kind == "output" { cost(&Usage::new(length, 0)) } else { 0.0 };
        #[expect(clippy::cast_precision_loss, reason = "token counts")]
        let scale = 1e6 / length as f64;
        ((cost(&usage) - before) * scale * 1e6).round() / 1e6
    }

    #[test]
    fn costs_agree_with_the_price_lists_of_28_november_2026() {
        // Dollars for a million tokens: input, read from the cache, output.
        let short = 1_000;
        for (preset, model, expected) in [
            ("openai", "gpt-6-astra", [10.0, 1.0, 50.0]),
            ("openai", "gpt-6.1-sol", [2.0, 0.1, 10.0]),
            ("openai", "gpt-6-luna", [0.1, 0.01, 0.5]),
            ("openai", "gpt-5.6-sol", [4.0, 0.4, 20.0]),
            ("openai", "gpt-5.6-luna", [0.2, 0.02, 1.2]),
            ("openai-responses", "gpt-5.4", [2.5, 0.25, 15.0]),
            ("openai", "gpt-4o-mini", [0.15, 0.075, 0.6]),
            ("openai", "o3", [2.0, 0.5, 8.0]),
            ("anthropic", "claude-fable-5-2", [8.0, 0.2, 40.0]),
            ("anthropic", "claude-mythos-5-2", [8.0, 0.2, 40.0]),
            ("anthropic", "claude-fable-5-1", [10.0, 0.25, 50.0]),
            ("anthropic", "claude-opus-5-5", [4.0, 0.2, 20.0]),
            ("anthropic", "claude-sonnet-5", [2.0, 0.2, 10.0]),
            ("anthropic", "claude-sonnet-4-6", [3.0, 0.3, 15.0]),
            ("anthropic", "claude-haiku-5-5", [0.1, 0.01, 0.5]),
            ("google", "gemini-4-argon", [2.0, 0.1, 10.0]),
            ("google", "gemini-4-hydrogen", [1.5, 0.075, 7.5]),
            ("google", "gemini-3.8-flash", [0.75, 0.075, 3.75]),
            ("google", "gemini-3.1-pro-preview", [2.0, 0.2, 12.0]),
            ("google", "gemini-2.5-flash-lite", [0.1, 0.01, 0.4]),
            ("xai", "grok-4.7", [2.0, 0.5, 6.0]),
            ("xai", "grok-4.20", [1.25, 0.2, 2.5]),
            ("mistral", "mistral-large-4", [0.7, 0.07, 2.1]),
            ("mistral", "mistral-medium-3-5", [1.5, 0.15, 7.5]),
            ("deepseek", "deepseek-flash", [0.15, 0.003, 0.6]),
            ("deepseek", "deepseek-v4-pro", [0.66, 0.022, 1.98]),
            ("groq", "openai/gpt-oss-20b", [0.075, 0.0375, 0.3]),
            ("cerebras", "gpt-oss-120b", [0.35, 0.35, 0.75]),
            ("cohere", "command-r7b", [0.0375, 0.0375, 0.15]),
        ] {
            let noon = november_28(0, 12);
            let found = ["input", "read", "output"]
                .map(|kind| per_million(preset, model, noon, kind, short));
            let differ = |(a, b): (f64, f64)| (a - b).abs() > 1e-9;
            assert!(!found.into_iter().zip(expected).any(differ), "{preset} {model}: {found:?}");
        }
    }

    #[test]
    fn writes_tiers_hours_and_dates_are_regarded() {
        let (noon, night) = (november_28(0, 12), november_28(0, 2));
        let (december, january) = (november_28(3, 12), november_28(34, 12));
        for (preset, model, at, kind, length, expected) in [
            ("openai", "gpt-6-luna", noon, "write", 1_000, 0.125),
            ("anthropic", "claude-opus-5-5", noon, "write", 1_000, 5.0),
            ("anthropic", "claude-opus-5-5", noon, "long", 1_000, 8.0),
            ("anthropic", "claude-fable-5-2", noon, "long", 1_000, 16.0),
            ("anthropic", "claude-haiku-4-5", noon, "long", 1_000, 2.0),
            // Every token of a longer prompt has the price of the tier.
            ("openai", "gpt-6.1-sol", noon, "input", 272_000, 2.0),
            ("openai", "gpt-6.1-sol", noon, "input", 272_001, 4.0),
            ("openai", "gpt-6.1-sol", noon, "output", 300_000, 15.0),
            ("anthropic", "claude-haiku-5-5", noon, "input", 100_001, 0.5),
            ("anthropic", "claude-haiku-5-5", noon, "long", 100_001, 1.0),
            ("google", "gemini-3.1-pro-preview", noon, "output", 300_000, 18.0),
            ("xai", "grok-4.5", noon, "input", 199_999, 2.0),
            ("xai", "grok-4.5", noon, "input", 200_000, 4.0),
            ("deepseek", "deepseek-flash", night, "output", 1_000, 1.2),
            ("deepseek", "deepseek-v4-pro", night, "read", 1_000, 0.044),
            ("google", "gemini-4-argon", december, "output", 1_000, 20.0),
            ("google", "gemini-3.8-flash", january, "input", 1_000, 1.5),
        ] {
            let found = per_million(preset, model, at, kind, length);
            assert!((found - expected).abs() < 1e-9, "{model} {kind} {length}: {found}");
        }
    }

    #[test]
    fn a_long_write_without_a_published_price_has_no_cost() {
        let mut usage = cached(1_000, 0, 500, 10);
        assert!(cost(OPENAI, "gpt-6-luna", &usage).is_some());
        usage.long_cache_write_tokens = 500;
        assert_eq!(cost(OPENAI, "gpt-6-luna", &usage), None);
        assert!(cost(url("anthropic"), "claude-opus-5-5", &usage).is_some());
    }

    #[test]
    fn the_windows_of_models_are_known() {
        let window = |url: &str, model: &str| PublishedPrices::at(url).context_window(model);
        assert_eq!(window(OPENAI, "gpt-4.1"), Some(1_000_000));
        assert_eq!(window(OPENAI, "gpt-4o-mini"), Some(128_000));
        assert_eq!(window(OPENAI, "a-model-of-tomorrow"), None);
        assert_eq!(window("http://127.0.0.1:8080/v1", "gpt-4.1"), None);
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
