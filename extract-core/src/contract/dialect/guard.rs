//! Whether a value looks like a schema: how the branch of a union is chosen, in both directions.
//! It decides by structure (types, constants, members, bounds, lengths) and takes patterns and
//! formats for granted. It is bounded: out of steps, it answers yes.

use serde_json::{Map, Value};

/// How deep a question goes.
const DEPTH: usize = 128;

/// Keywords that speak of the members of the same object together.
const COMBINING: &[&str] = &["properties", "allOf", "anyOf", "oneOf", "$ref"];

/// Whether `value` looks like `schema`, whose references are resolved in `root`.
/// It looks at no more than `budget` schemas.
pub(super) fn fits(schema: &Value, root: &Value, value: &Value, budget: &mut usize) -> bool {
    Guard { root, budget }.fits(schema, value, 0, false)
}

/// How much of an object a schema claims by its constants: the tag of a tagged union decides even
/// where the rest of the value is wrong. `None` where a constant is contradicted.
pub(super) fn claimed(schema: &Value, value: &Value) -> Option<usize> {
    let Some(schema) = schema.as_object() else { return Some(0) };
    if !type_fits(schema, value) {
        return None;
    }
    let (Some(properties), Some(members)) =
        (schema.get("properties").and_then(Value::as_object), value.as_object())
    else {
        return Some(0);
    };
    let mut claims = 0;
    for (name, property) in properties {
        let Some(member) = members.get(name) else { continue };
        match constants(property) {
            Some(values) if !values.iter().any(|known| alike(known, member)) => return None,
            Some(_) => claims += 4,
            None => claims += 1,
        }
    }
    Some(claims)
}

/// Providers that hold a model to a schema do not all hold it to the case of constants.
fn alike(known: &Value, value: &Value) -> bool {
    match (known, value) {
        (Value::String(known), Value::String(text)) => known.eq_ignore_ascii_case(text),
        _ => known == value,
    }
}

