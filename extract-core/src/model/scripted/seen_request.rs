//! The requests that a scripted model received.

use serde_json::Value;

use crate::conversation::{Request, Role};

/// A request that a [`Scripted`](super::Scripted) model received.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SeenRequest {
    /// The number of the request, from 1.
    pub number: usize,
    /// The request.
    pub request: Request,
    /// The body as it would be sent to the provider that the script plays; by default, to OpenAI.
    pub body: Value,
    /// Whether the reply was asked for as a stream.
    pub streamed: bool,
}

impl SeenRequest {
    /// Returns the text of the last message that is not the model's own: the input, or the feedback on a
    /// rejected answer. Empty if there is none.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::Client;
    /// # use serde_json::json;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let model = Scripted::new([reply::tool(json!({"value": 700})), reply::tool(json!({"value": 7}))]);
    /// let n: u8 = Client::with_model(model.clone()).extract("Seven.").await?;
    ///
    /// assert_eq!(n, 7);
    /// assert!(model.seen()[0].text().contains("Seven."));
    /// assert!(model.seen()[1].text().contains("700"));
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    pub fn text(&self) -> String {
        let mut messages = self.request.messages.iter().rev();
        messages
            .find(|message| message.role != Role::Assistant)
            .map(|message| {
                let results = message.parts.iter().filter_map(|part| match part {
                    crate::conversation::Part::ToolResult(result) => Some(&*result.content),
                    part => part.as_text(),
                });
                results.collect::<Vec<_>>().join("\n")
            })
            .unwrap_or_default()
    }
}
