//! Roots that are not objects. Providers want the root of a tool's parameters, and most of a native
//! schema, to be an object; a list, an enum, an option, a number, a string or a map is put into one
//! under the key `value` on the way out and taken out of it on the way back.

use serde_json::{Map, Value, json};

use super::each::each_schema;

/// The key that a value is wrapped under.
pub(crate) const KEY: &str = "value";

/// Whether a schema's root is an object with properties of its own, so that it can stand as it is.
pub(crate) fn is_object(schema: &Value) -> bool {
    let mut node = schema;
    // A root may be a reference to a definition; a chain of them is short, and may be a loop.
    for _ in 0..16 {
        let Some(reference) = node.get("$ref").and_then(Value::as_str) else { break };
        let Some(target) = reference.strip_prefix('#').and_then(|at| schema.pointer(at)) else {
            return false;
        };
        node = target;
    }
    let is_object = node.get("type").and_then(Value::as_str) == Some("object");
    let has_union = ["oneOf", "anyOf"].iter().any(|key| node.get(*key).is_some());
    // An object without properties is a map (`additionalProperties` holds its values' schema) or
    // an empty struct (`additionalProperties` absent or false).
    let is_map =
        matches!(node.get("additionalProperties"), Some(Value::Object(_) | Value::Bool(true)))
            || node.get("patternProperties").is_some()
            || node.get("propertyNames").is_some();
    let has_properties = node.get("properties").and_then(Value::as_object).is_some();
    is_object && !has_union && (has_properties || !is_map)
}

/// The schema of an object that holds the value under [`KEY`].
pub(crate) fn wrap(schema: &Value) -> Value {
    let mut inner = schema.clone();
    // References into the value now have its place to point to; definitions keep theirs.
    repoint(&mut inner);
    let mut root = Map::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), Value::Null);
    root.insert("required".into(), json!([KEY]));
    root.insert("additionalProperties".into(), false.into());
    for keyword in DEFINITIONS {
        if let Some(definitions) = inner.as_object_mut().and_then(|own| own.shift_remove(keyword)) {
            root.insert(keyword.into(), definitions);
        }
    }
    root.insert("properties".into(), json!({ KEY: inner }));
    Value::Object(root)
}

const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];

/// Makes every reference that leads into the schema itself lead into the wrapped one.
fn repoint(schema: &mut Value) {
    each_schema(schema, &mut |members| {
        if let Some(Value::String(reference)) = members.get_mut("$ref") {
            if let Some(moved) = repointed(reference) {
                *reference = moved;
            }
        }
    });
}

fn repointed(reference: &str) -> Option<String> {
    let pointer = reference.strip_prefix('#')?;
    let kept = |keyword| pointer.strip_prefix('/').is_some_and(|at| at.starts_with(keyword));
    let inside = pointer.is_empty() || pointer.starts_with('/');
    (inside && !kept("$defs/") && !kept("definitions/"))
        .then(|| format!("#/properties/{KEY}{pointer}"))
}

/// Takes a wrapped value out of its object; a value that came without the object stays as it is.
pub(crate) fn unwrap(value: Value) -> Value {
    match value {
        Value::Object(mut object) if object.len() == 1 && object.contains_key(KEY) => {
            object.shift_remove(KEY).unwrap_or_default()
        }
        other => other,
    }
}

/// The JSON text of a value, with the object around it.
pub(crate) fn wrap_text(value: &str) -> String {
    format!("{{\"{KEY}\":{value}}}")
}

/// Puts a value into an object of its own.
pub(crate) fn enclose(value: Value) -> Value {
    Value::Object([(KEY.to_owned(), value)].into_iter().collect())
}

/// A pointer into the object around a value, as one into the value.
pub(crate) fn inside(pointer: &str) -> Option<&str> {
    pointer.strip_prefix('/')?.strip_prefix(KEY)
}

/// A pointer into a value, as one into the object around it.
pub(crate) fn outside(pointer: &str) -> String {
    format!("/{KEY}{pointer}")
}

/// A place in the schema that [`wrap`] made, as one in the schema that was wrapped.
pub(crate) fn place_inside(pointer: &str) -> Option<&str> {
    let place = pointer.strip_prefix("/properties/")?.strip_prefix(KEY)?;
    (place.is_empty() || place.starts_with('/')).then_some(place)
}

/// A place in the schema that was wrapped, as one in the schema that [`wrap`] made of it.
pub(crate) fn place_outside(place: &str) -> String {
    let is_definition =
        DEFINITIONS.iter().any(|of| place.strip_prefix('/').is_some_and(|at| at.starts_with(of)));
    if is_definition { place.to_owned() } else { format!("/properties/{KEY}{place}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_the_same_places_once_wrapped() {
        let schema = json!({
            "type": "array",
            "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/$defs/A"}, {"$ref": "#/definitions/B"}]},
            "default": [{"$ref": "#"}],
            "$defs": {"A": {"properties": {"$ref": {"$ref": "#/items"}}}},
            "definitions": {"B": true},
        });
        let wrapped = wrap(&schema);
        assert_eq!(
            wrapped["properties"]["value"]["items"]["anyOf"],
            json!([
                {"$ref": "#/properties/value"}, {"$ref": "#/$defs/A"}, {"$ref": "#/definitions/B"},
            ])
        );
        assert_eq!(wrapped["properties"]["value"]["default"], json!([{"$ref": "#"}]), "a value");
        let property = &wrapped["$defs"]["A"]["properties"]["$ref"];
        assert_eq!(*property, json!({"$ref": "#/properties/value/items"}));
        assert_eq!(wrapped["definitions"], json!({"B": true}));
    }
}
