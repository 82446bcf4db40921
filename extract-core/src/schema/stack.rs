//! Room on the stack for what recurses as deep as a schema or a value is nested. Both are bounded, so what
//! it takes is known beforehand.

use serde_json::Value;

/// The stack that one level of a document takes where it is compiled, lowered or written, in bytes. Measured
/// in a debug build: 60 KB, with a reference at each level.
const DOCUMENT: usize = 80 << 10;

/// The stack that one schema takes that is held against a value, in bytes. Measured in a debug build: 1.4 KB.
const SCHEMA: usize = 2 << 10;

/// The stack that one level of a value takes where serde reads it, in bytes.
const READ: usize = 8 << 10;

/// Room that something takes, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StackRoom(usize);

impl StackRoom {
    /// For what recurses along a document.
    pub(crate) fn of_document(document: &Value) -> Self {
        Self(DOCUMENT * (depth(document) + 1))
    }

    /// For what holds a value against a schema, in which so many schemas lie inside each other for one value.
    pub(super) fn of_check(value: &Value, nested: usize) -> Self {
        Self(SCHEMA * (depth(value) + 1) * (nested + 1))
    }

    /// For what reads a value.
    pub(crate) fn of_reading(value: &Value) -> Self {
        Self(READ * (depth(value) + 1))
    }

    /// Runs it with so much room, on more stack if there is less.
    pub(crate) fn run<R>(self, run: impl FnOnce() -> R) -> R {
        const BESIDE: usize = 128 << 10;
        stacker::maybe_grow(self.0 + BESIDE, self.0 + 2 * BESIDE, run)
    }
}

/// The number of levels that a value is nested. Does not recurse.
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
