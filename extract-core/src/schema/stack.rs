//! Provides stack for code that recurses as deep as a schema or a value is nested. Both are bounded, so
//! the need is computed beforehand.

use serde_json::Value;

/// The stack per level of a document that is compiled, lowered or written, in bytes. Measured in a
/// debug build: 60 KB, with a reference at every level.
const DOCUMENT: usize = 80 << 10;

/// The stack per schema that a value is checked against, in bytes. Measured in a debug build: 1.4 KB.
const SCHEMA: usize = 2 << 10;

/// The stack per level of a value that serde reads, in bytes.
const READ: usize = 8 << 10;

/// An amount of stack, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StackRoom(usize);

impl StackRoom {
    /// Returns the stack for a recursion through a document.
    pub(crate) fn of_document(document: &Value) -> Self {
        Self(DOCUMENT * (depth(document) + 1))
    }

    /// Returns the stack for checking a value. `nested` is the number of schemas inside each other for
    /// the same value.
    pub(super) fn of_check(value: &Value, nested: usize) -> Self {
        Self(SCHEMA * (depth(value) + 1) * (nested + 1))
    }

    /// Returns the stack for reading a value with serde.
    pub(crate) fn of_reading(value: &Value) -> Self {
        Self(READ * (depth(value) + 1))
    }

    /// Calls `run` with at least this much stack, on a new stack if less is left.
    pub(crate) fn run<R>(self, run: impl FnOnce() -> R) -> R {
        /// Stack for the frames outside the recursion, in bytes.
        const BESIDE: usize = 128 << 10;
        stacker::maybe_grow(self.0 + BESIDE, self.0 + 2 * BESIDE, run)
    }
}

/// Returns the depth to which a value is nested. Does not recurse.
fn depth(value: &Value) -> usize {
    let mut open = vec![(value, 0)];
    let mut deepest = 0;
    while let Some((value, depth)) = open.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    deepest
}
