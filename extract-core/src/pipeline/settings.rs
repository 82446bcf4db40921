//! The settings of runs and workers.

use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::journal::{Journal, OpenJournal};
use super::progress::Progress;
use super::row::FailedRows;
use super::shared::{EachFn, Keys, Shared, extraction};
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

/// The settings that a run and a [`Worker`](super::Worker) have in common.
pub(super) struct RowSettings<T> {
    pub(super) client: Client,
    pub(super) each: Option<EachFn<T>>,
    pub(super) budgets: Vec<Budget>,
    pub(super) journal: Option<Journal>,
    pub(super) failed_rows: FailedRows,
    pub(super) rereads: bool,
    pub(super) row_retries: u32,
    /// The number of rows in flight, if it is set.
    pub(super) concurrency: Option<usize>,
    pub(super) max_failures: Option<u64>,
}

impl<T> RowSettings<T> {
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
            max_failures: None,
        }
    }

    /// Returns the number of rows in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.concurrency.unwrap_or(CONCURRENCY)
    }

    /// Returns what the rows share, with the journal once it is open. `quoted_rows` is of how many rows the
    /// quotes are kept.
    pub(super) fn share(&self, journal: Option<OpenJournal>, quoted_rows: usize) -> Shared<T> {
        Shared {
            client: self.client.clone(),
            each: self.each.clone(),
            budgets: self.budgets.clone(),
            journal,
            failed_rows: self.failed_rows,
            rereads: self.rereads,
            retries: self.row_retries,
            keys: Keys::default(),
            schema: Mutex::default(),
            quoted_rows: AtomicUsize::new(quoted_rows),
        }
    }
}

impl<T> Clone for RowSettings<T> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            each: self.each.clone(),
            budgets: self.budgets.clone(),
            journal: self.journal.clone(),
            ..*self
        }
    }
}

/// The settings of a run.
pub(super) struct RunSettings<T> {
    pub(super) rows: RowSettings<T>,
    /// Whether the rows wait for batches of the provider.
    pub(super) is_batched: bool,
    pub(super) is_ordered: bool,
    pub(super) report_rows: usize,
    pub(super) on_progress: Option<ProgressFn>,
    #[cfg(feature = "progress")]
    pub(super) bar: Option<Bar>,
}

impl<T> RunSettings<T> {
    pub(super) fn new(client: Client) -> Self {
        Self {
            rows: RowSettings::new(client),
            is_batched: false,
            is_ordered: false,
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
        extraction(&self.rows.client, &self.rows.budgets, self.rows.each.as_ref(), input)
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
