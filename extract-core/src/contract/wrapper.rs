//! Roots that are not objects. Providers want the root of a tool's parameters, and most of a native
//! schema, to be an object; a list, an enum, an option, a number, a string or a map is put into one
//! under the key `value` on the way out and taken out of it on the way back.

use serde_json::Value;

use crate::schema::{Kinds, NodeId, Tree, embed};

/// The key that a value is wrapped under.
pub(crate) const KEY: &str = "value";

/// Whether a node is an object with members of its own, or with none at all, so that it can be a root
/// as it is. A map is none.
pub(crate) fn is_object(tree: &Tree, node: NodeId) -> bool {
    tree.plain(node).is_some_and(|plain| {
        let is_struct = plain.kinds.is_some() && !plain.takes_entries() && plain.names.is_none();
        let is_object = is_struct || plain.is_any_object || !plain.members.is_empty();
        plain.about() == Some(Kinds::OBJECT) && is_object
    })
}

/// The schema of an object that holds the value under [`KEY`].
pub(crate) fn wrap(schema: &Value) -> Value {
    embed::enclosed(schema, KEY)
}

/// Whether the schema of a tool is that of an object with nothing but a value under [`KEY`].
pub(crate) fn is_wrapper(schema: &Value) -> bool {
    embed::has_only_member(schema, KEY)
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
pub(crate) fn schema_pointer_inside(place: &str) -> Option<&str> {
    embed::pointer_inside(place, KEY)
}

/// A place in the schema that was wrapped, as one in the schema that [`wrap`] made of it.
pub(crate) fn schema_pointer_outside(place: &str) -> String {
    embed::pointer_outside(place, KEY)
}
