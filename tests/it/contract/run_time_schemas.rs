//! Run-time schemas, friendly and hostile ones.

use std::sync::Arc;
use std::time::{Duration, Instant};

use extract_core::check::violations;
use extract_llm::contract::{Contract, ContractError, SchemaError, SchemaLimit};
use extract_llm::dialect::{Dialect, DialectError};
use extract_llm::scripted::reply;
use extract_llm::{ErrorKind, Mode};
use serde_json::{Map, Value, json};

use super::{scripted, strict};

fn person() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "https://example.com/person.json",
        "title": "Person of note",
        "description": "Someone.",
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "scores": {"type": "object", "additionalProperties": {"$ref": "#/$defs/score"}},
            "nickname": {"type": "string"},
        },
        "required": ["name", "scores"],
        "$defs": {"score": {"type": "integer", "minimum": 0, "maximum": 10}},
    })
}

#[tokio::test]
async fn a_run_time_schema_is_handled_like_a_type() {
    let bad = json!({"name": "Ada", "scores": [{"key": "math", "value": 11}], "nickname": null});
    let good = json!({"name": "Ada", "scores": [{"key": "math", "value": 9}], "nickname": null});
    let (client, model) = strict(vec![bad, good]);

    let done = client.extract_value(person(), "Ada: math 9").report().await.unwrap();

    assert_eq!(done.value, json!({"name": "Ada", "scores": {"math": 9}}));
    assert_eq!(done.ledger.attempts[0].problems[0].pointer, "/scores/math");
    let function = &model.seen()[0].body["tools"][0]["function"];
    assert_eq!(function["name"], "Person_of_note");
    assert_eq!(function["description"], "Someone.");
    assert_eq!(function["strict"], true);
    assert_eq!(function["parameters"]["required"], json!(["name", "scores", "nickname"]));
    assert!(!function.to_string().contains("example.com"));
}

#[tokio::test]
async fn a_contract_is_built_once_and_reused() {
    let contract = Contract::from_schema_named("the list!", json!({"type": "array"})).unwrap();
    assert_eq!(contract.name(), "the_list");
    assert!(contract.is_wrapped());
    let answers = [json!({"value": [1]}), json!({"value": ["x"]})];
    let (client, model) = scripted::scripted(answers.map(reply::tool));
    for expected in [json!([1]), json!(["x"])] {
        assert_eq!(client.extract_value(&contract, "text").await.unwrap(), expected);
    }
    assert_eq!(model.seen().len(), 2);
    assert!(Arc::strong_count(&contract) >= 1);
}

#[tokio::test]
async fn a_type_is_checked_against_a_given_contract() {
    let (client, _) = scripted::scripted([
        reply::tool(json!({"value": "pears"})),
        reply::tool(json!({"value": "plums"})),
    ]);
    let stock = json!({"type": "string", "enum": ["plums", "apples"]});
    let done = client.extract::<String>("text").contract(stock).report().await.unwrap();
    assert_eq!(done.value, "plums");
    assert_eq!(done.ledger.attempts[0].problems[0].expected, r#"one of "plums", "apples""#);
}

#[tokio::test]
async fn an_unsupported_schema_is_an_error_of_the_extraction() {
    let (client, model) = scripted::scripted([]);
    let schema = json!({"$ref": "https://example.com/a.json"});
    let error = client.extract_value(schema, "text").await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Contract(_)), "{error}");
    assert_eq!(model.seen().len(), 0);
}

