//! Dialects: how a type's schema is said to each provider, and how the values that come back are
//! turned into the type's own shape again.
//!
//! One engine ([`lower`]) reads the rules of a [`Dialect`] from a table. What a dialect cannot say
//! is said in the description, or the value is sent in another shape; each such thing is a
//! [`Note`]. The reply is turned back by [`Lowered::raise`] and checked against the schema as it
//! was, so that nothing is lost by being said in words only.
//!
//! ```
//! use extract_llm::contract::dialect::{lower, Dialect};
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
//! # Ok::<(), extract_llm::contract::dialect::DialectError>(())
//! ```

mod arrays;
mod branch_match;
mod describe;
mod error;
mod limits;
mod lower;
mod lowered;
mod lowered_pointer;
mod note;
mod objects;
mod pattern;
pub(crate) mod plan;
mod references;
mod render;
mod rows;
mod scalars;
mod table;
mod transform;
mod union;

use std::sync::Arc;

use serde_json::Value;

use crate::schema::{Origin, StackRoom, Tree};

pub use error::{DialectError, Limit};
pub(super) use limits::check_tools;
pub use limits::{LimitUse, limits_used};
pub use lowered::{Lowered, Restored};
pub use note::{Note, NoteKind};
pub(crate) use render::render;
pub use render::render_typescript;
pub use table::Dialect;

/// Lowers a JSON Schema (draft 2020-12, as schemars writes it) into a dialect.
///
/// The schema is bounded first: 128 levels of JSON, patterns of 4,096 bytes, and ten times its own size
/// once it is written out (8 KB for small ones). References are followed inside the document only. A
/// schema that passes these bounds or a limit of the dialect is refused with a [`DialectError`].
///
/// An object that names properties and does not speak of others has no others, as in serde's structs;
/// one that names none may have any. `allOf`, the siblings of a `$ref` and those of a union are merged
/// in that sense; unions beside each other become all their combinations.
///
/// ```
/// use extract_llm::contract::dialect::{lower, Dialect, DialectError};
/// use serde_json::json;
///
/// let remote = json!({"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}});
/// let refused = lower(&remote, &Dialect::OPENAI_STRICT);
/// assert!(matches!(refused, Err(DialectError::Schema(_))));
/// ```
pub fn lower(schema: &Value, dialect: &Dialect) -> Result<Lowered, DialectError> {
    let tree = Arc::new(Tree::parse(schema, Origin::Given)?);
    StackRoom::of_document(schema).run(|| lower_tree(&tree, dialect))
}

/// Lowers a schema that is read already.
pub(crate) fn lower_tree(tree: &Arc<Tree>, dialect: &Dialect) -> Result<Lowered, DialectError> {
    lower::lower(tree, dialect)
}
