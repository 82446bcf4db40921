//! The engine of `extract-llm`. Use that crate; this one is its inside.

pub mod contract;
pub mod conversation;
pub mod reading;

pub use contract::Extract;
