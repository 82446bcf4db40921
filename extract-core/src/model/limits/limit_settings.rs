//! [`LimitSettings`]: the limits of one provider, key and model.

use std::time::Duration;

/// The default ceiling of concurrent requests.
const CONCURRENCY: u32 = 256;

/// The default of [`Limits::max_wait`].
const MAX_WAIT: Duration = Duration::from_secs(300);

/// The limits of one provider, key and model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LimitSettings {
    pub(super) concurrency: u32,
    pub(super) requests_per_minute: Option<u32>,
    pub(super) tokens_per_minute: Option<u64>,
    pub(super) max_wait: Duration,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            requests_per_minute: None,
            tokens_per_minute: None,
            max_wait: MAX_WAIT,
        }
    }
}
