//! Prices that are newer than the data of the crate `genai-prices` 0.2.1 (30 October 2026): of models that it
//! lacks, and of models whose price has changed. They were published on 28 November 2026.
//!
//! An entry is removed once the data of the crate have it; a test says so.

use crate::conversation::Prices;

/// The prices of a model.
struct Recent {
    /// The provider's name in the data of the crate.
    provider: &'static str,
    /// The model. A date may follow, as in `claude-fable-5-2-20261115`.
    model: &'static str,
    /// In dollars per million tokens: input, input from the cache, output.
    plain: [f64; 3],
    /// Input that is written to the cache, for a short and for the longest time.
    writes: Option<[f64; 2]>,
}

const RECENT: [Recent; 4] = [
    Recent {
        provider: "anthropic",
        model: "claude-fable-5-2",
        plain: [8.0, 0.2, 40.0],
        writes: Some([10.0, 16.0]),
    },
    Recent {
        provider: "anthropic",
        model: "claude-mythos-5-2",
        plain: [8.0, 0.2, 40.0],
        writes: Some([10.0, 16.0]),
    },
    Recent {
        provider: "google",
        model: "gemini-4-hydrogen",
        plain: [1.5, 0.075, 7.5],
        writes: None,
    },
    // Reduced on 29 October 2026.
    Recent { provider: "mistral", model: "mistral-large-4", plain: [0.7, 0.07, 2.1], writes: None },
];

/// Returns the prices of a model that are newer than the data of the crate.
pub(super) fn recent_prices(provider: &str, model: &str) -> Option<Prices> {
    let Recent { plain: [input, cached, output], writes, .. } = RECENT.iter().find(|recent| {
        let rest = model.strip_prefix(recent.model).filter(|_| recent.provider == provider);
        rest.is_some_and(|rest| rest.is_empty() || is_date(rest))
    })?;
    let prices = Prices::new(*input, *output).cached_input(*cached);
    Some(match writes {
        Some([short, long]) => prices.cache_write(*short).long_cache_write(*long),
        None => prices,
    })
}

/// Whether this is the date behind the name of a model: `-20261115`.
fn is_date(rest: &str) -> bool {
    let digits = rest.strip_prefix('-').unwrap_or_default();
    digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use genai_prices::{Calculator, PriceRequest, Usage, UsageKey};

    use super::*;

    #[test]
    fn a_date_may_follow_the_name() {
        assert!(recent_prices("anthropic", "claude-fable-5-2-20261115").is_some());
        assert!(recent_prices("anthropic", "claude-fable-5-20").is_none());
        assert!(recent_prices("openai", "claude-fable-5-2").is_none());
    }

    #[test]
    fn the_crate_does_not_have_these_prices_yet() {
        for Recent { provider, model, plain: [input, _, output], .. } in &RECENT {
            let million = 1e6;
            let usage = Usage::from([
                (UsageKey::INPUT_TOKENS, million),
                (UsageKey::OUTPUT_TOKENS, million),
            ]);
            let request = PriceRequest::new(model, &usage).with_provider_id(provider);
            let found = Calculator::bundled().calculate(&request).map(|price| price.total_price);
            let is_known = found.is_ok_and(|price| (price - input - output).abs() < 1e-9);
            assert!(!is_known, "remove the entry of {model}: the crate has it");
        }
    }
}
