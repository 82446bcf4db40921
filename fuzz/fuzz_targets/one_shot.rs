//! Whole texts, for schemas of every kind, at every level: nothing panics, and JSON that fits is
//! read as `serde_json` reads it.
#![no_main]

use std::sync::OnceLock;

use extract_core::contract::Shape;
use extract_core::reading::{PartialMode, Level, read, read_any, read_arguments, read_partial};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};

fn shapes() -> &'static [Shape] {
    static SHAPES: OnceLock<Vec<Shape>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        [
            json!({"type": "object", "properties": {
                "name": {"type": "string", "x-aliases": ["nom"]},
                "age": {"type": ["integer", "null"]},
                "tags": {"type": "array", "items": {"type": "string"}},
                "kind": {"enum": ["a", "b-2", "été"]}
            }, "required": ["name"]}),
            json!({"type": "array", "items": {"anyOf": [
                {"type": "integer"}, {"type": "string"}, {"$ref": "#"}
            ]}}),
            json!({"enum": ["one", "two", 3, true, null]}),
            json!({"type": "object", "additionalProperties": {"type": "number"}}),
            json!({"oneOf": [
                {"type": "object", "properties": {"t": {"const": "x"}, "n": {"type": "number"}}, "required": ["t", "n"]},
                {"type": "object", "properties": {"t": {"const": "y"}, "k": {"$ref": "#"}}, "required": ["t", "k"]}
            ]}),
            json!({"type": "boolean"}),
            json!({"type": "number", "minimum": 0}),
            json!({"type": "array", "prefixItems": [{"type": "string"}, {"type": "boolean"}], "items": false}),
        ]
        .iter()
        .map(|schema| Shape::compile(schema).expect("these schemas are good"))
        .collect()
    })
}

fuzz_target!(|data: &[u8]| {
    let Some((&choice, rest)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(rest);
    let shape = &shapes()[usize::from(choice) % shapes().len()];
    for level in [Level::Strict, Level::Lenient, Level::Salvage] {
        let _ = read(&text, shape, level);
        let _ = read_arguments(&text, shape, level);
    }
    let _ = read_partial(&text, shape, PartialMode::Shown);
    let _ = read_partial(&text, shape, PartialMode::Withheld);
    let any = read_any(&text);
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        assert_eq!(any.expect("JSON is read").value, value);
    }
});
