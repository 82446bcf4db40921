//! What a check answers where it does not say yes: what is wrong with the value, or why it could
//! not be looked at. The two are kept apart because only the first can be mended by the model.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::Problems;

/// The answer of a check that does not say yes.
///
/// What is wrong with the value is told to the model, which is asked again. That the check itself
/// could not be made (a database is down, a file is missing) ends the extraction with
/// [`Error::Check`](crate::Error::Check): the model is not asked to mend what it cannot.
///
/// Whatever becomes [`Problems`] becomes a `CheckError` by `?` or `into`; failures are marked by hand.
///
/// ```
/// use extract_llm::contract::CheckError;
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
    /// What is wrong with the value.
    Problems(Problems),
    /// Why the check could not be made.
    Failed(CheckFailure),
}

impl CheckError {
    /// The check could not be made, for this reason: an error of any type, or words.
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

/// Why a check could not be made.
///
/// ```
/// use extract_llm::contract::{CheckContext, CheckError, CheckFailure};
///
/// let background = CheckContext::new();
/// let Err(CheckError::Failed(missing)) = background.context().get::<u32>() else { panic!() };
/// assert!(matches!(missing, CheckFailure::NoContext { .. }));
/// assert!(missing.to_string().contains("u32"));
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CheckFailure {
    /// An error of its own.
    #[error("{0}")]
    Failed(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// It panicked.
    #[error("it panicked: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// It asked for a value that was not given.
    #[error("it needs a value of type `{type_name}`: give it one by `.context(value)`")]
    NoContext {
        /// The type it asked for.
        type_name: &'static str,
    },
    /// It asked for the source, and there is no text.
    #[error(
        "it needs the text that the value comes from, and the input has none: give it one by \
         `.source(text)`"
    )]
    NoSource,
}

impl CheckFailure {
    /// What was caught of a panic.
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let words = payload.downcast_ref::<&str>().map(|words| (*words).to_owned());
        let words = words.or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked { message: words.unwrap_or_else(|| String::from("without words")) }
    }
}
