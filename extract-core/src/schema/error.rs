//! The reasons why a JSON Schema cannot be read.

use thiserror::Error;

/// Why a JSON Schema cannot be read. All pointers are JSON pointers into the schema.
///
/// ```
/// use extract_llm::contract::{Contract, ContractError, SchemaError};
/// use serde_json::json;
///
/// let error = Contract::from_schema(json!({"type": "strnig"})).unwrap_err();
/// let ContractError::Unreadable { source, .. } = error else { panic!("{error}") };
/// assert!(matches!(source, SchemaError::UnknownType { .. }));
/// assert_eq!(source.to_string(), r#"unknown type "strnig" at "/type"; did you mean "string"?"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A `$ref` leads to no schema in this document. References out of the document are refused:
    /// nothing is ever fetched.
    #[error("cannot follow `$ref` {reference:?} at {pointer:?}: {why}")]
    Reference {
        /// The reference, as it is written.
        reference: String,
        /// The pointer of the schema that contains it.
        pointer: String,
        /// Why the reference is refused.
        why: &'static str,
    },
    /// A schema applies itself to the same value, through references, `allOf` or alternatives.
    #[error(
        "cyclic reference: the schema at {pointer:?} refers to itself for the same value; remove the cycle"
    )]
    Itself {
        /// The pointer of the schema.
        pointer: String,
    },
    /// A `type` that JSON Schema does not define.
    #[error("unknown type {name:?} at {pointer:?}{}", near(name))]
    UnknownType {
        /// The unknown name.
        name: String,
        /// The pointer of the keyword.
        pointer: String,
    },
    /// A value that is no schema, or a keyword with a value of the wrong form.
    #[error("no schema at {pointer:?}: {why}")]
    Malformed {
        /// The pointer of the schema or the keyword.
        pointer: String,
        /// The reason, such as the form that the keyword needs.
        why: &'static str,
    },
    /// A pattern that is too costly to compile.
    #[error("the pattern at {pointer:?} is too costly: {why}")]
    Pattern {
        /// The pointer of the pattern.
        pointer: String,
        /// The limit that it exceeds.
        why: &'static str,
    },
    /// The JSON of the schema is nested too deeply.
    #[error("the schema is nested more than {allowed} levels deep; give inner parts a definition")]
    TooDeep {
        /// The most levels allowed.
        allowed: usize,
    },
    /// One value would be checked against too many schemas, because alternatives repeat each other.
    #[error(
        "a value of the schema at {pointer:?} would be checked against more than {allowed} alternatives; \
         remove those that repeat each other"
    )]
    TooCostly {
        /// The pointer of the schema.
        pointer: String,
        /// The most schemas allowed for one value.
        allowed: usize,
    },
    /// Too many schemas for the same value lie inside each other: references that lead to references,
    /// or alternatives of alternatives.
    #[error(
        "a value of the schema at {pointer:?} would be checked against more than {allowed} schemas inside \
         each other; remove references that only lead to others"
    )]
    TooNested {
        /// The pointer of the schema.
        pointer: String,
        /// The most nested schemas allowed for one value.
        allowed: usize,
    },
    /// The schema is too large, as it is written or once its `allOf` and alternatives are merged.
    #[error("the schema at {pointer:?} has more than {allowed} {what}; split it")]
    TooLarge {
        /// The pointer of the schema that exceeded the limit.
        pointer: String,
        /// The counted items, such as `schemas`.
        what: &'static str,
        /// The most items allowed.
        allowed: usize,
    },
}

/// Returns a suggestion for an unknown type name.
fn near(name: &str) -> String {
    did_you_mean(name, super::Kinds::NAMED.iter().map(|(known, _)| *known))
}

/// Returns `; did you mean …?` for a name that is at most two edits away from a known one, else an empty
/// text. Letter case does not count.
pub(crate) fn did_you_mean<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let lower: String = name.chars().take(20).collect::<String>().to_lowercase();
    let near = known
        .map(|known| (strsim::levenshtein(known, &lower), known))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    near.map_or_else(String::new, |(_, known)| format!("; did you mean {known:?}?"))
}

impl SchemaError {
    /// Replaces the pointer by the result of `map`, if that is `Some`.
    pub(crate) fn at(mut self, map: impl Fn(&str) -> Option<String>) -> Self {
        if let Self::Reference { pointer, .. }
        | Self::Itself { pointer }
        | Self::UnknownType { pointer, .. }
        | Self::Malformed { pointer, .. }
        | Self::Pattern { pointer, .. }
        | Self::TooCostly { pointer, .. }
        | Self::TooNested { pointer, .. }
        | Self::TooLarge { pointer, .. } = &mut self
        {
            if let Some(mapped) = map(pointer) {
                *pointer = mapped;
            }
        }
        self
    }
}
