//! [`Account`]: what was spent and reserved in the current window of a budget. It knows no clock: the
//! number of the window is an argument.

use super::over::Shortage;
use crate::conversation::Usd;

/// The tokens and the money that one request uses. Money is in billionths of a dollar, because sums of
/// fractions would not be exact; `None` if it is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) tokens: u64,
    pub(super) nanos: Option<u64>,
}

/// The tokens and the money that a request has used, as far as they are known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Actual {
    pub(super) tokens: Option<u64>,
    pub(super) nanos: Option<u64>,
}

/// The limits of a budget; `None` for no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct BudgetLimits {
    pub(super) tokens: Option<u64>,
    pub(super) nanos: Option<u64>,
}

/// A sum of amounts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) tokens: u64,
    nanos: u64,
    /// The number of amounts without a known price.
    unpriced: u64,
}

impl Sum {
    fn add(&mut self, amount: Amount) {
        self.tokens = self.tokens.saturating_add(amount.tokens);
        match amount.nanos {
            Some(nanos) => self.nanos = self.nanos.saturating_add(nanos),
            None => self.unpriced = self.unpriced.saturating_add(1),
        }
    }

    fn subtract(&mut self, amount: Amount) {
        self.tokens = self.tokens.saturating_sub(amount.tokens);
        match amount.nanos {
            Some(nanos) => self.nanos = self.nanos.saturating_sub(nanos),
            None => self.unpriced = self.unpriced.saturating_sub(1),
        }
    }

    /// Returns the money, or `None` if the price of any amount is not known.
    pub(super) fn cost(&self) -> Option<Usd> {
        (self.unpriced == 0).then(|| usd(self.nanos))
    }
}

/// Why a request gets no room.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Refusal {
    /// It does not fit beside what was spent.
    ForGood(Shortage),
    /// It fits beside what was spent, and not beside what other requests have reserved.
    ForNow(Shortage),
}

/// The sums spent and reserved in the current window.
#[derive(Debug, Default)]
pub(super) struct Account {
    window: u64,
    pub(super) spent: Sum,
    pub(super) reserved: Sum,
    /// The number of requests whose use is not known.
    pub(super) unknown: u64,
}

impl Account {
    /// Begins a new window, unless this is the current one or an earlier one.
    pub(super) fn enter(&mut self, window: u64) {
        if window > self.window {
            *self = Self { window, ..Self::default() };
        }
    }

    /// Returns the number of the current window.
    pub(super) fn window(&self) -> u64 {
        self.window
    }

    /// Checks that a request fits.
    pub(super) fn check(&self, limits: BudgetLimits, amount: Amount) -> Result<(), Refusal> {
        let tokens = limits.tokens.and_then(|limit| {
            let room = Room::new(limit, self.spent.tokens, self.reserved.tokens);
            let (needed, left) = (amount.tokens, room.left());
            room.refuse(needed, Shortage::Tokens { needed, left, limit })
        });
        let cost = limits.nanos.and_then(|limit| {
            let Some(needed) = amount.nanos else {
                return Some(Refusal::ForGood(Shortage::UnknownPrice { limit: usd(limit) }));
            };
            let room = Room::new(limit, self.spent.nanos, self.reserved.nanos);
            let left = usd(room.left());
            let shortage = Shortage::Cost { needed: usd(needed), left, limit: usd(limit) };
            room.refuse(needed, shortage)
        });
        match (tokens, cost) {
            (Some(Refusal::ForNow(_)), Some(refusal @ Refusal::ForGood(_)))
            | (Some(refusal), _)
            | (None, Some(refusal)) => Err(refusal),
            (None, None) => Ok(()),
        }
    }

    /// Reserves room for a request.
    pub(super) fn reserve(&mut self, amount: Amount) {
        self.reserved.add(amount);
    }

    /// Releases a reservation of a window.
    pub(super) fn release(&mut self, window: u64, amount: Amount) {
        if window == self.window {
            self.reserved.subtract(amount);
        }
    }

    /// Replaces a reservation of a window by what was used. What is not known counts as reserved.
    pub(super) fn settle(
        &mut self,
        limits: BudgetLimits,
        window: u64,
        amount: Amount,
        actual: Actual,
    ) {
        if window != self.window {
            return;
        }
        self.reserved.subtract(amount);
        self.spent.add(Amount {
            tokens: actual.tokens.unwrap_or(amount.tokens),
            nanos: actual.nanos.or(amount.nanos),
        });
        let is_unknown =
            actual.tokens.is_none() || (limits.nanos.is_some() && actual.nanos.is_none());
        self.unknown = self.unknown.saturating_add(u64::from(is_unknown));
    }