#[test]
fn schema_errors_point_into_the_users_schema() {
    for (schema, place) in [
        // These are wrapped in an object, which is not part of the user's schema.
        (json!({"type": "strng"}), r#""/type""#),
        (json!({"type": "array", "items": {"type": 7}}), r#""/items/type""#),
        (json!({"type": "array", "items": {"$ref": "#/nothing"}}), r##""#/nothing""##),
        (
            json!({"type": "array", "items": {"$ref": "#/$defs/a"}, "$defs": {"a": {"type": 7}}}),
            r#""/$defs/a/type""#,
        ),
        // This one is not wrapped, and has a property of the same name.
        (
            json!({"type": "object", "properties": {"value": {"type": 7}}}),
            r#""/properties/value/type""#,
        ),
    ] {
        let told = Contract::from_schema(schema).unwrap_err().to_string();
        assert!(told.contains(place), "{place}: {told}");
    }

    let deep = json!({"type": "array", "items": {"type": "string", "enum": (0..1200).map(|n| n.to_string()).collect::<Vec<_>>()}});
    let contract = Contract::from_schema(deep).unwrap();
    let Err(ContractError::Dialect { source, .. }) =
        contract.lowered(&Dialect::OPENAI_STRICT, true)
    else {
        panic!("it was taken")
    };
    let DialectError::Limit { fields, .. } = &*source else { panic!("{source}") };
    assert_eq!(fields[0], "/*", "{source}");
}

#[tokio::test]
async fn text_mode_describes_a_run_time_schema_as_text() {
    let (client, model) = scripted::scripted([reply::text(r#"{"name": "Ada", "scores": {}}"#)]);
    let value = client.extract_value(person(), "text").mode(Mode::Text).await.unwrap();
    assert_eq!(value["name"], "Ada");
    let told = model.seen()[0].body["messages"][0]["content"].to_string();
    assert!(told.contains("[key: string]: integer"), "{told}");
}

#[test]
fn definitions_of_older_drafts_are_found() {
    let contract = Contract::from_schema(json!({
        "type": "array",
        "items": {"$ref": "#/definitions/pair"},
        "definitions": {"pair": {"type": "array", "items": {"$ref": "#/definitions/n"}, "minItems": 2},
                        "n": {"type": "integer"}},
    }))
    .unwrap();
    assert_eq!(violations(&contract, &json!([[1, 2]])).len(), 0);
    assert_eq!(violations(&contract, &json!([[1]])).len(), 1);
    let form = contract.lowered(&Dialect::OPENAI_STRICT, true).unwrap();
    assert!(form.tool.schema.to_string().contains("#/$defs/"));
}

fn refusal(schema: Value) -> ContractError {
    let begun = Instant::now();
    let refused = Contract::from_schema(schema).map(|contract| contract.schema().to_string());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    match refused {
        Err(error) => error,
        Ok(schema) => panic!("it was taken: {schema:.200}"),
    }
}

#[track_caller]
fn assert_unbounded(schema: Value, expected: fn(&SchemaLimit) -> bool) {
    match refusal(schema) {
        ContractError::Unbounded { source, .. } if expected(&source) => {}
        other => panic!("{other}"),
    }
}

#[test]
fn schemas_that_are_too_deep_too_large_or_too_costly_are_refused() {
    let mut deep = json!({"type": "string"});
    for _ in 0..200 {
        deep = json!({"type": "array", "items": deep});
    }
    assert_unbounded(deep, |bound| matches!(bound, SchemaLimit::Depth { .. }));
    let wide: Vec<Value> = (0..120_000).map(Value::from).collect();
    assert_unbounded(json!({"enum": wide}), |bound| matches!(bound, SchemaLimit::Values { .. }));
    let long = json!({"description": "x".repeat(3 << 20)});
    assert_unbounded(long, |bound| matches!(bound, SchemaLimit::Bytes { .. }));
    let patterns: Map<String, Value> =
        (0..1_500).map(|n| (format!("p{n}"), json!({"pattern": format!("^{n}$")}))).collect();
    assert_unbounded(json!({"properties": patterns}), |bound| {
        matches!(bound, SchemaLimit::Patterns { .. })
    });
    let repeats: Map<String, Value> =
        (0..50).map(|n| (format!("p{n}"), json!({"pattern": r"^\w{900}$"}))).collect();
    assert_unbounded(json!({"patternProperties": {"a{3}": {"properties": repeats}}}), |bound| {
        matches!(bound, SchemaLimit::Patterns { .. })
    });
}

#[test]
fn nothing_is_ever_fetched() {
    for reference in [
        "https://example.com/a.json",
        "http://127.0.0.1:9/a.json#/b",
        "file:///etc/passwd",
        "other.json",
        "/etc/passwd",
        "#anchor",
        "#/$defs/missing",
    ] {
        let error = refusal(json!({"type": "object", "properties": {"a": {"$ref": reference}}}));
        let ContractError::Unreadable { source: SchemaError::Reference { .. }, .. } = &error else {
            panic!("{reference}: {error}")
        };
    }
    // Not even for an unused definition.
    let unused = json!({"type": "object", "$defs": {"a": {"$ref": "https://example.com/a.json"}}});
    assert!(matches!(refusal(unused), ContractError::Schema { .. }));
    // Nor may a nested `$id` redirect references. An `$id` without references is dropped.
    let inner = json!({"$id": "https://example.com/a", "$ref": "#/$defs/b", "$defs": {"b": true}});
    let other = json!({"properties": {"a": inner}, "$defs": {"b": {"type": "string"}}});
    assert_unbounded(other, |bound| {
        *bound == SchemaLimit::Embedded { pointer: "/properties/a/$id".to_owned() }
    });
    let named = json!({"properties": {"a": {"$id": "https://example.com/a", "type": "string"}}});
    assert!(Contract::from_schema(named).is_ok());
    // A property with the name `$id` is not an `$id`.
    let named = json!({"type": "object", "properties": {"$id": {"type": "string"}}});
    assert!(Contract::from_schema(named).is_ok());
}

#[test]
fn cyclic_references_are_refused() {
    for circle in [
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}},
               "$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}, {"type": "string"}]}}}),
    ] {
        refusal(circle);
    }
    // A type that contains itself is not such a circle.
    let tree = json!({"type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}}});
    let contract = Contract::from_schema(tree).unwrap();
    assert_eq!(violations(&contract, &json!({"children": [{"children": []}]})).len(), 0);
    assert_eq!(violations(&contract, &json!({"children": [{"children": 7}]})).len(), 1);
}

#[test]
fn invalid_schemas_are_refused() {
    for schema in [
        json!(7),
        json!("object"),
        json!([]),
        json!(null),
        json!(false),
        json!({"type": "strange"}),
        json!({"properties": []}),
        json!({"pattern": "("}),
        json!({"minimum": "3", "type": "integer"}),
        json!({"anyOf": []}),
        json!({"type": "object", "properties": {"a": 7}}),
    ] {
        refusal(schema);
    }
}

/// Returns definitions that each refer to the next one twice.
fn doubling(depth: usize, part: fn(Value, Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for level in 0..depth {
        let next = || json!({"$ref": format!("#/$defs/a{}", level + 1)});
        definitions.insert(format!("a{level}"), part(next(), next()));
    }
    definitions.insert(format!("a{depth}"), json!({"type": "string"}));
    json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/a0"}}, "$defs": definitions})
}

#[test]
fn checking_takes_bounded_time_whatever_the_schema() {
    let begun = Instant::now();
    let two = |left: Value, right: Value| json!({"anyOf": [left, right]});
    let inside = |left: Value, right: Value| {
        json!({"anyOf": [
            {"type": "object", "properties": {"n": left}},
            {"type": "object", "properties": {"n": right}, "required": ["m"]},
        ]})
    };
    let mut nested = json!(7);
    for _ in 0..40 {
        nested = json!({ "n": nested });
    }
    for (schema, value) in [
        (doubling(60, two), json!({"a": 7})),
        (doubling(40, inside), json!({ "a": nested })),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(?=(a+)+$)(a|aa)+$"}}}),
            json!({"a": format!("{}!", "a".repeat(4_000))}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}),
            json!({"a": format!("{}!", "a".repeat(100_000))}),
        ),
    ] {
        // Acceptance and refusal are both fine, if the call ends.
        if let Ok(contract) = Contract::from_schema(schema) {
            assert!(!violations(&contract, &value).is_empty());
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}
