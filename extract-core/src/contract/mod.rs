//! What a type asks for: its JSON Schema, its tool, the compiled validator, and the dialects that
//! providers want them in. Built once per type; knows no provider, no network and no reply.

pub mod dialect;
mod extract;
mod problem;

pub use extract::{Extract, Probe, ProbeExtract, ProbeOther};
pub use problem::{Checker, Problem, ProblemKind, Problems};
