//! The settings of a run.

use super::journal::Journal;
use super::progress::Progress;
use super::row::FailedRows;
use super::shared::{EachFn, extraction};
use crate::contract::Extract;
use crate::conversation::Conversation;
use crate::extraction::{Budget, Client, Extraction};

#[cfg(feature = "progress")]
use super::bar::Bar;

/// The default number of rows in flight. The limits of the client decide how many requests are sent.
const CONCURRENCY: usize = 256;

/// The default number of times that a row is asked again which failed for a passing reason.
const ROW_RETRIES: u32 = 2;

/// The default number of rows whose quotes are kept for a report.
const REPORT_ROWS: usize = 100;

/// Receives the progress of a run.
pub(super) type ProgressFn = Box<dyn FnMut(&Progress) + Send>;

/// The settings of a run.
pub(super) struct RunSettings<T> {
    pub(super) client: Client,
    pub(super) each: Option<EachFn<T>>,
    pub(super) budgets: Vec<Budget>,
    pub(super) journal: Option<Journal>,
    pub(super) failed_rows: FailedRows,
    pub(super) rereads: bool,
    pub(super) row_retries: u32,
    /// The number of rows in flight, if it is set.
    pub(super) concurrency: Option<usize>,
    /// Whether the rows wait for batches of the provider.
    pub(super) is_batched: bool,
    pub(super) is_ordered: bool,
    pub(super) max_failures: Option<u64>,
    pub(super) report_rows: usize,
    pub(super) on_progress: Option<ProgressFn>,
    #[cfg(feature = "progress")]
    pub(super) bar: Option<Bar>,
}

impl<T> RunSettings<T> {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            each: None,
            budgets: Vec::new(),
            journal: None,
            failed_rows: FailedRows::default(),
            rereads: false,
            row_retries: ROW_RETRIES,
            concurrency: None,
            is_batched: false,
            is_ordered: false,
            max_failures: None,
            report_rows: REPORT_ROWS,
            on_progress: None,
            #[cfg(feature = "progress")]
            bar: None,
        }
    }

    /// Returns the extraction of an input.
    pub(super) fn extraction(&self, input: Conversation) -> Extraction<T>
    where
        T: Extract,
    {
        extraction(&self.client, &self.budgets, self.each.as_ref(), input)
    }

    /// Returns the number of rows in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.concurrency.unwrap_or(CONCURRENCY)
    }

    /// Gives the progress to all that want it.
    pub(super) fn report(&mut self, progress: &Progress) {
        if let Some(on_progress) = &mut self.on_progress {
            on_progress(progress);
        }
        #[cfg(feature = "progress")]
        if let Some(bar) = &self.bar {
            bar.show(progress);
        }
    }

    /// Starts the bar, if there is one.
    #[cfg_attr(not(feature = "progress"), expect(clippy::unused_self, reason = "there is no bar"))]
    pub(super) fn open_bar(&mut self, total: Option<u64>) {
        #[cfg(feature = "progress")]
        if let Some(bar) = &mut self.bar {
            bar.start(total);
        }
        #[cfg(not(feature = "progress"))]
        let _ = total;
    }

    /// Ends the bar, if there is one.
    #[cfg_attr(not(feature = "progress"), expect(clippy::unused_self, reason = "there is no bar"))]
    pub(super) fn close_bar(&mut self) {
        #[cfg(feature = "progress")]
        if let Some(bar) = &self.bar {
            bar.end();
        }
    }
}
