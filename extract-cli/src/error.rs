//! [`CliError`]: an error of the command, as a sentence that says what to do.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use extract_llm::Error;
use extract_llm::contract::ContractError;
use extract_llm::evaluation::{EvaluationError, GoldenError};
use extract_llm::pipeline::{JournalError, ReportError, RunError};

/// An error of the command. The exit code is 1.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} cannot be written: {message}", path.display())]
    Write { path: PathBuf, message: String },
    #[error("the rows of {from} cannot be read further, after {after}: {message}")]
    Input { from: String, after: String, message: String },
    #[error("{} is no JSON: {source}. Expected a JSON Schema", path.display())]
    SchemaJson { path: PathBuf, source: serde_json::Error },
    #[error("{}: {source}", path.display())]
    Schema { path: PathBuf, source: Box<ContractError> },
    #[error("{0}")]
    Model(Box<Error>),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error("{0}")]
    Run(Box<RunError>),
    #[error(transparent)]
    Golden(#[from] GoldenError),
    #[error("{0}")]
    Evaluation(Box<EvaluationError>),
    #[error(
        "the run stopped, because {failed} rows failed, and --max-failures allows {most}. The last one: {last}"
    )]
    TooManyFailures { failed: u64, most: u64, last: String },
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source }
    }

    pub(crate) fn write(path: &Path, error: impl Display) -> Self {
        Self::Write { path: path.to_owned(), message: error.to_string() }
    }
}

impl From<Error> for CliError {
    fn from(error: Error) -> Self {
        Self::Model(Box::new(error))
    }
}

impl From<RunError> for CliError {
    fn from(error: RunError) -> Self {
        Self::Run(Box::new(error))
    }
}

impl From<EvaluationError> for CliError {
    fn from(error: EvaluationError) -> Self {
        Self::Evaluation(Box::new(error))
    }
}
