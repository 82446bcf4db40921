//! The keywords of JSON Schema that hold schemas, and those that hold values: whatever visits the
//! JSON of a schema visits it by these tables, so that a property called `format` or `$ref` is never
//! taken for a keyword, nor a value under `const` for a schema.

use serde_json::{Map, Value};

use super::pointer::push_segment;

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

/// How the value of a keyword holds schemas.
enum SubschemaPosition {
    /// By their names.
    Named,
    /// In a list.
    Listed,
    /// It is one.
    Single,
}

fn holds(keyword: &str, value: &Value) -> Option<SubschemaPosition> {
    match value {
        Value::Object(_) if NAMED.contains(&keyword) || keyword == FORMER[1] => {
            Some(SubschemaPosition::Named)
        }
        Value::Array(_) if LISTED.contains(&keyword) || keyword == "items" => {
            Some(SubschemaPosition::Listed)
        }
        _ if SINGLE.contains(&keyword) || keyword == FORMER[0] => Some(SubschemaPosition::Single),
        _ => None,
    }
}

/// The place of something inside.
pub(super) fn inside(place: &str, segments: &[&str]) -> String {
    let mut pointer = place.to_owned();
    segments.iter().for_each(|segment| push_segment(&mut pointer, segment));
    pointer
}

/// Calls `visit` with every schema directly inside the JSON of a schema, and with its place.
pub(super) fn children<'s>(
    schema: &'s Map<String, Value>,
    pointer: &str,
    mut visit: impl FnMut(String, &'s Value),
) {
    for (word, value) in schema {
        match (holds(word, value), value) {
            (Some(SubschemaPosition::Named), Value::Object(named)) => {
                named.iter().for_each(|(name, inner)| visit(inside(pointer, &[word, name]), inner));
            }
            (Some(SubschemaPosition::Listed), Value::Array(listed)) => {
                for (index, inner) in listed.iter().enumerate() {
                    visit(inside(pointer, &[word, &index.to_string()]), inner);
                }
            }
            (Some(SubschemaPosition::Single), _) => visit(inside(pointer, &[word]), value),
            _ => {}
        }
    }
}

/// Visits the JSON of a schema and of all schemas in it, the outer ones first. Does not recurse.
pub(crate) fn each_schema(schema: &mut Value, mut visit: impl FnMut(&mut Map<String, Value>)) {
    each(schema, (), |(), members| visit(members), |(), _| ());
}

/// The same with the places of the schemas.
pub(super) fn each_schema_at(
    schema: &mut Value,
    visit: impl FnMut(&String, &mut Map<String, Value>),
) {
    each(schema, String::new(), visit, |pointer, segments| inside(pointer, segments));
}

/// `at` is what is known of the place of a schema, and `step` the same of one inside.
fn each<P>(
    schema: &mut Value,
    at: P,
    mut visit: impl FnMut(&P, &mut Map<String, Value>),
    step: impl Fn(&P, &[&str]) -> P,
) {
    let mut open = vec![(at, schema)];
    while let Some((at, schema)) = open.pop() {
        let Value::Object(members) = schema else { continue };
        visit(&at, members);
        for (word, value) in members {
            match (holds(word, value), value) {
                (Some(SubschemaPosition::Named), Value::Object(named)) => {
                    open.extend(
                        named.iter_mut().map(|(name, one)| (step(&at, &[word, name]), one)),
                    );
                }
                (Some(SubschemaPosition::Listed), Value::Array(listed)) => {
                    open.extend(
                        listed
                            .iter_mut()
                            .enumerate()
                            .map(|(index, one)| (step(&at, &[word, &index.to_string()]), one)),
                    );
                }
                (Some(SubschemaPosition::Single), value) => open.push((step(&at, &[word]), value)),
                _ => {}
            }
        }
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

/// The texts that a keyword holds, one or many.
pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
