//! The cost of an attempt.

use super::client::Client;
use super::ledger::Attempt;
use super::options::Options;
use crate::conversation::{Prices, PromptCache, Usage, Usd};
use crate::model::Model;

/// The tiers that cost the standard price.
const STANDARD_TIERS: [&str; 4] = ["default", "standard", "standard_only", "auto"];

/// The prices that apply to an extraction.
pub(super) struct Pricing<'a> {
    /// The user's prices.
    prices: Option<Prices>,
    model: &'a dyn Model,
    /// Whether the standard prices apply. The price of another service tier is not known.
    is_standard: bool,
    /// Whether writes to the prompt cache are kept for the longest time, at a higher price.
    has_long_cache: bool,
}

impl<'a> Pricing<'a> {
    /// Returns the prices for the model of a client.
    pub(super) fn of(client: &'a Client, options: &Options) -> Self {
        let settings = &options.settings;
        let tier = settings.service_tier.as_deref();
        let is_standard = tier.is_none_or(|tier| STANDARD_TIERS.contains(&tier));
        let has_long_cache = settings.prompt_cache == Some(PromptCache::Long);
        Self { prices: options.prices, model: &*client.model, is_standard, has_long_cache }
    }

    /// Returns the cost of an attempt: by the user's prices, or else by those that the provider publishes.
    /// `None` if the tokens or the prices are not known.
    pub(super) fn cost(&self, attempt: &Attempt) -> Option<Usd> {
        let mut usage = attempt.usage?;
        if self.has_long_cache && usage.long_cache_write_tokens == 0 {
            // The provider does not report the two kinds of writes apart.
            usage.long_cache_write_tokens = usage.cache_write_tokens;
        }
        self.of_usage(attempt.model.as_deref(), &usage)
    }

    /// Returns the most that a request with this usage costs. `may_write` is whether its input may be
    /// written to the prompt cache. `None` if the price is not known.
    pub(super) fn most(&self, usage: &Usage, may_write: bool) -> Option<Usd> {
        let plain = self.of_usage(None, usage)?;
        if !may_write {
            return Some(plain);
        }
        let mut written = *usage;
        written.cache_write_tokens = usage.input_tokens;
        if self.has_long_cache {
            written.long_cache_write_tokens = usage.input_tokens;
        }
        let written = self.of_usage(None, &written)?;
        Some(if written > plain { written } else { plain })
    }

    fn of_usage(&self, model: Option<&str>, usage: &Usage) -> Option<Usd> {
        match self.prices {
            Some(prices) => Some(prices.cost(usage)),
            None if self.is_standard => self.model.cost(model, usage),
            None => None,
        }
    }
}
