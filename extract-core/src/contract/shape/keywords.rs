//! The keywords of a schema that are read one by one: names and their aliases, the spellings of
//! enum values, bounds.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Bounds, Choices, Lengths, normal_value};

pub(super) fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = path.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(code)) => {
                decoded.push(code);
                at += 3;
            }
            (byte, _) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| path.to_owned())
}

fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => {
            many.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The names under which a property may stand.
pub(super) fn field_names(name: &str, schema: &Value) -> Vec<String> {
    let mut names = strings(schema.get("x-alias"));
    if names.is_empty() {
        names.push(name.to_owned());
    }
    names.extend(strings(schema.get("x-aliases")));
    names
}

/// The texts that stand for a value of an enum.
pub(super) fn spellings(value: &Value, map: &Map<String, Value>) -> Vec<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let lookup =
        |word: &str| map.get(word).and_then(Value::as_object).and_then(|all| all.get(&text));
    let mut names = strings(lookup("x-enum-aliases"));
    if names.is_empty() {
        names.push(text.clone());
    }
    names.extend(strings(lookup("x-aliases")));
    names.extend(strings(map.get("x-aliases")));
    let own = map.contains_key("const").then(|| map.get("description")).flatten();
    let described = strings(lookup("x-enum-descriptions").or(own));
    for description in described.iter().filter(|description| !description.trim().is_empty()) {
        names.push(format!("{}: {description}", names[0]));
        names.push(description.clone());
    }
    names
}

pub(super) fn index_choices(choices: &mut Choices) {
    for (index, choice) in choices.all.iter().enumerate() {
        let index = u32::try_from(index).unwrap_or(u32::MAX);
        for spelling in &choice.spellings {
            choices.exact.entry(spelling.clone()).or_insert(index);
            enter_normal(&mut choices.normal, &normal_value(spelling), index);
        }
    }
}

/// Enters a name in its normal form; one that two share stands for neither.
pub(super) fn enter_normal(table: &mut HashMap<String, Option<u32>>, normal: &str, index: u32) {
    if !normal.is_empty() {
        let entry = table.entry(normal.to_owned()).or_insert(Some(index));
        if *entry != Some(index) {
            *entry = None;
        }
    }
}

pub(super) fn bounds(map: &Map<String, Value>) -> Bounds {
    let get = |word: &str, none: f64| map.get(word).and_then(Value::as_f64).unwrap_or(none);
    Bounds {
        min: get("minimum", f64::NEG_INFINITY),
        max: get("maximum", f64::INFINITY),
        above: get("exclusiveMinimum", f64::NEG_INFINITY),
        below: get("exclusiveMaximum", f64::INFINITY),
    }
}

pub(super) fn lengths(map: &Map<String, Value>, min: &str, max: &str) -> Lengths {
    let get = |word: &str, none: usize| {
        map.get(word).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(none)
    };
    Lengths { min: get(min, 0), max: get(max, usize::MAX) }
}
