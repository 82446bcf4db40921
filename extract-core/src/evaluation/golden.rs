//! [`Golden`]: inputs with the values that are expected of them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::error::EvaluationError;
use super::place::Place;
use super::rules::Compare;
use crate::contract::excerpt;
use crate::conversation::Conversation;
use crate::schema::push_segment;

/// Inputs with the values that are expected of them.
///
/// ```
/// use extract_llm::evaluation::Golden;
/// use serde_json::json;
///
/// let golden = Golden::new([
///     ("a", "Maria is 34.", json!({"name": "Maria", "age": 34})),
///     ("b", "Tom is 40.", json!({"name": "Tom", "age": 40})),
/// ])?;
/// assert_eq!(golden.len(), 2);
/// # Ok::<(), extract_llm::evaluation::GoldenError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Golden {
    pub(super) rows: Vec<GoldenRow>,
}

/// A row of [`Golden`].
#[derive(Debug, Clone)]
pub(super) struct GoldenRow {
    pub(super) id: Value,
    pub(super) input: Conversation,
    pub(super) expected: Value,
}

/// Golden rows that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoldenError {
    /// The file cannot be opened or read.
    #[error("the golden rows `{}` cannot be read: {source}", path.display())]
    Read {
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A line is no golden row.
    #[error(
        "line {line} of `{}` is no golden row: {source}. Expected an object with `input`, `expected` and, if \
         it has one, `id`",
        path.display()
    )]
    Line {
        /// The path of the file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// The error of the JSON.
        source: serde_json::Error,
    },
    /// Two rows have the same id.
    #[error("two golden rows have the id {id}")]
    SameId {
        /// The id, as JSON.
        id: String,
    },
}

/// A line of a file.
#[derive(Deserialize)]
struct Line {
    #[serde(default)]
    id: Option<Value>,
    input: String,
    expected: Value,
}

impl Golden {
    /// Takes triples of an id, an input and the expected value as JSON. An input is a text or a
    /// [`Conversation`].
    ///
    /// Fails if two rows have the same id.
    pub fn new<K: Into<Value>, C: Into<Conversation>>(
        rows: impl IntoIterator<Item = (K, C, Value)>,
    ) -> Result<Self, GoldenError> {
        let row = |(id, input, expected): (K, C, Value)| GoldenRow {
            id: id.into(),
            input: input.into(),
            expected,
        };
        Self::of(rows.into_iter().map(row).collect())
    }

    /// Reads JSON Lines: each line that is not blank is an object with `input`, a text, `expected`, the value, and
    /// `id`. Without an id, the row has the number of its line, from 1. Other members are passed over.
    ///
    /// Fails if the file cannot be read, if a line is no such object, or if two rows have the same id.
    ///
    /// ```
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("golden.jsonl");
    /// # std::fs::write(&path, "{\"input\": \"Maria is 34.\", \"expected\": {\"name\": \"Maria\"}}\n")?;
    /// use extract_llm::evaluation::Golden;
    ///
    /// let golden = Golden::read(&path)?;
    /// assert_eq!(golden.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn read(path: impl AsRef<Path>) -> Result<Self, GoldenError> {
        let path = path.as_ref();
        let read = |source| GoldenError::Read { path: path.to_owned(), source };
        let file = BufReader::new(File::open(path).map_err(read)?);
        let mut rows = Vec::new();
        for (index, text) in file.lines().enumerate() {
            let text = text.map_err(read)?;
            let text = if index == 0 { text.trim_start_matches('\u{feff}') } else { &text };
            if text.trim().is_empty() {
                continue;
            }
            let line: Line = serde_json::from_str(text).map_err(|source| GoldenError::Line {
                path: path.to_owned(),
                line: index + 1,
                source,
            })?;
            rows.push(GoldenRow {
                id: line.id.filter(|id| !id.is_null()).unwrap_or_else(|| (index + 1).into()),
                input: line.input.into(),
                expected: line.expected,
            });
        }
        Self::of(rows)
    }

    fn of(rows: Vec<GoldenRow>) -> Result<Self, GoldenError> {
        let mut ids = HashSet::new();
        for row in &rows {
            let id = row.id.to_string();
            if ids.contains(&id) {
                return Err(GoldenError::SameId { id });
            }
            ids.insert(id);
        }
        Ok(Self { rows })
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// Fails if an expected value has a kind, an enum value or a member that the type does not have. Members may be
/// absent.
pub(super) fn check_expected(
    rules: &Compare,
    root: &Place<'_>,
    id: &Value,
    expected: &Value,
) -> Result<(), EvaluationError> {
    let mut path = (String::new(), String::new());
    check(rules, root, &mut path, expected).map_err(|(pointer, expected, found)| {
        EvaluationError::Expected { row: id.to_string(), pointer, expected, found }
    })
}

/// The pointer, what is expected there, and what is found.
type Fault = (String, String, String);

fn check(
    rules: &Compare,
    place: &Place<'_>,
    path: &mut (String, String),
    value: &Value,
) -> Result<(), Fault> {
    if rules.ignores(&path.1) {
        return Ok(());
    }
    if let Some(expected) = place.fault(value) {
        return Err((path.0.clone(), expected, excerpt(value)));
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let (inner, segment) = place.member(name);
                let field = match segment {
                    super::place::Segment::Name(name) => name,
                    super::place::Segment::Entry => "*",
                };
                if !place.takes_member(name) {
                    let names: Vec<&str> = place.names().into_iter().take(20).collect();
                    let mut pointer = path.0.clone();
                    push_segment(&mut pointer, name);
                    return Err((pointer, format!("one of {}", names.join(", ")), excerpt(member)));
                }
                check_inside(rules, &inner, path, (name, field), member)?;
            }
        }
        Value::Array(items) => {
            let tuple = place.tuple_length();
            for (index, item) in items.iter().enumerate() {
                let text = index.to_string();
                let field = if index < tuple { text.as_str() } else { "*" };
                check_inside(rules, &place.element(index), path, (&text, field), item)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn check_inside(
    rules: &Compare,
    place: &Place<'_>,
    path: &mut (String, String),
    (name, field): (&str, &str),
    value: &Value,
) -> Result<(), Fault> {
    let lengths = (path.0.len(), path.1.len());
    push_segment(&mut path.0, name);
    push_segment(&mut path.1, field);
    let checked = check(rules, place, path, value);
    path.0.truncate(lengths.0);
    path.1.truncate(lengths.1);
    checked
}
