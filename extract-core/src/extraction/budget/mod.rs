//! [`Budget`]: tokens and money that requests may use together. Each request reserves the most that it may
//! use before it is sent, and is settled to what it has used.

mod account;
mod estimate;
mod over;
mod reservation;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::Instant;

use self::account::{Account, BudgetLimits, Sum, nanos};
use crate::conversation::Usd;
pub(super) use estimate::most_used;
pub(super) use over::{COST_BUDGET, TOKEN_BUDGET};
pub use over::{OverBudget, Shortage};
pub(super) use reservation::{OpenReservation, Used, fits, reserve};

/// The default of [`Budget::max_wait`]: the default timeout of one exchange with a server.
const MAX_WAIT: Duration = Duration::from_secs(600);

/// The length of a window of [`Budget::per_day`].
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Tokens and money that requests may use together: those of a client, of several clients, of a tenant, of
/// a run over many inputs. A clone is cheap, and shares what was spent.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use extract_llm::Error;
/// # use serde_json::json;
/// use extract_llm::conversation::Prices;
/// use extract_llm::extraction::Budget;
/// use extract_llm::{Client, Usd};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let model = Scripted::new([reply::tool(json!({"value": 7})).usage(100, 20)]);
/// let tenant = Budget::from(Usd(5.0)).per_day().named("blue");
/// let client = Client::builder()
///     .prices(Prices::new(2.0, 10.0)) // of a model without published prices
///     .budget(Usd(20.0)) // all calls of this client
///     .with_model(model);
///
/// let n: u8 = client.extract("There were seven.").budget(&tenant).max_tokens(100).await?;
/// # assert_eq!(n, 7);
/// assert_eq!(tenant.spent().cost, Some(Usd(0.0004))); // 100 tokens in, 20 out
/// assert_eq!(tenant.left_cost(), Some(Usd(4.9996)));
/// # Ok::<(), Error>(()) }).unwrap();
/// ```
///
/// # Reservations
///
/// Every request reserves the most that it may use, in all budgets that apply to it: the first request of a
/// call, re-asks, requests to other models, and those of [`llm_check`](crate::llm_check). A request that
/// does not fit is not sent, and the call fails with
/// [`ErrorKind::Budget`](crate::extraction::ErrorKind::Budget), or after a rejected answer with
/// [`Limit::Budget`](crate::extraction::Limit::Budget). If it would fit without the reservations of other
/// requests, it waits until they are settled: see [`max_wait`](Self::max_wait).
///
/// - **Input**: an estimate that is mostly above the real number, from the texts and the schema.
/// - **Output**: [`max_tokens`](crate::Extraction::max_tokens) of the request, which is the limit of the
///   model where the protocol requires one, or else 4,096 tokens. With `max_tokens`, a budget can be passed
///   by the error of the input's estimate at most.
/// - **Money**: [`prices`](crate::Extraction::prices), or else the published ones. If neither is known, a
///   budget of money sends nothing, also to a provider that would report the cost afterwards.
///
/// A reply settles the reservation to the tokens and the cost that it reports. If nothing was sent, or the
/// server refused the request before it answered, the reservation is released. In all other cases the use is
/// not known: the whole reservation counts as spent, and [`unknown`](Self::unknown) counts the request. This
/// is so for a reply without usage, and for a request that was sent and then cut off: by a timeout, by a
/// deadline, or because the call was dropped. A request that is sent again after such a failure reserves
/// again first.
///
/// # Windows
///
/// With [`per_day`](Self::per_day) or [`every`](Self::every), nothing is spent at the start of each window.
/// A request counts in the window in which it was reserved.
#[derive(Clone)]
pub struct Budget(Arc<SharedBudget>);

struct SharedBudget {
    settings: BudgetSettings,
    /// The start of the first window of [`Budget::every`].
    started: Instant,
    account: Mutex<Account>,
    /// Wakes a request that waits for room.
    changed: Notify,
}

#[derive(Debug, Clone)]
struct BudgetSettings {
    name: Arc<str>,
    tokens: Option<u64>,
    cost: Option<Usd>,
    window: Window,
    max_wait: Duration,
}

