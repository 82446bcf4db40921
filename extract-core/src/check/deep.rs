//! Explains a value that is nested so deeply in unions that all branches of all of them cannot
//! be tried: place by place, and at each union in the one branch that the value means. Each place is
//! held against what is said of it alone, so the work is linear in the value.

use std::collections::HashMap;

use jsonschema::Validator;
use serde_json::{Map, Value};

use super::effort;
use super::schema::Told;
use super::union::{Meant, meant};
use crate::contract::{Contract, Problem, Problems, push_segment};

/// The most places that are looked at, each for each schema that speaks of it.
const MOST: usize = 200_000;

/// The most problems that are told.
const MOST_TOLD: usize = 1000;

/// The findings; none for a place that the walk does not visit.
pub(super) fn problems(contract: &Contract, value: &Value) -> Vec<Problem> {
    let mut walk = Walk {
        root: contract.schema(),
        told: Vec::new(),
        compiled: HashMap::new(),
        pointer: String::new(),
        left: MOST,
    };
    walk.explain(contract.schema(), value);
    walk.told
}

struct Walk<'a> {
    root: &'a Value,
    told: Vec<Problem>,
    /// By where the schema lies in memory, and whether it is the whole of it.
    compiled: HashMap<(*const Value, bool), Option<Validator>>,
    pointer: String,
    left: usize,
}

impl<'a> Walk<'a> {
    fn explain(&mut self, schema: &'a Value, value: &Value) {
        let Some(left) = self.left.checked_sub(1) else { return };
        self.left = left;
        if self.told.len() >= MOST_TOLD {
            return;
        }
        self.tell(schema, value, false);
        let Some(members) = schema.as_object() else { return };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            if let Some(target) = reference.strip_prefix('#').and_then(|at| self.root.pointer(at)) {
                self.explain(target, value);
            }
        }
        for schema in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.explain(schema, value);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(branches) = members.get(word).and_then(Value::as_array) {
                self.explain_union(schema, branches, value);
            }
        }
        match value {
            Value::Object(entries) => {
                let of = |word: &str| members.get(word).and_then(Value::as_object);
                let (named, others) = (of("properties"), members.get("additionalProperties"));
                for (name, entry) in entries {
                    let schema = named.and_then(|named| named.get(name)).or(others);
                    if let Some(schema) = schema.filter(|schema| schema.is_object()) {
                        self.explain_at(name, schema, entry);
                    }
                }
            }
            Value::Array(items) => {
                let first = members.get("prefixItems").and_then(Value::as_array);
                for (index, item) in items.iter().enumerate() {
                    let own = first.and_then(|first| first.get(index));
                    let schema = own.or_else(|| members.get("items"));
                    if let Some(schema) = schema.filter(|schema| schema.is_object()) {
                        self.explain_at(&index.to_string(), schema, item);
                    }
                }
            }
            _ => {}
        }
    }

    fn explain_at(&mut self, segment: &str, schema: &'a Value, value: &Value) {
        let here = self.pointer.len();
        push_segment(&mut self.pointer, segment);
        self.explain(schema, value);
        self.pointer.truncate(here);
    }

    fn explain_union(&mut self, schema: &'a Value, branches: &'a [Value], value: &Value) {
        match meant(self.root, branches, value) {
            Meant::Branch(index) => {
                if let Some(branch) = branches.get(index) {
                    self.explain(branch, value);
                }
            }
            Meant::Unnamed { tag, names } => {
                let mut told = Told::new(self.root);
                told.unnamed(&self.pointer, value, tag, names);
                self.told.extend(told.problems);
            }
            // Of what is not nested deeply, all branches can be tried.
            Meant::Unknown if effort::is_tellable_in(self.root, schema, value) => {
                self.tell(schema, value, true);
            }
            Meant::Unknown => {}
        }
    }

    /// The schema of this place: all of it, or without the places inside.
    fn tell(&mut self, schema: &'a Value, value: &Value, whole: bool) {
        let root = self.root;
        let compiled =
            self.compiled.entry((std::ptr::from_ref(schema), whole)).or_insert_with(|| {
                let part = if whole { with_definitions(schema, root) } else { alone(schema) };
                Contract::compile_part(&part).ok()
            });
        let Some(validator) = compiled else { return };
        if validator.is_valid(value) {
            return;
        }
        let mut told = Told::new(root);
        for error in validator.iter_errors(value).take(MOST_TOLD) {
            told.describe(&error);
        }
        self.told.extend(Problems::from(told.problems).under(&self.pointer));
    }
}

/// A schema that can be compiled by itself.
fn with_definitions(schema: &Value, root: &Value) -> Value {
    let mut part = schema.clone();
    if let (Some(part), Some(root)) = (part.as_object_mut(), root.as_object()) {
        for word in ["$defs", "definitions"] {
            if let Some(definitions) = root.get(word) {
                part.insert(word.to_owned(), definitions.clone());
            }
        }
    }
    part
}

/// The schema of the place itself: its members and elements only by name.
fn alone(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else { return schema.clone() };
    let anything = |names: &Map<String, Value>| {
        Value::Object(names.keys().map(|name| (name.clone(), Value::Bool(true))).collect())
    };
    let kept = members.iter().filter_map(|(word, said)| {
        let said = match (word.as_str(), said) {
            ("properties" | "patternProperties", Value::Object(names)) => anything(names),
            ("prefixItems", Value::Array(items)) => vec![true; items.len()].into(),
            ("items" | "additionalProperties", Value::Bool(said)) => Value::Bool(*said),
            (
                "$ref"
                | "$defs"
                | "definitions"
                | "allOf"
                | "anyOf"
                | "oneOf"
                | "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "dependentSchemas"
                | "propertyNames"
                | "unevaluatedItems"
                | "unevaluatedProperties",
                _,
            ) => return None,
            (_, said) => said.clone(),
        };
        Some((word.clone(), said))
    });
    Value::Object(kept.collect())
}
