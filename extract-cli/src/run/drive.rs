//! [`Drive`]: takes the rows of a run as they end, and writes them with those that have no text.

use std::collections::VecDeque;

use crate::error::CliError;
use crate::exit::Exit;
use crate::input::{BadRow, Fed};
use crate::output::{Output, OutputRow};
use crate::signals::{self, Signals};
use extract_llm::pipeline::{Origin, Summary};

use super::any_run::AnyRun;

/// A run with its input and its output.
pub(super) struct Drive {
    run: AnyRun,
    fed: Fed,
    output: Output,
    is_ordered: bool,
    max_failures: Option<u64>,
    signals: Signals,
    /// Rows without a text that wait for an earlier row.
    held: VecDeque<BadRow>,
    /// The rows without a text.
    bad: u64,
    failed: u64,
    /// The rows that failed in this run.
    new_failures: u64,
    /// The first error of the run itself.
    error: Option<CliError>,
}

/// The end of a run.
pub(super) struct Ended {
    pub(super) exit: Result<Exit, CliError>,
    pub(super) summary: Summary,
    /// Sentences that the summary does not have.
    pub(super) notes: Vec<String>,
}

impl Drive {
    pub(super) fn new(
        run: AnyRun,
        fed: Fed,
        output: Output,
        is_ordered: bool,
        max_failures: Option<u64>,
        is_quiet: bool,
    ) -> Result<Self, CliError> {
        let signals = signals::watch(run.stopper(), run.on_signal(), is_quiet)?;
        Ok(Self {
            run,
            fed,
            output,
            is_ordered,
            max_failures,
            signals,
            held: VecDeque::new(),
            bad: 0,
            failed: 0,
            new_failures: 0,
            error: None,
        })
    }

    /// Runs all rows. Once it is stopped, the rows in flight end and are written.
    pub(super) async fn run(mut self) -> Ended {
        loop {
            tokio::select! {
                biased;
                // The batches go on without this command.
                () = self.signals.stopped(), if self.run.is_in_batches() => break,
                Some(bad) = self.fed.bad.recv() => self.take_bad(bad),
                row = self.run.next() => match row {
                    Some(Ok(row)) => {
                        self.write_held(row.id.position);
                        let row = OutputRow::of(row);
                        self.write(row);
                    }
                    Some(Err(error)) => self.stop_with(error.into()),
                    None => break,
                },
            }
        }
        while let Ok(bad) = self.fed.bad.try_recv() {
            self.take_bad(bad);
        }
        self.write_held(u64::MAX);
        self.end()
    }

    /// Takes a row without a text. With the rows in order, it waits for those before it.
    fn take_bad(&mut self, bad: BadRow) {
        self.bad += 1;
        if self.is_ordered {
            self.held.push_back(bad);
        } else {
            self.write(OutputRow::of_bad(bad));
        }
    }

    /// Writes the rows without a text that come before a position.
    fn write_held(&mut self, position: u64) {
        while self.held.front().is_some_and(|bad| bad.id.position < position) {
            if let Some(bad) = self.held.pop_front() {
                self.write(OutputRow::of_bad(bad));
            }
        }
    }

    fn write(&mut self, row: OutputRow) {
        let misfits = self.output.misfits();
        // A failure of an earlier run stops nothing.
        let is_new = row.ledger.as_ref().is_none_or(|ledger| ledger.origin != Origin::Journal);
        let failure = row.result.as_ref().err().map(|failure| failure.message.clone());
        if let Err(error) = self.output.write(row) {
            self.stop_with(error);
        }
        if self.output.is_closed() {
            self.run.stopper().stop();
        }
        self.failed += self.output.misfits() - misfits;
        let Some(last) = failure else { return };
        self.failed += 1;
        self.new_failures += u64::from(is_new);
        let failed = self.new_failures;
        if let Some(most) = self.max_failures.filter(|most| is_new && failed > *most) {
            self.stop_with(CliError::TooManyFailures { failed, most, last });
        }
    }

    /// Stops the run with an error, unless another one has stopped it.
    fn stop_with(&mut self, error: CliError) {
        self.error.get_or_insert(error);
        self.run.stopper().stop();
    }

    fn end(mut self) -> Ended {
        if let Some(error) = self.fed.take_failure() {
            self.stop_with(error);
        }
        if let Err(error) = self.output.finish(self.error.is_some()) {
            self.stop_with(error);
        }
        let mut notes = Vec::new();
        if self.bad > 0 {
            notes.push(format!("{} rows of the input have no text and failed", self.bad));
        }
        if self.output.misfits() > 0 {
            let misfits = self.output.misfits();
            notes.push(format!("{misfits} values do not fit the columns of the output and failed"));
        }
        notes.extend(self.output.note());
        notes.extend(self.run.notes());
        let summary = self.run.summary();
        let exit = match self.error {
            Some(error) => Err(error),
            None if self.signals.have_stopped() => Ok(Exit::Stopped),
            None if self.output.is_closed() => Ok(Exit::Done),
            None if self.run.is_in_batches() && summary.passed_over > 0 => Ok(Exit::SomeRowsWait),
            None if self.failed > 0 => Ok(Exit::SomeRowsFailed),
            None => Ok(Exit::Done),
        };
        Ended { exit, summary, notes }
    }
}
