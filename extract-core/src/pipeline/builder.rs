//! The methods that set a run or a worker up. A setting of both is defined once, in the table below.

use std::sync::Arc;

#[cfg(feature = "progress")]
use super::bar::Bar;
use super::journal::Journal;
use super::progress::Progress;
use super::row::FailedRows;
use super::run::Run;
use super::worker::Worker;
use crate::extraction::{Budget, Extraction};

macro_rules! row_settings {
    ($(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty)?) |$rows:ident| $set:expr;
    )*) => {
        /// # Settings
        ///
        /// They are made before the first row is awaited.
        impl<T, K> Run<T, K> {
            $(
                $(#[$doc])*
                pub fn $name(mut self $(, $argument: $type)?) -> Self {
                    let $rows = &mut self.settings.rows;
                    $set;
                    self
                }
            )*
        }

        /// # Settings
        ///
        /// They are those of a [`Run`]. Make them before the worker is cloned: a setting makes a new worker,
        /// which shares nothing with the clones.
        impl<T> Worker<T> {
            $(
                $(#[$doc])*
                pub fn $name(mut self $(, $argument: $type)?) -> Self {
                    let $rows = self.change();
                    $set;
                    self
                }
            )*
        }
    };
}

row_settings! {
    /// Changes the extraction of each row: all settings of a single [`Extraction`] can be made, with its
    /// checks and examples. Default: the settings of the client. A second call replaces the first.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// # let client = Client::with_model(Scripted::new([]));
    /// # let texts = [("a", "There were seven.")];
    /// let run = client.extract_many::<u8, _>(texts).each(|row| {
    ///     row.system("Count the persons.")
    ///         .max_tokens(50)
    ///         .validate(|n, _| if *n < 100 { Ok(()) } else { Err("less than 100") })
    /// });
    /// ```
    fn each(change: impl Fn(Extraction<T>) -> Extraction<T> + Send + Sync + 'static) |rows| {
        rows.each = Some(Arc::new(change));
    };

    /// Sets how many rows are in flight at most. The default is 256; 0 counts as 1. It includes rows that wait
    /// in the [limits](crate::model::Limits) of the client, which decide how many requests are sent.
    fn concurrency(number: usize) |rows| rows.concurrency = Some(number.max(1));

    /// Adds a budget that all rows share. A row that does not fit stops the run with
    /// [`RunError::Budget`](super::RunError::Budget). As each request reserves the most that it may use, the
    /// budget is not passed. Default: the budgets of the client.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// use extract_llm::extraction::Budget;
    /// # use extract_llm::Client;
    /// use extract_llm::Usd;
    /// # let client = Client::with_model(Scripted::new([]));
    /// # let texts = [("a", "There were seven.")];
    /// let run = client
    ///     .extract_many::<u8, _>(texts)
    ///     .journal("run.jsonl") // a later run goes on behind the rows of this one
    ///     .budget(Budget::from(Usd(5.0)).named("this night"));
    /// ```
    fn budget(budget: impl Into<Budget>) |rows| rows.budgets.push(budget.into());

    /// Keeps the rows that ended in a file, so that a later run goes on behind them: see [`Journal`]. Default:
    /// no journal.
    fn journal(journal: impl Into<Journal>) |rows| rows.journal = Some(journal.into());

    /// Sets what happens to rows that failed in an earlier run. The default is [`FailedRows::Keep`]. A worker
    /// takes [`FailedRows::Only`] as [`FailedRows::AskAgain`]: it passes over no row.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// use extract_llm::pipeline::FailedRows;
    /// # let client = Client::with_model(Scripted::new([]));
    /// # let texts = [("a", "There were seven.")];
    /// let run = client.extract_many::<u8, _>(texts).journal("run.jsonl").failed_rows(FailedRows::Only);
    /// ```
    fn failed_rows(which: FailedRows) |rows| rows.failed_rows = which;

    /// Reads the replies in the journal again, in place of the values: with a new version of this crate, or
    /// after a rule has changed. A row without a [kept reply](Journal::keep_replies) keeps its value. A reply
    /// that does not pass the checks any more is asked for again. The default is to take the values.
    fn reread() |rows| rows.rereads = true;

    /// Sets how often a row is asked again that failed for a passing reason, such as an overloaded server or a
    /// deadline. It waits behind the other rows, for at least 1, 2, 4, … seconds and at most 60. The default is
    /// 2. Transport retries and the waits in the limits come before it.
    fn row_retries(retries: u32) |rows| rows.row_retries = retries;

    /// Stops the run with [`RunError::TooManyFailures`](super::RunError::TooManyFailures) when more than this
    /// number of rows have failed. The default is no limit.
    fn max_failures(number: u64) |rows| rows.max_failures = Some(number);
}

/// # Order, report and progress
impl<T, K> Run<T, K> {
    /// Returns the rows in the order of the source. The default is the order in which they end: a slow row
    /// holds up nothing. In order, at most four times [`concurrency`](Self::concurrency) rows wait for an
    /// earlier one.
    pub fn in_order(mut self) -> Self {
        self.settings.is_ordered = true;
        self
    }

    /// Sets of how many rows the input and the quotes are kept for the report. The default is 100. The first
    /// 200 rows that failed are kept besides.
    pub fn report_rows(mut self, rows: usize) -> Self {
        self.settings.report_rows = rows;
        self
    }

    /// Calls a function with the progress: when a row ends, at most twice a second, and at the end. It must not
    /// block. A second call replaces the first. The same comes as an event of `tracing`.
    ///
    /// ```
    /// # use extract_llm::scripted::Scripted;
    /// # use extract_llm::Client;
    /// # let client = Client::with_model(Scripted::new([]));
    /// # let texts = [("a", "There were seven.")];
    /// let run = client.extract_many::<u8, _>(texts).on_progress(|progress| println!("{progress}"));
    /// ```
    pub fn on_progress(mut self, report: impl FnMut(&Progress) + Send + 'static) -> Self {
        self.settings.on_progress = Some(Box::new(report));
        self
    }

    /// Shows a bar on the terminal, on stderr: rows, failures, rows and tokens in a second, the cost so far and
    /// at the end, and the time that is left. Without a terminal nothing is shown.
    #[cfg(feature = "progress")]
    #[cfg_attr(docsrs, doc(cfg(feature = "progress")))]
    pub fn progress_bar(mut self) -> Self {
        self.settings.bar = Some(Bar::default());
        self
    }
}
