//! Hedging: a second model is asked as well if the first one takes long. The first to answer goes on; the
//! other request is cancelled.

use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::lane::Lane;
use super::model_time::ModelTime;
use super::next_model::Prepared;
use super::second_request::{Launched, SecondRequest};
use super::spending::reserve_for;
use super::state::Driver;
use crate::conversation::{Assembly, Progress, ProviderError, Reply};
use crate::extraction::fallback::Admission;
use crate::extraction::ledger::{Attempt, Outcome, PassedOver, PassedOverReason};
use crate::extraction::pricing::Pricing;
use crate::http::timer;

/// The second model, while the first one is asked.
pub(super) struct Hedge<T> {
    pub(super) delay: Duration,
    prepared: Prepared<T>,
    launched: Arc<OnceLock<Launched>>,
}

impl<T> Hedge<T> {
    /// Returns the second conversation.
    pub(super) fn lane<'a>(&'a self, model_time: &'a ModelTime) -> Lane<'a, T> {
        let Prepared { task, dialogue, ask, .. } = &self.prepared;
        Lane { task, dialogue, ask, model_time }
    }

    /// Reserves what the second request may use. Returns false if it does not fit into a budget: it is not
    /// sent then.
    pub(super) async fn launch(&self) -> bool {
        let Prepared { task, dialogue, .. } = &self.prepared;
        let Ok(mut reservation) = reserve_for(task, &dialogue.request).await else { return false };
        if let Some(reservation) = &mut reservation {
            reservation.begin(&dialogue.request.progress);
        }
        let launched = Launched { at: Instant::now(), reservation: Mutex::new(reservation) };
        self.launched.set(launched).is_ok()
    }

    /// Returns the reply to the second request, or `None` if it is not sent.
    pub(super) async fn respond(
        &self,
        model_time: &ModelTime,
    ) -> Option<Result<Reply, ProviderError>> {
        if self.launch().await { Some(self.lane(model_time).respond().await) } else { None }
    }
}

/// The one of two requests that went on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Winner {
    First,
    Second,
}

/// How the other of two requests ended.
pub(super) enum Other {
    /// There was none.
    NotSent,
    Cancelled,
    Failed(ProviderError),
}

/// The end of a race of one request or two.
pub(super) struct Raced<O, E = ProviderError> {
    pub(super) winner: Winner,
    pub(super) result: Result<O, E>,
    pub(super) other: Other,
}

impl<O> Raced<O> {
    fn alone(result: Result<O, ProviderError>) -> Self {
        Self { winner: Winner::First, result, other: Other::NotSent }
    }
}

/// Waits for the first request; after the delay also for the second one, whichever succeeds first. If both
/// fail, the error is that of the second. The second is `None` if it was not sent.
pub(super) async fn race<O>(
    first: impl Future<Output = Result<O, ProviderError>>,
    second: Option<(Duration, impl Future<Output = Option<Result<O, ProviderError>>>)>,
) -> Raced<O> {
    let mut first = pin!(first);
    let Some((delay, second)) = second else { return Raced::alone(first.await) };
    let sleep = match timer(|| tokio::time::sleep(delay)) {
        Ok(sleep) => pin!(sleep),
        Err(error) => return Raced::alone(Err(error)),
    };
    if let Either::Left((result, _)) = select(first.as_mut(), sleep).await {
        return Raced::alone(result);
    }
    let (winner, result, other) = match select(first, pin!(second)).await {
        Either::Left((Ok(output), _)) => (Winner::First, Ok(output), Other::Cancelled),
        Either::Left((Err(error), second)) => match second.await {
            Some(result) => (Winner::Second, result, Other::Failed(error)),
            None => return Raced::alone(Err(error)),
        },
        Either::Right((None, first)) => return Raced::alone(first.await),
        Either::Right((Some(Ok(output)), _)) => (Winner::Second, Ok(output), Other::Cancelled),
        Either::Right((Some(Err(error)), first)) => match first.await {
            Ok(output) => (Winner::First, Ok(output), Other::Failed(error)),
            Err(of_first) => (Winner::Second, Err(error), Other::Failed(of_first)),
        },
    };
    Raced { winner, result, other }
}

impl<T> Driver<T> {
    /// Prepares the second model for the first attempt of an extraction, if hedging is on: the next model that
    /// takes over after failures, or else the same one.
    pub(super) fn prepare_hedge(&mut self) -> Option<Hedge<T>> {
        self.second_request = None;
        let delay = self.task.options.hedge_after.filter(|_| self.ledger.attempts.len() == 1)?;
        if self.task.client.model.profile().is_batched {
            return None;
        }
        let place = self.task.models.iter().position(|next| {
            let is_closed = matches!(next.client.breaker.admit(), Admission::Closed);
            next.on.is_for_failures() && is_closed
        });
        let prepared = match place {
            Some(place) => self.prepare(&self.task.models[place]).map(|mut prepared| {
                prepared.task.models.remove(place);
                prepared
            }),
            None => self.prepare_task(self.task.clone()),
        };
        let mut prepared = prepared.ok()?;
        let progress = Progress::with_deadline(self.deadline);
        prepared.dialogue.request.progress = progress.clone();
        let launched = Arc::default();
        self.second_request = Some(SecondRequest {
            attempt: attempt_of(&prepared),
            progress,
            launched: Arc::clone(&launched),
        });
        Some(Hedge { delay, prepared, launched })
    }

