//! The structure of a schema: which of its members are schemas themselves. Everything that walks a
//! schema walks it by this table, so that a property called `title` or `$ref` is never taken for a
//! keyword.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::problem::push_segment;

/// Keywords whose value maps names to schemas.
const NAMED: &[&str] =
    &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Keywords whose value is a list of schemas.
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// Keywords whose value is a schema.
const SINGLE: &[&str] = &[
    "items",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
];

/// Calls `visit` with every schema directly inside this one and its JSON pointer from here.
pub(super) fn children<'s, E>(
    schema: &'s Map<String, Value>,
    mut visit: impl FnMut(&str, &'s Value) -> Result<(), E>,
) -> Result<(), E> {
    for (keyword, value) in schema {
        let mut pointer = String::new();
        push_segment(&mut pointer, keyword);
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                for (name, schema) in named {
                    let here = pointer.len();
                    push_segment(&mut pointer, name);
                    visit(&pointer, schema)?;
                    pointer.truncate(here);
                }
            }
            Value::Array(listed) if LISTED.contains(&keyword.as_str()) => {
                for (index, schema) in listed.iter().enumerate() {
                    visit(&format!("{pointer}/{index}"), schema)?;
                }
            }
            _ if SINGLE.contains(&keyword.as_str()) => visit(&pointer, value)?,
            _ => {}
        }
    }
    Ok(())
}

/// A copy of a schema with every schema inside it passed through `map`, from the inside out.
pub(super) fn rebuild(schema: &Value, map: &mut impl FnMut(&mut Map<String, Value>)) -> Value {
    let Value::Object(members) = schema else { return schema.clone() };
    let mut copy = Map::new();
    for (keyword, value) in members {
        let rebuilt = match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => Value::Object(
                named.iter().map(|(name, schema)| (name.clone(), rebuild(schema, map))).collect(),
            ),
            Value::Array(listed) if LISTED.contains(&keyword.as_str()) => {
                Value::Array(listed.iter().map(|schema| rebuild(schema, map)).collect())
            }
            _ if SINGLE.contains(&keyword.as_str()) => rebuild(value, map),
            _ => value.clone(),
        };
        copy.insert(keyword.clone(), rebuilt);
    }
    map(&mut copy);
    Value::Object(copy)
}

/// Whether a value is nested no deeper than `most` levels. Does not recurse.
pub(super) fn within_depth(value: &Value, most: usize) -> bool {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > most {
            return false;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    true
}

/// How many values a value is made of. Does not recurse.
pub(super) fn weight(value: &Value) -> usize {
    let mut open = vec![value];
    let mut weight = 0;
    while let Some(value) = open.pop() {
        weight += 1;
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    weight
}

/// The names under `required`.
pub(super) fn required(schema: &Map<String, Value>) -> HashSet<&str> {
    let names = schema.get("required").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).collect()
}
