//! The lines of `batches.jsonl`: one for each step of a batch.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::request_id::RequestId;

/// The format that this version writes.
pub(super) const FORMAT: u64 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
pub(super) struct HeaderLine {
    pub(super) extract_llm_batches: u64,
}

/// A step of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub(super) enum Step {
    /// Its requests are in the folder. The provider gets them in this order.
    Prepared {
        batch: u64,
        /// Milliseconds since 1970.
        at: u64,
        #[serde(flatten)]
        again: Again,
        requests: Vec<RequestId>,
    },
    /// Its requests are uploaded.
    Uploaded { batch: u64, file: String },
    /// It is about to be created.
    Creating { batch: u64 },
    /// The provider has it under this id.
    Created { batch: u64, id: String },
    /// It has ended, and its results are in the folder.
    Ended { batch: u64, state: EndedAs, succeeded: u64, failed: u64 },
    /// The service refused the batch because of these requests, or with all of them.
    Refused { batch: u64, requests: Vec<RequestId>, error: Value },
    /// It was given up: none of its requests has a result.
    Dropped { batch: u64, reason: String },
}

/// The earlier batches of requests that are sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Again {
    /// How many of them failed as a whole.
    pub(super) generation: u32,
    /// Whether there was no room for the last one, so that this one waits for the end of others.
    pub(super) wants_room: bool,
}

impl Again {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            generation: self.generation.max(other.generation),
            wants_room: self.wants_room || other.wants_room,
        }
    }
}

/// How a batch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EndedAs {
    Completed,
    Expired,
    Cancelled,
}
