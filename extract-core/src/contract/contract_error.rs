//! [`ContractError`]: the reasons why a type or a schema has no contract.

use super::dialect::DialectError;
use super::{TypeFault, wrapper};
use crate::schema::{SchemaError, SchemaLimit};

/// The error of a type or a schema that cannot be asked for. It appears before any request is made.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ContractError {
    /// The type has a mistake that its schema does not show.
    #[error("`{name}` cannot be asked for: {source}")]
    Type {
        /// The name of the type.
        name: String,
        /// The mistake, with the names of the fields.
        source: Box<TypeFault>,
    },
    /// The JSON Schema has a constraint that cannot be checked, or that no value can meet.
    #[error("the JSON Schema of `{name}` is not usable at {pointer}: {message}")]
    Schema {
        /// The name of the type.
        name: String,
        /// The place in the schema, as a JSON pointer.
        pointer: String,
        /// The fault at that place.
        message: String,
    },
    /// The dialect of a provider cannot express the JSON Schema of the type.
    #[error("`{name}` cannot be expressed in the dialect {dialect}: {source}")]
    Dialect {
        /// The name of the type.
        name: String,
        /// The name of the dialect.
        dialect: &'static str,
        /// The fault, with its place in the schema of the type.
        source: Box<DialectError>,
    },
    /// The JSON Schema cannot be read.
    #[error("the JSON Schema of `{name}` cannot be read: {source}")]
    Unreadable {
        /// The name of the type.
        name: String,
        /// The fault, with its place in the schema of the type.
        source: SchemaError,
    },
    /// A run-time schema exceeds a limit.
    #[error("the JSON Schema of `{name}` is refused: {source}")]
    Unbounded {
        /// The name of the schema.
        name: String,
        /// The limit that it exceeds.
        source: SchemaLimit,
    },
}

/// Makes the error of a schema that the validator cannot compile.
pub(super) fn uncompiled(name: &str, error: &jsonschema::ValidationError<'_>) -> ContractError {
    ContractError::Schema {
        name: name.to_owned(),
        pointer: error.instance_path().to_string(),
        message: error.to_string(),
    }
}

/// Makes the error of a schema that cannot be read. Its pointer is into the schema of the type.
pub(super) fn unreadable(name: &str, error: SchemaError, is_wrapped: bool) -> ContractError {
    let source = if is_wrapped { error.at(pointer_inside) } else { error };
    ContractError::Unreadable { name: name.to_owned(), source }
}

/// Translates a pointer into a wrapped schema to one into the schema inside.
fn pointer_inside(pointer: &str) -> Option<String> {
    wrapper::schema_pointer_inside(pointer).map(str::to_owned)
}
