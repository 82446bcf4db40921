//! The value itself while it arrives, typed, with every field as far as it came.

use std::sync::Arc;

use futures_util::stream::{self, Stream};
use serde::Serialize;
use serde_json::Value;

use super::answer_block::AnswerBlock;
use super::extraction_stream::ExtractionStream;
use super::view::View;
use super::view::sealed::Observer;
use crate::contract::Extract;
use crate::conversation::Delta;
use crate::extraction::builder::Extraction;
use crate::extraction::channel::{AttemptStarted, StreamEvent};
use crate::extraction::error::Error;
use crate::partial::Live;
use crate::partial::Partial;

/// The [`View`] of [`Extraction::stream`]: the value so far.
#[derive(Debug)]
pub struct Partials<T> {
    live: Option<Live<T>>,
    block: AnswerBlock,
}

impl<T: Extract> Partials<T> {
    fn begin(&mut self, attempt: AttemptStarted) {
        self.block = AnswerBlock::of(&attempt);
        match &mut self.live {
            // What is shown of the rest stands, and the parts are shown when they are right.
            Some(_) if attempt.is_parts => {}
            Some(live) => live.begin(attempt.form),
            None => self.live = Some(Live::new(Arc::clone(&attempt.contract), attempt.form)),
        }
    }

    fn handle_delta(&mut self, delta: &Delta) {
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
            (StreamEvent::Settled { value }, Some(live)) => live.settle(&value),
            (StreamEvent::Settled { .. }, None) => {}
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

impl<T: Extract> Extraction<T> {
    /// Streams the value while the model writes it: [`next`](ExtractionStream::next) lends it with
    /// every field as far as it came, whenever something has changed.
    /// [`finish`](ExtractionStream::finish) gives the checked value.
    ///
    /// What has arrived of several pieces is shown at once where the caller is slower than the
    /// model. A later attempt starts over: see [`attempt`](ExtractionStream::attempt).
    ///
    /// ```
    /// # use extract_llm::{Client, Error, model::{Scripted, scripted::reply}};
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
        ExtractionStream::begin(self, Partials { live: None, block: AnswerBlock::default() })
    }
}

/// What a page, or another service, is told of a value that arrives: one event of
/// [`into_updates`](ExtractionStream::into_updates), which serialises as an object with `event`.
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
    /// The value so far. In a later attempt it starts over.
    Partial {
        /// From 1.
        attempt: u32,
        /// What has come of it.
        value: Value,
    },
    /// The checked value; the last update.
    Value {
        /// It.
        value: Value,
    },
    /// There will be no value; the last update.
    Failed {
        /// Why, in words.
        message: String,
        /// Whether the same call may well succeed later.
        retryable: bool,
    },
}

impl<T: Extract> ExtractionStream<T, Partials<T>> {
    /// The stream as updates that can be handed on, over server-sent events or a WebSocket: the value
    /// so far whenever it changed, then the checked value or the failure. Dropping it closes the
    /// connection to the model.
    ///
    /// The reply is read when the stream is polled: who does not poll it stops the reading.
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
            // What was accepted is what is shown last.
            let last = stream.view.show().map(Partial::json).unwrap_or_default();
            let update = match stream.finish().await {
                Ok(_) => Update::Value { value: last },
                Err(error) => failed(&error),
            };
            Some((update, None))
        }))
    }
}

fn failed(error: &Error) -> Update {
    Update::Failed { message: error.to_string(), retryable: error.is_retryable() }
}
