//! The contract of a type: its JSON Schema, its tool, its compiled validator, and its form in each dialect.
//! Built once per type; knows no provider, no network and no reply.
//!
//! ```
//! use extract_llm::contract::Contract;
//!
//! let contract = Contract::of::<bool>()?;
//! assert!(contract.is_wrapped());
//! assert_eq!(contract.sent_schema()["required"][0], "value");
//! # Ok::<(), extract_llm::contract::ContractError>(())
//! ```

mod answer;
mod base64;
mod cache;
mod changes;
mod check_error;
mod checker;
mod column;
mod compiled;
mod context;
mod contract_error;
mod counting;
pub mod dialect;
mod dialect_report;
mod element_contract;
mod extract;
#[doc(hidden)]
pub mod field_type;
mod fieldwise;
#[doc(hidden)]
pub mod fits;
mod foreign;
mod list_rest;
mod maybe;
mod members;
mod name;
mod partial_form;
mod path_lookup;
mod problem;
mod reask_parts;
#[doc(hidden)]
pub mod rules;
mod schema_path;
mod schema_source;
mod sent_shape;
pub(crate) mod shape;
mod type_fault;
mod type_walk;
mod user_tool;
mod value_deserializer;
mod variants;
pub(crate) mod wrapper;

#[doc(hidden)]
pub use crate::schema::{Constraint, tidy_flattened};
pub use crate::schema::{SchemaError, SchemaLimit};
pub use answer::Answer;
pub use base64::Base64;
pub(crate) use changes::Changes;
pub use check_error::{CheckError, CheckFailure};
pub use checker::Checker;
pub(crate) use checker::FailedCheck;
pub use column::{Column, ColumnKind};
pub use compiled::{Contract, LoweredContract};
pub use context::{CheckContext, Context};
pub use contract_error::ContractError;
pub use dialect_report::{Change, DialectReport};
pub use extract::{Extract, Probe, ProbeExtract, ProbeOther};
#[doc(hidden)]
pub use fieldwise::{FieldPiece, FieldPieceExtract, FieldPieceOther, FieldPieceRead};
pub(crate) use list_rest::rest_name;
pub use maybe::Maybe;
pub(crate) use problem::{MISSING, MOST_SHOWN, excerpt};
pub use problem::{Problem, ProblemKind, Problems};
pub use reask_parts::{ReaskPart, ReaskParts};
pub use schema_source::SchemaSource;
pub use shape::Shape;
pub use type_fault::TypeFault;
#[doc(hidden)]
pub use type_walk::{
    FieldWalk, FieldWalkExtract, FieldWalkOther, FlattenedField, PlainMember, TypeWalk,
    open_beside_tag, schema_of,
};
pub use user_tool::UserTool;
pub(crate) use value_deserializer::{DeserializeProblem, read};
pub(crate) use variants::VariantTools;
pub use variants::{Variant, Variants};
