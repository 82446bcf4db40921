//! [`CheckError`]: the reasons why a check does not pass. Either the value has problems, or the check could
//! not be made. Only problems can be corrected by the model.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Problems;

/// The error of a check that does not pass.
///
/// Problems of the value are sent to the model, which is asked again. A check that could not be made (a
/// database is down, a file is missing) ends the extraction with [`ErrorKind::Check`](crate::extraction::ErrorKind::Check),
/// since the model cannot correct that.
///
/// `?` and `into` convert texts and [`Problems`] to a `CheckError`. Failures have to be marked with
/// [`failed`](Self::failed).
///
/// ```
/// use extract_llm::check::CheckError;
///
/// fn in_catalogue(sku: &str) -> Result<(), CheckError> {
///     let known = std::fs::read_to_string("/catalogue.txt").map_err(CheckError::failed)?;
///     if known.lines().any(|line| line == sku) { Ok(()) } else { Err("an article we have".into()) }
/// }
/// assert!(matches!(in_catalogue("A-1"), Err(CheckError::Failed(_))));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CheckError {
    /// The problems of the value.
    Problems(Problems),
    /// The reason why the check could not be made.
    Failed(CheckFailure),
}

impl CheckError {
    /// Creates the error of a check that could not be made, from an error of any type or from a text.
    pub fn failed(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Failed(CheckFailure::Failed(Arc::from(reason.into())))
    }
}

impl<P: Into<Problems>> From<P> for CheckError {
    fn from(problems: P) -> Self {
        Self::Problems(problems.into())
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => problems.fmt(f),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

impl std::error::Error for CheckError {}

/// The reason why a check could not be made.
///
/// ```
/// use extract_llm::check::{CheckContext, CheckError, CheckFailure};
///
/// let background = CheckContext::new();
/// let Err(CheckError::Failed(missing)) = background.context().get::<u32>() else { panic!() };
/// assert!(matches!(missing, CheckFailure::NoContext { .. }));
/// assert!(missing.to_string().contains("u32"));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CheckFailure {
    /// The check returned an error.
    #[error("{0}")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// The check panicked.
    #[error("it panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The check asked for a context value that was not passed to the extraction.
    #[error("it needs a context value of type `{type_name}`: pass one with `.context(value)`")]
    NoContext {
        /// The type of the value.
        type_name: &'static str,
    },
    /// The check asked for the source, but the input has no text.
    #[error(
        "it needs the text that the value comes from, but the input has none: set it with \
         `.source(text)`"
    )]
    NoSource,
}

impl CheckFailure {
    /// Makes the failure of a caught panic.
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let words = payload.downcast_ref::<&str>().map(|words| (*words).to_owned());
        let words = words.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked { message: words.unwrap_or_else(|| String::from("no message")) }
    }
}
