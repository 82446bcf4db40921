//! [`ContractError`]: reasons why a type or a schema cannot be asked for.

use super::dialect::DialectError;
use super::{TypeFault, wrapper};
use crate::schema::{SchemaError, SchemaLimit};

/// The reason why a type cannot be asked for.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The type has a mistake that its schema does not show.
    #[error("`{name}` cannot be asked for: {source}")]
    Type {
        /// The type's name.
        name: String,
        /// The mistake, with the fields it is about.
        source: TypeFault,
    },
    /// The type's JSON Schema is not one that can be checked against.
    #[error("the JSON Schema of `{name}` is not usable at {pointer}: {message}")]
    Schema {
        /// The type's name.
        name: String,
        /// The place in the schema, as a JSON pointer.
        pointer: String,
        /// The fault there.
        message: String,
    },
    /// A provider's dialect of JSON Schema cannot say what the type asks for.
    #[error("`{name}` cannot be said in the dialect {dialect}: {source}")]
    Dialect {
        /// The type's name.
        name: String,
        /// The dialect's name.
        dialect: &'static str,
        /// The fault, with its place in the type's own schema.
        source: DialectError,
    },
    /// The type's JSON Schema cannot be read.
    #[error("the JSON Schema of `{name}` cannot be read: {source}")]
    Unreadable {
        /// The type's name.
        name: String,
        /// The fault, with its place in the type's own schema.
        source: SchemaError,
    },
    /// A schema that was given at run time passes a bound.
    #[error("the JSON Schema of `{name}` is refused: {source}")]
    Unbounded {
        /// The schema's name.
        name: String,
        /// The bound that it passes.
        source: SchemaLimit,
    },
}

/// The refusal of a schema that the validator does not compile.
pub(super) fn uncompiled(name: &str, error: &jsonschema::ValidationError<'_>) -> ContractError {
    ContractError::Schema {
        name: name.to_owned(),
        pointer: error.instance_path().to_string(),
        message: error.to_string(),
    }
}

/// The refusal of a schema that cannot be read.
pub(super) fn unreadable(name: &str, error: SchemaError, is_wrapped: bool) -> ContractError {
    let source = if is_wrapped { error.at(place_inside) } else { error };
    ContractError::Unreadable { name: name.to_owned(), source }
}

fn place_inside(pointer: &str) -> Option<String> {
    wrapper::schema_pointer_inside(pointer).map(str::to_owned)
}
