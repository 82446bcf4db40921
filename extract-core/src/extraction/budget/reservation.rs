//! [`OpenReservation`]: the room that one request holds in its budgets.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::account::{Account, Actual, Amount, Refusal, nanos};
use super::over::{OverBudget, Shortage};
use super::{Budget, DAY};
use crate::conversation::{Progress, ProviderError, ProviderErrorKind, Usd};
use crate::http::timer;

/// The most that one request uses.
#[derive(Debug, Clone, Copy)]
pub(in crate::extraction) struct Used {
    pub(in crate::extraction) tokens: u64,
    /// `None` if the price is not known.
    pub(in crate::extraction) cost: Option<Usd>,
}

impl Used {
    fn amount(self) -> Amount {
        Amount { tokens: self.tokens, nanos: self.cost.map(nanos) }
    }
}

/// Returns whether a request fits, beside what other requests have reserved now.
pub(in crate::extraction) fn fits(budgets: &[Budget], used: Used) -> bool {
    check_all(budgets, &lock_all(budgets), used.amount()).is_ok()
}

/// Reserves room for a request in all budgets, or in none. Waits while the reservations of other requests
/// leave no room. Dropping the future leaves nothing reserved.
///
/// # Errors
/// The outer error: the runtime has no timers, which only a wait needs. The inner error: the request does not
/// fit.
pub(in crate::extraction) async fn reserve(
    budgets: Vec<Budget>,
    used: Used,
) -> Result<Result<OpenReservation, OverBudget>, ProviderError> {
    let amount = used.amount();
    let started = Instant::now();
    let mut waited_for: Vec<usize> = Vec::new();
    let result = loop {
        let Refused { at, is_for_good, over } = match try_reserve(&budgets, amount) {
            Ok(windows) => break Ok(windows),
            Err(refused) => refused,
        };
        let Some(budget) = budgets.get(at).filter(|_| !is_for_good) else { break Err(over) };
        let mut changed = pin!(budget.0.changed.notified());
        changed.as_mut().enable();
        // A reservation may have been settled before the line above.
        match try_reserve(&budgets, amount) {
            Ok(windows) => break Ok(windows),
            Err(refused) if refused.is_for_good => break Err(refused.over),
            Err(refused) if refused.at != at => continue,
            Err(_) => {}
        }
        let left = budget.0.settings.max_wait.saturating_sub(started.elapsed());
        if left.is_zero() {
            break Err(over);
        }
        if !waited_for.contains(&at) {
            waited_for.push(at);
        }
        // A new window makes room, too.
        let wait = left.min(over.renews_in.unwrap_or(DAY));
        // Either end of the wait leads to the next try.
        let _ = timer(|| tokio::time::timeout(wait, changed))?.await;
    };
    // Only one waiting request was woken; there may be room for the next one.
    for budget in waited_for.into_iter().filter_map(|at| budgets.get(at)) {
        budget.0.changed.notify_one();
    }
    Ok(result.map(|windows| {
        let windows = Mutex::new(Some(windows));
        OpenReservation { held: Arc::new(Held { budgets, amount, windows }), progress: None }
    }))
}

/// A request that gets no room.
struct Refused {
    /// The index of the budget.
    at: usize,
    /// Whether it does not fit even if all reservations are released.
    is_for_good: bool,
    over: OverBudget,
}

/// Locks the accounts of all budgets in their current windows. The locks are taken in one order, so that two
/// requests cannot wait for each other.
fn lock_all(budgets: &[Budget]) -> Vec<MutexGuard<'_, Account>> {
    let mut order: Vec<(usize, &Budget)> = budgets.iter().enumerate().collect();
    order.sort_by_key(|(_, budget)| Arc::as_ptr(&budget.0).addr());
    let mut accounts: Vec<(usize, MutexGuard<'_, Account>)> =
        order.into_iter().map(|(at, budget)| (at, budget.account())).collect();
    accounts.sort_by_key(|(at, _)| *at);
    accounts.into_iter().map(|(_, account)| account).collect()
}

