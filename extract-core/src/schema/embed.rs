//! Builds schemas from other schemas: embeds one in another, or extracts a part. References keep
//! leading to the same schemas.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::keywords::{children, each_schema, inside};
use super::pointer::segments;
use super::written::percent_decoded;

/// The keywords that hold definitions.
const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// The name of the whole document among the definitions, for a part that refers to it.
const WHOLE: &str = "whole_value";

/// Returns the schema of an object that has exactly these members.
pub(crate) fn object(members: Map<String, Value>) -> Value {
    let names: Vec<String> = members.keys().cloned().collect();
    let mut schema = json!({
        "type": "object",
        "properties": {},
        "required": names,
        "additionalProperties": false,
    });
    schema["properties"] = members.into();
    schema
}

/// Returns the schema of an object without members.
pub(crate) fn nothing() -> Value {
    json!({"type": "object", "properties": {}, "additionalProperties": false})
}

/// Returns the schema of a list of any length, with these elements.
pub(crate) fn list_of(element: &Value) -> Value {
    json!({"type": "array", "items": element})
}

/// Returns the schema of a number of things.
pub(crate) fn count(description: &str) -> Value {
    json!({"type": "integer", "description": description})
}

/// Adds a required member in front of the members that the JSON of a schema lists. Returns `None` if the
/// schema lists none itself.
pub(crate) fn with_first_member(schema: &Value, name: &str, member: Value) -> Option<Value> {
    let mut schema = schema.clone();
    let members = schema.get_mut("properties")?.as_object_mut()?;
    let others = std::mem::take(members);
    members.insert(name.to_owned(), member);
    members.extend(others);
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    schema["required"] = std::iter::once(Value::from(name)).chain(required).collect();
    Some(schema)
}

/// Returns a schema that allows the values of any of `schemas`.
pub(crate) fn any_of(mut schemas: Vec<Value>) -> Value {
    if schemas.len() == 1 { schemas.swap_remove(0) } else { json!({ "anyOf": schemas }) }
}

/// Returns a schema with another description; without one if `description` is empty.
pub(crate) fn described(schema: Value, description: &str) -> Value {
    let mut members = match schema {
        Value::Object(members) => members,
        Value::Bool(false) => Map::from_iter([("not".to_owned(), json!({}))]),
        _ => Map::new(),
    };
    if description.is_empty() {
        members.shift_remove("description");
    } else {
        members.insert("description".to_owned(), description.into());
    }
    Value::Object(members)
}

/// Returns a schema without its title.
pub(crate) fn untitled(mut schema: Value) -> Value {
    if let Value::Object(members) = &mut schema {
        members.shift_remove("title");
    }
    schema
}

/// Returns the title in the JSON of a schema.
pub(crate) fn title(schema: &Value) -> Option<&str> {
    schema.get("title")?.as_str()
}

/// Returns whether the JSON of a schema lists alternatives.
pub(crate) fn has_alternatives(schema: &Value) -> bool {
    ["anyOf", "oneOf"].iter().any(|keyword| schema.get(keyword).is_some_and(Value::is_array))
}

/// Returns whether the JSON of a schema has the member `name` and no other.
pub(crate) fn has_only_member(schema: &Value, name: &str) -> bool {
    let members = schema.get("properties").and_then(Value::as_object);
    members.is_some_and(|members| members.keys().eq([name]))
}

/// Returns the schema of an object that holds the value of another schema under `key`.
pub(crate) fn enclosed(schema: &Value, key: &str) -> Value {
    let mut inner = schema.clone();
    // References into the value get its new pointer as a prefix. Definitions stay at the root.
    repoint(&mut inner, &inside("", &["properties", key]));
    let mut definitions = Vec::new();
    if let Some(members) = inner.as_object_mut() {
        let kept = |keyword| Some((keyword, members.shift_remove(keyword)?));
        definitions.extend(DEFINITIONS.into_iter().filter_map(kept));
    }
    let mut enclosed = object(Map::from_iter([(key.to_owned(), inner)]));
    for (keyword, kept) in definitions {
        enclosed[keyword] = kept;
    }
    enclosed
}

/// Converts a pointer into the result of [`enclosed`] to a pointer into the original schema. Returns
/// `None` if it does not lead into that schema.
pub(crate) fn pointer_inside<'p>(pointer: &'p str, key: &str) -> Option<&'p str> {
    let pointer = pointer.strip_prefix("/properties/")?.strip_prefix(key)?;
    (pointer.is_empty() || pointer.starts_with('/')).then_some(pointer)
}

/// Converts a pointer into a schema to a pointer into the result of [`enclosed`].
pub(crate) fn pointer_outside(pointer: &str, key: &str) -> String {
    if defined(pointer).is_some() {
        pointer.to_owned()
    } else {
        format!("/properties/{key}{pointer}")
    }
}

