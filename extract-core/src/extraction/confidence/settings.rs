//! The settings about confidence, and the confidence of a report.

use super::{Confidence, Doubt};
use crate::extraction::builder::Extraction;
use crate::extraction::client::ClientBuilder;
use crate::extraction::ledger::Report;
use crate::extraction::settings::settings;

settings! {
    "# Confidence\n\nHow sure the model was of each field.";

    /// Asks for the log-probabilities of the reply's tokens, from which the [confidence](Report::confidence) of
    /// each field is computed. Default: false, or true with [`doubt_below`](Self::doubt_below).
    ///
    /// Tokens of tool calls have none, so [`Mode::Auto`](crate::conversation::Mode::Auto) then asks in JSON or text.
    /// If the model gives no log-probabilities, as while it thinks, the ledger notes why, and the confidence is unknown.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let body = json!({"choices": [{
    /// #     "message": {"role": "assistant", "content": "{\"value\":119}"}, "finish_reason": "stop",
    /// #     "logprobs": {"content": [
    /// #         {"token": "{\"value\":", "logprob": 0.0}, {"token": "119", "logprob": -0.105},
    /// #         {"token": "}", "logprob": 0.0},
    /// #     ]},
    /// # }]});
    /// # let client = Client::with_model(Scripted::new([reply::body(body)]));
    /// let done = client.extract::<u32>("Total: 119").confidence(true).report().await?;
    /// let confidence = done.confidence("").unwrap();
    /// assert_eq!(done.value, 119);
    /// assert!((confidence.mean - 0.9).abs() < 0.001);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    fn confidence(ask: bool) |it| it.options.confidence = Some(ask);

    /// Marks the fields whose [mean confidence](Confidence::mean) is smaller than this number, from 0 to 1, and
    /// asks for [confidence](Self::confidence). The ledger has them in
    /// [`doubts`](crate::extraction::Ledger::doubts), a row of a run in [`Row::doubts`](crate::pipeline::Row::doubts). Default: none is marked. A field whose
    /// confidence is unknown is not marked. The value is accepted all the same. A limit that is no number fails
    /// with [`InputError::NotFinite`](crate::extraction::InputError::NotFinite).
    ///
    /// With [`agree`](Extraction::agree), the marked fields are those with a smaller share:
    /// [`Agreement::doubts`](crate::extraction::Agreement::doubts).
    ///
    /// ```no_run
    /// # use extract_llm::{Client, Extract};
    /// # #[derive(Debug, Extract)] struct Invoice { total: f64 }
    /// # async fn run(client: Client, texts: Vec<String>) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut run = client
    ///     .extract_many::<Invoice, _>(texts.into_iter().enumerate())
    ///     .each(|row| row.doubt_below(0.8));
    /// while let Some(row) = run.next().await {
    ///     let row = row?;
    ///     for doubt in row.doubts() {
    ///         println!("row {}: look at {}", row.id, doubt.pointer);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    fn doubt_below(limit: f64) |it| it.options.doubt_below = Some(limit);
}

impl<T> Report<T> {
    /// Returns the confidence of the value at a JSON pointer; the empty pointer is the whole value. An object or
    /// a list has the mean over all tokens of its values, and the least of them.
    ///
    /// `None` if there is no such value, if [`confidence`](crate::Extraction::confidence) was not set, or if the
    /// confidence of the value, or of any value inside it, is unknown.
    pub fn confidence(&self, pointer: &str) -> Option<Confidence> {
        self.ledger.confidences.get(pointer)
    }

    /// Returns the fields whose confidence is below the limit of
    /// [`doubt_below`](crate::Extraction::doubt_below), the least sure first.
    pub fn doubts(&self) -> &[Doubt] {
        &self.ledger.doubts
    }
}
