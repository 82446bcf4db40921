//! Tests that lost names are found. A separate file, because the tests of the types share the
//! module.

use extract_core::contract::dialect::{Dialect, Note, lower};
use serde_json::{Value, json};

use super::names::Names;

fn lost(schema: &Value, lowered: &Value, notes: &[Note]) -> Vec<(String, bool)> {
    let lost = Names::of(schema).lost(lowered, notes);
    lost.into_iter().map(|lost| (lost.text, lost.reachable)).collect()
}

#[test]
fn a_lowered_schema_without_a_name_is_reported() {
    let schema = json!({
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/kind"},
            "b": {"type": "array", "items": {"anyOf": [{"properties": {"c": true}}, {"const": 3}]}},
            "never": false,
        },
        "not": {"properties": {"d": {"const": 4}}},
        "$defs": {"kind": {"enum": ["x", "y", null]}, "unused": {"const": "z"}},
    });
    assert_eq!(lost(&schema, &schema, &[]), []);
    let mut all = lost(&schema, &json!({}), &[]);
    all.sort();
    let names = ["\"a\"", "\"b\"", "\"c\"", "\"x\"", "\"y\"", "3"];
    assert_eq!(all, names.map(|name| (name.to_owned(), true)));
}

#[test]
fn a_note_at_the_pointer_counts() {
    let schema = json!({"type": "object", "properties": {"a b": {"enum": [[1], [2]]}}});
    let mut lowered = lower(&schema, &Dialect::ANTHROPIC_TOOL).unwrap();
    assert_eq!(lost(&schema, &lowered.schema, &lowered.notes), []);
    lowered.notes.clear();
    let found = lost(&schema, &lowered.schema, &lowered.notes);
    assert_eq!(found, ["\"a b\"", "[1]", "[2]"].map(|name| (name.to_owned(), true)));
}

#[test]
fn names_that_no_value_can_have_are_distinguished() {
    let schema = json!({"type": "object", "properties": {
        "a": {"type": "string", "properties": {"b": true}},
        "c d": {"allOf": [{"enum": [1, 2]}, {"$ref": "#/definitions/e%25"}]},
    }, "definitions": {"e%": {"enum": [2, 3]}}});
    let mut found = lost(&schema, &json!({"properties": {"a": true, "c d": true}}), &[]);
    found.sort();
    let expected = [("\"b\"", false), ("1", false), ("2", true), ("3", false)];
    // 2 is lost at two locations.
    found.dedup();
    assert_eq!(found, expected.map(|(text, reachable)| (text.to_owned(), reachable)));
}
