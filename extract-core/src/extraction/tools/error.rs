//! [`ToolError`]: the error that a tool returns. [`ToolFailure`]: the reason why a tool ended the extraction.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::contract::CheckFailure;

/// The error of a tool: either a text for the model, or the end of the extraction.
///
/// `?` converts any error to one that ends the extraction, because a model can seldom mend it. A text for the
/// model is made with [`tell`](Self::tell). Like `anyhow::Error`, this type does not implement
/// [`std::error::Error`] itself.
///
/// ```
/// use extract_llm::ToolError;
///
/// async fn stock(article: &str) -> Result<u32, ToolError> {
///     let table = std::fs::read_to_string("/stock.csv")?; // ends the extraction
///     let line = table.lines().find(|line| line.starts_with(article));
///     let line = line.ok_or_else(|| ToolError::tell(format!("there is no article {article:?}")))?;
///     let count = line.rsplit(',').next().unwrap_or_default();
///     count.trim().parse().map_err(|_| ToolError::stop("the stock is no number"))
/// }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ToolError {
    /// The text that the model gets as the result of the call, marked as an error.
    Tell(String),
    /// The error that ends the extraction with [`ErrorKind::Tool`](crate::extraction::ErrorKind::Tool).
    Stop(Arc<dyn Error + Send + Sync>),
}

impl ToolError {
    /// Creates an error whose text is sent to the model, which may call again or answer without the result.
    ///
    /// ```
    /// use extract_llm::ToolError;
    ///
    /// let error = "seven".parse::<u32>().map_err(ToolError::tell).unwrap_err();
    /// assert!(matches!(error, ToolError::Tell(text) if text == "invalid digit found in string"));
    /// ```
    pub fn tell(text: impl fmt::Display) -> Self {
        Self::Tell(text.to_string())
    }

    /// Creates an error that ends the extraction, from an error of any type or from a text.
    ///
    /// ```
    /// use extract_llm::ToolError;
    ///
    /// assert_eq!(ToolError::stop("the database is down").to_string(), "the database is down");
    /// ```
    pub fn stop(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Stop(Arc::from(error.into()))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> Self {
        Self::Stop(Arc::new(error))
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tell(text) => f.write_str(text),
            Self::Stop(error) => error.fmt(f),
        }
    }
}

/// The reason why a tool ended the extraction: see [`ErrorKind::Tool`](crate::extraction::ErrorKind::Tool).
///
/// ```
/// # use extract_llm::scripted::{Scripted, reply};
/// # use serde_json::json;
/// use extract_llm::extraction::ToolFailure;
/// use extract_llm::{Client, ErrorKind, ToolError};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let client = Client::with_model(Scripted::new([reply::call("stock", json!({"value": "chair"}))]));
/// let error = client
///     .extract::<u32>("How many chairs?")
///     .tool("stock", async |_: String| Err::<u32, _>(ToolError::stop("the database is down")))
///     .await
///     .unwrap_err();
/// let ErrorKind::Tool { name, source: ToolFailure::Stopped(reason) } = error.kind() else { panic!() };
/// assert_eq!((name.as_str(), reason.to_string()), ("stock", "the database is down".to_owned()));
/// # });
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ToolFailure {
    /// The tool returned [`ToolError::Stop`]. `downcast_ref` gives the error's own type.
    #[error("{0}")]
    Stopped(#[source] Arc<dyn Error + Send + Sync>),
    /// The result, or the text of an error, is longer than
    /// [`MAX_TOOL_RESULT`](crate::extraction::MAX_TOOL_RESULT). Return less of it, such as one page.
    #[error("its result has {bytes} bytes, and at most {limit} are sent to a model")]
    TooLarge {
        /// The length of the result in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The result cannot be written as JSON.
    #[error("its result is no JSON: {0}")]
    NotJson(#[source] Arc<serde_json::Error>),
    /// A validator of the arguments failed or panicked.
    #[error("its arguments could not be checked: {0}")]
    Check(#[source] CheckFailure),
}
