//! [`CacheHit`]: a reply that came from the cache.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::seconds;
use crate::conversation::{Usage, Usd};

/// A reply that came from the [cache](crate::cache::Cache), in an [`Attempt`](super::Attempt).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CacheHit {
    /// The time since the reply was stored.
    #[serde(with = "seconds")]
    pub age: Duration,
    /// The tokens that the reply took when it was made, if they are known.
    pub usage: Option<Usage>,
    /// The cost of the reply when it was made, if it is known.
    pub cost: Option<Usd>,
    /// The provider's id of the request that made the reply, if there is one.
    pub request_id: Option<String>,
}
