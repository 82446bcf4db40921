//! Dialects: the form in which every provider gets a type's schema, and the conversion of replies to
//! the type's shape.
//!
//! One engine ([`lower`]) reads the rules of a [`Dialect`] from a table. If the dialect has no keyword
//! for a rule, the rule goes into the description, or the value is sent in another shape. Every such
//! change is recorded as a [`Note`]. [`Lowered::restore`] converts a reply to the type's shape. The
//! result is checked against the original schema, so a rule in a description is still enforced.
//!
//! ```
//! use extract_core::contract::dialect::lower;
//! use extract_llm::dialect::Dialect;
//! use serde_json::json;
//!
//! let schema = json!({
//!     "type": "object",
//!     "properties": {
//!         "age": {"type": "integer", "format": "uint8", "minimum": 0, "maximum": 255},
//!         "nickname": {"type": "string"},
//!         "scores": {"type": "object", "additionalProperties": {"type": "number"}},
//!     },
//!     "required": ["age", "scores"],
//! });
//! let lowered = lower(&schema, &Dialect::OPENAI_STRICT)?;
//! // Every property is required, the optional one may be null, and the map is a list of pairs.
//! assert_eq!(lowered.schema["required"], json!(["age", "nickname", "scores"]));
//! assert_eq!(lowered.schema["properties"]["nickname"], json!({"type": ["string", "null"]}));
//! let sent = json!({"age": 36, "nickname": null, "scores": [{"key": "math", "value": 1.5}]});
//! assert_eq!(lowered.restore(sent), json!({"age": 36, "scores": {"math": 1.5}}));
//! # Ok::<(), extract_llm::dialect::DialectError>(())
//! ```

mod arrays;
mod branch_match;
mod describe;
mod error;
mod limits;
mod lower;
mod lowered;
mod lowered_pointer;
mod member_list;
mod note;
mod objects;
mod pattern;
pub(crate) mod plan;
mod references;
mod render;
mod rows;
mod scalars;
mod table;
mod tool_format;
mod transform;
mod union;

use std::sync::Arc;

use serde_json::Value;

use crate::schema::{Origin, StackRoom, Tree};

pub use error::{DialectError, Limit};
pub(super) use limits::check_tools;
pub use limits::{LimitUse, limits_used};
pub use lowered::{Lowered, Restored};
pub(crate) use member_list::member_list;
pub use note::{Note, NoteKind};
pub(crate) use render::render;
pub use render::render_typescript;
pub use table::Dialect;

/// Lowers a JSON Schema (draft 2020-12, as schemars writes it) into a dialect.
///
/// The schema is bounded: 128 levels of JSON, and 4,096 bytes for a pattern. The lowered schema may have
/// ten times the size of the original, or 8 KB for a small one. References are followed inside the
/// document only.
///
/// Fails with a [`DialectError`] if the schema exceeds these bounds or a limit of the dialect. Also
/// fails if the schema is malformed, if the dialect cannot express it, or if no value fits it.
///
/// An object that names properties and does not mention others has no others, as in serde's structs. An
/// object that names none may have any. `allOf`, the keywords beside a `$ref` and those beside a union
/// are merged in that sense. Several unions for the same value become all their combinations.
///
/// ```
/// use extract_core::contract::dialect::lower;
/// use extract_llm::dialect::{Dialect, DialectError};
/// use serde_json::json;
///
/// let remote = json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}});
/// let refused = lower(&remote, &Dialect::OPENAI_STRICT);
/// assert!(matches!(refused, Err(DialectError::Schema(_))));
/// ```
pub fn lower(schema: &Value, dialect: &Dialect) -> Result<Lowered, DialectError> {
    let tree = Arc::new(Tree::parse(schema, Origin::Document)?);
    StackRoom::of_document(schema).run(|| lower_tree(&tree, dialect))
}

/// Lowers a schema that is already read. Fails as [`lower()`] does.
pub(crate) fn lower_tree(tree: &Arc<Tree>, dialect: &Dialect) -> Result<Lowered, DialectError> {
    lower::lower(tree, dialect)
}
