//! Schemas of older drafts and of `OpenAPI` 3.0: they hold what they say.

use extract_llm::check::violations;
use extract_llm::contract::Contract;
use serde_json::{Value, json};

#[test]
fn a_schema_holds_what_it_says_in_its_own_draft() {
    let draft4 = "http://json-schema.org/draft-04/schema#";
    for (schema, right, wrong) in [
        (
            json!({"type": "array", "items": [{"type": "integer"}], "additionalItems": {"type": "string"}}),
            json!([1, "a", "b"]),
            json!([1, "a", 2]),
        ),
        (
            json!({"$schema": draft4, "type": "integer", "minimum": 3, "exclusiveMinimum": true}),
            json!(4),
            json!(3),
        ),
        (
            json!({"dependencies": {"a": ["b"], "c": {"required": ["d"]}}, "type": "object"}),
            json!({"a": 1, "b": 2}),
            json!({"c": 1}),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "string", "enum": ["x"], "nullable": true}}}),
            json!({"a": null}),
            json!({"a": "y"}),
        ),
        (
            json!({
                "type": "object",
                "properties": {"pet": {"$ref": "#/components/schemas/Pet", "nullable": true}},
                "components": {"schemas": {"Pet": {
                    "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
                }}},
            }),
            json!({"pet": null}),
            json!({"pet": {}}),
        ),
        (
            json!({
                "$schema": draft4, "type": "object",
                "properties": {"a": {"$ref": "#/definitions/T<X>", "maxLength": 1}},
                "definitions": {"T<X>": {"type": "string"}},
            }),
            json!({"a": "long"}),
            json!({"a": 1}),
        ),
        (
            json!({
                "$id": "https://example.com/order", "type": "object",
                "properties": {"id": {"$id": "#/properties/id", "$ref": "https://example.com/order#/definitions/n"}},
                "definitions": {"n": {"$id": "/definitions/n", "type": "integer"}},
            }),
            json!({"id": 1}),
            json!({"id": "x"}),
        ),
    ] {
        let contract = Contract::from_schema(schema.clone()).unwrap();
        assert_eq!(violations(&contract, &right).len(), 0, "{schema}: {right}");
        assert_ne!(violations(&contract, &wrong).len(), 0, "{schema}: {wrong}");
    }
}

/// The lines of a file of cases; none, with a word about it, where there are no cases.
fn cases(file: &str) -> Vec<Value> {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return Vec::new();
    };
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Schemas that people use are held to as the validator understands them in their own draft.
#[test]
fn schemas_of_others_hold_what_they_say() {
    let (mut refused, mut compared, mut apart) = (0, 0, Vec::new());
    for case in cases("schemas/real.jsonl") {
        let options = jsonschema::options().offline().should_validate_formats(true);
        let Ok(own) = options.build(&case["schema"]) else { continue };
        // A `const` is none in draft 4, and is meant as one by those who write it.
        let text = case["schema"].to_string();
        if text.contains("draft-04") && text.contains(r#""const":"#) {
            continue;
        }
        let Ok(contract) = Contract::from_schema(case["schema"].clone()) else {
            refused += 1;
            continue;
        };
        for value in ["valid", "invalid"].iter().filter_map(|kind| case[kind].as_array()).flatten()
        {
            compared += 1;
            if own.is_valid(value) != violations(&contract, value).is_empty() {
                apart.push(format!("{} {:.500}", case["id"], value.to_string()));
            }
        }
    }
    eprintln!("{compared} values compared, {refused} schemas refused");
    assert!(apart.is_empty(), "{}: {}", apart.len(), apart.join("\n"));
}

/// The suite of draft 2020-12, without what is a matter of choice there: formats, the encoding of
/// texts, and vocabularies of one's own.
#[test]
fn the_suite_of_the_draft_is_agreed_with() {
    let (mut refused, mut compared, mut apart) = (0, 0, Vec::new());
    for case in cases("schemas/test-suite.jsonl") {
        let file = case["file"].as_str().unwrap();
        if ["format", "content", "vocabulary"].iter().any(|choice| file.contains(choice)) {
            continue;
        }
        let Ok(contract) = Contract::from_schema(case["schema"].clone()) else {
            refused += 1;
            continue;
        };
        compared += 1;
        if violations(&contract, &case["data"]).is_empty() != (case["valid"] == true) {
            apart.push(format!("{file}: {}: {}", case["group"], case["test"]));
        }
    }
    eprintln!("{compared} values compared, {refused} of refused schemas");
    assert!(apart.is_empty(), "{}: {}", apart.len(), apart.join("\n"));
}
