//! Variants that hold any value.

use super::*;

fn values() -> impl Iterator<Item = Value> {
    [
        json!({"a": 1, "b": [true, null]}),
        json!({}),
        json!({"value": 3}),
        json!([1, "x"]),
        json!([]),
        json!("words"),
        json!("3"),
        json!(""),
        json!(3),
        json!(false),
        json!(null),
    ]
    .into_iter()
}

#[derive(Debug, PartialEq, Serialize, Extract)]
enum External {
    Any(Value),
    Named { name: String },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Any(Value),
    Named { name: String },
}

#[derive(Debug, PartialEq, Serialize, Extract)]
#[serde(tag = "kind")]
enum Internal {
    Any(Value),
    Named { name: String },
}

#[test]
fn a_variant_of_any_value() {
    comes_back(values().map(External::Any), Natural::Refusable);
    comes_back(values().map(Adjacent::Any), Natural::Refusable);
    comes_back([External::Named { name: "x".into() }], Natural::Read);
    comes_back([Adjacent::Named { name: "x".into() }], Natural::Read);
}

/// With an internal tag, the value is an object.
#[test]
fn an_internally_tagged_variant_of_any_value() {
    comes_back(values().filter(Value::is_object).map(Internal::Any), Natural::Refusable);
    comes_back([Internal::Named { name: "x".into() }], Natural::Read);
}

#[test]
fn an_internally_tagged_variant_of_any_value_with_a_member_of_the_name_of_the_root() {
    comes_back([Internal::Any(json!({"value": {"value": 1}}))], Natural::Refusable);
}

#[test]
fn a_variant_of_any_value_as_a_tool() {
    comes_back_as_a_call(values().map(|value| ("Any", value.clone(), External::Any(value))));
    comes_back_as_a_call(values().map(|value| ("Any", value.clone(), Adjacent::Any(value))));
}

#[test]
fn an_internally_tagged_variant_of_any_value_as_a_tool() {
    let objects = values().filter(Value::is_object);
    comes_back_as_a_call(objects.map(|value| ("Any", value.clone(), Internal::Any(value))));
}
