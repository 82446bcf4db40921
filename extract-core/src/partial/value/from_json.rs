//! Builds a partial value from a JSON value of the type's shape. Used for values that appear only when
//! they are whole, and for the last partial.

use serde_json::{Map, Value};

use super::fields::{FieldsKind, PartialFields, Tagging, VariantContent, find};
use super::node::{NodeValue, PartialNode, Seed, State};

impl PartialNode {
    /// Replaces this node by a complete value, and shows it.
    pub(crate) fn fill(&mut self, seed: Seed, value: Value) {
        self.state = State::Complete;
        self.shown = true;
        self.store = match (seed, value) {
            (Seed::Parts(begin), value) if !value.is_null() => {
                let mut parts = begin();
                if fill_parts(&mut *parts, &value) { NodeValue::Parts(parts) } else { whole(value) }
            }
            (_, value) => whole(value),
        };
    }
}

/// Wraps a JSON value in a node value without parts.
fn whole(value: Value) -> NodeValue {
    match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Bool(value),
        Value::Number(value) => NodeValue::Number(value),
        Value::String(value) => NodeValue::Text(value),
        other => NodeValue::Json(Box::new(other)),
    }
}

/// Fills the parts from a JSON value. Returns `false` if the value does not have the form of the parts.
fn fill_parts(parts: &mut dyn PartialFields, value: &Value) -> bool {
    match (parts.kind(), value) {
        (FieldsKind::Transparent, value) => fill_at(parts, 0, value),
        (FieldsKind::Fields, Value::Object(members)) => {
            fill_members(parts, members, None);
            true
        }
        (FieldsKind::Positions, Value::Array(items)) => {
            fill_positions(parts, items);
            true
        }
        (FieldsKind::List, Value::Array(items)) => {
            for item in items {
                grow(parts, "", item);
            }
            true
        }
        (FieldsKind::Map, Value::Object(members)) => {
            for (key, value) in members {
                grow(parts, key, value);
            }
            true
        }
        (FieldsKind::OneOf(tagging), value) => fill_variant(parts, tagging, value),
        _ => false,
    }
}

/// Fills the node at `index`. Returns `false` if there is no such node.
fn fill_at(parts: &mut dyn PartialFields, index: usize, value: &Value) -> bool {
    let seed = parts.seed(index);
    let Some(node) = parts.at_mut(index) else { return false };
    node.fill(seed, value.clone());
    true
}

/// Adds an element or entry, and fills it.
fn grow(parts: &mut dyn PartialFields, key: &str, value: &Value) {
    if let Some(index) = parts.grow(key) {
        fill_at(parts, index, value);
        parts.admit();
    }
}

/// Fills the elements of a tuple by position.
fn fill_positions(parts: &mut dyn PartialFields, items: &[Value]) {
    for (index, item) in items.iter().enumerate() {
        fill_at(parts, index, item);
    }
}

/// Fills the fields of an object. Passes members without a field, except `tag`, to the flattened fields.
fn fill_members(parts: &mut dyn PartialFields, members: &Map<String, Value>, tag: Option<&str>) {
    let fields = parts.fields();
    let mut rest = Map::new();
    let mut expected = 0;
    let flat = fields.iter().any(|field| field.flat);
    for (name, value) in members {
        if let Some(index) = find(fields, name, expected) {
            fill_at(parts, index, value);
            expected = index + 1;
        } else if flat && tag != Some(name) {
            rest.insert(name.clone(), value.clone());
        }
    }
    if flat {
        fill_flat(parts, rest);
    }
}

/// Fills each flattened field with `rest`, the members that match no field.
pub(crate) fn fill_flat(parts: &mut dyn PartialFields, rest: Map<String, Value>) {
    let rest = Value::Object(rest);
    for (index, field) in parts.fields().iter().enumerate() {
        if field.flat {
            fill_at(parts, index, &rest);
        }
    }
}

/// Chooses the variant that `value` names, and fills its data. Returns `false` if the value names no
/// variant or does not have the variant's form.
fn fill_variant(parts: &mut dyn PartialFields, tagging: Tagging, value: &Value) -> bool {
    let named = |parts: &dyn PartialFields, name: &str| {
        parts.variants().iter().position(|variant| variant.name == name)
    };
    match (tagging, value) {
        (Tagging::External, Value::String(name)) => match named(parts, name) {
            Some(variant) if parts.variants()[variant].content == VariantContent::Unit => {
                parts.choose(variant)
            }
            _ => false,
        },
        (Tagging::External, Value::Object(members)) if members.len() == 1 => {
            let Some((name, value)) = members.iter().next() else { return false };
            let Some(variant) = named(parts, name) else { return false };
            parts.choose(variant) && fill_content(parts, variant, value)
        }
        (Tagging::Internal(tag), Value::Object(members)) => {
            let Some(name) = members.get(tag).and_then(Value::as_str) else { return false };
            let Some(variant) = named(parts, name) else { return false };
            if !parts.choose(variant) {
                return false;
            }
            match parts.variants()[variant].content {
                VariantContent::Unit => true,
                VariantContent::Fields => {
                    fill_members(parts, members, Some(tag));
                    true
                }
                VariantContent::Newtype => {
                    let mut members = members.clone();
                    members.shift_remove(tag);
                    fill_at(parts, 0, &Value::Object(members))
                }
                VariantContent::Positions => false,
            }
        }
        (Tagging::Adjacent(tag, content), Value::Object(members)) => {
            let Some(name) = members.get(tag).and_then(Value::as_str) else { return false };
            let Some(variant) = named(parts, name) else { return false };
            let value = members.get(content).unwrap_or(&Value::Null);
            parts.choose(variant) && fill_content(parts, variant, value)
        }
        _ => false,
    }
}

/// Fills the data of the chosen variant. Returns `false` if `value` does not have the form of the data.
fn fill_content(parts: &mut dyn PartialFields, variant: usize, value: &Value) -> bool {
    match (parts.variants()[variant].content, value) {
        (VariantContent::Unit, _) => true,
        (VariantContent::Newtype, value) => fill_at(parts, 0, value),
        (VariantContent::Positions, Value::Array(items)) => {
            fill_positions(parts, items);
            true
        }
        (VariantContent::Fields, Value::Object(members)) => {
            fill_members(parts, members, None);
            true
        }
        _ => false,
    }
}
