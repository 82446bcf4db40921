//! [`AnyRun`]: a run with single requests, or in batches of the provider.

use extract_llm::pipeline::{BatchRun, Row, Run, RunError, Stopper, Summary};
use serde_json::Value;

use crate::input::RowId;
use crate::signals::ROWS_END_FIRST;

/// A run with single requests, or in batches of the provider.
pub(super) enum AnyRun {
    Single(Run<Value, RowId>),
    InBatches(BatchRun<Value, RowId>),
}

impl AnyRun {
    pub(super) async fn next(&mut self) -> Option<Result<Row<Value, RowId>, RunError>> {
        match self {
            Self::Single(run) => run.next().await,
            Self::InBatches(run) => run.next().await,
        }
    }

    pub(super) fn stopper(&self) -> Stopper {
        match self {
            Self::Single(run) => run.stopper(),
            Self::InBatches(run) => run.stopper(),
        }
    }

    pub(super) fn summary(&self) -> Summary {
        match self {
            Self::Single(run) => run.summary(),
            Self::InBatches(run) => run.summary(),
        }
    }

    pub(super) fn is_in_batches(&self) -> bool {
        matches!(self, Self::InBatches(_))
    }

    /// Returns the message after a signal.
    pub(super) fn on_signal(&self) -> &'static str {
        match self {
            Self::Single(_) => ROWS_END_FIRST,
            Self::InBatches(_) => {
                "stopping: the batches go on at the provider; the same command goes on with them"
            }
        }
    }

    /// Returns sentences about the batches.
    pub(super) fn notes(&self) -> Vec<String> {
        let Self::InBatches(run) = self else { return Vec::new() };
        let mut notes: Vec<String> = run.status().iter().map(ToString::to_string).collect();
        let waiting = run.summary().passed_over;
        if waiting > 0 {
            notes
                .push(format!("{waiting} rows wait at the provider: give the command again later"));
        }
        notes
    }
}