/// Checks that an amount fits into all budgets. A refusal for good comes before one for now, and then the
/// order of the budgets decides.
fn check_all(
    budgets: &[Budget],
    accounts: &[MutexGuard<'_, Account>],
    amount: Amount,
) -> Result<(), Refused> {
    let mut for_now = None;
    for (at, (budget, account)) in budgets.iter().zip(accounts).enumerate() {
        let over = |shortage: Shortage| OverBudget {
            budget: budget.0.settings.name.to_string(),
            shortage,
            unknown: account.unknown,
            renews_in: budget.renews_in(),
        };
        match account.check(budget.limits(), amount) {
            Ok(()) => {}
            Err(Refusal::ForGood(shortage)) => {
                return Err(Refused { at, is_for_good: true, over: over(shortage) });
            }
            Err(Refusal::ForNow(shortage)) => {
                for_now.get_or_insert(Refused { at, is_for_good: false, over: over(shortage) });
            }
        }
    }
    for_now.map_or(Ok(()), Err)
}

/// Reserves an amount in all budgets, or in none. Returns the windows of the reservation.
fn try_reserve(budgets: &[Budget], amount: Amount) -> Result<Vec<u64>, Refused> {
    let mut accounts = lock_all(budgets);
    check_all(budgets, &accounts, amount)?;
    accounts.iter_mut().for_each(|account| account.reserve(amount));
    Ok(accounts.iter().map(|account| account.window()).collect())
}

/// The reservation of a request, until it is settled. Dropping it settles it: it is released if the request
/// was not sent, and counts as spent otherwise.
#[derive(Debug)]
pub(in crate::extraction) struct OpenReservation {
    held: Arc<Held>,
    /// The progress of the request, once it is sent.
    progress: Option<Progress>,
}

#[derive(Debug)]
struct Held {
    budgets: Vec<Budget>,
    amount: Amount,
    /// The window of each budget in which the amount is reserved; `None` once it is settled.
    windows: Mutex<Option<Vec<u64>>>,
}

impl OpenReservation {
    /// Begins the request of this reservation. If it is sent again after a failure that may be billed, it
    /// reserves again.
    pub(in crate::extraction) fn begin(&mut self, progress: &Progress) {
        let held = Arc::clone(&self.held);
        progress.guard_resend(move |failure: &ProviderError| {
            if may_be_billed(failure, false) { held.reserve_again() } else { Ok(()) }
        });
        self.progress = Some(progress.clone());
    }

    /// Settles the reservation to what a reply has used.
    pub(in crate::extraction) fn settle(self, tokens: Option<u64>, cost: Option<Usd>) {
        self.held.settle(Actual { tokens, nanos: cost.map(nanos) });
    }

    /// Settles the reservation of a request that got no reply.
    pub(in crate::extraction) fn fail(self, failure: &ProviderError) {
        let was_answered = self.progress.as_ref().is_some_and(|it| it.state().answered);
        if may_be_billed(failure, was_answered) {
            self.held.settle(Actual::default());
        } else {
            self.held.release();
        }
    }
}

impl Drop for OpenReservation {
    fn drop(&mut self) {
        if self.progress.as_ref().is_some_and(is_under_way) {
            self.held.settle(Actual::default());
        } else {
            self.held.release();
        }
    }
}

impl Held {
    fn take_windows(&self) -> Option<Vec<u64>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn settle(&self, actual: Actual) {
        self.end(|budget, window| {
            budget.account().settle(budget.limits(), window, self.amount, actual);
        });
    }

    fn release(&self) {
        self.end(|budget, window| budget.account().release(window, self.amount));
    }

    /// Ends the reservation in every budget. It does nothing if it has ended.
    fn end(&self, end: impl Fn(&Budget, u64)) {
        for (budget, window) in self.budgets.iter().zip(self.take_windows().unwrap_or_default()) {
            end(budget, window);
            budget.0.changed.notify_one();
        }
    }

    /// Counts the reservation as spent, and reserves the same amount again.
    ///
    /// # Errors
    /// It does not fit. The reservation stays as it is.
    fn reserve_again(&self) -> Result<(), String> {
        let mut held = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(windows) = held.as_mut() else { return Ok(()) };
        let mut accounts = lock_all(&self.budgets);
        check_all(&self.budgets, &accounts, self.amount)
            .map_err(|refused| refused.over.to_string())?;
        for ((budget, account), window) in self.budgets.iter().zip(&mut accounts).zip(windows) {
            account.settle(budget.limits(), *window, self.amount, Actual::default());
            account.reserve(self.amount);
            *window = account.window();
        }
        Ok(())
    }
}

/// Returns whether a request that was dropped may have been sent, or was answered with an error that may be
/// billed.
fn is_under_way(progress: &Progress) -> bool {
    let state = progress.state();
    match &state.failure {
        // It waits to be sent again, and the failure was not followed by another request.
        Some(failure) if state.queued || state.waiting.is_some() => may_be_billed(failure, false),
        Some(_) => true,
        None => !state.queued,
    }
}

/// Returns whether a provider may bill a request that failed in this way. `was_answered` is whether a
/// response of success had begun. Providers do not bill a request that they refuse, or that fails on their
/// side before a response.
fn may_be_billed(failure: &ProviderError, was_answered: bool) -> bool {
    match failure.kind {
        ProviderErrorKind::Connect
        | ProviderErrorKind::Deadline
        | ProviderErrorKind::Encode
        | ProviderErrorKind::Local => false,
        ProviderErrorKind::Authentication
        | ProviderErrorKind::Permission
        | ProviderErrorKind::NotFound
        | ProviderErrorKind::InvalidRequest
        | ProviderErrorKind::Unsupported
        | ProviderErrorKind::ContextTooLong
        | ProviderErrorKind::RateLimited
        | ProviderErrorKind::QuotaExceeded
        | ProviderErrorKind::Overloaded
        | ProviderErrorKind::Server
        | ProviderErrorKind::Runtime => was_answered,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::extraction::budget::Spending;

    const CENT: Used = Used { tokens: 10, cost: Some(Usd(0.01)) };

    fn reserved(
        budgets: &[&Budget],
        used: Used,
    ) -> impl Future<Output = Result<OpenReservation, OverBudget>> + use<> {
        let budgets = budgets.iter().copied().cloned().collect();
        async move { reserve(budgets, used).await.unwrap() }
    }

    fn now_or_never<F: Future>(future: F) -> Option<F::Output> {
        futures_util::FutureExt::now_or_never(future)
    }

    #[tokio::test]
    async fn a_reservation_is_made_in_all_budgets_or_in_none() {
        let (large, small) = (Budget::from(Usd(1.0)), Budget::new().tokens(15).named("small"));
        let first = reserved(&[&large, &small], CENT).await.unwrap();
        assert_eq!((large.left_cost(), small.left_tokens()), (Some(Usd(0.99)), Some(5)));
        let twenty = Used { tokens: 20, ..CENT };
        let over = reserved(&[&large, &small], twenty).await.unwrap_err();
        assert_eq!(over.budget, "small");
        assert_eq!(over.shortage, Shortage::Tokens { needed: 20, left: 5, limit: 15 });
        assert_eq!(large.reserved().tokens, 10);
        drop(first); // never sent
        assert_eq!((large.left_cost(), small.left_tokens()), (Some(Usd(1.0)), Some(15)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_for_reservations_of_others() {
        let budget = Budget::new().tokens(15);
        let first = reserved(&[&budget], CENT).await.unwrap();
        let mut second = Box::pin(reserved(&[&budget], CENT));
        let mut third = Box::pin(reserved(&[&budget], CENT));
        assert!(now_or_never(&mut second).is_none() && now_or_never(&mut third).is_none());
        first.settle(Some(5), None);
        let second = second.await.unwrap();
        second.settle(Some(5), None);
        // The third does not fit beside what was spent, and learns it at once.
        let over = third.await.unwrap_err();
        assert_eq!(over.shortage, Shortage::Tokens { needed: 10, left: 5, limit: 15 });
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_in_time() {
        let budget = Budget::new().tokens(15).max_wait(Duration::from_secs(3));
        let _first = reserved(&[&budget], CENT).await.unwrap();
        let started = Instant::now();
        assert!(reserved(&[&budget], CENT).await.is_err());
        assert_eq!(started.elapsed().as_secs(), 3);
        let budget = Budget::new().tokens(15).every(Duration::from_secs(60));
        let _first = reserved(&[&budget], CENT).await.unwrap();
        assert!(reserved(&[&budget], CENT).await.is_ok(), "in the next window");
    }

    #[tokio::test]
    async fn a_dropped_wait_hands_its_wake_up_on() {
        let budget = Budget::new().tokens(15);
        let first = reserved(&[&budget], CENT).await.unwrap();
        let mut second = Box::pin(reserved(&[&budget], CENT));
        let mut third = Box::pin(reserved(&[&budget], CENT));
        assert!(now_or_never(&mut second).is_none() && now_or_never(&mut third).is_none());
        drop(first);
        drop(second);
        third.await.unwrap().settle(Some(1), None);
        assert_eq!(budget.spent(), Spending { tokens: 1, cost: Some(Usd(0.01)) });
    }

    /// Returns the tokens that count as spent, and the number of unknown requests, after the end of a
    /// reservation.
    async fn after(end: impl FnOnce(OpenReservation, &Progress)) -> (u64, u64) {
        let budget = Budget::from(Usd(1.0));
        let mut open = reserved(&[&budget], CENT).await.unwrap();
        let progress = Progress::with_deadline(None);
        open.begin(&progress);
        end(open, &progress);
        assert_eq!(budget.reserved().tokens, 0);
        (budget.spent().tokens, budget.unknown())
    }

    #[tokio::test]
    async fn what_was_sent_counts_and_what_was_not_is_released() {
        let error = |kind| ProviderError::new(kind, "");
        let (kept, released) = ((10, 1), (0, 0));
        assert_eq!(after(|open, _| drop(open)).await, kept);
        let queued = after(|open, progress| {
            progress.queue();
            drop(open);
        });
        assert_eq!(queued.await, released);
        let refused = after(|open, progress| {
            progress.wait(&error(ProviderErrorKind::RateLimited), Duration::ZERO);
            drop(open);
        });
        assert_eq!(refused.await, released);
        for (kind, expected) in [
            (ProviderErrorKind::Connect, released),
            (ProviderErrorKind::Server, released),
            (ProviderErrorKind::Timeout, kept),
            (ProviderErrorKind::Malformed, kept),
        ] {
            assert_eq!(after(|open, _| open.fail(&error(kind))).await, expected, "{kind:?}");
        }
        let broken_off = after(|open, progress| {
            progress.answer(None);
            open.fail(&error(ProviderErrorKind::Overloaded));
        });
        assert_eq!(broken_off.await, kept);
    }

    #[tokio::test]
    async fn a_request_that_may_be_billed_reserves_again_before_it_is_sent_again() {
        let budget = Budget::new().tokens(25);
        let mut open = reserved(&[&budget], CENT).await.unwrap();
        let progress = Progress::with_deadline(None);
        open.begin(&progress);
        let error = |kind| ProviderError::new(kind, "");
        assert!(progress.may_send_again(&error(ProviderErrorKind::RateLimited)).is_ok());
        assert_eq!(budget.spent().tokens, 0);
        assert!(progress.may_send_again(&error(ProviderErrorKind::Timeout)).is_ok());
        assert_eq!((budget.spent().tokens, budget.reserved().tokens), (10, 10));
        let refusal = progress.may_send_again(&error(ProviderErrorKind::Timeout)).unwrap_err();
        assert!(refusal.contains("may use 10 tokens, and 5 of"), "{refusal}");
        open.settle(Some(3), None);
        assert_eq!((budget.spent().tokens, budget.unknown()), (13, 1));
    }
}
