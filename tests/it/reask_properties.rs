//! Properties for any value with any damage: the parts that are asked for again contain all of the
//! damage, and corrected parts give the correct value, in every dialect.

use extract_core::check::violations;
use extract_llm::check::ReaskParts;
use extract_llm::contract::Contract;
use extract_llm::dialect::Dialect;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn schema() -> Value {
    json!({
        "title": "Everything",
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "rows": {"type": "array", "items": {"$ref": "#/$defs/Row"}},
            "by/name~": {"type": "object", "additionalProperties": {"$ref": "#/$defs/Row"}},
            "pair": {
                "type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}],
                "minItems": 2, "maxItems": 2,
            },
            "tree": {"$ref": "#/$defs/Tree"},
            "maybe": {"anyOf": [{"$ref": "#/$defs/Row"}, {"type": "null"}]},
        },
        "required": ["title", "rows", "by/name~", "pair", "tree", "maybe"],
        "additionalProperties": false,
        "$defs": {
            "Row": {
                "description": "A row.",
                "type": "object",
                "properties": {
                    "id": {"type": "integer", "minimum": 0},
                    "tags": {"type": "array", "items": {"type": "string"}},
                    "event": {"oneOf": [
                        {
                            "type": "object",
                            "properties": {"kind": {"const": "call"}, "minutes": {"type": "integer"}},
                            "required": ["kind", "minutes"], "additionalProperties": false,
                        },
                        {
                            "type": "object",
                            "properties": {"kind": {"const": "mail"}, "to": {"type": "string"}},
                            "required": ["kind", "to"], "additionalProperties": false,
                        },
                    ]},
                },
                "required": ["id", "tags", "event"],
                "additionalProperties": false,
            },
            "Tree": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "children": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
                },
                "required": ["name", "children"],
                "additionalProperties": false,
            },
        },
    })
}

fn text() -> impl Strategy<Value = Value> {
    "[a-z/~ é]{0,12}".prop_map(Value::from)
}

fn row() -> impl Strategy<Value = Value> {
    let call = any::<u8>().prop_map(|n| json!({"kind": "call", "minutes": n}));
    let mail = text().prop_map(|to| json!({"kind": "mail", "to": to}));
    let tags = prop::collection::vec(text(), 0..4);
    (any::<u32>(), tags, prop_oneof![call, mail])
        .prop_map(|(id, tags, event)| json!({"id": id, "tags": tags, "event": event}))
}

fn tree() -> impl Strategy<Value = Value> {
    let leaf = text().prop_map(|name| json!({"name": name, "children": []}));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (text(), prop::collection::vec(inner, 0..3))
            .prop_map(|(name, children)| json!({"name": name, "children": children}))
    })
}

fn value() -> impl Strategy<Value = Value> {
    let entries = prop::collection::btree_map("[a-z/~]{1,6}", row(), 0..4);
    let maybe = prop_oneof![Just(Value::Null), row()];
    let rows = prop::collection::vec(row(), 0..6);
    (text(), rows, entries, text(), any::<i16>(), tree(), maybe).prop_map(
        |(title, rows, entries, first, second, tree, maybe)| {
            let entries: Map<String, Value> = entries.into_iter().collect();
            json!({
                "title": title, "rows": rows, "by/name~": entries, "pair": [first, second],
                "tree": tree, "maybe": maybe,
            })
        },
    )
}

/// Collects the pointers of all values inside a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let mut inside = |segment: &str, value: &Value| {
        let pointer = format!("{at}/{}", segment.replace('~', "~0").replace('/', "~1"));
        found.push(pointer.clone());
        places(value, &pointer, found);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inside(name, value)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, item)| inside(&index.to_string(), item));
        }
        _ => {}
    }
}

/// Returns a value of a type that this value's schema does not accept.
fn wrong(value: &Value) -> Value {
    if value.is_object() || value.is_null() { json!("wrong") } else { json!({"wrong": true}) }
}

/// Damages the value at some pointers: a wrong type, or a missing member.
fn damaged(value: &Value, damage: &[(prop::sample::Index, bool)]) -> Value {
    let mut damaged = value.clone();
    let mut all = Vec::new();
    places(value, "", &mut all);
    for (index, removes) in damage {
        let pointer = index.get(&all);
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let name = name.replace("~1", "/").replace("~0", "~");
        let is_entry = parent == "/by~1name~0";
        match damaged.pointer_mut(parent) {
            Some(Value::Object(members)) if *removes && !is_entry => {
                members.shift_remove(&name);
            }
            // The value around it may be damaged already.
            _ => {
                if let Some(at) = damaged.pointer_mut(pointer) {
                    *at = wrong(value.pointer(pointer).unwrap());
                }
            }
        }
    }
    damaged
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn corrected_parts_give_the_correct_value(
        value in value(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 1..5),
        dialect in 0_usize..4,
        wrapped in any::<bool>(),
    ) {
        let dialects =
            [&Dialect::JSON_SCHEMA, &Dialect::OPENAI_STRICT, &Dialect::GEMINI_JSON_SCHEMA, &Dialect::ANTHROPIC_TOOL];
        let dialect = dialects[dialect];
        let (schema, value, damaged) = if wrapped {
            let mut list = json!({"title": "List", "type": "array", "items": {"$ref": "#/$defs/Everything"}});
            let mut all = schema();
            let mut definitions = all.as_object_mut().unwrap().remove("$defs").unwrap();
            definitions["Everything"] = all;
            list["$defs"] = definitions;
            let damaged = json!([value.clone(), damaged(&value, &damage)]);
            (list, json!([value.clone(), value]), damaged)
        } else {
            let damaged = damaged(&value, &damage);
            (schema(), value, damaged)
        };
        let contract = Contract::from_schema(schema).unwrap();
        prop_assert!(violations(&contract, &value).is_empty());
        let problems = violations(&contract, &damaged);
        prop_assert!(!problems.is_empty());

        let form = contract.lowered(dialect, true).unwrap();
        let parts = ReaskParts::of(&contract, Some(&form), &damaged, &problems);
        let parts = parts.expect("what is broken inside of a value is in parts of it");

        // No part is inside another, and every part has a unique name.
        for (index, one) in parts.iter().enumerate() {
            for other in parts.iter().skip(index + 1) {
                let inside = format!("{}/", one.pointer);
                prop_assert!(!other.pointer.starts_with(&inside), "{} {}", other.pointer, inside);
                prop_assert!(one.name != other.name && one.pointer != other.pointer);
            }
        }
        // The corrected parts fit their schema, and survive the dialect.
        let right = parts.iter().map(|part| {
            (part.name.clone(), value.pointer(&part.pointer).expect("it is in the right value").clone())
        });
        let answer = Value::Object(right.collect());
        let wrong = violations(parts.contract(), &answer);
        prop_assert!(wrong.is_empty(), "{}", wrong);
        let form = parts.contract().lowered(dialect, true).unwrap();
        let raised = form.lowered.restore(form.lowered.lower_value(answer));
        let merged = parts.merge(&damaged, &raised).expect("it has the parts");
        // A missing tag hides the problems beside it, which the check of the merged value finds.
        if merged != value && problems.iter().any(|problem| problem.pointer.ends_with("/kind")) {
            prop_assert!(!violations(&contract, &merged).is_empty());
            return Ok(());
        }
        prop_assert_eq!(merged, value);
    }
}
