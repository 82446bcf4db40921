//! Reading as it arrives.

/// Reads a text in portions.
#[derive(Debug)]
pub struct Incremental;
