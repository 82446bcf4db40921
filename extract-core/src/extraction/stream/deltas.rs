//! The deltas of a reply: text, reasoning, the arguments of calls.

use std::collections::VecDeque;

use super::extraction_stream::ExtractionStream;
use super::view::View;
use super::view::sealed::Observer;
use crate::contract::Extract;
use crate::conversation::Delta;
use crate::extraction::builder::Extraction;
use crate::extraction::channel::StreamEvent;

/// The [`View`] of [`Extraction::deltas`].
#[derive(Debug, Default)]
pub struct Deltas(VecDeque<Delta>);

impl Observer for Deltas {
    fn handle(&mut self, event: StreamEvent) {
        if let StreamEvent::Delta(delta) = event {
            self.0.push_back(delta);
        }
    }

    fn has_update(&mut self) -> bool {
        !self.0.is_empty()
    }
}

impl View for Deltas {
    type Item<'a> = Delta;

    fn show(&mut self) -> Option<Delta> {
        self.0.pop_front()
    }
}

impl<T: Extract> Extraction<T> {
    /// Streams the deltas of the reply: text, reasoning, the arguments of calls.
    /// [`finish`](ExtractionStream::finish) returns the checked value.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// use extract_llm::conversation::Delta;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([reply::tool(json!({"value": [1, 2]}))]));
    /// let mut deltas = client.extract::<Vec<u8>>("one, two").deltas();
    /// while let Some(delta) = deltas.next().await {
    ///     match delta? {
    ///         Delta::Arguments { fragment, .. } => print!("{fragment}"),
    ///         Delta::Reasoning(thought) => eprint!("{thought}"),
    ///         _ => {}
    ///     }
    /// }
    /// assert_eq!(deltas.finish().await?, [1, 2]);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn deltas(self) -> ExtractionStream<T, Deltas> {
        ExtractionStream::begin(self, Deltas::default())
    }
}
