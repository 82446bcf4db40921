//! The TypeScript-like form of schemas, for prompts.

use std::collections::BTreeMap;

use extract_core::contract::dialect::render_typescript;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Serialize, Deserialize, JsonSchema)]
struct Line {
    /// As printed, with the unit
    name: String,
    #[schemars(range(min = 1))]
    quantity: u32,
}

/// How it was paid.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "by")]
enum Payment {
    /// In coins or notes.
    Cash,
    Card {
        last_digits: String,
    },
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Part {
    name: String,
    parts: Vec<Part>,
}

/// A receipt.
#[derive(Serialize, Deserialize, JsonSchema)]
struct Receipt {
    shop: Option<String>,
    #[schemars(length(min = 1))]
    lines: Vec<Line>,
    returned: Vec<Line>,
    payment: Payment,
    place: (f64, f64, String),
    #[serde(rename = "tax by rate")]
    tax: BTreeMap<u32, f64>,
    whole: Part,
    anything: serde_json::Value,
}

#[test]
fn a_type_reads_like_typescript() {
    assert_eq!(
        render_typescript(schema_for!(Receipt).as_value()).unwrap(),
        r#"// A receipt.
{
  shop?: string | null
  lines: Line[] // At least 1 item.
  returned: Line[]
  // How it was paid.
  payment:
    | { by: "Cash" } // In coins or notes.
    | { by: "Card", last_digits: string }
  place: [number, number, string]
  "tax by rate": {
    [key: string]: number // Each key matches `^\d+$`.
  }
  whole: Part
  anything: any
}

type Line = {
  name: string // As printed, with the unit
  quantity: integer // At least 1.
}

type Part = { name: string, parts: Part[] }"#
    );
}

#[test]
fn the_typescript_form_is_far_shorter_than_json_schema() {
    for schema in [schema_for!(Receipt), schema_for!(Part), schema_for!(Line)] {
        let text = render_typescript(schema.as_value()).unwrap();
        let json = schema.as_value().to_string();
        assert!(text.len() * 2 < json.len(), "{} of {}:\n{text}", text.len(), json.len());
    }
}

#[test]
fn odd_shapes() {
    for (schema, text) in [
        (json!(true), "any"),
        (json!({}), "any"),
        (json!(false), "never"),
        (json!({"type": "object"}), "{ [key: string]: any }"),
        (json!({"type": "object", "properties": {}, "additionalProperties": false}), "{}"),
        (json!({"type": ["string", "integer", "null"]}), "string | integer | null"),
        (json!({"type": "array", "items": {"enum": ["a", 1, null]}}), r#"("a" | 1 | null)[]"#),
        (json!({"type": "array", "items": false}), "[]"),
        (json!({"const": "x"}), r#""x""#),
        (
            json!({"type": "object", "properties": {"a b": {"type": "null"}},
                "additionalProperties": {"type": "boolean"}}),
            r#"{ "a b"?: null, [key: string]: boolean }"#,
        ),
        (
            json!({"type": "array", "prefixItems": [true], "items": {"type": "string"}}),
            "[any, ...string[]]",
        ),
        (json!({"$ref": "#/$defs/string", "$defs": {"string": {"type": "integer"}}}), "integer"),
    ] {
        assert_eq!(render_typescript(&schema).unwrap(), text, "{schema}");
    }
    assert!(render_typescript(&json!({"$ref": "https://example.com"})).is_err());
}
