//! The methods of [`Extraction`] that take tools.

use serde::Serialize;

use super::{OfferedTool, ToolError, ToolFn};
use crate::contract::{Extract, UserTool};
use crate::extraction::builder::Extraction;

/// # Tools
///
/// Functions that the model may call before it gives the value. The loop runs them, sends their results
/// back and asks again, until the model gives the value.
impl<T> Extraction<T> {
    /// Adds a tool: an `async` closure, or an `async fn`, of one argument. The argument's type is the schema
    /// of the tool, and its doc comment is the description that the model reads.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use serde_json::json;
    /// use extract_llm::{Client, Extract, ToolError};
    ///
    /// /// Looks up how many of an article are in stock.
    /// #[derive(Debug, Extract)]
    /// struct StockQuery {
    ///     article: String,
    /// }
    ///
    /// # #[derive(Clone)] struct Database;
    /// # impl Database { async fn stock(&self, _: &str) -> Result<Option<u32>, std::io::Error> { Ok(Some(7)) } }
    /// # let database = Database;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::call("stock", json!({"article": "chair"})), reply::tool(json!({"value": 7})),
    /// # ]));
    /// let chairs: u32 = client
    ///     .extract("How many chairs are in stock?")
    ///     .tool("stock", async move |query: StockQuery| {
    ///         let stock = database.stock(&query.article).await?; // an error ends the extraction
    ///         stock.ok_or_else(|| ToolError::tell("there is no such article"))
    ///     })
    ///     .max_steps(5)
    ///     .await?;
    /// assert_eq!(chairs, 7);
    /// # Ok::<(), extract_llm::Error>(()) }).unwrap();
    /// ```
    ///
    /// The name is cleaned to the characters that every provider accepts: `[A-Za-z0-9_-]{1,64}`.
    ///
    /// # Arguments and results
    ///
    /// Arguments are read, repaired and checked as a value is, by the schema, the type and its validators.
    /// Calls with invalid arguments are not run: the model is asked again, within
    /// [`validation_retries`](Self::validation_retries), and all calls of that reply are made again. The
    /// result is sent as JSON, a string as plain text. It has at most [`MAX_TOOL_RESULT`](super::MAX_TOOL_RESULT) bytes.
    ///
    /// # Errors of a tool
    ///
    /// [`ToolError::tell`] sends a text to the model, which may call again or answer without the result.
    /// [`ToolError::stop`] ends the extraction with
    /// [`ErrorKind::Tool`](crate::extraction::ErrorKind::Tool); `?` does the same with any error. A panic is
    /// not caught: it unwinds the task that awaits the extraction.
    ///
    /// # Order and limits
    ///
    /// The calls of one reply run side by side, at most 16 at a time, in the task that awaits the extraction.
    /// Their results are sent in the order of the calls. [`max_steps`](Self::max_steps) limits the replies
    /// with calls. Budgets, re-asks and the [`deadline`](Self::deadline) hold for all steps together; a
    /// deadline cuts off running tools too. Without one, a tool has no limit of time. The ledger lists the
    /// calls in [`tool_runs`](crate::extraction::Ledger::tool_runs). Requests that a tool makes itself are not in it.
    ///
    /// Streams show the replies with the value only. With a [`cache`](Self::cache), replies may come from it,
    /// but tools always run. Another model that takes over gets the calls and results so far.
    ///
    /// # Captures
    ///
    /// The closure owns its captures (`async move`) and is cloned for each call. Captures must therefore be
    /// `Clone`: a pool, a client, an `Arc`. The future must be `Send`.
    pub fn tool<Q, R, F>(self, name: &str, run: F) -> Self
    where
        Q: Extract,
        R: Serialize + 'static,
        // The first bound lets the compiler infer the closure's types; the second one requires `Send`.
        F: AsyncFnOnce(Q) -> Result<R, ToolError>,
        F: ToolFn<Q, R> + Clone + Send + Sync + 'static,
    {
        let tool = UserTool::of::<Q>().map(|tool| tool.named(name));
        self.with_tool(tool.map(|tool| OfferedTool::running(tool, run)))
    }

    /// Adds a tool with a name, a description and a schema of its own: see [`tool`](Self::tool). Use it for a
    /// schema that is known only at run time, with [`serde_json::Value`] as the argument. An argument that
    /// fits the tool's schema must still deserialize as `Q`.
    ///
    /// ```
    /// # use extract_llm::scripted::{Scripted, reply};
    /// # use extract_llm::{Client, Error};
    /// use extract_llm::UserTool;
    /// use serde_json::{Value, json};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let client = Client::with_model(Scripted::new([
    /// #     reply::call("convert", json!({"euros": 2})), reply::tool(json!({"value": 2.5})),
    /// # ]));
    /// let schema = json!({
    ///     "type": "object", "properties": {"euros": {"type": "number"}}, "required": ["euros"],
    /// });
    /// let convert = UserTool::new("convert", schema)?.description("Converts euros to dollars.");
    /// let dollars: f64 = client
    ///     .extract("How many dollars are 2 euros?")
    ///     .tool_with(convert, async |query: Value| Ok(query["euros"].as_f64().unwrap_or_default() * 1.25))
    ///     .await?;
    /// assert_eq!(dollars, 2.5);
    /// # Ok::<(), Error>(()) }).unwrap();
    /// ```
    pub fn tool_with<Q, R, F>(self, tool: UserTool, run: F) -> Self
    where
        Q: Extract,
        R: Serialize + 'static,
        F: AsyncFnOnce(Q) -> Result<R, ToolError>,
        F: ToolFn<Q, R> + Clone + Send + Sync + 'static,
    {
        self.with_tool(Ok(OfferedTool::running(tool, run)))
    }
}