/// The windows of a budget.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Window {
    /// One window without end.
    Endless,
    /// Days in UTC.
    Day,
    /// Windows of one length, from the creation of the budget.
    Every(Duration),
}

/// Tokens and money, as [`Budget::spent`] and [`Budget::reserved`] return them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Spending {
    /// Input and output tokens.
    pub tokens: u64,
    /// The money; `None` if the price of any request is not known.
    pub cost: Option<Usd>,
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

impl Budget {
    /// Creates a budget without a limit, which counts only.
    pub fn new() -> Self {
        Self::with(BudgetSettings {
            name: Arc::from("budget"),
            tokens: None,
            cost: None,
            window: Window::Endless,
            max_wait: MAX_WAIT,
        })
    }

    fn with(settings: BudgetSettings) -> Self {
        Self(Arc::new(SharedBudget {
            settings,
            started: Instant::now(),
            account: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    fn change(self, change: impl FnOnce(&mut BudgetSettings)) -> Self {
        let mut settings = self.0.settings.clone();
        change(&mut settings);
        Self::with(settings)
    }

    /// Limits the tokens, input and output together. The default is no limit.
    ///
    /// This and the other settings return a budget of its own, of which nothing is spent; clones made before
    /// do not share it.
    pub fn tokens(self, tokens: u64) -> Self {
        self.change(|settings| settings.tokens = Some(tokens))
    }

    /// Limits the money. The default is no limit. An amount that is not a number fails the call with
    /// [`InputError::NotFinite`](crate::extraction::InputError::NotFinite).
    pub fn cost(self, cost: Usd) -> Self {
        self.change(|settings| settings.cost = Some(cost))
    }

    /// Makes the limits those of one day, which begins at 00:00 UTC. The default is one window without end.
    pub fn per_day(self) -> Self {
        self.change(|settings| settings.window = Window::Day)
    }

    /// Makes the limits those of a window of this length. The first window begins now, and the next one at
    /// its end. With a length of zero, they are limits of one request. The default is one window without
    /// end.
    pub fn every(self, length: Duration) -> Self {
        self.change(|settings| settings.window = Window::Every(length))
    }

    /// Sets the name that errors use. The default is `budget`.
    pub fn named(self, name: impl Into<Arc<str>>) -> Self {
        self.change(|settings| settings.name = name.into())
    }

    /// Sets how long a request waits while the reservations of other requests leave no room for it. The
    /// default is 10 minutes; zero fails at once. A [deadline](crate::Extraction::deadline) covers the wait.
    ///
    /// A stream holds its reservation until its reply has ended. A program that reads a stream and makes
    /// other calls meanwhile should set a short wait.
    pub fn max_wait(self, wait: Duration) -> Self {
        self.change(|settings| settings.max_wait = wait)
    }

    /// Returns what was spent in the current window, with all that was reserved for requests of
    /// [unknown](Self::unknown) use.
    pub fn spent(&self) -> Spending {
        self.account().spent.into()
    }

    /// Returns what the requests that are under way may use at most.
    pub fn reserved(&self) -> Spending {
        self.account().reserved.into()
    }

    /// Returns the tokens that are neither spent nor reserved. `None` without a limit.
    pub fn left_tokens(&self) -> Option<u64> {
        self.account().left_tokens(self.limits())
    }

    /// Returns the money that is neither spent nor reserved. `None` without a limit.
    pub fn left_cost(&self) -> Option<Usd> {
        self.account().left_cost(self.limits())
    }

    /// Returns the number of requests in the current window whose use is not known. They count with all that
    /// was reserved for them.
    pub fn unknown(&self) -> u64 {
        self.account().unknown
    }

    /// Returns the time until the next window. `None` if there is none.
    pub fn renews_in(&self) -> Option<Duration> {
        self.window().1
    }

    /// Whether the limit of money is not a number.
    pub(super) fn is_not_a_number(&self) -> bool {
        self.0.settings.cost.is_some_and(|cost| cost.0.is_nan())
    }

    /// Whether both share what was spent.
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the budgets without those that occur twice, in their order.
    pub(super) fn distinct<'a>(all: impl IntoIterator<Item = &'a Self>) -> Vec<Self> {
        let mut distinct: Vec<Self> = Vec::new();
        for budget in all {
            if !distinct.iter().any(|known| known.is_same(budget)) {
                distinct.push(budget.clone());
            }
        }
        distinct
    }

    fn limits(&self) -> BudgetLimits {
        let BudgetSettings { tokens, cost, .. } = self.0.settings;
        BudgetLimits { tokens, nanos: cost.map(nanos) }
    }

    /// Locks the account. No lock is held across an await.
    fn lock(&self) -> MutexGuard<'_, Account> {
        self.0.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Locks the account in the current window.
    fn account(&self) -> MutexGuard<'_, Account> {
        let window = self.window().0;
        let mut account = self.lock();
        account.enter(window);
        account
    }

    /// Returns the number of the current window, and the time until the next one.
    fn window(&self) -> (u64, Option<Duration>) {
        let settings = &self.0.settings;
        match settings.window {
            Window::Endless => (0, None),
            Window::Day => {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                window_at(now, DAY)
            }
            Window::Every(length) => window_at(self.0.started.elapsed(), length),
        }
    }
}

/// Returns the number of the window at a time, and the time until the next one. A window of no length ends
/// with every nanosecond.
fn window_at(now: Duration, length: Duration) -> (u64, Option<Duration>) {
    let (now, length) = (now.as_nanos(), length.as_nanos().max(1));
    let rest = length - now % length;
    let rest = Duration::from_nanos(u64::try_from(rest).unwrap_or(u64::MAX));
    (u64::try_from(now / length).unwrap_or(u64::MAX), Some(rest))
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BudgetSettings { name, tokens, cost, window, .. } = &self.0.settings;
        f.debug_struct("Budget")
            .field("name", name)
            .field("tokens", tokens)
            .field("cost", cost)
            .field("window", window)
            .field("spent", &self.spent())
            .field("reserved", &self.reserved())
            .finish_non_exhaustive()
    }
}

impl From<Usd> for Budget {
    fn from(cost: Usd) -> Self {
        Self::new().cost(cost)
    }
}

impl From<&Budget> for Budget {
    fn from(budget: &Budget) -> Self {
        budget.clone()
    }
}

impl From<Sum> for Spending {
    fn from(sum: Sum) -> Self {
        Self { tokens: sum.tokens, cost: sum.cost() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_follow_each_other() {
        let second = Duration::from_secs(1);
        assert_eq!(window_at(Duration::ZERO, second), (0, Some(second)));
        assert_eq!(
            window_at(Duration::from_millis(2_750), second),
            (2, Some(Duration::from_millis(250)))
        );
        assert_eq!(window_at(second, Duration::MAX).0, 0);
        assert_eq!(window_at(second, Duration::ZERO).0, 1_000_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_window_renews_the_limits() {
        let budget = Budget::new().tokens(100).every(Duration::from_secs(60));
        budget.account().reserve(account::Amount { tokens: 70, nanos: None });
        assert_eq!((budget.left_tokens(), budget.spent().cost), (Some(30), Some(Usd(0.0))));
        assert_eq!(budget.reserved(), Spending { tokens: 70, cost: None });
        tokio::time::advance(Duration::from_secs(59)).await;
        assert_eq!(budget.renews_in(), Some(Duration::from_secs(1)));
        assert_eq!(budget.left_tokens(), Some(30));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(budget.left_tokens(), Some(100));
    }

    #[test]
    fn settings_share_nothing_with_clones_made_before() {
        let budget = Budget::from(Usd(1.0));
        let clone = Budget::from(&budget);
        budget.account().reserve(account::Amount { tokens: 5, nanos: Some(0) });
        assert_eq!(clone.reserved().tokens, 5);
        assert_eq!(budget.clone().tokens(9).reserved().tokens, 0);
        assert!(budget.is_same(&clone) && !budget.is_same(&budget.clone().per_day()));
    }
}
