//! The values that `const` and `enum` list, with the texts accepted for them.

use serde_json::{Map, Value};

use super::keywords::strings;

/// A value that `const` or `enum` lists.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    pub(crate) value: Value,
    /// The texts that stand for the value. Models are asked to write the first.
    pub(crate) spellings: Vec<String>,
}

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        json_equal(&self.value, &other.value)
    }
}

/// Returns the values listed by `const` or `enum`, and whether they come from `const`. Returns `None`
/// without both keywords, and no value if `enum` excludes the `const`.
pub(super) fn constants(members: &Map<String, Value>) -> (Option<Vec<Constant>>, bool) {
    let of =
        |value: &Value| Constant { value: value.clone(), spellings: spellings(value, members) };
    match (members.get("const"), members.get("enum").and_then(Value::as_array)) {
        (Some(constant), Some(values)) if !values.contains(constant) => (Some(Vec::new()), true),
        (Some(constant), _) => (Some(vec![of(constant)]), true),
        (None, Some(values)) => {
            let mut listed: Vec<Constant> = Vec::with_capacity(values.len());
            listed.extend(values.iter().map(of));
            (Some(listed), false)
        }
        (None, None) => (None, false),
    }
}

/// Returns the texts that stand for a listed value: its alias or the value itself, then other aliases,
/// then its descriptions.
pub(crate) fn spellings(value: &Value, members: &Map<String, Value>) -> Vec<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let lookup =
        |word: &str| members.get(word).and_then(Value::as_object).and_then(|all| all.get(&text));
    let mut names = strings(lookup("x-enum-aliases"));
    if names.is_empty() {
        names.push(text.clone());
    }
    names.extend(strings(lookup("x-aliases")));
    names.extend(strings(members.get("x-aliases")));
    let tree = members.contains_key("const").then(|| members.get("description")).flatten();
    let described = strings(lookup("x-enum-descriptions").or(tree));
    for description in described.iter().filter(|description| !description.trim().is_empty()) {
        names.push(format!("{}: {description}", names[0]));
        names.push(description.clone());
    }
    names
}

/// Returns whether two values are equal in JSON Schema: `1` equals `1.0`.
pub(crate) fn json_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || one.as_f64() == other.as_f64() && (one.is_f64() || other.is_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| json_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| json_equal(one, other)))
        }
        _ => left == right,
    }
}