/// Adds to `schema` the definitions of `document` that it refers to, directly or through others. For a
/// reference to any other part, the whole document becomes a definition. Returns whether that was
/// needed.
pub(crate) fn define(schema: &mut Value, document: &Value) -> bool {
    let mut definitions: HashMap<&str, Map<String, Value>> = HashMap::new();
    let mut takes_whole = false;
    let mut open = targets(schema);
    while let Some(pointer) = open.pop() {
        if let Some((keyword, name)) = defined(&pointer) {
            let known = definitions.entry(keyword).or_default();
            if known.contains_key(&name) {
                continue;
            }
            // The contract refuses a reference that leads nowhere.
            let Some(found) = document.get(keyword).and_then(|all| all.get(&name)) else {
                continue;
            };
            open.extend(targets(found));
            known.insert(name, found.clone());
        } else if !std::mem::replace(&mut takes_whole, true) {
            open.extend(targets(document));
        }
    }
    let mut whole = WHOLE.to_owned();
    if takes_whole {
        let known = definitions.entry(DEFINITIONS[0]).or_default();
        while known.contains_key(&whole) {
            whole.push('_');
        }
        known.insert(whole.clone(), Value::Null);
    }
    let Some(members) = schema.as_object_mut() else { return takes_whole };
    for keyword in DEFINITIONS {
        members.shift_remove(keyword);
        if let Some(known) = definitions.remove(keyword) {
            members.insert(keyword.to_owned(), known.into());
        }
    }
    if takes_whole {
        let mut document = document.clone();
        if let Some(members) = document.as_object_mut() {
            members.retain(|keyword, _| !DEFINITIONS.contains(&keyword.as_str()));
        }
        schema[DEFINITIONS[0]][whole.as_str()] = document;
        repoint(schema, &inside("", &[DEFINITIONS[0], &whole]));
    }
    takes_whole
}

/// Returns the keyword and the name of the definition that a pointer leads to or into.
pub(crate) fn defined(pointer: &str) -> Option<(&'static str, String)> {
    let mut names = segments(pointer);
    let first = names.next()?;
    let keyword = DEFINITIONS.into_iter().find(|keyword| **keyword == first)?;
    Some((keyword, names.next()?))
}

/// Returns the pointer that a reference leads to.
fn target(reference: &str) -> Option<String> {
    percent_decoded(reference.strip_prefix('#')?).filter(|at| at.is_empty() || at.starts_with('/'))
}

/// Returns the pointers that the references in a schema lead to. Its definitions are skipped: they are
/// needed only if something refers to them.
fn targets(schema: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![schema];
    while let Some(schema) = open.pop() {
        let Value::Object(members) = schema else { continue };
        if let Some(Value::String(reference)) = members.get("$ref") {
            found.extend(target(reference));
        }
        children(members, "", |pointer, child| {
            if defined(&pointer).is_none() {
                open.push(child);
            }
        });
    }
    found
}

/// Inserts `around` in front of the pointers of all references, except those to definitions.
fn repoint(schema: &mut Value, around: &str) {
    each_schema(schema, |members| {
        if let Some(Value::String(reference)) = members.get_mut("$ref") {
            if target(reference).is_some_and(|pointer| defined(&pointer).is_none()) {
                reference.insert_str(1, around);
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_same_places_once_enclosed() {
        let schema = json!({
            "type": "array",
            "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/A"}, {"$ref": "#/definitions/B"}]},
            "default": [{"$ref": "#"}],
            "$defs": {"A": {"properties": {"$ref": {"$ref": "#/items"}}}},
            "definitions": {"B": true},
        });
        let enclosed = enclosed(&schema, "value");
        assert_eq!(
            enclosed["properties"]["value"]["items"]["anyOf"],
            json!([
                {"$ref": "#/properties/value"}, {"$ref": "#/$defs/A"}, {"$ref": "#/definitions/B"},
            ])
        );
        assert_eq!(enclosed["properties"]["value"]["default"], json!([{"$ref": "#"}]), "a value");
        let property = &enclosed["$defs"]["A"]["properties"]["$ref"];
        assert_eq!(*property, json!({"$ref": "#/properties/value/items"}));
        assert_eq!(enclosed["definitions"], json!({"B": true}));
    }

    #[test]
    fn a_first_member_is_required_and_comes_before_the_others() {
        let schema = json!({"type": "object", "properties": {"b": true}, "required": ["b"]});
        let with = with_first_member(&schema, "a", count("How many.")).unwrap();
        let names: Vec<&String> = with["properties"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(with["required"], json!(["a", "b"]));
        assert_eq!(with_first_member(&json!({"$ref": "#/$defs/A"}), "a", json!(true)), None);
    }

    #[test]
    fn definitions_go_along_where_they_are_needed() {
        let document = json!({
            "properties": {"a": {"$ref": "#/$defs/A%20b"}},
            "$defs": {
                "A b": {"items": {"$ref": "#/definitions/A%20b"}},
                "Loop": {"anyOf": [{"$ref": "#"}, {"$ref": "#/properties/a"}]},
                "whole_value": {"$ref": "#/$defs/Unused"},
                "Unused": true,
            },
            "definitions": {"A b": {"$defs": {"inner": {"$ref": "#/$defs/Loop"}}}},
        });
        let mut part = json!({"$ref": "#/$defs/A%20b"});
        assert!(!define(&mut part, &document));
        assert_eq!(part["$defs"], json!({"A b": document["$defs"]["A b"]}));
        assert_eq!(part["definitions"], document["definitions"]);

        let mut part = json!({"items": {"$ref": "#/$defs/Loop"}});
        assert!(define(&mut part, &document));
        let whole = json!({"properties": {"a": {"$ref": "#/$defs/A%20b"}}});
        assert_eq!(part["$defs"]["whole_value"], whole);
        assert_eq!(
            part["$defs"]["Loop"]["anyOf"],
            json!([{"$ref": "#/$defs/whole_value"}, {"$ref": "#/$defs/whole_value/properties/a"}])
        );
        assert!(part["$defs"].get("Unused").is_none() && part["$defs"].get("A b").is_some());
    }
}
