//! What can be wrong with a value, said so that a model (or a person) can mend it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which layer found a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProblemKind {
    /// There was no JSON value to be found in the reply.
    Unreadable,
    /// The reply says something that this place of the type does not mean: a foreign object, two values
    /// for one member, a tag of no variant.
    Reading,
    /// The value breaks the type's JSON Schema.
    Schema,
    /// The value fits the schema, but the type's `Deserialize` refused it.
    Type,
    /// A rule of the user's own failed.
    Rule,
}

/// The words for a missing member. They are all that there is to
/// say, so it stands without "expected".
pub(crate) const MISSING: &str = "missing required field";

/// One thing that is wrong with a value: where, what was expected, what was found.
///
/// ```
/// use extract_llm::contract::Problem;
///
/// let problem = Problem::rule("/lines/0/quantity", "at least 1").found("0");
/// assert_eq!(problem.to_string(), "/lines/0/quantity: expected at least 1, found 0");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Problem {
    /// JSON pointer (RFC 6901) of the value; empty for the whole of it.
    pub pointer: String,
    /// Which layer found it.
    pub kind: ProblemKind,
    /// What was expected.
    pub expected: String,
    /// What was found, as JSON where it is a value, bounded in length; empty where it does not help.
    pub found: String,
}

impl Problem {
    /// A problem of any kind.
    pub fn new(
        kind: ProblemKind,
        pointer: impl Into<String>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self { pointer: pointer.into(), kind, expected: expected.into(), found: found.into() }
    }

    /// A broken rule of the user's own.
    pub fn rule(pointer: impl Into<String>, expected: impl Into<String>) -> Self {
        Self::new(ProblemKind::Rule, pointer, expected, "")
    }

    /// Says where it is.
    pub(crate) fn at(mut self, pointer: String) -> Self {
        self.pointer = pointer;
        self
    }

    /// Says what was found.
    pub fn found(mut self, found: impl Into<String>) -> Self {
        self.found = found.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "(the whole value)" } else { &self.pointer };
        match self.kind {
            // A rule is a sentence of the user's; it stands as it is where nothing was found.
            ProblemKind::Rule if self.found.is_empty() => write!(f, "{place}: {}", self.expected),
            _ if self.found.is_empty() && self.expected.starts_with(MISSING) => {
                write!(f, "{place}: {}", self.expected)
            }
            _ if self.found.is_empty() => write!(f, "{place}: expected {}", self.expected),
            _ => write!(f, "{place}: expected {}, found {}", self.expected, self.found),
        }
    }
}

/// How many problems are written where a line of a log is.
pub(crate) const MOST_SHOWN: usize = 10;

/// Several [`Problem`]s: what a validator gives back. A string is one problem with the value that
/// the validator was given. Its `Display` is one line, of the first ten.
///
/// ```
/// use extract_llm::contract::Problems;
///
/// fn even(n: &u32) -> Result<(), Problems> {
///     if n % 2 == 0 { Ok(()) } else { Err("an even number".into()) }
/// }
/// assert!(even(&3).is_err());
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// No problems.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The same problems of a value that stands at this place of a larger one.
    pub(crate) fn under(mut self, pointer: &str) -> Self {
        self.0.iter_mut().for_each(|problem| problem.pointer.insert_str(0, pointer));
        self
    }

    /// Keeps no more than the first so many.
    pub(super) fn truncate(&mut self, most: usize) {
        self.0.truncate(most);
    }

    /// Replaces every pointer.
    pub(crate) fn each_pointer(&mut self, mut replace: impl FnMut(&str) -> String) {
        self.0.iter_mut().for_each(|problem| problem.pointer = replace(&problem.pointer));
    }

    /// All of them, in the order they were found.
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

/// The longest excerpt of a value that a problem shows, in bytes.
const EXCERPT: usize = 120;

/// A value as JSON text, cut in the middle of nothing and bounded in length.
pub(crate) fn excerpt(value: &Value) -> String {
    let mut text = value.to_string();
    if text.len() > EXCERPT {
        let end = (0..=EXCERPT).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}
