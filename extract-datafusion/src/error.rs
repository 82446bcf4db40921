//! The error of a query that an extraction has stopped.

use std::error::Error;
use std::sync::Arc;

use datafusion_common::DataFusionError;
use extract_llm::pipeline::RunError;

/// Makes the error of a query of that of a worker.
pub(crate) fn stopped(reason: &Arc<RunError>) -> DataFusionError {
    DataFusionError::External(Box::new(RunError::Stopped(Arc::clone(reason))))
}

/// Returns the reason for which an extraction has stopped a query; `None` for other errors. An error that came
/// from another process of a cluster is a text and has no reason.
///
/// ```
/// use datafusion::prelude::SessionContext;
/// # use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::pipeline::RunError;
/// # use extract_llm::Client;
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let ctx = SessionContext::new();
/// # let client = Client::with_model(Scripted::new([reply::status(401)]));
/// extract_datafusion::register::<u8>(&ctx, "count_persons", client)?; // with a wrong key
/// let error = ctx.sql("select count_persons('Maria and Tom.')").await?.collect().await.unwrap_err();
/// let reason = extract_datafusion::run_error(&error);
/// assert!(matches!(reason, Some(RunError::EveryRow(_))));
/// # Ok(()) }
/// ```
pub fn run_error(error: &DataFusionError) -> Option<&RunError> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(reason) = error.downcast_ref::<RunError>() {
            return Some(match reason {
                RunError::Stopped(reason) => reason,
                reason => reason,
            });
        }
        next = match error.downcast_ref::<DataFusionError>() {
            Some(DataFusionError::External(inner)) => Some(&**inner),
            Some(DataFusionError::Shared(inner)) => Some(&**inner),
            Some(DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner)) => {
                Some(&**inner)
            }
            _ => error.source(),
        };
    }
    None
}
