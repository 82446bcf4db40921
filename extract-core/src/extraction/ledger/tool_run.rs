//! [`ToolRun`]: a call that the loop made of a tool.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::seconds;

/// A call of a tool that the loop made: see [`Extraction::tool`](crate::Extraction::tool). Its `Display` is one
/// line for a log.
///
/// ```
/// use extract_llm::extraction::ToolOutcome;
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::Client;
/// use serde_json::json;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let client = Client::with_model(Scripted::new([
///     reply::call("double", json!({"value": 3})), reply::tool(json!({"value": 6})),
/// ]));
/// let done = client.extract::<u32>("Twice 3?").tool("double", async |n: u32| Ok(n * 2)).report().await?;
/// let run = &done.ledger.tool_runs[0];
/// assert_eq!((run.attempt, run.name.as_str(), run.result.as_str()), (1, "double", "6"));
/// assert_eq!(run.outcome, ToolOutcome::Answered);
/// # Ok::<(), extract_llm::Error>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolRun {
    /// The number of the attempt whose reply has the call.
    pub attempt: u32,
    /// The tool's name.
    pub name: String,
    /// The arguments, in the shape of the tool's type.
    pub arguments: Value,
    /// The outcome.
    pub outcome: ToolOutcome,
    /// The text of the result or of the error. Empty if the call was cancelled.
    #[serde(default)]
    pub result: String,
    /// The time that the call took; 0 if it was cancelled.
    #[serde(with = "seconds")]
    pub latency: Duration,
}

/// The outcome of a [`ToolRun`].
///
/// ```
/// use extract_llm::extraction::ToolOutcome;
///
/// assert_eq!(ToolOutcome::Told.to_string(), "told the model an error");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ToolOutcome {
    /// The result was sent to the model.
    Answered,
    /// The model was sent the text of an error.
    Told,
    /// The tool ended the extraction.
    Failed,
    /// The call did not end: the deadline passed, or another call ended the extraction.
    Cancelled,
}

impl fmt::Display for ToolOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Told => "told the model an error",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        })
    }
}

impl fmt::Display for ToolRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { attempt, name, outcome, latency, .. } = self;
        write!(f, "tool `{name}` for attempt {attempt}: {outcome} after {latency:.1?}")
    }
}
