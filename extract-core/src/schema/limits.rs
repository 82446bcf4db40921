//! Bounds of a schema that is known only at run time. It may come from anywhere, so nothing walks it
//! before it is bounded.

use serde_json::Value;

/// The deepest nesting of JSON in a schema; what parses JSON from text stops there too.
const MAX_DEPTH: usize = 128;

/// The most values of a schema, names of members not counted.
const MAX_VALUES: usize = 100_000;

/// The most bytes of all names and texts together.
const MAX_BYTES: usize = 2 << 20;

/// The most bytes of the JSON pointers of all values together: each schema is known by its place.
const MAX_PLACES: usize = 64 << 20;

/// The most patterns, and the most repetitions that all of them count (`{3,40}` counts 40): each
/// has to be compiled.
const MAX_PATTERNS: usize = 1_000;
const MAX_REPEATS: usize = 10_000;

/// A bound that a schema given at run time passes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaLimit {
    /// Objects and lists lie too deep inside each other.
    #[error("it is nested more than {allowed} levels deep")]
    Depth {
        /// How many levels there may be.
        allowed: usize,
    },
    /// It is made of too many values.
    #[error("it is made of more than {allowed} values")]
    Values {
        /// How many there may be.
        allowed: usize,
    },
    /// Its names and texts are too long together.
    #[error("its names and texts are more than {allowed} bytes together")]
    Bytes {
        /// How many bytes there may be.
        allowed: usize,
    },
    /// Long names stand around too many values.
    #[error("the JSON pointers of its values are more than {allowed} bytes together")]
    Places {
        /// How many bytes there may be.
        allowed: usize,
    },
    /// It has too many patterns, or they repeat too much.
    #[error(
        "its patterns are too many or too large: {allowed} may stand in it, and repeat \
         {repeats} times in all"
    )]
    Patterns {
        /// How many patterns there may be.
        allowed: usize,
        /// What the counted repetitions of all of them may come to.
        repeats: usize,
    },
    /// A part of it has an `$id`, and a reference means one thing with it and another without.
    #[error(
        "the `$id` at {pointer} makes a document of its own inside of the schema, and a reference \
         to it or inside of it is ambiguous; leave the `$id` out"
    )]
    Embedded {
        /// JSON pointer of the `$id`.
        pointer: String,
    },
}

/// A schema that is not too deep, too large or too costly to be walked. Does not recurse.
pub(crate) fn bounded(schema: Value) -> Result<Value, SchemaLimit> {
    match find(&schema) {
        None => Ok(schema),
        Some(refused) => {
            // Dropping a deep value recurses as deep.
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
            // An index has seven characters at the most, with the slash.
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
        if places > MAX_PLACES {
            return Some(SchemaLimit::Places { allowed: MAX_PLACES });
        }
    }
    None
}

/// The sum of the numbers in a pattern's braces, each pair counted by its larger one.
fn counted(pattern: &str) -> usize {
    let braces = pattern.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
    braces
        .map(|(inside, _)| {
            let largest = inside.split(',').filter_map(|n| n.trim().parse::<usize>().ok()).max();
            largest.unwrap_or(0)
        })
        .fold(0, usize::saturating_add)
}
