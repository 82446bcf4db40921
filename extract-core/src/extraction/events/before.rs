//! [`BeforeRequest`]: functions that change the settings of a request before it is sent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::conversation::{Mode, Settings};

/// Changes the settings of a request.
pub(in crate::extraction) type BeforeRequest =
    Arc<dyn Fn(&NextRequest, &mut Settings) + Send + Sync>;

/// A request that is about to be sent, for [`before_request`](crate::Extraction::before_request).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NextRequest {
    /// The number of the extraction in this process, from 1.
    pub extraction: u64,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The name of the type.
    pub type_name: String,
    /// The address of the model: `provider/model`.
    pub address: String,
    /// The mode of the request.
    pub mode: Mode,
}

/// Returns the settings as the functions have changed them. The change of one that panics does not count.
pub(in crate::extraction) fn changed(
    settings: &Settings,
    functions: &[BeforeRequest],
    next: &NextRequest,
) -> Settings {
    functions.iter().fold(settings.clone(), |before, function| {
        let mut after = before.clone();
        match catch_unwind(AssertUnwindSafe(|| function(next, &mut after))) {
            Ok(()) => after,
            Err(_) => {
                tracing::error!("a function for `before_request` has panicked; the request is sent without its change");
                before
            }
        }
    })
}
