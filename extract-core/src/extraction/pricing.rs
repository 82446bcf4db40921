//! The cost of an attempt.

use super::client::Client;
use super::ledger::Attempt;
use super::options::Options;
use crate::conversation::{Prices, Usd};
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
}

impl<'a> Pricing<'a> {
    /// Returns the prices for the model of a client.
    pub(super) fn of(client: &'a Client, options: &Options) -> Self {
        let tier = options.settings.service_tier.as_deref();
        let is_standard = tier.is_none_or(|tier| STANDARD_TIERS.contains(&tier));
        Self { prices: options.prices, model: &*client.model, is_standard }
    }

    /// Returns the cost of an attempt: by the user's prices, or else by those that the provider publishes.
    /// `None` if the tokens or the prices are not known.
    pub(super) fn cost(&self, attempt: &Attempt) -> Option<Usd> {
        let usage = attempt.usage.as_ref()?;
        match self.prices {
            Some(prices) => Some(prices.cost(usage)),
            None if self.is_standard => self.model.cost(attempt.model.as_deref(), usage),
            None => None,
        }
    }
}
