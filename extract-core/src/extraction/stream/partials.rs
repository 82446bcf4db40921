//! Streams the typed value while it arrives, with each field as far as it has arrived.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::Value;

use super::answer_block::AnswerBlock;
use super::extraction_stream::ExtractionStream;
use super::list_growth::ListGrowth;
use super::view::View;
use super::view::sealed::Observer;
use crate::contract::{Contract, Extract, LoweredContract};
use crate::conversation::Delta;
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{AttemptStarted, RestStarted, StreamEvent};
use crate::extraction::error::Error;
use crate::partial::{Live, Partial};

/// The [`View`] of [`Extraction::stream`]: the value so far.
#[derive(Debug)]
pub struct Partials<T> {
    /// The value so far, once the first attempt has begun.
    live: Option<Live<T>>,
    /// The block of the reply that is followed.
    block: AnswerBlock,
    /// The contract of the value as it was sent.
    whole: Option<(Arc<Contract>, Option<Arc<LoweredContract>>)>,
    /// The value that is continued.
    kept: Value,
    /// The growth of a list that is continued.
    growth: Option<ListGrowth>,
}

impl<T: Extract> Partials<T> {
    fn new() -> Self {
        let block = AnswerBlock::default();
        Self { live: None, block, whole: None, kept: Value::Null, growth: None }
    }

    /// Handles the start of an attempt: starts the value over, unless the attempt is for parts.
    fn begin(&mut self, attempt: AttemptStarted) {
        self.block = AnswerBlock::of(&attempt);
        self.growth = None;
        if let Some(rest) = &attempt.rest {
            return self.begin_rest(&attempt, rest);
        }
        if !attempt.is_parts {
            self.whole = Some((Arc::clone(&attempt.contract), attempt.form.clone()));
        }
        match &mut self.live {
            // The value so far stays. The parts are shown once they are accepted.
            Some(_) if attempt.is_parts => {}
            Some(live) => live.begin(attempt.form),
            None => self.live = Some(Live::with_form(Arc::clone(&attempt.contract), attempt.form)),
        }
    }

    /// Handles the start of an attempt that continues a list: its elements are added to the value so far.
    fn begin_rest(&mut self, attempt: &AttemptStarted, rest: &RestStarted) {
        let (Some((contract, form)), Some(live)) = (&self.whole, &mut self.live) else { return };
        let growth = ListGrowth::of(contract, form.as_deref(), attempt, rest, &self.kept);
        if let Some((growth, open)) = growth {
            live.begin(form.clone());
            live.feed(&open);
            self.growth = Some(growth);
        }
    }

    /// Adds the text of a delta to the value.
    fn handle_delta(&mut self, delta: &Delta) {
        if let (Some(growth), Some(live)) = (&mut self.growth, &mut self.live) {
            return growth.feed(delta, |text| live.feed(text));
        }
        if let (Some(live), Some(text)) = (&mut self.live, self.block.text_of(delta)) {
            live.feed(text);
        }
    }
}

impl<T: Extract> Observer for Partials<T> {
    fn handle(&mut self, event: StreamEvent) {
        match (event, &mut self.live) {
            (StreamEvent::AttemptStarted(began), _) => self.begin(began),
            (StreamEvent::Delta(delta), _) => self.handle_delta(&delta),
            (StreamEvent::Continued { value }, Some(live)) => {
                live.settle(&value);
                self.kept = value;
            }
            (StreamEvent::Settled { value }, Some(live)) => live.settle(&value),
            (StreamEvent::Continued { .. } | StreamEvent::Settled { .. }, None) => {}
        }
    }

    fn has_update(&mut self) -> bool {
        self.live.as_mut().is_some_and(Live::take_changed)
    }
}

impl<T: Extract> View for Partials<T> {
    type Item<'a> = &'a Partial<T>;

    fn show(&mut self) -> Option<&Partial<T>> {
        self.live.as_ref().map(Live::partial)
    }
}

/// # Streams
impl<T: Extract> Extraction<T> {
    /// Streams the value while the model writes it. [`next`](ExtractionStream::next) lends the value so
    /// far whenever it has changed. [`finish`](ExtractionStream::finish) returns the checked value.
    ///
    /// If the caller is slower than the model, several deltas are shown as one update. A later attempt
    /// starts over: see [`attempt`](ExtractionStream::attempt).
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": ["tea", "milk"]}))]));
    /// let mut shown = Vec::new();
    /// let mut stream = client.extract::<Vec<String>>("tea and milk").stream();
    /// while let Some(partial) = stream.next().await {
    ///     shown.push(partial?.json().to_string());
    /// }
    /// assert_eq!(shown.last().unwrap(), r#"["tea","milk"]"#);
    /// assert_eq!(stream.finish().await?, ["tea", "milk"]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn stream(self) -> ExtractionStream<T, Partials<T>> {
        ExtractionStream::begin(self, Partials::new())
    }
}

/// An update of a value that is arriving, for a web page or another service: one item of
/// [`into_updates`](ExtractionStream::into_updates). It serializes as an object with the member `event`.
///
/// ```
/// use extract_llm::extraction::Update;
///
/// let update = Update::Value { value: serde_json::json!([1, 2]) };
/// assert_eq!(serde_json::to_string(&update)?, r#"{"event":"value","value":[1,2]}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Update {
    /// The value so far. A later attempt starts over.
    Partial {
        /// The number of the attempt, from 1.
        attempt: u32,
        /// The value so far.
        value: Value,
    },
    /// The checked value. It is the last update.
    Value {
        /// The value.
        value: Value,
    },
    /// The extraction failed. It is the last update.
    Failed {
        /// The text of the error.
        message: String,
        /// Whether the same call may succeed later.
        retryable: bool,
    },
}

impl<T: Extract> ExtractionStream<T, Partials<T>> {
    /// Converts the stream to updates that can be forwarded over server-sent events or a WebSocket: the
    /// value so far whenever it has changed, then the checked value or the failure. Dropping the stream
    /// closes the connection to the model.
    ///
    /// Back-pressure: the reply is read only when the stream is polled.
    pub fn into_updates(self) -> impl Stream<Item = Update> + Unpin {
        Box::pin(stream::unfold(Some(self), |stream| async {
            let mut stream = stream?;
            let partial = match stream.next().await {
                Some(Ok(partial)) => Some(partial.json()),
                Some(Err(error)) => return Some((failed(&error), None)),
                None => None,
            };
            if let Some(value) = partial {
                let attempt = stream.attempt();
                return Some((Update::Partial { attempt, value }, Some(stream)));
            }
            // The value shown last is the accepted one.
            let last = stream.view.show().map(Partial::json).unwrap_or_default();
            let update = match stream.finish().await {
                Ok(_) => Update::Value { value: last },
                Err(error) => failed(&error),
            };
            Some((update, None))
        }))
    }
}

/// Returns the update for an error.
fn failed(error: &Error) -> Update {
    Update::Failed { message: error.to_string(), retryable: error.is_retryable() }
}
