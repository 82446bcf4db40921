//! What a type asks for: its JSON Schema, its tool, the compiled validator, and the dialects that
//! providers want them in. Built once per type; knows no provider, no network and no reply.
//!
//! ```
//! use extract_core::contract::Contract;
//!
//! let contract = Contract::of::<bool>()?;
//! assert!(contract.is_wrapped());
//! assert_eq!(contract.asked_schema()["required"][0], "value");
//! # Ok::<(), extract_core::contract::ContractError>(())
//! ```

mod base64;
mod checkable;
mod compiled;
mod constraint;
pub mod dialect;
mod each;
mod envelope;
mod extract;
#[doc(hidden)]
pub mod fits;
mod foreign;
mod given;
mod known;
mod name;
mod parts;
mod place;
mod problem;
mod report;
pub(crate) mod root;
pub(crate) mod shape;

pub use base64::Base64;
pub use compiled::{Contract, ContractError, Form};
pub use constraint::Constraint;
pub use extract::{Extract, Probe, ProbeExtract, ProbeOther};
pub use given::{Given, Unbounded};
pub use parts::{Part, Parts};
pub use problem::{Checker, Problem, ProblemKind, Problems};
pub(crate) use problem::{excerpt, push_segment, segments};
pub use report::{Change, DialectReport};
pub use shape::{Shape, ShapeError};
