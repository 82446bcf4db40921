//! Limits for a schema that is supplied at run time. It may come from anywhere, so it is checked here
//! before any code traverses it.

use serde_json::Value;

/// The deepest nesting of JSON in a schema. Parsers of JSON text have the same limit.
const MAX_DEPTH: usize = 128;

/// The most values in a schema, not counting member names.
const MAX_VALUES: usize = 100_000;

/// The most bytes of all names and strings together.
const MAX_BYTES: usize = 2 << 20;

/// The most bytes of the JSON pointers of all values together. Every schema is stored under its
/// pointer.
const MAX_POINTER_BYTES: usize = 64 << 20;

/// The most patterns in a schema. All of them are compiled.
const MAX_PATTERNS: usize = 1_000;
/// The most repetitions that all patterns together count; `{3,40}` counts 40.
const MAX_REPEATS: usize = 10_000;

/// A limit that a schema supplied at run time exceeds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaLimit {
    /// Objects and arrays are nested too deeply.
    #[error("it is nested more than {allowed} levels deep")]
    Depth {
        /// The most levels allowed.
        allowed: usize,
    },
    /// The schema consists of too many values.
    #[error("it has more than {allowed} values")]
    Values {
        /// The most values allowed.
        allowed: usize,
    },
    /// The names and strings are too long together.
    #[error("its names and strings are longer than {allowed} bytes together")]
    Bytes {
        /// The most bytes allowed.
        allowed: usize,
    },
    /// The JSON pointers of the values are too long together.
    #[error("the JSON pointers of its values are longer than {allowed} bytes together")]
    PointerBytes {
        /// The most bytes allowed.
        allowed: usize,
    },
    /// The schema has too many patterns, or they count too many repetitions.
    #[error(
        "it has more than {allowed} patterns, or their counted repetitions add up to more than \
         {repeats}"
    )]
    Patterns {
        /// The most patterns allowed.
        allowed: usize,
        /// The most counted repetitions allowed in all patterns together.
        repeats: usize,
    },
    /// A part of the schema has an `$id` that gives a reference two meanings: one from the `$id` and
    /// another from the root.
    #[error(
        "the `$id` at {pointer} makes a reference to it or inside it ambiguous; leave the `$id` out"
    )]
    Embedded {
        /// The JSON pointer of the `$id`.
        pointer: String,
    },
}

/// Returns the schema if it is within all limits, or the first limit that it exceeds. Does not recurse.
pub(crate) fn bounded(schema: Value) -> Result<Value, SchemaLimit> {
    match find(&schema) {
        None => Ok(schema),
        Some(refused) => {
            // Dropping a deep value at once would recurse as deep.
            let mut open = vec![schema];
            while let Some(value) = open.pop() {
                match value {
                    Value::Array(items) => open.extend(items),
                    Value::Object(members) => open.extend(members.into_iter().map(|(_, one)| one)),
                    _ => {}
                }
            }
            Err(refused)
        }
    }
}

/// Returns the first limit that a schema exceeds.
fn find(schema: &Value) -> Option<SchemaLimit> {
    let mut open = vec![(schema, 0, 0)];
    let (mut values, mut bytes, mut places, mut patterns, mut repeats) = (0, 0, 0, 0, 0);
    while let Some((value, depth, place)) = open.pop() {
        values += 1;
        places += place;
        if values > MAX_VALUES {
            return Some(SchemaLimit::Values { allowed: MAX_VALUES });
        }
        if depth > MAX_DEPTH {
            return Some(SchemaLimit::Depth { allowed: MAX_DEPTH });
        }
        let mut pattern = |text: &str| {
            patterns += 1;
            repeats += counted(text);
        };
        match value {
            Value::String(text) => bytes += text.len(),
            // An index takes at most seven characters, including the slash.
            Value::Array(items) => {
                open.extend(items.iter().map(|item| (item, depth + 1, place + 7)));
            }
            Value::Object(members) => {
                bytes += members.keys().map(String::len).sum::<usize>();
                if let Some(Value::String(text)) = members.get("pattern") {
                    pattern(text);
                }
                if let Some(Value::Object(named)) = members.get("patternProperties") {
                    named.keys().for_each(|text| pattern(text));
                }
                let inside = members.iter();
                open.extend(inside.map(|(name, item)| (item, depth + 1, place + name.len() + 1)));
            }
            _ => {}
        }
        if patterns > MAX_PATTERNS || repeats > MAX_REPEATS {
            return Some(SchemaLimit::Patterns { allowed: MAX_PATTERNS, repeats: MAX_REPEATS });
        }
        if bytes > MAX_BYTES {
            return Some(SchemaLimit::Bytes { allowed: MAX_BYTES });
        }
        if places > MAX_POINTER_BYTES {
            return Some(SchemaLimit::PointerBytes { allowed: MAX_POINTER_BYTES });
        }
    }
    None
}

/// Returns the sum of the repetitions that a pattern counts; a pair such as `{3,40}` adds the larger
/// number.
fn counted(pattern: &str) -> usize {
    let braces = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    braces
        .map(|(inside, _)| {
            let largest = inside.split(',').filter_map(|n| n.trim().parse::<usize>().ok()).max();
            largest.unwrap_or(0)
        })
        .fold(0, usize::saturating_add)
}
