//! Limits are checked before anything is sent. The error names the limit, the count and the fields.

use extract_core::contract::dialect::{Dialect, DialectError, Limit, lower};
use serde_json::{Map, Value, json};

fn object(properties: impl IntoIterator<Item = (String, Value)>, required: bool) -> Value {
    let properties: Map<String, Value> = properties.into_iter().collect();
    let names: Vec<String> = if required { properties.keys().cloned().collect() } else { vec![] };
    json!({"type": "object", "properties": properties, "required": names})
}

fn fields(count: usize, schema: &Value) -> Vec<(String, Value)> {
    (0..count).map(|index| (format!("f{index}"), schema.clone())).collect()
}

/// Lowers the schema. Returns the count and the fields if it exceeds this limit, and `None` if it
/// fits.
fn counted(schema: &Value, dialect: &Dialect, limit: Limit) -> Option<(usize, Vec<String>)> {
    match lower(schema, dialect) {
        Ok(_) => None,
        Err(DialectError::Limit { limit: passed, count, fields, .. }) if passed == limit => {
            Some((count, fields))
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn openai_properties() {
    let openai = &Dialect::OPENAI_STRICT;
    let inner = object(fields(100, &json!({"type": "string"})), true);
    let fits = object(fields(49, &inner), true);
    assert_eq!(counted(&fits, openai, Limit::Properties), None);
    let passes = object(fields(50, &inner), true);
    let (count, worst) = counted(&passes, openai, Limit::Properties).unwrap();
    assert_eq!((count, worst.len()), (5_050, 5));
    assert_eq!(worst[0], "/f0");
}

#[test]
fn openai_depth() {
    let mut schema = json!({"type": "string"});
    for level in 1..=11 {
        schema = object([(format!("level{level}"), schema)], true);
        let passed = counted(&schema, &Dialect::OPENAI_STRICT, Limit::Depth);
        assert_eq!(passed.map(|(count, _)| count), (level > 10).then_some(level));
    }
    let error = lower(&schema, &Dialect::OPENAI_STRICT).unwrap_err();
    let words = error.to_string();
    assert!(words.contains("openai-strict allows 10 levels of objects, this has 11"), "{words}");
    assert!(words.contains("/level11/level10") && words.contains("flatten the type"), "{words}");
}

#[test]
fn openai_enums() {
    let openai = &Dialect::OPENAI_STRICT;
    let of = |count: usize, length: usize| {
        let values: Vec<String> = (0..count).map(|n| format!("{n:0length$}")).collect();
        json!({"type": "string", "enum": values})
    };
    let fits = object(fields(4, &of(250, 10)), true);
    assert_eq!(counted(&fits, openai, Limit::EnumValues), None);
    let passes = object(fields(5, &of(250, 10)), true);
    assert_eq!(counted(&passes, openai, Limit::EnumValues).unwrap().0, 1_250);
    // 250 values may exceed the length limit, 251 may not.
    let long = object(fields(1, &of(250, 100)), true);
    assert_eq!(counted(&long, openai, Limit::EnumCharacters), None);
    let longer = object(fields(1, &of(251, 100)), true);
    let (count, worst) = counted(&longer, openai, Limit::EnumCharacters).unwrap();
    assert_eq!((count, worst), (25_100, vec!["/f0".to_owned()]));
    let text = object(fields(4, &of(250, 200)), true);
    assert!(counted(&text, openai, Limit::Characters).unwrap().0 > 120_000);
}

#[test]
fn anthropic_optional_properties_and_unions() {
    let anthropic = &Dialect::ANTHROPIC_TOOL;
    let text = json!({"type": "string"});
    let fits = object(fields(24, &text), false);
    assert_eq!(counted(&fits, anthropic, Limit::OptionalProperties), None);
    let (count, worst) =
        counted(&object(fields(25, &text), false), anthropic, Limit::OptionalProperties).unwrap();
    assert_eq!(count, 25);
    assert_eq!(worst[..2], ["/f0", "/f1"]);
    let nullable = json!({"type": ["string", "null"]});
    assert_eq!(counted(&object(fields(16, &nullable), true), anthropic, Limit::Unions), None);
    let passes = object(fields(17, &nullable), true);
    assert_eq!(counted(&passes, anthropic, Limit::Unions).unwrap().0, 17);
    // OpenAI limits neither.
    assert!(lower(&passes, &Dialect::OPENAI_STRICT).is_ok());
}

#[test]
fn gemini_sum_of_max_items() {
    let list = json!({"type": "array", "items": {"type": "string"}, "maxItems": 100});
    let gemini = &Dialect::GEMINI_JSON_SCHEMA;
    assert_eq!(counted(&object(fields(9, &list), true), gemini, Limit::MaxItems), None);
    let (count, _) = counted(&object(fields(10, &list), true), gemini, Limit::MaxItems).unwrap();
    assert_eq!(count, 1_000);
}

#[test]
fn a_recursive_type_is_unrolled_to_fewer_levels_under_a_limit() {
    let mut node = object(fields(9, &json!({"type": "string"})), false);
    node["properties"]["next"] = json!({"$ref": "#/$defs/Node"});
    let schema = json!({
        "type": "object", "properties": {"node": {"$ref": "#/$defs/Node"}}, "required": ["node"],
        "$defs": {"Node": node}
    });
    // Ten optional properties at each level: two levels fit in the limit of 24, three do not.
    let lowered = lower(&schema, &Dialect::ANTHROPIC_TOOL).unwrap();
    let node = &lowered.schema["properties"]["node"];
    let next = &node["properties"]["next"];
    assert_eq!(next["type"], json!("object"));
    assert_eq!(next["properties"]["next"]["type"], json!("string"));
}

#[test]
fn a_root_that_is_not_an_object_is_refused_in_dialects_that_require_one() {
    for root in [
        json!({"type": "array", "items": {"type": "string"}}),
        json!({"anyOf": [{"type": "object", "properties": {"a": true}}, {"type": "string"}]}),
        json!({"type": "object", "additionalProperties": {"type": "string"}}),
        json!({"type": "string"}),
    ] {
        for dialect in [&Dialect::OPENAI_STRICT, &Dialect::ANTHROPIC_TOOL] {
            let refused = lower(&root, dialect);
            assert!(matches!(refused, Err(DialectError::Root { .. })), "{root}: {refused:?}");
        }
        assert!(lower(&root, &Dialect::GEMINI_JSON_SCHEMA).is_ok());
    }
    // A reference at the root is replaced by its definition.
    let named = json!({"$ref": "#/$defs/A", "$defs": {"A": {
        "type": "object", "properties": {"next": {"$ref": "#/$defs/A"}}
    }}});
    let lowered = lower(&named, &Dialect::OPENAI_STRICT).unwrap();
    assert_eq!(
        lowered.schema["properties"]["next"],
        json!({"anyOf": [{"$ref": "#/$defs/A"}, {"type": "null"}]})
    );
}
