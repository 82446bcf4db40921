//! A timeout that pauses while its future is not polled. An ordinary timer keeps running then, and would
//! report a timeout although data has arrived in the meantime.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::runtime::timer;
use crate::conversation::ProviderError;

/// The maximum delay between the end of the timer and the next poll. After a longer delay, the future was
/// not polled.
const PROMPT: Duration = Duration::from_millis(100);

/// Waits for a future, at most for `limit`; [`Duration::MAX`] is no limit. Returns `None` after that time.
/// `paused` returns the total
/// time so far in which the caller did something else; that time does not count. A caller that does not
/// measure it returns zero.
///
/// If the time ends while the future is not polled, it starts again, so that data that has arrived is
/// read first.
///
/// Fails if the current tokio runtime has no timers, or if there is no runtime.
pub(crate) async fn within<F: Future>(
    limit: Duration,
    paused: impl Fn() -> Duration,
    future: F,
) -> Result<Option<F::Output>, ProviderError> {
    let mut future = pin!(future);
    let (mut start, mut paused_before) = (Instant::now(), paused());
    let mut remaining = limit;
    loop {
        let end = tokio::time::Instant::now().checked_add(remaining);
        let timeout = timer(|| tokio::time::timeout(remaining, &mut future))?;
        if let Ok(output) = timeout.await {
            return Ok(Some(output));
        }
        let pause = paused().saturating_sub(paused_before);
        remaining = limit.saturating_sub(start.elapsed().saturating_sub(pause));
        if !remaining.is_zero() {
            continue;
        }
        if end.is_none_or(|end| end.elapsed() < PROMPT) {
            return Ok(None);
        }
        (start, paused_before, remaining) = (Instant::now(), paused(), limit);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::pending;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const SHORT: Duration = Duration::from_millis(40);

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(test);
    }

    #[test]
    fn who_waits_waits_no_longer() {
        run(async {
            assert_eq!(within(SHORT, Duration::default, pending::<()>()).await, Ok(None));
            assert_eq!(within(SHORT, Duration::default, async { 7 }).await, Ok(Some(7)));
        });
    }

    #[test]
    fn the_longest_duration_is_no_limit_and_zero_waits_for_nothing() {
        run(async {
            let soon = async {
                tokio::task::yield_now().await;
                7
            };
            assert_eq!(within(Duration::MAX, Duration::default, soon).await, Ok(Some(7)));
            assert_eq!(within(Duration::ZERO, Duration::default, pending::<()>()).await, Ok(None));
        });
    }

    #[test]
    fn time_spent_elsewhere_does_not_count() {
        run(async {
            let paused = Cell::new(Duration::ZERO);
            let mut waiting = pin!(within(SHORT, || paused.get(), pending::<()>()));
            let context = &mut Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(context).is_pending());
            tokio::time::sleep(SHORT * 2).await;
            paused.set(SHORT * 2);
            assert!(waiting.as_mut().poll(context).is_pending(), "it was pause all the time");
            assert_eq!(waiting.await, Ok(None), "and then the time goes on");
        });
    }

    #[test]
    fn a_timer_that_nobody_looked_at_begins_anew() {
        run(async {
            let mut waiting = pin!(within(SHORT, Duration::default, pending::<()>()));
            let context = &mut Context::from_waker(Waker::noop());
            assert!(waiting.as_mut().poll(context).is_pending());
            tokio::time::sleep(SHORT + PROMPT * 2).await;
            assert!(matches!(waiting.as_mut().poll(context), Poll::Pending));
            assert_eq!(waiting.await, Ok(None));
        });
    }
}
