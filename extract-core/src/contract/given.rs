//! Schemas that are known only at run time: bounded before anything walks them, then taken like a
//! type's. They may come from anywhere, so nothing is believed of them.

use std::sync::Arc;

use serde_json::Value;

use super::{Contract, ContractError, push_segment};

/// The deepest nesting of JSON in a schema; what parses JSON from text stops there too.
const MAX_DEPTH: usize = 128;

/// The most values of a schema, names of members not counted.
const MAX_VALUES: usize = 100_000;

/// The most bytes of all names and texts together.
const MAX_BYTES: usize = 2 << 20;

/// The most patterns, and the most repetitions that all of them count (`{3,40}` counts 40): each
/// has to be compiled.
const MAX_PATTERNS: usize = 1_000;
const MAX_REPEATS: usize = 10_000;

/// A bound that a schema given at run time passes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unbounded {
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
    /// A part of it has an `$id`, from which the references inside of it would lead elsewhere.
    #[error("the `$id` at {pointer} makes a document of its own inside of it; leave it out")]
    Embedded {
        /// JSON pointer of the `$id`.
        pointer: String,
    },
}

/// What an answer is held to, where it is not a type's own contract: a JSON Schema, or a contract
/// that was made before.
///
/// ```
/// use extract_core::contract::{Contract, Given};
/// use serde_json::json;
///
/// let schema = json!({"title": "Person", "type": "object", "properties": {"name": {"type": "string"}}});
/// let once: Given = schema.into();
/// let contract = once.contract()?;
/// let again: Given = contract.clone().into(); // nothing is built a second time
/// assert!(std::sync::Arc::ptr_eq(&again.contract()?, &contract));
/// # Ok::<(), extract_core::contract::ContractError>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Given {
    /// A JSON Schema.
    Schema(Value),
    /// A contract.
    Contract(Arc<Contract>),
}

impl Given {
    /// The contract: made of the schema, or the one that was given.
    pub fn contract(self) -> Result<Arc<Contract>, ContractError> {
        match self {
            Self::Schema(schema) => Contract::from_schema(schema),
            Self::Contract(contract) => Ok(contract),
        }
    }
}

impl From<Value> for Given {
    fn from(schema: Value) -> Self {
        Self::Schema(schema)
    }
}

impl From<&Value> for Given {
    fn from(schema: &Value) -> Self {
        Self::Schema(schema.clone())
    }
}

impl From<Arc<Contract>> for Given {
    fn from(contract: Arc<Contract>) -> Self {
        Self::Contract(contract)
    }
}

impl From<&Arc<Contract>> for Given {
    fn from(contract: &Arc<Contract>) -> Self {
        Self::Contract(Arc::clone(contract))
    }
}

/// Refuses what is too deep, too large or too costly to be walked. Does not recurse.
pub(super) fn bounded(schema: &Value) -> Result<(), Unbounded> {
    let mut open = vec![(schema, 0)];
    let (mut values, mut bytes, mut patterns, mut repeats) = (0, 0, 0, 0);
    while let Some((value, depth)) = open.pop() {
        values += 1;
        if values > MAX_VALUES {
            return Err(Unbounded::Values { allowed: MAX_VALUES });
        }
        if depth > MAX_DEPTH {
            return Err(Unbounded::Depth { allowed: MAX_DEPTH });
        }
        let mut pattern = |text: &str| {
            patterns += 1;
            repeats += counted(text);
        };
        match value {
            Value::String(text) => bytes += text.len(),
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => {
                bytes += members.keys().map(String::len).sum::<usize>();
                if let Some(Value::String(text)) = members.get("pattern") {
                    pattern(text);
                }
                if let Some(Value::Object(named)) = members.get("patternProperties") {
                    named.keys().for_each(|text| pattern(text));
                }
                open.extend(members.values().map(|item| (item, depth + 1)));
            }
            _ => {}
        }
        if patterns > MAX_PATTERNS || repeats > MAX_REPEATS {
            return Err(Unbounded::Patterns { allowed: MAX_PATTERNS, repeats: MAX_REPEATS });
        }
        if bytes > MAX_BYTES {
            return Err(Unbounded::Bytes { allowed: MAX_BYTES });
        }
    }
    Ok(())
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

/// Leaves out what says where the document is from, which has no meaning here, and refuses what
/// would make a part of it another document. The schema is bounded already.
pub(super) fn detached(mut schema: Value) -> Result<Value, Unbounded> {
    if let Some(members) = schema.as_object_mut() {
        for keyword in ["$schema", "$id"] {
            if members.get(keyword).is_some_and(Value::is_string) {
                members.shift_remove(keyword);
            }
        }
    }
    let mut pointer = String::new();
    if embedded(&schema, &mut pointer) {
        return Err(Unbounded::Embedded { pointer });
    }
    Ok(schema)
}

/// Finds an `$id`. It is a string only where it is the keyword: as a property's name it holds a
/// schema.
fn embedded(value: &Value, pointer: &mut String) -> bool {
    let here = pointer.len();
    let mut inside = |segment: &str, value: &Value| {
        push_segment(pointer, segment);
        if (segment == "$id" && value.is_string()) || embedded(value, pointer) {
            return true;
        }
        pointer.truncate(here);
        false
    };
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| inside(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().any(|(index, item)| inside(&index.to_string(), item))
        }
        _ => false,
    }
}