    /// Records both requests after a race. The one that goes on is the last attempt.
    pub(super) fn end_race(&mut self, hedge: Option<Hedge<T>>, winner: Winner, other: Other) {
        let (Some(mut second), Some(hedge)) = (self.second_request.take(), hedge) else { return };
        let (reason, error) = match other {
            Other::NotSent => return,
            Other::Cancelled => (PassedOverReason::Slower, None),
            Other::Failed(error) => (PassedOverReason::Failed, Some(error)),
        };
        // It may have waited for room in a budget until the first one was answered.
        let Some(started) = hedge.launched.get().map(|launched| launched.at) else { return };
        let number = self.attempt_count().saturating_add(1);
        let (client, pricing, begun, loser) = match winner {
            Winner::First => {
                let index = self.ledger.attempts.len().saturating_sub(1);
                if let Some(first) = self.ledger.attempts.last_mut() {
                    second.attempt.number = first.number;
                    first.number = number;
                }
                self.ledger.attempts.insert(index, second.attempt);
                let (task, progress) = (&hedge.prepared.task, second.progress.state());
                (&task.client, Pricing::of(&task.client, &task.options), started, (index, progress))
            }
            Winner::Second => {
                second.attempt.number = number;
                self.ledger.attempts.push(second.attempt);
                let index = self.ledger.attempts.len().saturating_sub(2);
                let (task, progress) = (&self.task, self.dialogue.request.progress.state());
                let pricing = Pricing::of(&task.client, &task.options);
                (&task.client, pricing, self.request_started, (index, progress))
            }
        };
        let (index, progress) = loser;
        if let Some(loser) = self.ledger.attempts.get_mut(index) {
            loser.latency = begun.elapsed();
            loser.record_cut_off(&Assembly::new(), &progress, &pricing);
            loser.record_waits(&progress, begun);
            match &error {
                None => loser.outcome = Outcome::Cancelled,
                Some(error) => {
                    client.breaker.failed(error.kind);
                    loser.record_failure(error);
                }
            }
            let (address, detail) = (loser.address.clone(), loser.error.clone());
            self.note_passed_over(PassedOver { address, reason, detail });
        }
        if winner == Winner::Second {
            self.request_started = started;
            // Dropping the first reservation looks at how far its request came.
            self.reservation = hedge.launched.get().and_then(Launched::take_reservation);
            self.take_over(hedge.prepared);
        }
    }

    /// Records the second request as cancelled, if the deadline passes while it is under way.
    pub(super) fn cut_off_second_request(&mut self) {
        let Some(mut second) = self.second_request.take() else { return };
        let Some(launched) = second.launched.get() else { return };
        let state = second.progress.state();
        second.attempt.latency = launched.at.elapsed();
        second.attempt.outcome = Outcome::Cancelled;
        // The prices of the other model are not at hand here, so its cost is unknown.
        second.attempt.usage = state.usage;
        second.attempt.transport_retries = state.transport_retries;
        second.attempt.request_id = state.request_id;
        let index = self.ledger.attempts.len().saturating_sub(1);
        if let Some(first) = self.ledger.attempts.last_mut() {
            second.attempt.number = first.number;
            first.number = first.number.saturating_add(1);
        }
        self.ledger.attempts.insert(index, second.attempt);
    }
}

fn attempt_of<T>(prepared: &Prepared<T>) -> Attempt {
    let mode = prepared.dialogue.request.output.mode();
    Attempt::start(0, prepared.dialogue.address.clone(), mode, Vec::new())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::conversation::ProviderErrorKind;

    const SECOND: Duration = Duration::from_secs(1);

    async fn after(time: Duration, result: Result<u8, &str>) -> Result<u8, ProviderError> {
        tokio::time::sleep(time).await;
        result.map_err(|message| ProviderError::new(ProviderErrorKind::Server, message))
    }

    fn unsent() -> impl Future<Output = Option<Result<u8, ProviderError>>> {
        std::future::ready(None)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_success_wins() {
        use Winner::{First, Second};
        // The times of both from the start, the delay is 2 s, and who wins when.
        for (first, second, winner, value, seconds) in [
            ((1, Ok(1)), (9, Ok(2)), First, Ok(1), 1),
            ((1, Err("a")), (9, Ok(2)), First, Err("a"), 1),
            ((3, Ok(1)), (9, Ok(2)), First, Ok(1), 3),
            ((9, Ok(1)), (3, Ok(2)), Second, Ok(2), 5),
            ((3, Err("a")), (4, Ok(2)), Second, Ok(2), 6),
            ((9, Ok(1)), (1, Err("b")), First, Ok(1), 9),
            ((9, Err("a")), (1, Err("b")), Second, Err("b"), 9),
            ((3, Err("a")), (9, Err("b")), Second, Err("b"), 11),
        ] {
            let start = tokio::time::Instant::now();
            let raced = race(
                after(SECOND * first.0, first.1),
                Some((SECOND * 2, after(SECOND * second.0, second.1).map(Some))),
            );
            let Raced { winner: won, result, .. } = raced.await;
            let result = result.map_err(|error| error.message);
            assert_eq!((won, result), (winner, value.map_err(str::to_owned)));
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
        for (first, expected) in [(Ok(1), Ok(1)), (Err("a"), Err("a"))] {
            let raced = race(after(SECOND * 3, first), Some((SECOND, unsent()))).await;
            assert!(matches!(raced.other, Other::NotSent));
            assert_eq!(
                raced.result.map_err(|error| error.message),
                expected.map_err(str::to_owned)
            );
        }
    }
}
