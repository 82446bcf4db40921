//! The keywords of JSON Schema that hold schemas, and those that hold values: whatever visits the
//! JSON of a schema visits it by these tables, so that a property called `format` or `$ref` is never
//! taken for a keyword, nor a value under `const` for a schema.

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
    "contentSchema",
];

/// Keywords that held schemas in older drafts.
const FORMER: &[&str] = &["additionalItems", "dependencies"];

/// Keywords about a value that hold no schema: each is a constraint of its own, merged by its name.
pub(super) const CONSTRAINTS: &[&str] = &[
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minLength",
    "maxLength",
    "pattern",
    "format",
    "contentEncoding",
    "contentMediaType",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
];

/// Whether a keyword holds schemas.
pub(super) fn holds_schemas(keyword: &str) -> bool {
    [NAMED, LISTED, SINGLE].iter().any(|words| words.contains(&keyword))
}

/// Calls `visit` with every schema directly inside the JSON of a schema, and with its place.
pub(super) fn children<'s>(
    schema: &'s Map<String, Value>,
    place: &str,
    mut visit: impl FnMut(String, &'s Value),
) {
    let at = |segments: &[&str]| {
        let mut pointer = place.to_owned();
        segments.iter().for_each(|segment| push_segment(&mut pointer, segment));
        pointer
    };
    for (keyword, value) in schema {
        let word = keyword.as_str();
        match value {
            Value::Object(named) if NAMED.contains(&word) => {
                named.iter().for_each(|(name, schema)| visit(at(&[word, name]), schema));
            }
            Value::Array(listed) if LISTED.contains(&word) => {
                for (index, schema) in listed.iter().enumerate() {
                    visit(at(&[word, &index.to_string()]), schema);
                }
            }
            _ if SINGLE.contains(&word) => visit(at(&[word]), value),
            _ => {}
        }
    }
}

/// Visits the JSON of a schema and of all schemas in it, the outer ones first. Does not recurse.
pub(crate) fn each_schema(schema: &mut Value, mut visit: impl FnMut(&mut Map<String, Value>)) {
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let Value::Object(members) = schema else { continue };
        visit(members);
        for (keyword, value) in members {
            let word = keyword.as_str();
            let is_named = NAMED.contains(&word) || word == FORMER[1];
            let is_listed = LISTED.contains(&word) || word == "items";
            let is_single = SINGLE.contains(&word) || word == FORMER[0];
            if is_single && value.is_object() {
                open.push(value);
                continue;
            }
            match value {
                Value::Object(named) if is_named => open.extend(named.values_mut()),
                Value::Array(listed) if is_listed => open.extend(listed),
                _ => {}
            }
        }
    }
}

/// Visits the JSON of a schema and of all schemas in it, each with its place. Does not recurse.
pub(super) fn each_place(schema: &mut Value, mut visit: impl FnMut(&str, &mut Map<String, Value>)) {
    let mut open = vec![String::new()];
    while let Some(place) = open.pop() {
        let Some(Value::Object(members)) = schema.pointer_mut(&place) else { continue };
        children(members, &place, |place, _| open.push(place));
        visit(&place, members);
    }
}

/// Whether JSON is nested no deeper than `most` levels. Does not recurse.
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

/// The bytes of a schema as JSON text, counted without writing it.
pub(crate) fn bytes(schema: &Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // Counting never fails.
    let _ = serde_json::to_writer(&mut count, schema);
    count.0
}
