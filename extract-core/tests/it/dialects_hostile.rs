//! Schemas from run time may be hostile. Each is refused with a typed error or lowered, in bounded
//! time, on a thread's small stack, and nothing is ever fetched.

use std::time::{Duration, Instant};

use extract_core::contract::SchemaError;
use extract_core::contract::dialect::{Dialect, DialectError, Lowered, lower, render_typescript};
use serde_json::{Map, Value, json};

/// Lowers into every dialect. Panics if one takes 20 s or longer.
fn everywhere(schema: &Value) -> Vec<(&'static str, Result<Lowered, DialectError>)> {
    let lower = |dialect: &&'static Dialect| {
        let start = Instant::now();
        let lowered = lower(schema, dialect);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{}: {took:?}", dialect.name());
        (dialect.name(), lowered)
    };
    let all = Dialect::ALL.iter().map(lower).collect();
    let _ = render_typescript(schema);
    all
}

fn with_definitions(definitions: &Value, field: &Value) -> Value {
    json!({
        "type": "object", "properties": {"field": field}, "required": ["field"],
        "$defs": definitions
    })
}

#[test]
fn too_deep_nesting_is_refused_before_any_recursion() {
    for keyword in ["items", "not", "additionalProperties", "default"] {
        let mut schema = json!({"type": "string"});
        for _ in 0..500 {
            schema = json!({ keyword: schema });
        }
        for (name, lowered) in everywhere(&schema) {
            let refused = matches!(lowered, Err(DialectError::Schema(SchemaError::TooDeep { .. })));
            assert!(refused, "{name}: {lowered:?}");
        }
    }
}

#[test]
fn the_deepest_accepted_schema_does_not_overflow_the_stack() {
    for depth in [40, 60, 90, 124] {
        let mut list = json!({"type": "integer"});
        let mut option = json!({"type": "integer"});
        for _ in 0..depth {
            list = json!({"type": "array", "items": list});
        }
        for _ in 0..depth / 2 {
            option = json!({"anyOf": [option, {"type": "null"}]});
        }
        for field in [list, option] {
            let schema = json!({"type": "object", "properties": {"a": field}, "required": ["a"]});
            for (name, lowered) in everywhere(&schema) {
                match lowered {
                    Ok(lowered) => {
                        let value = json!({"a": []});
                        assert_eq!(lowered.restore(lowered.lower_value(value.clone())), value);
                    }
                    Err(DialectError::TooDeep { .. }) => {}
                    Err(error) => panic!("{name}: {error}"),
                }
            }
        }
    }
}

