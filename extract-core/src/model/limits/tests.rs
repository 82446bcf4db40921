//! Requests on their way through the limits, with a clock that stands still while somebody works.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::governor::{Governor, Permit};
use super::minute::Demand;
use super::settings::Limits;
use super::turn::{Refusal, Turn};
use crate::conversation::{Progress, ProviderError, ProviderErrorKind};
use crate::model::RetryPolicy;

const SECOND: Duration = Duration::from_secs(1);

fn governor(limits: &Limits) -> Arc<Governor> {
    Arc::new(Governor::new(*limits.settings().unwrap()))
}

fn turn(governor: &Arc<Governor>) -> Turn {
    Turn::new(Some(governor), &Progress::default(), 100, RetryPolicy::default())
}

fn turn_with_deadline(governor: &Arc<Governor>, deadline: Duration) -> (Turn, Progress) {
    let progress = Progress::with_deadline(Some(Instant::now() + deadline));
    let turn = Turn::new(Some(governor), &progress, 100, RetryPolicy::default());
    (turn, progress)
}

async fn permit(governor: &Arc<Governor>) -> Permit {
    turn(governor).take().await.unwrap()
}

fn refusal(wait: Option<Duration>) -> ProviderError {
    let mut error = ProviderError::new(ProviderErrorKind::RateLimited, "Slow down.");
    error.retry_after = wait;
    error
}

fn refuse(permit: &Permit, wait: Option<Duration>) {
    permit.failed(&refusal(wait), &RetryPolicy::default());
}

/// Checks that nothing is left of any request.
fn assert_empty(governor: &Arc<Governor>) {
    let state = governor.state();
    assert_eq!((state.running(), state.queued()), (0, Demand::default()));
}

