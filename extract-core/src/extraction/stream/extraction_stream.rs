//! [`ExtractionStream`]: a running extraction, presented through a [`View`].

use std::fmt;
use std::future::poll_fn;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

use super::view::View;
use crate::contract::{Extract, Problems};
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{EventChannel, StreamEvent};
use crate::extraction::driver;
use crate::extraction::error::{Error, ErrorKind, InputError};
use crate::extraction::layout::Layout;
use crate::extraction::ledger::Report;
use crate::extraction::limit::Limit;

/// A running extraction, presented through a [`View`].
///
/// [`next`](Self::next) returns updates as they arrive. [`finish`](Self::finish) waits for the end and
/// returns the checked value. A refusal, a content filter, a truncation or an interruption is an error,
/// in the same way as without a stream: partial output is never returned as the value.
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::{Client, Extract};
/// # use serde_json::json;
///
/// #[derive(Debug, Extract)]
/// struct Review {
///     title: String,
///     stars: u8,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::tool(json!({"title": "Good", "stars": 4}))]));
/// let mut stream = client.extract::<Review>("A good hotel, four stars.").stream();
/// while let Some(partial) = stream.next().await {
///     println!("{}", *partial?.title); // as far as it has arrived
/// }
/// let review = stream.finish().await?;
/// assert_eq!(review.stars, 4);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[must_use = "nothing is sent until the stream is asked for something"]
pub struct ExtractionStream<T, V> {
    run: Run<T>,
    channel: EventChannel,
    pub(super) view: V,
    attempt: u32,
}

/// The state of the extraction.
enum Run<T> {
    Going(BoxFuture<'static, Result<Report<T>, Error>>),
    Ended(Box<Result<Report<T>, Error>>),
    /// The result was returned.
    Returned,
}

impl<T, V> fmt::Debug for ExtractionStream<T, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExtractionStream").field("attempt", &self.attempt).finish_non_exhaustive()
    }
}

impl<T: Extract, V: View> ExtractionStream<T, V> {
    /// Starts the extraction with its view. The first poll sends the request.
    pub(super) fn begin(mut extraction: Extraction<T>, mut view: V) -> Self {
        let line = EventChannel::new();
        // One call can be followed as it arrives; several calls make a value only when all have arrived.
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

    /// Waits for an update and returns it. Returns `None` after the last one. An error is returned once,
    /// and ends the stream.
    ///
    /// Dropping the future loses nothing: the next call returns the updates that arrived in the meantime.
    pub async fn next(&mut self) -> Option<Result<V::Item<'_>, Error>> {
        // The timeouts of the stream count only the time in which this future exists.
        let _waiting = self.channel.listen();
        match poll_fn(|context| self.poll_update(context)).await? {
            Ok(()) => self.view.show().map(Ok),
            Err(error) => Some(Err(error)),
        }
    }

    /// Polls for an update: see [`next`](Self::next).
    pub(super) fn poll_item(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<V::Item<'_>, Error>>> {
        self.poll_update(context).map(|news| match news? {
            Ok(()) => self.view.show().map(Ok),
            Err(error) => Some(Err(error)),
        })
    }

    /// Returns the number of the attempt whose reply is arriving, from 1; 0 before the first one. A new
    /// attempt starts the output over.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Waits for the rest of the reply and returns the checked value. Updates that arrive in the meantime
    /// are discarded.
    ///
    /// Fails with the error of the extraction, or with [`InputError::Ended`] if it was returned before.
    pub async fn finish(self) -> Result<T, Error> {
        Ok(self.report().await?.value)
    }

    /// [`finish`](Self::finish), with the ledger and the conversation of the extraction.
    pub async fn report(self) -> Result<Report<T>, Error> {
        let Self { run, channel: line, mut view, .. } = self;
        line.close(view.needs_settled_value());
        let _waiting = line.listen();
        let mut report = match run {
            Run::Going(future) => future.await,
            Run::Ended(result) => *result,
            Run::Returned => Err(InputError::Ended.into()),
        }?;
        while let Some(event) = line.next_event() {
            view.handle(event);
        }
        report.ledger.withdraw(view.withdrawn());
        Ok(report)
    }

    /// Runs the loop and passes its events to the view, until there is an update or the end.
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
                match std::mem::replace(&mut self.run, Run::Returned) {
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
                    let Run::Ended(result) = std::mem::replace(&mut self.run, Run::Returned) else {
                        unreachable!("matched as `Run::Ended` above")
                    };
                    return Poll::Ready(result.err().map(Err));
                }
                Run::Returned => return Poll::Ready(None),
            }
        }
    }
}

/// Returns the error of an extraction whose accepted value cannot be shown.
fn cannot_show<T>(result: Result<Report<T>, Error>, problems: Problems) -> Error {
    result.map_or_else(
        |error| error,
        |report| {
            let kind = ErrorKind::Invalid { problems, limit: Limit::BadItem };
            Error::with_ledger(kind, report.ledger)
        },
    )
}