#[test]
fn a_long_chain_of_definitions_does_not_overflow_the_stack() {
    let mut definitions = Map::new();
    for index in 0..3000 {
        let next = json!({"$ref": format!("#/$defs/D{}", index + 1)});
        definitions.insert(
            format!("D{index}"),
            json!({"type": "object", "properties": {"next": next}, "required": ["next"]}),
        );
    }
    definitions.insert("D3000".to_owned(), json!({"type": "integer"}));
    let schema = with_definitions(&Value::Object(definitions), &json!({"$ref": "#/$defs/D0"}));
    for (name, lowered) in everywhere(&schema) {
        match lowered {
            Ok(_) | Err(DialectError::TooDeep { .. }) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
    assert!(lower(&schema, &Dialect::OPENAI_STRICT).is_ok());
    assert!(matches!(
        lower(&schema, &Dialect::GEMINI_RESPONSE_SCHEMA),
        Err(DialectError::TooDeep { .. })
    ));
}

/// Definitions that each refer to the next one twice: 2^40 parts when expanded.
fn doubling(part: impl Fn(&str) -> Value) -> Value {
    let mut definitions = Map::new();
    for index in 0..40 {
        definitions.insert(format!("D{index}"), part(&format!("#/$defs/D{}", index + 1)));
    }
    definitions.insert("D40".to_owned(), json!({"type": "integer"}));
    with_definitions(&Value::Object(definitions), &json!({"$ref": "#/$defs/D0"}))
}

#[test]
fn definitions_that_double_at_each_step_are_bounded() {
    let members = doubling(|next| {
        let next = json!({"$ref": next, "description": "so that it is written out"});
        json!({"type": "object", "properties": {"a": next, "b": next}, "required": ["a", "b"]})
    });
    for (name, lowered) in everywhere(&members) {
        match (name, lowered) {
            (_, Ok(_) | Err(DialectError::TooLarge { .. } | DialectError::Limit { .. })) => {}
            (name, Err(error)) => panic!("{name}: {error}"),
        }
    }
    assert!(lower(&members, &Dialect::OPENAI_STRICT).is_ok());
    let merged = doubling(|next| json!({"allOf": [{"$ref": next}, {"$ref": next}]}));
    let unions =
        doubling(|next| json!({"type": "object", "anyOf": [{"$ref": next}, {"$ref": next}]}));
    for schema in [merged, unions] {
        for (name, lowered) in everywhere(&schema) {
            let refused =
                matches!(lowered, Err(DialectError::Schema(SchemaError::TooCostly { .. })));
            assert!(refused, "{name}: {lowered:?}");
        }
    }
}

#[test]
fn a_definition_that_only_refers_to_itself_is_refused() {
    for definitions in [
        json!({"A": {"$ref": "#/$defs/A"}}),
        json!({"A": {"$ref": "#/$defs/B"}, "B": {"$ref": "#/$defs/A"}}),
        json!({"A": {"allOf": [{"$ref": "#/$defs/A"}], "type": "object"}}),
        json!({"A": {"$ref": "#/$defs/A", "type": "object", "properties": {"b": true}}}),
    ] {
        let schema = with_definitions(&definitions, &json!({"$ref": "#/$defs/A"}));
        for (name, lowered) in everywhere(&schema) {
            assert!(
                matches!(lowered, Err(DialectError::Schema(SchemaError::Itself { .. }))),
                "{name}: {definitions}"
            );
        }
    }
    let root = json!({"$ref": "#"});
    for (name, lowered) in everywhere(&root) {
        let refused = matches!(lowered, Err(DialectError::Schema(SchemaError::Itself { .. })));
        assert!(refused, "{name}: {lowered:?}");
    }
    // A union whose two branches are the union itself.
    let union = json!({"A": {"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/A"}]}});
    everywhere(&with_definitions(&union, &json!({"$ref": "#/$defs/A"})));
}

#[test]
fn a_type_that_contains_itself_many_times_is_unrolled_within_bounds() {
    let mut properties = Map::new();
    for index in 0..25 {
        properties.insert(format!("p{index}"), json!({"$ref": "#/$defs/A"}));
    }
    let definitions = json!({"A": {"type": "object", "properties": properties}});
    let schema = with_definitions(&definitions, &json!({"$ref": "#/$defs/A"}));
    for (name, lowered) in everywhere(&schema) {
        match lowered {
            Ok(_) | Err(DialectError::Limit { .. } | DialectError::TooLarge { .. }) => {}
            Err(error) => panic!("{name}: {error}"),
        }
    }
}

#[test]
fn references_stay_inside_the_document() {
    for (reference, part) in [
        ("https://example.com/schema.json", "fetched"),
        ("file:///etc/passwd", "fetched"),
        ("other.json#/$defs/A", "fetched"),
        ("#anchor", "anchor"),
        ("#/$defs/Missing", "nothing"),
        ("#/title", "no schema"),
        ("#/%zz", "JSON pointer"),
    ] {
        let schema = json!({
            "type": "object", "title": "T",
            "properties": {"a": {"items": {"not": {"$ref": reference}}}}
        });
        for (name, lowered) in everywhere(&schema) {
            match lowered {
                Err(error @ DialectError::Schema(SchemaError::Reference { .. })) => {
                    assert!(error.to_string().contains(part), "{error}");
                }
                other => panic!("{name}, {reference}: {other:?}"),
            }
        }
    }
}

