//! Tables of the JSON Schema keywords that hold schemas and of those that hold values. All code that
//! visits the JSON of a schema uses these tables. A property called `format` or `$ref` is therefore
//! never read as a keyword, nor a value under `const` as a schema.

use serde_json::{Map, Value};

use super::pointer::push_segment;

/// The keywords whose value maps names to schemas.
const NAMED: &[&str] =
    &["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// The keywords whose value is a list of schemas.
const LISTED: &[&str] = &["allOf", "anyOf", "oneOf", "prefixItems"];

/// The keywords whose value is a schema.
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

/// The keywords that held schemas in older drafts.
const FORMER: &[&str] = &["additionalItems", "dependencies"];

/// The keywords that constrain a value and hold no schema. Merging treats them one by one, by name.
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

/// Returns whether a keyword holds schemas.
pub(super) fn holds_schemas(keyword: &str) -> bool {
    [NAMED, LISTED, SINGLE].iter().any(|words| words.contains(&keyword))
}

/// The form in which the value of a keyword holds schemas.
enum SubschemaPosition {
    /// An object that maps names to schemas.
    Named,
    /// A list of schemas.
    Listed,
    /// One schema.
    Single,
}

/// Returns the form in which a keyword with this value holds schemas; `None` if it holds none.
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

/// Returns a JSON pointer with `segments` appended.
pub(super) fn inside(place: &str, segments: &[&str]) -> String {
    let mut pointer = place.to_owned();
    segments.iter().for_each(|segment| push_segment(&mut pointer, segment));
    pointer
}

/// Calls `visit` with the pointer and the JSON of every schema directly inside a schema.
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

/// Calls `visit` with the JSON object of every schema in a document, outer schemas first. Does not
/// recurse.
pub(crate) fn each_schema(schema: &mut Value, mut visit: impl FnMut(&mut Map<String, Value>)) {
    each(schema, (), |(), members| visit(members), |(), _| ());
}

/// Like [`each_schema`], with the JSON pointer of every schema.
pub(super) fn each_schema_at(
    schema: &mut Value,
    visit: impl FnMut(&String, &mut Map<String, Value>),
) {
    each(schema, String::new(), visit, |pointer, segments| inside(pointer, segments));
}

/// Calls `visit` with every schema and a value derived from its position. `at` is that value for the
/// root; `step` derives the value of an inner schema from the outer one.
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

/// Returns whether JSON is nested at most `most` levels deep. Does not recurse.
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

/// Returns the size of a schema in bytes, as JSON text, without writing the text.
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

/// Returns the strings of a keyword that holds one string or a list of strings; empty for any other
/// value.
pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
