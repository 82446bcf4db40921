//! The reasons why a schema cannot be sent in a dialect.

use std::borrow::Cow;
use std::fmt;

use super::super::wrapper;
use crate::schema::SchemaError;

/// Why a schema cannot be sent in a dialect. Either the dialect cannot express it, or it exceeds a limit,
/// or no value fits it, or it cannot be read safely.
///
/// ```
/// use extract_llm::contract::{Contract, ContractError};
/// use extract_llm::dialect::{Dialect, DialectError};
/// use serde_json::json;
///
/// let names: Vec<String> = (0..1_200).map(|n| n.to_string()).collect();
/// let contract = Contract::from_schema(json!({"enum": names}))?;
/// let refused = contract.tool(&Dialect::OPENAI_STRICT).unwrap_err();
/// let ContractError::Dialect { source, .. } = refused else { panic!("{refused}") };
/// assert!(matches!(*source, DialectError::Limit { allowed: 1_000, .. }));
/// # Ok::<(), ContractError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialectError {
    /// The dialect requires an object with named properties at the root, and the root is none.
    #[error(
        "{dialect} needs an object with named properties at the root; wrap the schema in a property"
    )]
    Root {
        /// The name of the dialect.
        dialect: &'static str,
    },
    /// The schema exceeds a limit of the dialect.
    #[error(
        "{dialect} allows {allowed} {limit}, this has {count} (most of them in {}); {}",
        Fields(fields), limit.remedy()
    )]
    Limit {
        /// The name of the dialect.
        dialect: &'static str,
        /// The limit.
        limit: Limit,
        /// The number that the dialect allows.
        allowed: usize,
        /// The number that the schema has.
        count: usize,
        /// JSON pointers of the fields that count most, worst first; `*` stands for any element.
        fields: Vec<String>,
    },
    /// No value fits the schema.
    #[error("no value fits the schema at {pointer:?}: {why}; change one of its rules")]
    Unsatisfiable {
        /// The JSON pointer of the part that no value fits.
        pointer: String,
        /// The rules that exclude each other.
        why: Cow<'static, str>,
    },
    /// The schema cannot be read.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The schema is nested too deeply. References that are written out add to the depth.
    #[error("the schema is nested more than {allowed} levels deep")]
    TooDeep {
        /// The most levels allowed.
        allowed: usize,
    },
    /// The lowered schema is too large, for example because references are written out.
    #[error(
        "the schema has more than {allowed} {of} once it is written out in {dialect}; split the type"
    )]
    TooLarge {
        /// The name of the dialect.
        dialect: &'static str,
        /// The number allowed.
        allowed: usize,
        /// The unit that is counted: `parts` or `bytes`.
        of: &'static str,
    },
}

impl DialectError {
    /// Converts pointers into a wrapping schema to pointers into the schema that was wrapped.
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

/// A limit that a provider sets for schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The properties of all objects together.
    Properties,
    /// The nesting of objects.
    Depth,
    /// The values of all enums together.
    EnumValues,
    /// The characters of all values of one long enum.
    EnumCharacters,
    /// The characters of all property names, definition names, enum values and constants.
    Characters,
    /// The properties that are not required.
    OptionalProperties,
    /// The properties with a union (`anyOf` or several types).
    Unions,
    /// The sum of all `maxItems`.
    MaxItems,
    /// The tools of one request; a variant of an enum may be one.
    Tools,
}

impl Limit {
    /// Returns advice for a schema that exceeds the limit.
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

/// The fields of an error, separated by commas.
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