#[test]
fn costly_patterns_are_refused() {
    for pattern in ["((a{100}){100}){100}".to_owned(), "a{100000}".to_owned(), "x".repeat(10_000)] {
        for field in [
            json!({"type": "string", "pattern": pattern}),
            json!({"type": "object", "patternProperties": {pattern.clone(): true}}),
        ] {
            let schema = json!({"type": "object", "properties": {"a": field}});
            for (name, lowered) in everywhere(&schema) {
                assert!(
                    matches!(lowered, Err(DialectError::Schema(SchemaError::Pattern { .. }))),
                    "{name}: {lowered:?}"
                );
            }
        }
    }
}

#[test]
fn invalid_schemas_are_refused() {
    for field in [
        json!(5),
        json!("string"),
        json!({"type": "strin"}),
        json!({"type": []}),
        json!({"properties": 5}),
        json!({"items": [{"type": "string"}]}),
        json!({"anyOf": []}),
        json!({"allOf": {"type": "string"}}),
        json!({"enum": "a"}),
        json!({"required": "a"}),
        json!({"$ref": 7}),
        json!({"pattern": 7}),
        json!({"$dynamicRef": "#a"}),
        json!({"additionalProperties": "no"}),
    ] {
        let schema = json!({"type": "object", "properties": {"a": field}});
        for (name, lowered) in everywhere(&schema) {
            let refused = matches!(
                lowered,
                Err(DialectError::Schema(
                    SchemaError::Malformed { .. } | SchemaError::UnknownType { .. }
                ))
            );
            assert!(refused, "{name}, {schema}: {lowered:?}");
        }
    }
}

#[test]
fn a_required_property_that_no_value_fits_is_refused() {
    let impossible = json!({"allOf": [{"type": "string"}, {"type": "integer"}]});
    let required = json!({"type": "object", "properties": {"a": impossible}, "required": ["a"]});
    for (name, lowered) in everywhere(&required) {
        assert!(matches!(lowered, Err(DialectError::Unsatisfiable { .. })), "{name}: {lowered:?}");
    }
    let optional = json!({"type": "object", "properties": {"a": false, "b": {"type": "string"}}});
    for (name, lowered) in everywhere(&optional) {
        let lowered = lowered.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(lowered.schema["properties"].get("a").is_none());
    }
}

#[test]
fn wide_schemas_do_not_take_quadratic_time() {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for index in 0..4_000 {
        properties.insert(format!("p{index}"), json!({"type": "integer", "minimum": 1}));
        required.push(Value::from(format!("p{index}")));
    }
    let wide = json!({"type": "object", "properties": properties, "required": required});
    everywhere(&wide);
    let branches: Vec<Value> = (0..4_000).map(|i| json!({"const": format!("v{i}")})).collect();
    everywhere(&json!({"type": "object", "properties": {"a": {"oneOf": branches}}}));
    let both = json!({"type": "object", "properties": properties, "anyOf": [
        {"properties": {"x": {"const": 1}}}, {"properties": {"x": {"const": 2}}},
    ]});
    everywhere(&both);
}

#[test]
fn hostile_replies_are_bounded_too() {
    let schema = json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"$ref": "#/$defs/U"}},
        "$defs": {"U": {"anyOf": [
            {"type": "object", "properties": {"x": {"$ref": "#/$defs/U"}, "m": {"$ref": "#/$defs/M"}}},
            {"type": "object", "properties": {"x": {"$ref": "#/$defs/U"}, "m": {"$ref": "#/$defs/M"}}},
            {"type": "integer"},
        ]}, "M": {"type": "object", "additionalProperties": true}},
    });
    let mut reply = json!(1);
    for _ in 0..100 {
        reply = json!({"x": reply, "m": null});
    }
    for (_, lowered) in everywhere(&schema) {
        let Ok(lowered) = lowered else { continue };
        let start = Instant::now();
        let _ = lowered.restore(json!({"a": reply}));
        let _ = lowered.lower_value(json!({"a": reply}));
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}
