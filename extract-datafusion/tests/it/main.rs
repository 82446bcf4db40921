//! Extraction in SQL: the calls of each query shape, failures, stops, the journal, and the types.

mod calls;
mod errors;
mod input;
mod journal;
mod support;
mod types;
