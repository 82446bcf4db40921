//! The tokens of a request before it is sent: their number, and whether they fit into the context window.

use super::state::{Driver, Failure};
use crate::contract::Extract;
use crate::conversation::{Progress, ProviderError, Tokens, approximate_tokens};
use crate::extraction::error::Error;
use crate::extraction::task::Task;
use crate::http::timer;
use crate::model::TokenCount;

/// The smallest context window of a model in use. Shorter requests are not held against a window.
const SMALLEST_WINDOW: u64 = 2_000;

/// Counts the tokens of the first request of a task.
pub(in crate::extraction) async fn count_tokens<T: Extract>(
    task: Task<T>,
) -> Result<TokenCount, Error> {
    let mut driver = Box::new(Driver::start(task, 0)?);
    let deadline = driver.task.options.deadline;
    driver.deadline =
        deadline.and_then(|deadline| tokio::time::Instant::now().checked_add(deadline));
    driver.dialogue.request.progress = Progress::with_deadline(driver.deadline);
    let counted = driver.task.client.model.count_tokens(&driver.dialogue.request);
    let counted = match deadline {
        None => counted.await.map_err(Failure::Provider),
        Some(deadline) => match timer(|| tokio::time::timeout(deadline, counted)) {
            Err(error) => Err(Failure::Provider(error)),
            Ok(counted) => match counted.await {
                Ok(counted) => counted.map_err(Failure::Provider),
                Err(_) => Err(Failure::Deadline(deadline)),
            },
        },
    };
    counted.map_err(|failure| driver.into_error(failure))
}

impl<T> Driver<T> {
    /// Fails if the texts of the request certainly exceed the context window, as far as it is known.
    pub(super) fn check_window(&self) -> Result<(), ProviderError> {
        let own = self.task.options.context_window;
        let needed = Tokens::of_request(&self.dialogue.request, approximate_tokens).at_least();
        if needed <= own.unwrap_or(SMALLEST_WINDOW) {
            return Ok(());
        }
        match own.or_else(|| self.task.client.model.context_window()) {
            Some(window) if needed > window => Err(ProviderError::over_window(needed, window)),
            _ => Ok(()),
        }
    }
}