    /// Returns the tokens that are left, neither spent nor reserved. `None` without a limit.
    pub(super) fn left_tokens(&self, limits: BudgetLimits) -> Option<u64> {
        Some(Room::new(limits.tokens?, self.spent.tokens, self.reserved.tokens).left())
    }

    /// Returns the money that is left, neither spent nor reserved. `None` without a limit.
    pub(super) fn left_cost(&self, limits: BudgetLimits) -> Option<Usd> {
        Some(usd(Room::new(limits.nanos?, self.spent.nanos, self.reserved.nanos).left()))
    }
}

/// The room in a limit.
struct Room {
    /// The part that was not spent.
    unspent: u64,
    reserved: u64,
}

impl Room {
    fn new(limit: u64, spent: u64, reserved: u64) -> Self {
        Self { unspent: limit.saturating_sub(spent), reserved }
    }

    /// Returns what is neither spent nor reserved.
    fn left(&self) -> u64 {
        self.unspent.saturating_sub(self.reserved)
    }

    /// Returns the refusal of a request, unless it fits.
    fn refuse(&self, needed: u64, shortage: Shortage) -> Option<Refusal> {
        if needed > self.unspent {
            Some(Refusal::ForGood(shortage))
        } else if needed > self.left() {
            Some(Refusal::ForNow(shortage))
        } else {
            None
        }
    }
}

/// Returns dollars as billionths, rounded. Negative amounts and NaN are 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
pub(super) fn nanos(usd: Usd) -> u64 {
    (usd.0 * 1e9).round() as u64
}

/// Returns billionths as dollars.
#[expect(clippy::cast_precision_loss, reason = "an amount of money is far below 2^52 billionths")]
fn usd(nanos: u64) -> Usd {
    Usd(nanos as f64 / 1e9)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BudgetLimits = BudgetLimits { tokens: Some(100), nanos: Some(1_000) };

    fn amount(tokens: u64, nanos: u64) -> Amount {
        Amount { tokens, nanos: Some(nanos) }
    }

    fn actual(tokens: u64, nanos: u64) -> Actual {
        Actual { tokens: Some(tokens), nanos: Some(nanos) }
    }

    #[test]
    fn reservations_are_settled_to_what_was_used() {
        let mut account = Account::default();
        account.reserve(amount(60, 100));
        account.settle(LIMITS, 0, amount(60, 100), actual(20, 50));
        assert_eq!(account.left_tokens(LIMITS), Some(80));
        assert_eq!(account.left_cost(LIMITS), Some(usd(950)));
        account.reserve(amount(60, 100));
        account.settle(LIMITS, 0, amount(60, 100), Actual::default());
        assert_eq!((account.left_tokens(LIMITS), account.unknown), (Some(20), 1));
        account.reserve(amount(20, 100));
        account.release(0, amount(20, 100));
        assert_eq!(account.left_tokens(LIMITS), Some(20));
        // More than the estimate was used: nothing is left, and nothing overflows.
        account.settle(LIMITS, 0, amount(0, 0), actual(50, 0));
        assert_eq!(account.left_tokens(LIMITS), Some(0));
    }

    #[test]
    fn a_refusal_for_good_outweighs_one_for_now() {
        let mut account = Account::default();
        account.reserve(amount(60, 0));
        let refused = account.check(LIMITS, amount(60, 100));
        assert!(matches!(refused, Err(Refusal::ForNow(Shortage::Tokens { left: 40, .. }))));
        let refused = account.check(LIMITS, amount(60, 1_001));
        assert!(matches!(refused, Err(Refusal::ForGood(Shortage::Cost { .. }))));
        let refused = account.check(LIMITS, Amount { tokens: 1, nanos: None });
        assert!(matches!(refused, Err(Refusal::ForGood(Shortage::UnknownPrice { .. }))));
        assert_eq!(account.check(LIMITS, amount(40, 1_000)), Ok(()));
    }

    #[test]
    fn a_new_window_begins_empty_and_ignores_earlier_reservations() {
        let mut account = Account::default();
        account.reserve(amount(60, 10));
        account.enter(1);
        account.reserve(amount(30, 10));
        account.settle(LIMITS, 0, amount(60, 10), actual(60, 10));
        assert_eq!(account.left_tokens(LIMITS), Some(70));
        // A clock that is set back does not bring the old window back.
        account.enter(0);
        assert_eq!(account.left_tokens(LIMITS), Some(70));
    }

    #[test]
    fn money_is_counted_in_billionths() {
        let tenth = nanos(Usd(0.1));
        assert_eq!(tenth * 10, nanos(Usd(1.0)));
        assert_eq!([nanos(Usd(f64::NAN)), nanos(Usd(-1.0))], [0, 0]);
        assert_eq!(nanos(Usd(f64::INFINITY)), u64::MAX);
    }
}
