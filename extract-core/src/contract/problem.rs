//! [`Problem`] and [`Problems`]: the mistakes in a value, in sentences that a model or a person can act on.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The layer that found a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// The reply contains no JSON value.
    Unreadable,
    /// The reply has something at this place that the type has no meaning for: a foreign object, two values
    /// for one member, a tag of no variant.
    Reading,
    /// The value violates the JSON Schema of the type.
    Schema,
    /// The value passes the schema, but the type's `Deserialize` refused it.
    Type,
    /// A validator of the user reported it.
    Rule,
}

/// The text for a missing member. It is complete, so it is shown without "expected".
pub(crate) const MISSING: &str = "missing required field";

/// One mistake in a value: the place, the expected value and the found value.
///
/// ```
/// use extract_llm::Problem;
///
/// let problem = Problem::rule("/lines/0/quantity", "at least 1").found("0");
/// assert_eq!(problem.to_string(), "/lines/0/quantity: expected at least 1, found 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// The JSON pointer (RFC 6901) of the value; empty for the whole value.
    pub pointer: String,
    /// The layer that found it.
    pub kind: ProblemKind,
    /// A description of the expected value.
    pub expected: String,
    /// The found value: JSON, shortened if it is long, or a description. Empty if it would not help.
    pub found: String,
}

impl Problem {
    /// Creates a problem of any kind.
    pub fn new(
        kind: ProblemKind,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), kind, expected: expected.into(), found: found.into() }
    }

    /// Creates a problem that a validator of the user reports.
    pub fn rule(pointer: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::new(ProblemKind::Rule, pointer, expected, "")
    }

    /// Sets the pointer.
    pub(crate) fn at(mut self, pointer: String) -> Self {
        self.pointer = pointer;
        self
    }

    /// Sets the found value.
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "(the whole value)" } else { &self.pointer };
        match self.kind {
            // The user wrote this sentence; without a found value it is shown as it is.
            ProblemKind::Rule if self.found.is_empty() => write!(f, "{place}: {}", self.expected),
            _ if self.found.is_empty() && self.expected.starts_with(MISSING) => {
                write!(f, "{place}: {}", self.expected)
            }
            _ if self.found.is_empty() => write!(f, "{place}: expected {}", self.expected),
            _ => write!(f, "{place}: expected {}, found {}", self.expected, self.found),
        }
    }
}

/// The most problems that a single line shows, as in a log.
pub(crate) const MOST_SHOWN: usize = 10;

/// Several [`Problem`]s, as a validator returns them. A string becomes one problem with the value that the
/// validator received.
///
/// `Display` writes the first ten on one line, and the number of the others.
///
/// ```
/// use extract_llm::Problems;
///
/// fn even(n: &u32) -> Result<(), Problems> {
///     if n % 2 == 0 { Ok(()) } else { Err("an even number".into()) }
/// }
/// assert!(even(&3).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Creates an empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Returns whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the number of problems.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Puts a pointer before the pointer of each problem, for a value that is part of a larger one.
    pub(crate) fn under(mut self, pointer: &str) -> Self {
        self.0.iter_mut().for_each(|problem| problem.pointer.insert_str(0, pointer));
        self
    }

    /// Keeps at most the first `most` problems.
    pub(super) fn truncate(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// Replaces the pointer of each problem.
    pub(crate) fn each_pointer(&mut self, mut replace: impl FnMut(&str) -> String) {
        self.0.iter_mut().for_each(|problem| problem.pointer = replace(&problem.pointer));
    }

    /// Returns the problems in the order they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(MOST_SHOWN).enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        match self.0.len().saturating_sub(MOST_SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for Problems {}

impl IntoIterator for Problems {
    type Item = Problem;
    type IntoIter = std::vec::IntoIter<Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        Self(problems.into_iter().collect())
    }
}

impl Extend<Problem> for Problems {
    fn extend<I: IntoIterator<Item = Problem>>(&mut self, problems: I) {
        self.0.extend(problems);
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(problems: Vec<Problem>) -> Self {
        Self(problems)
    }
}

impl From<&str> for Problems {
    fn from(expected: &str) -> Self {
        Problem::rule("", expected).into()
    }
}

impl From<String> for Problems {
    fn from(expected: String) -> Self {
        Problem::rule("", expected).into()
    }
}

/// The longest excerpt of a value in a problem, in bytes.
const EXCERPT: usize = 120;

/// Returns a value as JSON text. A long text is cut at a character and ends with `…`.
pub(crate) fn excerpt(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > EXCERPT {
        let end = (0..=EXCERPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
