//! Why a schema cannot be sent in a dialect.

use std::borrow::Cow;
use std::fmt;

use super::super::wrapper;
use crate::schema::SchemaError;

/// A schema that cannot be sent: the dialect has no way to say it, a limit is passed, or it is no
/// schema that can be read safely.
///
/// ```
/// use extract_llm::contract::dialect::{Dialect, DialectError, lower};
/// use serde_json::json;
///
/// let refused = lower(&json!({"type": "array"}), &Dialect::OPENAI_STRICT).unwrap_err();
/// assert!(matches!(refused, DialectError::Root { .. }));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The root is no object with named properties, and the dialect demands one.
    #[error(
        "{dialect} needs an object with named properties at the root; wrap the schema in a property"
    )]
    Root {
        /// The dialect.
        dialect: &'static str,
    },
    /// A limit of the dialect is passed.
    #[error(
        "{dialect} allows {allowed} {limit}, this has {count} (most of them in {}); {}",
        Fields(fields), limit.remedy()
    )]
    Limit {
        /// The dialect.
        dialect: &'static str,
        /// Which limit.
        limit: Limit,
        /// What it allows.
        allowed: usize,
        /// What was found.
        count: usize,
        /// JSON pointers of the fields that count most, worst first; `*` stands for each element.
        fields: Vec<String>,
    },
    /// No value could ever fit.
    #[error("nothing can fit the schema at {pointer:?}: {why}; change one of its rules")]
    Unsatisfiable {
        /// JSON pointer into the schema.
        pointer: String,
        /// The rules that exclude each other.
        why: Cow<'static, str>,
    },
    /// The schema cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The schema is nested too deeply to be read safely.
    #[error("the schema is nested more than {allowed} levels deep")]
    TooDeep {
        /// How deep it may be.
        allowed: usize,
    },
    /// The schema is too large, as it stands or once its references are written out.
    #[error(
        "the schema has more than {allowed} {of} once it is written out in {dialect}; split the type"
    )]
    TooLarge {
        /// The dialect.
        dialect: &'static str,
        /// How many it may have.
        allowed: usize,
        /// What is counted: parts or bytes.
        of: &'static str,
    },
}

impl DialectError {
    /// The same with its places in the schema that was wrapped, not in the one around it.
    pub(crate) fn inside(mut self) -> Self {
        match &mut self {
            Self::Unsatisfiable { pointer, .. } => {
                if let Some(place) = wrapper::schema_pointer_inside(pointer) {
                    *pointer = place.to_owned();
                }
            }
            Self::Schema(error) => {
                return Self::Schema(
                    error.clone().at(|at| wrapper::schema_pointer_inside(at).map(str::to_owned)),
                );
            }
            Self::Limit { fields, .. } => {
                for field in fields {
                    if let Some(place) = wrapper::pointer_inside(field) {
                        *field = place.to_owned();
                    }
                }
            }
            Self::Root { .. } | Self::TooDeep { .. } | Self::TooLarge { .. } => {}
        }
        self
    }
}

/// A limit that a provider puts on schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Properties of all objects together.
    Properties,
    /// Objects inside objects.
    Depth,
    /// Enum values of all enums together.
    EnumValues,
    /// Characters of all values of one long enum.
    EnumCharacters,
    /// Characters of all property names, enum values and constants.
    Characters,
    /// Properties that may be left out.
    OptionalProperties,
    /// Properties with a union (`anyOf` or several types).
    Unions,
    /// The sum of all `maxItems`.
    MaxItems,
    /// Tools of one request, where each variant of an enum is one.
    Tools,
}

impl Limit {
    /// What to do about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Properties => "split the type, or extract it in parts",
            Self::Depth => "flatten the type, or extract the inner part on its own",
            Self::EnumValues => "turn the largest enum into a string and check it with a validator",
            Self::EnumCharacters => "shorten the enum's values, or make it a string",
            Self::Characters => "shorten names and enum values, or split the type",
            Self::OptionalProperties => {
                "make some fields required, or group optional fields in one struct"
            }
            Self::Unions => {
                "make some fields not optional or not enums with data, or split the type"
            }
            Self::Tools => "ask for the enum as one tool",
            Self::MaxItems => "lower the upper bounds on lengths, or check them with a validator",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Properties => "properties in all",
            Self::Depth => "levels of objects",
            Self::EnumValues => "enum values in all",
            Self::EnumCharacters => "characters in the values of one long enum",
            Self::Characters => "characters of names and enum values",
            Self::OptionalProperties => "properties that may be left out",
            Self::Unions => "properties with a union",
            Self::MaxItems => "items as the sum of all `maxItems`",
            Self::Tools => "tools in a request",
        })
    }
}

struct Fields<'a>(&'a [String]);

impl fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, field) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            let field = if field.is_empty() { "the root" } else { field };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}
