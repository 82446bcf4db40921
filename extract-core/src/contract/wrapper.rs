//! The wrapper object around values that are not objects. Providers expect an object at the root of a
//! tool's parameters, and of most native schemas. A list, an enum, an option, a number, a string or a map
//! is sent under the key `value` of an object, and is taken out of the reply.

use serde_json::Value;

use crate::schema::{Kinds, NodeId, Tree, embed};

/// The key of the value in its wrapper.
pub(crate) const KEY: &str = "value";

/// Returns whether a node is an object with listed members, or an object without any, so that it needs no
/// wrapper. A map needs one.
pub(crate) fn is_object(tree: &Tree, node: NodeId) -> bool {
    tree.plain(node).is_some_and(|plain| {
        let is_struct = plain.kinds.is_some() && !plain.takes_entries() && plain.names.is_none();
        let is_object = is_struct || plain.is_any_object || !plain.members.is_empty();
        plain.implied_kinds() == Some(Kinds::OBJECT) && is_object
    })
}

/// Returns the schema of an object that holds the value under [`KEY`].
pub(crate) fn wrap(schema: &Value) -> Value {
    embed::enclosed(schema, KEY)
}

/// Returns whether the schema of a tool is an object with [`KEY`] as its only member.
pub(crate) fn is_wrapper(schema: &Value) -> bool {
    embed::has_only_member(schema, KEY)
}

/// Takes a value out of its wrapper. A value without a wrapper stays as it is.
pub(crate) fn unwrap(value: Value) -> Value {
    match value {
        Value::Object(mut object) if object.len() == 1 && object.contains_key(KEY) => {
            object.shift_remove(KEY).unwrap_or_default()
        }
        other => other,
    }
}

/// Returns the JSON text of a value, with the wrapper around it.
pub(crate) fn wrap_text(value: &str) -> String {
    format!("{{\"{KEY}\":{value}}}")
}

/// Puts a value into a wrapper.
pub(crate) fn wrap_value(value: Value) -> Value {
    Value::Object([(KEY.to_owned(), value)].into_iter().collect())
}

/// Translates a pointer into the wrapper to one into the value. `None` if it leads elsewhere.
pub(crate) fn pointer_inside(pointer: &str) -> Option<&str> {
    pointer.strip_prefix('/')?.strip_prefix(KEY)
}

/// Translates a pointer into the value to one into the wrapper.
pub(crate) fn pointer_outside(pointer: &str) -> String {
    format!("/{KEY}{pointer}")
}

/// Translates a pointer into a schema that [`wrap`] made to one into the schema inside. `None` if it leads
/// elsewhere.
pub(crate) fn schema_pointer_inside(place: &str) -> Option<&str> {
    embed::pointer_inside(place, KEY)
}

/// Translates a pointer into a schema to one into the schema that [`wrap`] makes of it.
pub(crate) fn schema_pointer_outside(place: &str) -> String {
    embed::pointer_outside(place, KEY)
}
