//! In place of the published prices, without the feature `prices`.

use crate::conversation::{Usage, Usd};

/// No prices.
#[derive(Debug)]
pub(super) struct PublishedPrices;

impl PublishedPrices {
    /// Returns no prices.
    pub(super) fn at(_: &str) -> Self {
        Self
    }

    /// Returns `None`.
    #[expect(clippy::unused_self, reason = "the windows of the feature need it")]
    pub(super) fn context_window(&self, _: &str) -> Option<u64> {
        None
    }

    /// Returns `None`.
    #[expect(clippy::unused_self, reason = "the prices of the feature need it")]
    pub(super) fn cost(&self, _: &str, _: &Usage) -> Option<Usd> {
        None
    }
}
