//! What a type asks for: its JSON Schema, its tool, the compiled validator, and the dialects that
//! providers want them in. Built once per type; knows no provider, no network and no reply.

mod extract;
mod problem;
pub(crate) mod shape;

pub use extract::{Extract, Probe, ProbeExtract, ProbeOther};
pub(crate) use problem::push_segment;
pub use problem::{Checker, Problem, ProblemKind, Problems};
pub use shape::{Shape, ShapeError};
