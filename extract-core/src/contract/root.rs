//! Roots that are not objects. Providers want the root of a tool's parameters, and most of a native
//! schema, to be an object; a list, an enum, an option, a number, a string or a map is put into one
//! under the key `value` on the way out and taken out of it on the way back.

use serde_json::{Map, Value, json};

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
    let definitions = inner.as_object_mut().and_then(|inner| inner.shift_remove("$defs"));
    // A reference to the root now has the value's place to point to.
    repoint_root(&mut inner);
    let mut root = Map::new();
    root.insert("type".into(), "object".into());
    root.insert("properties".into(), json!({ KEY: inner }));
    root.insert("required".into(), json!([KEY]));
    root.insert("additionalProperties".into(), false.into());
    if let Some(mut definitions) = definitions {
        repoint_root(&mut definitions);
        root.insert("$defs".into(), definitions);
    }
    Value::Object(root)
}

/// Turns `"$ref": "#"` into a reference to the wrapped value. A `$ref` is only ever a string where
/// it is the keyword: as a property's name it holds a schema.
fn repoint_root(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                if reference == "#" {
                    *reference = format!("#/properties/{KEY}");
                }
            }
            object.values_mut().for_each(repoint_root);
        }
        Value::Array(items) => items.iter_mut().for_each(repoint_root),
        _ => {}
    }
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

/// A pointer into the object around a value, as one into the value.
pub(crate) fn inside(pointer: &str) -> Option<&str> {
    pointer.strip_prefix('/')?.strip_prefix(KEY)
}

/// A pointer into a value, as one into the object around it.
pub(crate) fn outside(pointer: &str) -> String {
    format!("/{KEY}{pointer}")
}
