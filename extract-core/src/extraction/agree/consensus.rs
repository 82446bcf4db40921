//! Finds the majority value, field by field. Knows JSON and nothing else.

use serde_json::{Map, Value};

use super::FieldAgreement;
use crate::schema::{json_equal, push_segment};

/// Returns the majority value. Objects get the members that more than half of them have, each with its
/// majority value. Lists get the most frequent length, element by element. Other values get the most
/// frequent value. Among equally frequent values, the first one wins.
pub(super) fn of(values: &[&Value]) -> Value {
    let Some(kind) = most_frequent(values, kind_of) else { return Value::Null };
    let alike: Vec<&Value> =
        values.iter().copied().filter(|value| kind_of(value) == kind_of(kind)).collect();
    match kind {
        Value::Object(_) => agreed_object(&alike),
        Value::Array(_) => {
            let length = |value: &Value| value.as_array().map_or(0, Vec::len);
            let most = most_frequent(&alike, |value| length(value)).map_or(0, length);
            let same: Vec<&Vec<Value>> =
                alike.iter().filter_map(|v| v.as_array()).filter(|v| v.len() == most).collect();
            let at = |index: usize| same.iter().map(|items| &items[index]).collect::<Vec<_>>();
            (0..most).map(|index| of(&at(index))).collect()
        }
        _ => {
            let mut best = (alike[0], 0);
            for value in &alike {
                let votes = alike.iter().filter(|other| json_equal(value, other)).count();
                if votes > best.1 {
                    best = (value, votes);
                }
            }
            best.0.clone()
        }
    }
}

/// Returns the majority value of objects.
fn agreed_object(alike: &[&Value]) -> Value {
    let objects: Vec<&Map<String, Value>> =
        alike.iter().filter_map(|value| value.as_object()).collect();
    let mut agreed_members = Map::new();
    for key in objects.iter().flat_map(|object| object.keys()) {
        if agreed_members.contains_key(key) {
            continue;
        }
        let held: Vec<&Value> = objects.iter().filter_map(|object| object.get(key)).collect();
        let absent = objects.len() - held.len();
        let first = objects.first().is_some_and(|object| object.contains_key(key));
        if held.len() > absent || (held.len() == absent && first) {
            agreed_members.insert(key.clone(), of(&held));
        }
    }
    Value::Object(agreed_members)
}

/// Returns a number for the JSON kind of a value.
fn kind_of(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// Returns the first value whose key is the most frequent one, or `None` if there are no values.
fn most_frequent<'v, K: PartialEq>(
    values: &[&'v Value],
    key: impl Fn(&Value) -> K,
) -> Option<&'v Value> {
    let votes = |value: &Value| values.iter().filter(|other| key(other) == key(value)).count();
    let mut best: Option<(&'v Value, usize)> = None;
    for value in values {
        let count = votes(value);
        if best.is_none_or(|(_, most)| count > most) {
            best = Some((value, count));
        }
    }
    best.map(|(value, _)| value)
}

/// Returns, for each field without nested fields in `chosen`, the share of the values that hold the same
/// there.
pub(super) fn shares(chosen: &Value, values: &[&Value]) -> Vec<FieldAgreement> {
    let mut fields = Vec::new();
    leaves(chosen, &mut String::new(), &mut |pointer, leaf| {
        let holds =
            |value: &&&Value| value.pointer(pointer).is_some_and(|held| json_equal(held, leaf));
        let holding = values.iter().filter(holds).count();
        #[expect(clippy::cast_precision_loss, reason = "samples are few")]
        let share = holding as f64 / values.len().max(1) as f64;
        fields.push(FieldAgreement { pointer: pointer.to_owned(), share });
    });
    fields
}

/// Visits each field without nested fields, with its pointer.
fn leaves(value: &Value, pointer: &mut String, visit: &mut impl FnMut(&str, &Value)) {
    let here = pointer.len();
    let mut within = |segment: &str, inner: &Value, pointer: &mut String| {
        push_segment(pointer, segment);
        leaves(inner, pointer, visit);
        pointer.truncate(here);
    };
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(key, inner)| within(key, inner, pointer));
        }
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().enumerate();
            items.for_each(|(index, inner)| within(&index.to_string(), inner, pointer));
        }
        leaf => visit(pointer, leaf),
    }
}

/// Returns the index of the value that agrees most with the others; the first one of equals.
pub(super) fn most_similar(values: &[&Value]) -> usize {
    let agreement = |value: &Value| -> f64 {
        let fields = shares(value, values);
        #[expect(clippy::cast_precision_loss, reason = "fields are few")]
        let count = fields.len().max(1) as f64;
        fields.iter().map(|field| field.share).sum::<f64>() / count
    };
    let mut best = (0, f64::MIN);
    for (index, value) in values.iter().enumerate() {
        let agrees = agreement(value);
        if agrees > best.1 {
            best = (index, agrees);
        }
    }
    best.0
}
