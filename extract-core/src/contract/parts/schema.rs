//! The schema that parts are asked for by: an object with one member for each, and the definitions
//! that they need.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Part;
use super::locate::Stop;
use crate::contract::each::each_schema;
use crate::contract::problem::segments;
use crate::contract::{Contract, ContractError, name, root};

/// The longest name of a part.
const LONGEST: usize = 48;

/// What the whole schema is called among the definitions, where a part refers to it.
const WHOLE: &str = "whole_value";

/// A name for each part, from its place. None is that of a member of the whole: an answer must not be
/// taken for one where it is the other.
pub(super) fn names(whole: &Contract, stops: &[Stop<'_>]) -> Vec<String> {
    let mut taken: HashSet<String> = match whole.asked_schema().get("properties") {
        Some(Value::Object(properties)) => properties.keys().cloned().collect(),
        _ => HashSet::new(),
    };
    stops
        .iter()
        .map(|stop| {
            let mut words: Vec<String> = segments(&stop.pointer).collect();
            if whole.is_wrapped() {
                words.insert(0, String::from(root::KEY));
            }
            // What is nearest says the most.
            while words.len() > 1
                && words.iter().map(|word| word.len() + 1).sum::<usize>() > LONGEST
            {
                words.remove(0);
            }
            let mut name = name::clean(&words.join("_"));
            if taken.contains(&name) {
                name.insert_str(0, "corrected_");
            }
            let plain = name.clone();
            let mut count = 1;
            while !taken.insert(name.clone()) {
                count += 1;
                name = format!("{plain}_{count}");
            }
            name
        })
        .collect()
}

/// The contract of the parts.
pub(super) fn contract(
    whole: &Contract,
    stops: &[Stop<'_>],
    parts: &[Part],
) -> Result<Arc<Contract>, ContractError> {
    let mut properties = Map::new();
    for (stop, part) in stops.iter().zip(parts) {
        properties.insert(part.name.clone(), described(whole.schema(), stop.schema, &part.place));
    }
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let mut schema = json!({
        "description": "Parts of the answer, corrected. Everything else is kept as it is.",
        "type": "object",
        "properties": properties,
        "required": names,
        "additionalProperties": false,
    });
    define(&mut schema, whole.schema());
    Contract::from_schema_named(&format!("{}_parts", short(whole.name())), schema)
}

fn short(name: &str) -> &str {
    // A name of a contract is ASCII.
    name.get(..LONGEST).unwrap_or(name)
}

/// The schema of a part, which says where it belongs.
fn described(root: &Value, schema: &Value, place: &str) -> Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let target = reference.and_then(|reference| root.pointer(reference.strip_prefix('#')?));
    let mut own = [Some(schema), target].into_iter().flatten();
    let words = own.find_map(|schema| schema.get("description")?.as_str());
    let said = match words {
        Some(words) => format!("At {place}: {words}"),
        None => format!("At {place}."),
    };
    let mut members = schema.as_object().cloned().unwrap_or_default();
    if schema == &Value::Bool(false) {
        members.insert(String::from("not"), json!({}));
    }
    members.insert(String::from("description"), said.into());
    Value::Object(members)
}

/// Adds the definitions that a schema refers to, and those that they refer to. What refers to another
/// place of the whole schema takes the whole along.
pub(in crate::contract) fn define(schema: &mut Value, whole: &Value) {
    let mut definitions = Map::new();
    let mut open = references(schema);
    while let Some(reference) = open.pop() {
        let (keyword, name) = match defined(&reference) {
            Some((keyword, name)) => (keyword, name),
            None => ("", String::from(WHOLE)),
        };
        if definitions.contains_key(&name) {
            continue;
        }
        let found = match keyword {
            "" => Some(without_definitions(whole)),
            keyword => whole.get(keyword).and_then(|all| all.get(&name)).cloned(),
        };
        // A reference that leads nowhere is for the compiler of the contract to refuse.
        let Some(found) = found else { continue };
        open.extend(references(&found));
        definitions.insert(name, found);
    }
    if definitions.is_empty() {
        return;
    }
    if let Some(members) = schema.as_object_mut() {
        members.insert(String::from("$defs"), Value::Object(definitions));
    }
    each_schema(schema, &mut |members| {
        if let Some(Value::String(reference)) = members.get_mut("$ref") {
            *reference = match (defined(reference), reference.strip_prefix('#')) {
                (Some(("definitions", _)), Some(at)) => {
                    format!("#/$defs{}", at.strip_prefix("/definitions").unwrap_or(at))
                }
                (None, Some(at)) => format!("#/$defs/{WHOLE}{at}"),
                _ => return,
            };
        }
    });
}

/// The keyword and the name of the definition that a reference leads to, or into.
fn defined(reference: &str) -> Option<(&'static str, String)> {
    let pointer = reference.strip_prefix('#')?;
    let mut words = segments(pointer);
    let keyword = match words.next()?.as_str() {
        "$defs" => "$defs",
        "definitions" => "definitions",
        _ => return None,
    };
    Some((keyword, words.next()?))
}

fn references(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    each_schema(&mut schema.clone(), &mut |members| {
        if let Some(Value::String(reference)) = members.get("$ref") {
            found.push(reference.clone());
        }
    });
    found
}

fn without_definitions(whole: &Value) -> Value {
    let mut whole = whole.clone();
    if let Some(members) = whole.as_object_mut() {
        members.shift_remove("$defs");
        members.shift_remove("definitions");
    }
    whole
}