#[tokio::test(start_paused = true)]
async fn requests_are_sent_in_the_order_in_which_they_came() {
    let governor = governor(&Limits::default().concurrency(3));
    let order = Arc::new(Mutex::new(Vec::new()));
    let requests = (0..100).map(|number| {
        let (governor, order) = (Arc::clone(&governor), Arc::clone(&order));
        async move {
            let _permit = permit(&governor).await;
            order.lock().unwrap().push(number);
            tokio::time::sleep(SECOND).await;
        }
    });
    join_all(requests).await;
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn no_minute_has_more_requests_than_set() {
    let governor = governor(&Limits::default().requests_per_minute(10));
    let start = Instant::now();
    let requests = (0..35).map(|_| async {
        let _permit = permit(&governor).await;
        start.elapsed().as_secs() / 60
    });
    let minutes = join_all(requests).await;
    let count = |minute| minutes.iter().filter(|it| **it == minute).count();
    assert_eq!([0, 1, 2, 3].map(count), [10, 10, 10, 5]);
}

#[tokio::test(start_paused = true)]
async fn after_a_stated_wait_all_requests_resume_behind_it_and_apart() {
    let governor = governor(&Limits::default());
    let permits = join_all((0..32).map(|_| permit(&governor))).await;
    let start = Instant::now();
    refuse(&permits[0], Some(SECOND));
    drop(permits);
    let requests = (0..16).map(|_| async {
        let permit = permit(&governor).await;
        (start.elapsed(), permit)
    });
    let resumed = join_all(requests).await;
    assert!(resumed.iter().all(|(at, _)| *at >= SECOND), "never before the server's time");
    assert!(resumed.iter().all(|(at, _)| *at <= SECOND * 3 / 2));
    let mut times: Vec<_> = resumed.iter().map(|(at, _)| at.as_millis()).collect();
    times.dedup();
    assert!(times.len() > 8, "not all at once: {times:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_is_before_those_that_were_never_sent() {
    let governor = governor(&Limits::default().concurrency(1));
    let mut refused = turn(&governor);
    let permit_of_first = refused.take().await.unwrap();
    let order = Mutex::new(Vec::new());
    let others = join_all((0..5).map(|number| {
        let (governor, order) = (&governor, &order);
        async move {
            let _permit = permit(governor).await;
            order.lock().unwrap().push(number);
            tokio::time::sleep(SECOND).await;
        }
    }));
    let again = async {
        tokio::time::sleep(SECOND).await;
        let error = refusal(Some(SECOND));
        refuse(&permit_of_first, Some(SECOND));
        drop(permit_of_first);
        assert_eq!(refused.after(&error), Refusal::Wait(SECOND));
        let _permit = refused.take().await.unwrap();
        order.lock().unwrap().push(100);
    };
    futures_util::future::join(others, again).await;
    // One request was already at the head.
    assert_eq!(*order.lock().unwrap(), [0, 100, 1, 2, 3, 4]);
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_ends_after_the_deadline_fails_at_once() {
    let governor = governor(&Limits::default().requests_per_minute(10));
    let start = Instant::now();
    let waiting = join_all((0..25).map(|_| permit(&governor)));
    let late = async {
        tokio::task::yield_now().await;
        let (mut turn, progress) = turn_with_deadline(&governor, SECOND * 100);
        let error = turn.take().await.err().unwrap();
        assert_eq!(start.elapsed(), Duration::ZERO, "at once");
        let wait = error.retry_after.unwrap();
        assert_eq!(error.kind, ProviderErrorKind::Deadline);
        assert!(wait >= SECOND * 120 && wait <= SECOND * 121, "{wait:?}: the third minute");
        let state = progress.state();
        assert_eq!((state.waiting, state.exceeds_deadline), (Some(wait), true));
        let (mut turn, _) = turn_with_deadline(&governor, SECOND * 130);
        turn.take().await.unwrap();
    };
    futures_util::future::join(waiting, late).await;
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn a_cool_down_beyond_the_deadline_fails_at_once() {
    let governor = governor(&Limits::default());
    refuse(&permit(&governor).await, Some(SECOND * 30));
    let start = Instant::now();
    let (mut turn, _) = turn_with_deadline(&governor, SECOND * 29);
    assert_eq!(turn.take().await.err().unwrap().kind, ProviderErrorKind::Deadline);
    assert_eq!(start.elapsed(), Duration::ZERO);
    let (mut turn, progress) = turn_with_deadline(&governor, SECOND * 40);
    turn.take().await.unwrap();
    assert!(progress.state().limit_wait >= SECOND * 30, "the wait is recorded");
    assert_eq!(progress.state().limit_wait, progress.state().waited);
}

#[tokio::test(start_paused = true)]
async fn a_wait_above_the_patience_is_an_error_for_all() {
    let governor = governor(&Limits::default());
    let mut first = turn(&governor);
    let sent = first.take().await.unwrap();
    let error = refusal(Some(SECOND * 3600));
    refuse(&sent, error.retry_after);
    assert_eq!(first.after(&error), Refusal::Other);
    let error = turn(&governor).take().await.err().unwrap();
    assert_eq!(error.kind, ProviderErrorKind::RateLimited);
    assert_eq!(error.max_retry_after, Some(SECOND * 60));
    assert!(error.retry_after.unwrap() > SECOND * 3500);
    // Close to its end, requests wait for it.
    tokio::time::advance(SECOND * 3570).await;
    let start = Instant::now();
    drop(sent);
    turn(&governor).take().await.unwrap();
    assert!(start.elapsed() >= SECOND * 30);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_is_given_up_after_the_longest_wait() {
    let governor = governor(&Limits::default().max_wait(SECOND * 90));
    let start = Instant::now();
    let requests = (0..200).map(|_| async {
        let mut turn = turn(&governor);
        loop {
            let permit = match turn.take().await {
                Ok(permit) => permit,
                Err(error) => return (error, start.elapsed()),
            };
            tokio::time::sleep(SECOND / 10).await;
            let error = refusal(None);
            refuse(&permit, None);
            drop(permit);
            if turn.after(&error) == Refusal::Other {
                return (error, start.elapsed());
            }
        }
    });
    for (error, at) in join_all(requests).await {
        assert_eq!(error.kind, ProviderErrorKind::RateLimited);
        assert!(at > SECOND * 70 && at < SECOND * 110, "{at:?}");
    }
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn a_request_in_a_long_queue_is_never_given_up() {
    let governor = governor(&Limits::default().requests_per_minute(1).max_wait(SECOND));
    let start = Instant::now();
    join_all((0..20).map(|_| permit(&governor))).await;
    assert!(start.elapsed() >= SECOND * 60 * 19);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_dropped_anywhere_leave_nothing_behind() {
    fastrand::seed(7);
    let governor = governor(&Limits::default().concurrency(4).requests_per_minute(400));
    let requests = (0..2_000).map(|number| {
        let governor = Arc::clone(&governor);
        let lifetime = SECOND.mul_f64(fastrand::f64() * 120.0);
        let work = async move {
            let mut turn = turn(&governor);
            loop {
                let permit = turn.take().await.unwrap();
                tokio::time::sleep(SECOND / 10).await;
                if number % 5 > 0 {
                    permit.answered();
                    return;
                }
                let error = refusal(Some(SECOND));
                refuse(&permit, error.retry_after);
                drop(permit);
                if turn.after(&error) == Refusal::Other {
                    return;
                }
            }
        };
        tokio::time::timeout(lifetime, work)
    });
    let ended = join_all(requests).await;
    assert!(ended.iter().any(Result::is_ok) && ended.iter().any(Result::is_err));
    assert_empty(&governor);
    tokio::time::advance(SECOND * 120).await;
    permit(&governor).await;
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn a_place_that_becomes_free_wakes_the_head_of_the_queue() {
    let governor = governor(&Limits::default().concurrency(1));
    let first = permit(&governor).await;
    let mut second = Box::pin(permit(&governor));
    assert!(second.as_mut().now_or_never().is_none());
    // The head is dropped after it was woken: the next one is woken as well.
    let mut third = Box::pin(permit(&governor));
    assert!(third.as_mut().now_or_never().is_none());
    drop(first);
    drop(second);
    assert!(third.now_or_never().is_some());
    assert_empty(&governor);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_settled_by_the_usage() {
    let governor = governor(&Limits::default().tokens_per_minute(250));
    let first = permit(&governor).await;
    let _second = permit(&governor).await;
    assert!(turn(&governor).take().now_or_never().is_none(), "300 of 250 tokens");
    first.settle(Some(crate::conversation::Usage::new(20, 10)));
    assert!(turn(&governor).take().now_or_never().is_some(), "230 of 250 tokens");
}

#[test]
fn without_a_wait_no_timers_are_needed() {
    let governor = governor(&Limits::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        refuse(&permit(&governor).await, Some(SECOND));
        let error = turn(&governor).take().await.err().unwrap();
        assert_eq!(error.kind, ProviderErrorKind::Runtime);
    });
    assert_empty(&governor);
    assert!(turn(&self::governor(&Limits::default())).take().now_or_never().is_some());
}
