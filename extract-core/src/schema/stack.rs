//! Provides stack for code that recurses as deep as a schema or a value is nested. Both are bounded, so
//! the need is computed beforehand.

use serde_json::Value;

/// The stack per level of a document that is compiled, lowered or written, in bytes. Measured in a
/// debug build: 60 KB, with a reference at every level.
const DOCUMENT: usize = 80 << 10;

/// The stack per nested group of a pattern that is compiled, in bytes. Measured in a debug build: 44 KB, with
/// a choice and a repetition at every level.
const GROUP: usize = 64 << 10;

/// The deepest nesting of groups that counts. Deeper patterns are refused.
const MOST_GROUPS: usize = 101;

/// The stack per schema that a value is checked against, in bytes. Measured in a debug build: 1.4 KB.
const SCHEMA: usize = 2 << 10;

/// The stack per level of a value that serde reads, in bytes.
const READ: usize = 8 << 10;

/// An amount of stack, in bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StackRoom(usize);

impl StackRoom {
    /// Returns the stack for a recursion through a document, and through any of its texts as a pattern.
    pub(crate) fn of_document(document: &Value) -> Self {
        let mut groups = 0;
        let depth = depth(document, |text| groups = groups.max(nested_groups(text)));
        Self(DOCUMENT * (depth + 1) + GROUP * groups)
    }

    /// Returns the stack for compiling a pattern.
    pub(super) fn of_pattern(pattern: &str) -> Self {
        Self(GROUP * (nested_groups(pattern) + 1))
    }

    /// Returns the stack for checking a value. `nested` is the number of schemas inside each other for
    /// the same value.
    pub(super) fn of_check(value: &Value, nested: usize) -> Self {
        Self(SCHEMA * (depth(value, |_| ()) + 1) * (nested + 1))
    }

    /// Returns the stack for reading a value with serde.
    pub(crate) fn of_reading(value: &Value) -> Self {
        Self(READ * (depth(value, |_| ()) + 1))
    }

    /// Calls `run` with at least this much stack, on a new stack if less is left.
    pub(crate) fn run<R>(self, run: impl FnOnce() -> R) -> R {
        /// Stack for the frames outside the recursion, in bytes.
        const BESIDE: usize = 128 << 10;
        stacker::maybe_grow(self.0 + BESIDE, self.0 + 2 * BESIDE, run)
    }
}

/// Returns the depth to which a value is nested, and shows all its texts and names. Does not recurse.
fn depth(value: &Value, mut text: impl FnMut(&str)) -> usize {
    let mut open = vec![(value, 0)];
    let mut deepest = 0;
    while let Some((value, depth)) = open.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => {
                members.keys().for_each(|name| text(name));
                open.extend(members.values().map(|item| (item, depth + 1)));
            }
            Value::String(found) => text(found),
            _ => {}
        }
    }
    deepest
}

/// Returns how deep groups are nested in a pattern, rather too deep than not deep enough.
fn nested_groups(pattern: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in pattern.bytes() {
        match byte {
            b'(' => {
                open += 1;
                deepest = deepest.max(open);
            }
            b')' => open = open.saturating_sub(1),
            _ => {}
        }
    }
    deepest.min(MOST_GROUPS)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Origin, Pattern, Tree, validator};

    #[test]
    fn deep_patterns_have_stack_enough() {
        let small = std::thread::Builder::new().stack_size(256 << 10);
        let work = || {
            for nested in [8, 48] {
                let pattern = format!("^{}a{}$", "(x|(y|".repeat(nested), ")+)*".repeat(nested));
                let schema = json!({"patternProperties": {&pattern: true}, "pattern": &pattern});
                let tree = Tree::parse(&schema, Origin::Document).unwrap();
                // The deeper one is too complex for the compiler, which has to find that out.
                let is_compiled = validator::compile(&tree, &schema, str::to_owned).is_ok();
                assert_eq!(is_compiled, nested == 8);
                assert_eq!(Pattern::new(&pattern).matches("a"), nested == 8);
            }
        };
        small.spawn(work).unwrap().join().unwrap();
    }
}
