//! Schemas of older drafts and of `OpenAPI` 3.0 keep their meaning.

use extract_core::check::violations;
use extract_llm::contract::Contract;
use serde_json::{Value, json};

#[test]
fn a_schema_is_read_in_its_own_draft() {
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

/// Returns the cases of a file. Prints a notice and returns none without `EXTRACT_CASES_DIR`.
fn cases(file: &str) -> Vec<Value> {
    let Some(folder) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return Vec::new();
    };
    let text = std::fs::read_to_string(std::path::Path::new(&folder).join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Values of real-world schemas get the same verdict as from the validator with the schema's own
/// draft.
#[test]
fn real_world_schemas_keep_their_meaning() {
    let (mut refused, mut compared, mut apart) = (0, 0, Vec::new());
    for case in cases("schemas/real.jsonl") {
        let options = jsonschema::options().offline().should_validate_formats(true);
        let Ok(own) = options.build(&case["schema"]) else { continue };
        // Draft 4 has no `const`, but authors use it with the later meaning.
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

/// The verdicts of the draft 2020-12 suite, without the parts that are optional there: formats, the
/// encoding of texts, and custom vocabularies.
#[test]
fn the_verdicts_of_the_test_suite_are_matched() {
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
