//! The budgets of a request: what it may use is reserved before it is sent, and settled after.

use super::state::{Driver, Failure};
use crate::conversation::{CacheSupport, Output, Part, Request};
use crate::extraction::budget::{Budget, OpenReservation, Used, fits, most_used, reserve};
use crate::extraction::pricing::Pricing;
use crate::extraction::task::Task;

impl<T> Driver<T> {
    /// Reserves the most that the request may use. Waits for the reservations of other requests. Fails if it
    /// does not fit.
    pub(super) async fn reserve(&mut self) -> Result<(), Failure> {
        self.reservation = reserve_for(&self.task, &self.dialogue.request).await?;
        Ok(())
    }

    /// Settles the reservation of the latest request to what its reply has used.
    pub(super) fn settle(&mut self, failure: Option<&Failure>) {
        let Some(reservation) = self.reservation.take() else { return };
        let attempt = self.ledger.attempts.last();
        match (attempt.filter(|attempt| attempt.stop.is_some()), failure) {
            (Some(replied), _) => {
                let tokens = replied.usage.map(|usage| usage.total_tokens());
                reservation.settle(tokens, replied.cost);
            }
            (None, Some(Failure::Provider(error))) => reservation.fail(error),
            // Dropping it looks at how far the request came.
            (None, _) => drop(reservation),
        }
    }

    /// Returns whether the next request fits into the budgets now.
    pub(super) fn fits_budgets(&self) -> bool {
        let budgets = budgets(&self.task);
        budgets.is_empty() || fits(&budgets, most_of(&self.task, &self.dialogue.request))
    }
}

/// Reserves the most that a request may use. Returns `None` without budgets. Waits for the reservations of
/// other requests. Fails if it does not fit.
pub(super) async fn reserve_for<T>(
    task: &Task<T>,
    request: &Request,
) -> Result<Option<OpenReservation>, Failure> {
    let budgets = budgets(task);
    if budgets.is_empty() {
        return Ok(None);
    }
    let reserved = reserve(budgets, most_of(task, request)).await.map_err(Failure::Provider)?;
    reserved.map(Some).map_err(Failure::Budget)
}

/// Returns the budgets of the call, of its client, and of the client of the current model.
fn budgets<T>(task: &Task<T>) -> Vec<Budget> {
    Budget::distinct(task.options.budgets.iter().chain(&task.client.defaults.budgets))
}

/// Returns the most that a request may use.
fn most_of<T>(task: &Task<T>, request: &Request) -> Used {
    let usage = most_used(request);
    let cache = task.client.model.profile().cache;
    let pricing = Pricing::of(&task.client, &task.options);
    let cost = pricing.most(&usage, may_write_cache(cache, request));
    Used { tokens: usage.total_tokens(), cost }
}

/// Returns whether a request may write its input to the provider's prompt cache, which can cost more than
/// plain input.
fn may_write_cache(cache: CacheSupport, request: &Request) -> bool {
    match cache {
        CacheSupport::None => false,
        CacheSupport::ByItself => true,
        CacheSupport::Marks { .. } => {
            let is_on_tools = matches!(&request.output, Output::Tools(tools) if tools.cached > 0);
            let mut parts = request.messages.iter().flat_map(|message| &message.parts);
            is_on_tools || parts.any(|part| *part == Part::CachePoint)
        }
    }
}
