//! The texts of an [`Error`]: one sentence, short enough for a log line.

use std::fmt;

use super::{Error, InputError, at_pointer};
use crate::contract::ContractError;
use crate::extraction::ledger::Ledger;
use crate::model::ConfigError;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Contract(error) => error.fmt(f),
            Self::Input(error) => error.fmt(f),
            Self::Provider { error, ledger, .. } => {
                write!(f, "no reply from {}: {error}", address(ledger))
            }
            Self::Refused { message, .. } => write!(f, "the model refused: {message}"),
            Self::ContentFiltered { .. } => {
                f.write_str("the provider's content filter stopped the reply")
            }
            Self::Truncated { ledger, .. } => write!(
                f,
                "the reply was cut off after {} output tokens: raise `max_tokens`, or ask for less \
                 at once",
                ledger
                    .attempts
                    .last()
                    .and_then(|last| last.usage)
                    .unwrap_or_default()
                    .output_tokens
            ),
            Self::Invalid { problems, limit, ledger, .. } => {
                write!(
                    f,
                    "after {} no value passed its checks, and {limit}: {problems}",
                    attempts(ledger)
                )
            }
            Self::TooFewSamples { needed, given, failures, .. } => {
                write!(f, "expected values from at least {needed} samples, found {given}")?;
                match failures.first() {
                    Some(first) => write!(f, "; the first failure: {first}"),
                    None => Ok(()),
                }
            }
            Self::Check { pointer, source, .. } => {
                write!(f, "the value could not be checked{}: {source}", at_pointer(pointer))
            }
            Self::Deadline { deadline, reached, ledger, .. } => {
                write!(f, "the deadline of {deadline:?} passed after {}", attempts(ledger))?;
                match reached {
                    Some(reached) => {
                        write!(f, "; the request to {} was {reached}", address(ledger))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Config(error) => error.source(),
            Self::Contract(error) => error.source(),
            Self::Input(error) => error.source(),
            Self::Provider { error, .. } => error.source(),
            // The sentence ends with the text of the source already.
            Self::Check { source, .. } => source.source().and_then(std::error::Error::source),
            _ => None,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ContractError> for Error {
    fn from(error: ContractError) -> Self {
        Self::Contract(error)
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::Input(error)
    }
}

/// Returns the address of the last attempt, `provider/model`.
fn address(ledger: &Ledger) -> &str {
    ledger.attempts.last().map_or("the model", |last| last.address.as_str())
}

/// Returns the number of attempts with its noun.
fn attempts(ledger: &Ledger) -> String {
    match ledger.attempts.len() {
        1 => String::from("1 attempt"),
        n => format!("{n} attempts"),
    }
}
