//! What a type asks for: its JSON Schema, its tool, the compiled validator, and the dialects that
//! providers want them in. Built once per type; knows no provider, no network and no reply.

mod compiled;
mod constraint;
pub mod dialect;
mod extract;
mod name;
mod problem;
mod root;
pub(crate) mod shape;

pub use compiled::{Contract, ContractError, Form};
pub use constraint::Constraint;
pub use extract::{Extract, Probe, ProbeExtract, ProbeOther};
pub use problem::{Checker, Problem, ProblemKind, Problems};
pub(crate) use problem::{excerpt, push_segment};
pub use shape::{Shape, ShapeError};
