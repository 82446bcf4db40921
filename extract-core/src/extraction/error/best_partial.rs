//! [`BestPartial`]: the best rejected value in the partial form of its type.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde_json::Value;

use super::{Error, Rejected};
use crate::contract::{Extract, Problem};
use crate::partial::Partial;
use crate::schema::{push_segment, segments};

/// The best value that failed its checks, in the partial form of its type, and the status of each of its
/// fields. [`Error::best_partial`] returns it.
///
/// It dereferences to the [`Partial`]. A rejected value is [pending](crate::partial::State::Pending) in it;
/// a struct, list, map or tuple with a problem keeps its good parts, and is not complete.
///
/// ```
/// use extract_llm::extraction::FieldStatus;
/// use extract_llm::scripted::{Scripted, reply};
/// use extract_llm::{Client, Extract};
/// use serde_json::json;
///
/// #[derive(Debug, Extract)]
/// struct Person {
///     name: String,
///     #[extract(range(max = 150))]
///     age: u8,
///     town: String,
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let model = Scripted::new([reply::tool(json!({"name": "Maria", "age": 200}))]);
/// let client = Client::with_model(model);
/// let error = client.extract::<Person>("Maria").validation_retries(0).await.unwrap_err();
///
/// let best = error.best_partial::<Person>().unwrap();
/// assert_eq!(best.name.whole(), Some("Maria".to_owned()));
/// assert_eq!(best.age.whole(), None);
/// assert_eq!(best.status("/name"), FieldStatus::Good);
/// assert_eq!(best.status("/town"), FieldStatus::Missing);
/// assert_eq!(best.fields[1].problems[0].to_string(), "/age: expected at most 150, found 200");
/// # });
/// ```
#[derive(Serialize)]
#[serde(bound = "")]
#[non_exhaustive]
pub struct BestPartial<T> {
    /// The good parts of the value.
    pub value: Partial<T>,
    /// The fields without nested fields, and each value with problems of its own, in the order of the value;
    /// missing fields are last.
    pub fields: Vec<ReviewedField>,
}

/// One field of a [`BestPartial`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReviewedField {
    /// The JSON pointer of the field; empty for the whole value.
    pub pointer: String,
    /// Whether it passed its checks.
    pub status: FieldStatus,
    /// The reasons. Empty for a good field.
    pub problems: Vec<Problem>,
}

/// Whether a field passed its checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FieldStatus {
    /// The field has no problem.
    Good,
    /// The field is required, and the value does not have it.
    Missing,
    /// The field is there, and failed its checks.
    Rejected,
}

impl<T: Extract> BestPartial<T> {
    fn of(rejected: &Rejected) -> Self {
        let mut value = Partial::<T>::of(&rejected.value);
        let mut problems: BTreeMap<&str, Vec<Problem>> = BTreeMap::new();
        for problem in &rejected.problems {
            problems.entry(&problem.pointer).or_default().push(problem.clone());
        }
        for pointer in problems.keys() {
            value.node_mut().reject(&segments(pointer).collect::<Vec<_>>());
        }
        let mut fields = Vec::new();
        collect(&rejected.value, &mut String::new(), &mut problems, &mut fields);
        fields.extend(problems.into_iter().map(|(pointer, problems)| ReviewedField {
            pointer: pointer.to_owned(),
            status: FieldStatus::Missing,
            problems,
        }));
        Self { value, fields }
    }
}

impl<T> BestPartial<T> {
    /// Returns the status of the value at a JSON pointer. A value with a problem inside is
    /// [rejected](FieldStatus::Rejected).
    pub fn status(&self, pointer: &str) -> FieldStatus {
        let exact = self.fields.iter().find(|field| field.pointer == pointer);
        let inside = |field: &ReviewedField| {
            let rest = field.pointer.strip_prefix(pointer);
            field.status != FieldStatus::Good && rest.is_some_and(|rest| rest.starts_with('/'))
        };
        match exact {
            Some(field) if field.status != FieldStatus::Good => field.status,
            _ if self.fields.iter().any(inside) => FieldStatus::Rejected,
            _ => FieldStatus::Good,
        }
    }
}

impl<T> Clone for BestPartial<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), fields: self.fields.clone() }
    }
}

impl<T> fmt::Debug for BestPartial<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, fields } = self;
        f.debug_struct("BestPartial").field("value", value).field("fields", fields).finish()
    }
}

impl<T> Deref for BestPartial<T> {
    type Target = Partial<T>;

    fn deref(&self) -> &Partial<T> {
        &self.value
    }
}

impl Error {
    /// Returns the [best value](Self::best) in the partial form of its type, with the status of each of its
    /// fields. Returns `None` if no answer could be read.
    ///
    /// The value is that of this error's extraction: `T` must be its type. A value of another type has no
    /// good fields.
    pub fn best_partial<T: Extract>(&self) -> Option<BestPartial<T>> {
        self.best().map(BestPartial::of)
    }
}

/// Collects the fields of a value. Takes their problems out of `problems`.
fn collect(
    value: &Value,
    pointer: &mut String,
    problems: &mut BTreeMap<&str, Vec<Problem>>,
    fields: &mut Vec<ReviewedField>,
) {
    let found = problems.remove(pointer.as_str());
    let is_field = match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => true,
    };
    if is_field || found.is_some() {
        let status = if found.is_some() { FieldStatus::Rejected } else { FieldStatus::Good };
        let problems = found.unwrap_or_default();
        fields.push(ReviewedField { pointer: pointer.clone(), status, problems });
    }
    let end = pointer.len();
    let mut inside = |segment: &str, value: &Value| {
        push_segment(pointer, segment);
        collect(value, pointer, problems, fields);
        pointer.truncate(end);
    };
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                inside(&index.to_string(), item);
            }
        }
        Value::Object(members) => members.iter().for_each(|(name, member)| inside(name, member)),
        _ => {}
    }
}
