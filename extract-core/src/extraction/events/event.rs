//! [`Event`]: what happens in an extraction.

use std::sync::Arc;
use std::time::Duration;

use crate::conversation::{Mode, ProviderError};
use crate::extraction::ledger::{Attempt, CacheHit, Ledger, PassedOver, ToolRun};

/// A step of an extraction, for [`on_event`](crate::Extraction::on_event). The events of one extraction
/// come in the order in which they happen; those of others come between them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A request is about to be sent.
    Request {
        /// The number of the extraction in this process, from 1.
        extraction: u64,
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The address of the model: `provider/model`.
        address: String,
        /// The mode of the request.
        mode: Mode,
        /// The JSON pointers of the parts that are asked for; empty for the whole value.
        parts: Vec<String>,
    },
    /// A request waits before it is sent, or sent again.
    Wait {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The number of the attempt.
        attempt: u32,
        /// The wait; `None` for a place in the limits, if it is not known.
        wait: Option<Duration>,
        /// The failure after which the request is sent again; `None` for a wait in the limits.
        failure: Option<Box<ProviderError>>,
    },
    /// An attempt has ended: the reply was read and checked, or there is none. Its repairs, problems, tokens,
    /// cost and request id are in it.
    Attempt {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The attempt as in the ledger.
        attempt: Arc<Attempt>,
    },
    /// A reply came from the cache. Nothing was sent.
    CacheHit {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The stored reply.
        hit: CacheHit,
    },
    /// A model is passed over, and another one takes its place.
    PassedOver {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The model and the reason.
        model: PassedOver,
    },
    /// A call of a [tool](crate::Extraction::tool) has ended. One that ends the extraction is in the ledger of
    /// [`Done`](Self::Done) alone.
    Tool {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The call with its result.
        run: ToolRun,
    },
    /// The extraction has ended.
    Done {
        /// The number of the extraction in this process.
        extraction: u64,
        /// The name of the type.
        type_name: String,
        /// All attempts.
        ledger: Arc<Ledger>,
        /// The [name](crate::extraction::ErrorKind::name) of the error's kind and its text; `None` for a value.
        error: Option<(&'static str, String)>,
    },
    /// The listener was too slow: so many events were left out before this one.
    Lost(u64),
}

impl Event {
    /// Returns the number of the extraction in this process, from 1. `None` for [`Lost`](Self::Lost).
    pub fn extraction(&self) -> Option<u64> {
        match self {
            Self::Request { extraction, .. }
            | Self::Wait { extraction, .. }
            | Self::Attempt { extraction, .. }
            | Self::CacheHit { extraction, .. }
            | Self::PassedOver { extraction, .. }
            | Self::Tool { extraction, .. }
            | Self::Done { extraction, .. } => Some(*extraction),
            Self::Lost(_) => None,
        }
    }
}
