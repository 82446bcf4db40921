//! Generated types: run-time schemas with one value each, broken like those of the table.

use extract_core::check::violations;
use extract_llm::contract::Contract;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::{send, tally};
use crate::breaking::row::Row;

/// A schema and a value of it.
type Pair = (Value, Value);

const NAMES: [&str; 6] = ["title", "count", "is_open", "due_date", "kind", "lines"];

fn leaf() -> BoxedStrategy<Pair> {
    let text = "[a-z]{1,6}( [a-z]{2,5})?".prop_map(|text| (json!({"type": "string"}), json!(text)));
    let choice = (0..3_usize).prop_map(|index| {
        let names = ["open", "in_progress", "S"];
        (json!({"type": "string", "enum": names}), json!(names[index]))
    });
    let bounded = (0..100_i64).prop_map(|number| {
        (json!({"type": "integer", "minimum": 0, "maximum": 99}), json!(number))
    });
    let number = (-400..400_i32)
        .prop_map(|number| (json!({"type": "number"}), json!(f64::from(number) / 4.0)));
    let truth = any::<bool>().prop_map(|truth| (json!({"type": "boolean"}), json!(truth)));
    prop_oneof![text, choice, bounded, number, truth].boxed()
}

fn nullable((schema, value): Pair, is_null: bool) -> Pair {
    let schema = json!({"anyOf": [schema, {"type": "null"}]});
    (schema, if is_null { Value::Null } else { value })
}

/// Returns an object of members, from whether each is required, and whether an optional one is
/// present.
fn object(members: Vec<(Pair, bool, bool)>) -> Pair {
    let (mut properties, mut required, mut value) = (Map::new(), Vec::new(), Map::new());
    for (name, ((schema, inner), is_required, is_there)) in NAMES.into_iter().zip(members) {
        properties.insert(name.to_owned(), schema);
        if is_required {
            required.push(name);
        }
        if is_required || is_there {
            value.insert(name.to_owned(), inner);
        }
    }
    let schema = json!({"type": "object", "properties": properties, "required": required});
    (schema, Value::Object(value))
}

fn tagged(variants: Vec<Pair>, chosen: usize, internal: bool) -> Pair {
    let tags = ["alpha", "beta_two", "gamma"];
    let chosen = chosen % variants.len();
    let mut value = Value::Null;
    let mut one_of = Vec::new();
    for (index, (tag, (schema, payload))) in tags.into_iter().zip(variants).enumerate() {
        let (schema, payload) = if internal {
            let (mut schema, mut payload) = object(vec![((schema, payload), true, true)]);
            schema["properties"]["type"] = json!({"const": tag});
            schema["required"] = json!(["type", NAMES[0]]);
            payload["type"] = json!(tag);
            (schema, payload)
        } else {
            let schema = json!({"type": "object", "properties": {tag: schema}, "required": [tag],
                "additionalProperties": false});
            (schema, json!({tag: payload}))
        };
        if index == chosen {
            value = payload;
        }
        one_of.push(schema);
    }
    if internal {
        one_of.push(json!({"type": "object", "properties": {"type": {"const": "empty"}},
            "required": ["type"]}));
    } else {
        one_of.push(json!({"const": "empty"}));
    }
    (json!({"oneOf": one_of}), value)
}

fn untagged(variants: Vec<Pair>, chosen: usize) -> Pair {
    let value = variants[chosen % variants.len()].1.clone();
    let schemas: Vec<Value> = variants.into_iter().map(|(schema, _)| schema).collect();
    (json!({"anyOf": schemas}), value)
}

fn pair() -> impl Strategy<Value = Pair> {
    leaf().prop_recursive(3, 16, 3, |inner| {
        let several = |least: usize| proptest::collection::vec(inner.clone(), least..4);
        let member = (inner.clone(), any::<bool>(), any::<bool>());
        let fields = proptest::collection::vec(member, 1..5).prop_map(object).boxed();
        prop_oneof![
            4 => fields.clone(),
            2 => (prop_oneof![inner.clone(), fields], 0..3_usize).prop_map(|((schema, value), count)| {
                (json!({"type": "array", "items": schema}), json!(vec![value; count]))
            }),
            1 => (inner.clone(), 0..3_usize).prop_map(|((schema, value), count)| {
                let entries = ["a", "b c"].into_iter().take(count);
                let entries = entries.map(|key| (key.to_owned(), value.clone()));
                let map: Map<String, Value> = entries.collect();
                (json!({"type": "object", "additionalProperties": schema}), Value::Object(map))
            }),
            1 => several(2).prop_map(|pairs| {
                let (schemas, values): (Vec<Value>, Vec<Value>) = pairs.into_iter().unzip();
                let count = schemas.len();
                (json!({"type": "array", "prefixItems": schemas, "items": false,
                    "minItems": count, "maxItems": count}), json!(values))
            }),
            2 => (several(2), any::<usize>(), any::<bool>())
                .prop_map(|(variants, chosen, internal)| tagged(variants, chosen, internal)),
            1 => (several(2), any::<usize>())
                .prop_map(|(variants, chosen)| untagged(variants, chosen)),
            1 => (inner.clone(), any::<bool>()).prop_map(|(pair, null)| nullable(pair, null)),
        ]
    })
}

/// Returns a row for a run-time schema, whose values are plain JSON. `None` if the schema is
/// refused.
pub(crate) fn row(schema: &Value, samples: Vec<Value>) -> Option<Row> {
    let contract = Contract::from_schema(schema.clone()).ok()?;
    let kind = schema.to_string().chars().take(400).collect();
    let ask = send::ask_value;
    let read = |value: &Value| Some(value.clone());
    Some(Row { family: "Schemas", kind, contract, samples, ask, read, same })
}

/// Returns whether two values are equal, with numbers by value, and with null equal to an absent
/// member.
fn same(left: &Value, right: &Value) -> bool {
    let covers = |left: &Map<String, Value>, right: &Map<String, Value>| {
        left.iter().all(|(name, left)| same(left, right.get(name).unwrap_or(&Value::Null)))
    };
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || left.as_f64() == right.as_f64()
        }
        (Value::Object(left), Value::Object(right)) => covers(left, right) && covers(right, left),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        _ => left == right,
    }
}

#[test]
fn no_broken_answer_of_a_generated_type_is_read_as_a_wrong_value() {
    let wanted = std::env::var("EXTRACT_ORACLE_TYPES").ok().and_then(|count| count.parse().ok());
    let mut runner = TestRunner::deterministic();
    let mut rows = Vec::new();
    for _ in 0..wanted.unwrap_or(200) {
        let (schema, value) = pair().new_tree(&mut runner).unwrap().current();
        let Some(row) = row(&schema, vec![value]) else { panic!("{schema} is refused") };
        // A `oneOf` of similar variants may refuse a value of one of them.
        if violations(&row.contract, &row.samples[0]).is_empty() {
            rows.push(row);
        }
    }
    tally::run(&rows, false).hold(&format!("{} invented types", rows.len()));
}
