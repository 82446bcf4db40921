//! Schemas that are costly to check with: each is refused when the contract is built, or its values
//! are checked with bounded work and on a small stack.

use extract_core::check::violations;
use extract_llm::contract::{Contract, ContractError, SchemaError};
use serde_json::{Map, Value, json};

/// Returns definitions that each contain the next one.
fn levels(depth: usize, part: impl Fn(Value) -> Value) -> Value {
    let mut definitions = Map::new();
    for level in 0..depth {
        let next = json!({"$ref": format!("#/$defs/L{}", level + 1)});
        definitions.insert(format!("L{level}"), part(next));
    }
    definitions.insert(format!("L{depth}"), json!({"type": "string"}));
    json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/L0"}}, "$defs": definitions})
}

fn nested(depth: usize, innermost: Value) -> Value {
    json!({"a": (0..depth).fold(innermost, |inner, _| json!({"n": inner, "y": "s"}))})
}

/// Returns alternatives that constrain the same member.
fn twice(keyword: &str, next: &Value) -> Value {
    json!({ keyword: [
        {"type": "object", "properties": {"n": next, "y": {"type": "string"}}},
        {"type": "object", "properties": {"n": next, "z": {"type": "string"}}, "required": ["z"]},
        {"type": "integer"},
    ]})
}

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn values_of_alternatives_that_repeat_a_member_are_checked_in_bounded_work() {
    on_a_small_stack(|| {
        for keyword in ["oneOf", "anyOf"] {
            for depth in [2, 8, 20, 40] {
                let schema = levels(depth, |next| twice(keyword, &next));
                let contract = Contract::from_schema(schema).unwrap();
                let wrong = violations(&contract, &nested(depth, json!(7.5)));
                assert!(!wrong.is_empty(), "{keyword}, {depth}");
                // A fitting value passes or is refused for its depth. It never hangs.
                let fits = violations(&contract, &nested(depth, json!("x")));
                assert!(depth > 8 || fits.is_empty() || keyword == "oneOf", "{keyword}: {fits}");
            }
        }
    });
}

#[test]
fn a_schema_with_unevaluated_properties_is_checked_in_bounded_work() {
    on_a_small_stack(|| {
        let part = |next: Value| {
            json!({
                "type": "object",
                "anyOf": [{"properties": {"n": next, "y": true}}],
                "unevaluatedProperties": false,
            })
        };
        for depth in [2, 20, 40] {
            let contract = Contract::from_schema(levels(depth, part)).unwrap();
            assert!(!violations(&contract, &nested(depth, json!(7.5))).is_empty(), "{depth}");
        }
    });
}

#[test]
fn long_chains_of_references_are_refused() {
    on_a_small_stack(|| {
        for depth in [400, 900] {
            for part in
                [|next: Value| next, |next: Value| json!({"anyOf": [next, {"type": "null"}]})]
            {
                let refused = Contract::from_schema(levels(depth, part)).unwrap_err();
                let ContractError::Unreadable { source, .. } = &refused else {
                    panic!("{refused}")
                };
                assert!(
                    matches!(source, SchemaError::TooNested { .. } | SchemaError::TooCostly { .. }),
                    "{source}"
                );
            }
        }
    });
}

#[test]
fn deep_schemas_and_deep_values_do_not_overflow_the_stack() {
    on_a_small_stack(|| {
        for depth in [14, 40] {
            let lists = |next: Value| {
                (0..depth).fold(next, |inner, _| json!({"type": "array", "items": inner}))
            };
            let contract = Contract::from_schema(levels(8, lists)).unwrap();
            assert_eq!(violations(&contract, &json!({"a": 7})).len(), 1);
        }
        let inner = json!({"anyOf": [{"$ref": "#"}, {"type": "null"}]});
        let schema = json!({"type": "object", "properties": {"n": inner, "y": {"type": "string"}}});
        let contract = Contract::from_schema(schema).unwrap();
        for depth in [10, 60, 120] {
            let value = nested(depth, json!(7))["a"].take();
            assert!(!violations(&contract, &value).is_empty(), "{depth}");
            let value = nested(depth, Value::Null)["a"].take();
            assert!(violations(&contract, &value).is_empty(), "{depth}");
        }
    });
}