fn constants(schema: &Value) -> Option<&[Value]> {
    if let Some(constant) = schema.get("const") {
        return Some(std::slice::from_ref(constant));
    }
    match schema.get("enum")? {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

struct Guard<'a> {
    root: &'a Value,
    budget: &'a mut usize,
}

impl Guard<'_> {
    /// `shared`: other schemas have a say about the same value, so that members which this one does
    /// not name may be theirs.
    fn fits(&mut self, schema: &Value, value: &Value, depth: usize, shared: bool) -> bool {
        if *self.budget == 0 || depth > DEPTH {
            return true;
        }
        *self.budget -= 1;
        let schema = match schema {
            Value::Bool(any) => return *any,
            Value::Object(schema) => schema,
            _ => return true,
        };
        if value.is_null() && nullable(schema) {
            return true;
        }
        if !type_fits(schema, value) {
            return false;
        }
        if schema.get("const").is_some_and(|constant| !same(constant, value)) {
            return false;
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            if !values.iter().any(|known| same(known, value)) {
                return false;
            }
        }
        let combined = COMBINING.iter().filter(|keyword| schema.contains_key(**keyword)).count();
        let shared = shared || combined > 1;
        if !self.parts_fit(schema, value, depth, shared) {
            return false;
        }
        match value {
            Value::Object(members) => self.object_fits(schema, members, depth, shared),
            Value::Array(items) => self.array_fits(schema, items, depth),
            Value::String(text) => {
                let length = || text.chars().count() as u64;
                bound(schema, "minLength").is_none_or(|least| length() >= least)
                    && bound(schema, "maxLength").is_none_or(|most| length() <= most)
            }
            Value::Number(number) => number_fits(schema, number.as_f64().unwrap_or(0.0)),
            _ => true,
        }
    }

    /// References, `allOf` and unions.
    fn parts_fit(
        &mut self,
        schema: &Map<String, Value>,
        value: &Value,
        depth: usize,
        shared: bool,
    ) -> bool {
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').unwrap_or(target);
            if let Some(target) = self.root.pointer(pointer) {
                if !self.fits(target, value, depth + 1, shared) {
                    return false;
                }
            }
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            let Some(Value::Array(branches)) = schema.get(keyword) else { continue };
            let fits = if keyword == "allOf" {
                let shared = shared || branches.len() > 1;
                branches.iter().all(|branch| self.fits(branch, value, depth + 1, shared))
            } else {
                branches.iter().any(|branch| self.fits(branch, value, depth + 1, shared))
            };
            if !fits {
                return false;
            }
        }
        schema.get("not").is_none_or(|not| !self.fits(not, value, depth + 1, true))
    }

    fn object_fits(
        &mut self,
        schema: &Map<String, Value>,
        members: &Map<String, Value>,
        depth: usize,
        shared: bool,
    ) -> bool {
        if let Some(Value::Array(required)) = schema.get("required") {
            let there = |name: &Value| name.as_str().is_none_or(|name| members.contains_key(name));
            if !required.iter().all(there) {
                return false;
            }
        }
        let count = members.len() as u64;
        if bound(schema, "minProperties").is_some_and(|least| count < least)
            || bound(schema, "maxProperties").is_some_and(|most| count > most)
        {
            return false;
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        let patterns = schema.get("patternProperties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties");
        // A struct that says nothing of others has no others, as in `lower`.
        let others = shared || !(schema.contains_key("type") || properties.is_some());
        let others = others || COMBINING[1..].iter().any(|keyword| schema.contains_key(*keyword));
        for (name, member) in members {
            let fits = if let Some(property) = properties.and_then(|known| known.get(name)) {
                self.fits(property, member, depth + 1, false)
            } else if let Some(patterns) = patterns.filter(|patterns| !patterns.is_empty()) {
                // Which pattern the name fits is taken for granted.
                patterns.values().any(|pattern| self.fits(pattern, member, depth + 1, false))
            } else {
                additional.map_or(others, |schema| self.fits(schema, member, depth + 1, false))
            };
            if !fits {
                return false;
            }
        }
        true
    }

    fn array_fits(&mut self, schema: &Map<String, Value>, items: &[Value], depth: usize) -> bool {
        let count = items.len() as u64;
        if bound(schema, "minItems").is_some_and(|least| count < least)
            || bound(schema, "maxItems").is_some_and(|most| count > most)
        {
            return false;
        }
        let first =
            schema.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        items.iter().enumerate().all(|(index, item)| {
            first
                .get(index)
                .or_else(|| schema.get("items"))
                .is_none_or(|schema| self.fits(schema, item, depth + 1, false))
        })
    }
}

/// Equality as JSON Schema has it: `1` is `1.0`.
fn same(left: &Value, right: &Value) -> bool {
    left == right
        || match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
            _ => false,
        }
}

fn bound(schema: &Map<String, Value>, keyword: &str) -> Option<u64> {
    schema.get(keyword)?.as_u64()
}

fn number_fits(schema: &Map<String, Value>, number: f64) -> bool {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    bound("minimum").is_none_or(|least| number >= least)
        && bound("maximum").is_none_or(|most| number <= most)
        && bound("exclusiveMinimum").is_none_or(|least| number > least)
        && bound("exclusiveMaximum").is_none_or(|most| number < most)
}

fn nullable(schema: &Map<String, Value>) -> bool {
    schema.get("nullable") == Some(&Value::Bool(true))
}

fn type_fits(schema: &Map<String, Value>, value: &Value) -> bool {
    let fits = |name: &Value| {
        name.as_str().is_none_or(|name| match value {
            Value::Null => name.eq_ignore_ascii_case("null"),
            Value::Bool(_) => name.eq_ignore_ascii_case("boolean"),
            Value::Number(number) => {
                name.eq_ignore_ascii_case("number")
                    || (name.eq_ignore_ascii_case("integer")
                        && (number.is_i64()
                            || number.is_u64()
                            || number.as_f64().is_some_and(|number| number.fract() == 0.0)))
            }
            Value::String(_) => name.eq_ignore_ascii_case("string"),
            Value::Array(_) => name.eq_ignore_ascii_case("array"),
            Value::Object(_) => name.eq_ignore_ascii_case("object"),
        })
    };
    match schema.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().any(fits),
        Some(name) => fits(name),
    }
}
