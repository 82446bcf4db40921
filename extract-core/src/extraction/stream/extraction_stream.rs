//! [`ExtractionStream`]: an extraction under way, presented through a [`View`].

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::view::View;
use crate::contract::{Extract, Problems};
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{EventChannel, StreamEvent};
use crate::extraction::driver;
use crate::extraction::error::{Error, InputError};
use crate::extraction::layout::Layout;
use crate::extraction::ledger::Report;
use crate::extraction::limit::Limit;

/// An extraction under way, looked at through a [`View`].
///
/// [`next`](Self::next) shows what is new; after the last of it, [`finish`](Self::finish) gives the
/// checked value. A reply that was refused, filtered, cut off or broken is an error here as it is
/// elsewhere: what was shown before is never taken for a value.
#[must_use = "nothing is sent until the stream is asked for something"]
pub struct ExtractionStream<T, V> {
    run: Run<T>,
    channel: EventChannel,
    pub(super) view: V,
    attempt: u32,
}

enum Run<T> {
    Going(BoxFuture<'static, Result<Report<T>, Error>>),
    Ended(Box<Result<Report<T>, Error>>),
    /// What it ended with was given out.
    Given,
}

impl<T, V> fmt::Debug for ExtractionStream<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractionStream").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl<T: Extract, V: View> ExtractionStream<T, V> {
    pub(super) fn begin(mut extraction: Extraction<T>, mut view: V) -> Self {
        let line = EventChannel::new();
        // One call is followed as it arrives; of several, the value is made when all are there.
        if extraction.options.layout == Layout::Auto {
            extraction.options.layout = Layout::Whole;
        }
        let run = match extraction.into_task() {
            Ok(mut task) => match view.prepare(&task.contract) {
                Ok(()) => {
                    task.channel = Some(line.clone());
                    Run::Going(Box::pin(async { Ok(driver::run(task).await?.report) }))
                }
                Err(error) => Run::Ended(Box::new(Err(error))),
            },
            Err(error) => Run::Ended(Box::new(Err(error))),
        };
        Self { run, channel: line, view, attempt: 0 }
    }

    /// Waits for something new and shows it. `None` when nothing more will come; an error is given
    /// once, and is the end.
    ///
    /// Dropping the future loses nothing: what arrives meanwhile is shown by the next call.
    pub async fn next(&mut self) -> Option<Result<V::Item<'_>, Error>> {
        // The timeouts of the stream count the time in which this future is there.
        let _waiting = self.channel.listen();
        match poll_fn(|context| self.poll_update(context)).await? {
            Ok(()) => self.view.show().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    pub(super) fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<V::Item<'_>, Error>>> {
        self.poll_update(context).map(|news| match news? {
            Ok(()) => self.view.show().map(Ok),
            Err(error) => Some(Err(error)),
        })
    }

    /// Which attempt the reply is of that is arriving, from 1; 0 before there is one. A new attempt
    /// means that what is shown starts over.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The checked value, after whatever has not arrived yet. What comes meanwhile is neither kept
    /// nor looked at.
    pub async fn finish(self) -> Result<T, Error> {
        Ok(self.report().await?.value)
    }

    /// [`finish`](Self::finish) with everything that happened on the way.
    pub async fn report(self) -> Result<Report<T>, Error> {
        let Self { run, channel: line, mut view, .. } = self;
        line.close(view.needs_settled_value());
        let _waiting = line.listen();
        let mut report = match run {
            Run::Going(future) => future.await,
            Run::Ended(result) => *result,
            Run::Given => Err(InputError::Ended.into()),
        }?;
        while let Some(event) = line.next_event() {
            view.handle(event);
        }
        report.withdraw(view.withdrawn());
        Ok(report)
    }

    fn poll_update(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        loop {
            while let Some(event) = self.channel.next_event() {
                if let StreamEvent::AttemptStarted(began) = &event {
                    self.attempt = began.attempt;
                }
                self.view.handle(event);
            }
            if self.view.has_update() {
                return Poll::Ready(Some(Ok(())));
            }
            if let Some(problems) = self.view.stop_problems() {
                match std::mem::replace(&mut self.run, Run::Given) {
                    Run::Ended(result) => {
                        return Poll::Ready(Some(Err(cannot_show(*result, problems))));
                    }
                    going => self.run = going,
                }
                self.channel.stop(problems);
            }
            match &mut self.run {
                Run::Going(future) => match future.as_mut().poll(context) {
                    Poll::Ready(result) => self.run = Run::Ended(Box::new(result)),
                    Poll::Pending if self.channel.is_empty() => return Poll::Pending,
                    Poll::Pending => {}
                },
                Run::Ended(result) if result.is_ok() => return Poll::Ready(None),
                Run::Ended(_) => {
                    let Run::Ended(result) = std::mem::replace(&mut self.run, Run::Given) else {
                        unreachable!("it was seen above")
                    };
                    return Poll::Ready(result.err().map(Err));
                }
                Run::Given => return Poll::Ready(None),
            }
        }
    }
}

/// There is a value, and what it holds cannot be shown.
fn cannot_show<T>(result: Result<Report<T>, Error>, problems: Problems) -> Error {
    result.map_or_else(
        |error| error,
        |report| Error::Invalid {
            problems,
            best: None,
            limit: Limit::BadItem,
            ledger: Box::new(report.into_ledger()),
        },
    )
}
