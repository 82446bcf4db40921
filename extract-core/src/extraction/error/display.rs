//! The texts of an [`Error`]: one line for people and logs, the attempts for `{:?}`.

use std::fmt;

use super::{Error, ErrorKind, InputError, Rejected};
use crate::cache::CacheError;
use crate::contract::ContractError;
use crate::extraction::ledger::Ledger;
use crate::extraction::parse::ParseError;
use crate::model::ConfigError;
use crate::schema::at_pointer;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = &self.0.ledger;
        match &self.0.kind {
            ErrorKind::Config(error) => error.fmt(f),
            ErrorKind::Contract(error) => error.fmt(f),
            ErrorKind::Input(error) => error.fmt(f),
            ErrorKind::Provider(error) => write!(f, "no reply: {}", error.reason()),
            ErrorKind::Refused { message } => write!(f, "the model refused: {message}"),
            ErrorKind::ContentFiltered { .. } => {
                f.write_str("the provider's content filter stopped the reply")
            }
            ErrorKind::Truncated { .. } => write!(
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
            ErrorKind::Invalid { problems, limit } => write!(
                f,
                "after {} no value passed its checks, and {limit}: {problems}",
                attempts(ledger)
            ),
            ErrorKind::Budget(over) => write!(f, "not sent: {over}"),
            ErrorKind::TooFewSamples { needed, found, failures } => {
                write!(f, "expected values from at least {needed} samples, found {found}")?;
                match failures.first() {
                    Some(first) => write!(f, "; the first failure: {first}"),
                    None => Ok(()),
                }
            }
            ErrorKind::FailedChunks { failed, allowed } => {
                write!(f, "{} failed, and {allowed} may", chunks(failed.len()))?;
                match failed.first() {
                    Some(first) => write!(f, "; the first failure: {first}"),
                    None => Ok(()),
                }
            }
            ErrorKind::Check { pointer, source } => {
                write!(f, "the value could not be checked{}: {source}", at_pointer(pointer))
            }
            ErrorKind::Tool { name, source } => {
                write!(f, "the tool `{name}` ended the extraction: {source}")
            }
            ErrorKind::TooManySteps { steps } => write!(
                f,
                "no value after {} with calls of tools: raise `max_steps`",
                if *steps == 1 { String::from("1 reply") } else { format!("{steps} replies") }
            ),
            ErrorKind::Deadline { deadline, request, .. } => {
                let is_too_short = request.as_ref().is_some_and(|it| it.exceeds_deadline);
                let verb = if is_too_short { "is too short" } else { "passed" };
                write!(f, "the deadline of {deadline:?} {verb} after {}", attempts(ledger))?;
                match request {
                    Some(request) => write!(f, "; the request was {request}"),
                    None => Ok(()),
                }
            }
            ErrorKind::Parse(error) => error.fmt(f),
        }?;
        self.write_origin(f)
    }
}

impl Error {
    /// Writes the type, the model, the attempt and the request id, as far as they are known and not in the
    /// line already.
    fn write_origin(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.0.type_name.is_empty() {
            parts.push(format!("type {}", self.0.type_name));
        }
        if let Some(last) = self.0.ledger.attempts.last() {
            parts.push(last.address.clone());
            parts.push(format!("attempt {}", last.number));
            parts.extend(last.cached.as_ref().map(|_| String::from("from the cache")));
            parts.extend(last.request_id.as_ref().map(|id| format!("request {id}")));
        }
        if parts.is_empty() { Ok(()) } else { write!(f, " ({})", parts.join(", ")) }
    }
}

/// The line of `Display`, and one line for each attempt. The alternate form is the whole error.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            return f.debug_tuple("Error").field(&self.0).finish();
        }
        fmt::Display::fmt(self, f)?;
        let Ledger { attempts, judgements, .. } = &self.0.ledger;
        for (index, attempt) in attempts.iter().chain(judgements).enumerate() {
            f.write_str("\n  ")?;
            attempt.write_line(f)?;
            // The error of the last attempt is the line above.
            if let Some(error) = attempt.error.as_ref().filter(|_| index + 1 != attempts.len()) {
                write!(f, ": {}", error.lines().next().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.kind {
            ErrorKind::Config(error) => error.source(),
            ErrorKind::Contract(error) => error.source(),
            ErrorKind::Input(error) => error.source(),
            ErrorKind::Provider(error) => error.source(),
            ErrorKind::Parse(error) => error.source(),
            // The line ends with the text of the source already.
            ErrorKind::Check { source, .. } => source.source().and_then(std::error::Error::source),
            ErrorKind::Tool { source, .. } => source.source().and_then(std::error::Error::source),
            _ => None,
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::new(ErrorKind::Config(error))
    }
}

impl From<CacheError> for Error {
    fn from(error: CacheError) -> Self {
        ConfigError::Cache(error).into()
    }
}

impl From<ContractError> for Error {
    fn from(error: ContractError) -> Self {
        Self::new(ErrorKind::Contract(error))
    }
}

impl From<InputError> for Error {
    fn from(error: InputError) -> Self {
        Self::new(ErrorKind::Input(error))
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        let best = match &error {
            ParseError::Invalid { problems, value, .. } => {
                Some(Rejected { value: (**value).clone(), problems: problems.clone() })
            }
            _ => None,
        };
        Self::new(ErrorKind::Parse(error)).with_best(best)
    }
}

/// Returns the number of attempts with its noun.
fn attempts(ledger: &Ledger) -> String {
    match ledger.attempts.len() {
        1 => String::from("1 attempt"),
        n => format!("{n} attempts"),
    }
}

/// Returns the number of chunks with its noun.
fn chunks(count: usize) -> String {
    if count == 1 { String::from("1 chunk") } else { format!("{count} chunks") }
}
