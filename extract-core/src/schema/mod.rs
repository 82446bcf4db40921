//! One model of a JSON Schema (draft 2020-12). A [`Tree`] reads a document once, within limits: it
//! resolves references inside the document only, and merges `allOf` without loss.
//!
//! Other modules read the [`Tree`]. Outside this module and the printing of dialects, no code names a
//! keyword or follows a reference.

pub(crate) mod base64;
mod bounds;
mod combine;
mod constants;
mod constraint;
pub(crate) mod contradiction;
mod cost_guard;
mod cycles;
mod decimal;
mod drafts;
pub(crate) mod embed;
mod error;
mod fits;
mod flattened;
mod formats;
mod keywords;
mod kinds;
mod limits;
mod merge;
mod node;
mod numbers;
mod pattern;
mod pointer;
mod print;
mod queries;
mod stack;
mod tree;
pub(crate) mod validator;
mod written;

pub(crate) use bounds::{Bounds, Lengths, integer as integer_bound};
pub(crate) use combine::Combination;
pub(crate) use constants::{Constant, json_equal};
pub use constraint::Constraint;
pub(crate) use cost_guard::CheckKind;
pub(crate) use drafts::{in_json_schema, modernized};
pub use error::SchemaError;
pub(crate) use error::did_you_mean;
pub(crate) use flattened::open_beside_tag;
pub use flattened::tidy_flattened;
pub(crate) use keywords::{bytes, each_schema};
pub(crate) use kinds::Kinds;
pub use limits::SchemaLimit;
pub(crate) use limits::bounded;
pub(crate) use node::{Member, Node, NodeId, NodeKind, Origin, OtherMembers, Plain};
pub(crate) use numbers::{Bound, is_whole};
pub(crate) use pattern::Pattern;
pub(crate) use pointer::{at_pointer, push_segment, segments};
pub(crate) use queries::SchemaStep;
pub(crate) use stack::StackRoom;
pub(crate) use tree::Tree;
pub(crate) use validator::Validator;
pub(crate) use written::{Annotations, WrittenId, WrittenSchema, pointer_of};

/// Marks the union branch that takes the plain text of a reply. Only types of this crate write it, and
/// providers are never sent it.
pub(crate) const PLAIN_TEXT: &str = "x-plain-text";

#[cfg(test)]
mod tests;
