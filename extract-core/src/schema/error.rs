//! Reasons why a JSON Schema cannot be read.

use thiserror::Error;

/// Why a JSON Schema cannot be read. The places are JSON pointers into the schema.
///
/// ```
/// use extract_llm::contract::{SchemaError, Shape};
/// use serde_json::json;
///
/// let error = Shape::compile(&json!({"type": "strnig"})).unwrap_err();
/// assert!(matches!(error, SchemaError::UnknownType { .. }));
/// assert_eq!(error.to_string(), r#"unknown type "strnig" at "/type"; did you mean "string"?"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// A `$ref` points at nothing in this schema, or out of it: nothing is ever fetched.
    #[error("cannot follow `$ref` {reference:?} at {pointer:?}: {why}")]
    Reference {
        /// The reference.
        reference: String,
        /// The place of the schema that has it.
        pointer: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// References or alternatives lead back to themselves and never to a type.
    #[error("the schema at {pointer:?} refers to itself and never to a type")]
    Itself {
        /// The place of the schema.
        pointer: String,
    },
    /// A `type` that JSON Schema does not know.
    #[error("unknown type {name:?} at {pointer:?}{}", near(name))]
    UnknownType {
        /// The name of the type.
        name: String,
        /// The place of the keyword.
        pointer: String,
    },
    /// Something that is no schema, or a keyword with a value that it cannot have.
    #[error("no schema at {pointer:?}: {why}")]
    Malformed {
        /// The place of the schema or the keyword.
        pointer: String,
        /// What is wrong there.
        why: &'static str,
    },
    /// A pattern that is too costly to compile.
    #[error("the pattern at {pointer:?} is too costly: {why}")]
    Pattern {
        /// The place of the pattern.
        pointer: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The schema is nested too deeply.
    #[error("the schema is nested more than {allowed} levels deep; give inner parts a definition")]
    TooDeep {
        /// How many levels there may be.
        allowed: usize,
    },
    /// Alternatives that repeat each other make each value costly to check.
    #[error(
        "a value of the schema at {pointer:?} would be held against more than {allowed} alternatives; \
         leave out those that repeat each other"
    )]
    TooCostly {
        /// The place of the schema.
        pointer: String,
        /// How many there may be.
        allowed: usize,
    },
    /// References lead to references, or alternatives to alternatives, without end in sight.
    #[error(
        "a value of the schema at {pointer:?} would be held against more than {allowed} schemas inside \
         each other; leave out references that only lead to others"
    )]
    TooNested {
        /// The place of the schema.
        pointer: String,
        /// How many there may be.
        allowed: usize,
    },
    /// The schema is too large, as it stands or with its `allOf` and alternatives put together.
    #[error("the schema at {pointer:?} comes to more than {allowed} {what}; split it")]
    TooLarge {
        /// The place at which it became too large.
        pointer: String,
        /// What is counted.
        what: &'static str,
        /// How many there may be.
        allowed: usize,
    },
}

/// The type that a name was most likely meant to be, in words.
fn near(name: &str) -> String {
    let lower: String = name.chars().take(20).collect::<String>().to_lowercase();
    let known = super::Kinds::NAMED.iter().map(|(known, _)| *known);
    let near = known
        .map(|known| (strsim::levenshtein(known, &lower), known))
        .min()
        .filter(|(distance, _)| *distance <= 2);
    near.map_or_else(String::new, |(_, known)| format!("; did you mean {known:?}?"))
}

impl SchemaError {
    /// The same with its places passed through `map`.
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
