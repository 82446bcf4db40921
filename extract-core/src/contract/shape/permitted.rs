//! The values that a schema permits at a place, if they are finitely many.

use serde_json::Value;

use super::{Shape, ShapeId, ShapeKind};
use crate::schema::segments;

/// The most values that are listed.
const MOST: usize = 1_000;

impl Shape {
    /// Returns the values that are permitted at a pointer into `value`: those of an enum, a constant, a boolean
    /// or null. `None` if there are many.
    pub(crate) fn permitted(&self, pointer: &str, value: &Value) -> Option<Vec<Value>> {
        let mut nodes = vec![self.root()];
        let mut at = value;
        for segment in segments(pointer) {
            nodes = self.members(&nodes, at, &segment)?;
            at = match at {
                Value::Object(members) => members.get(&segment)?,
                Value::Array(items) => items.get(segment.parse::<usize>().ok()?)?,
                _ => return None,
            };
        }
        let mut permitted = Vec::new();
        for node in nodes {
            self.list(node, &mut permitted)?;
        }
        (!permitted.is_empty() && permitted.len() <= MOST).then_some(permitted)
    }

    /// Returns the nodes of a member of a value that one of the nodes describes. `None` if a node describes
    /// nothing of it.
    fn members(&self, nodes: &[ShapeId], value: &Value, segment: &str) -> Option<Vec<ShapeId>> {
        let mut inside = Vec::new();
        let mut options = Vec::new();
        for &node in nodes {
            match self.kind(node) {
                ShapeKind::Union(union) => options.extend_from_slice(&union.options),
                _ => options.push(node),
            }
        }
        for node in options {
            match (self.kind(node), value) {
                (ShapeKind::Object(object), Value::Object(_)) => {
                    if !self.has_constants(node, value, segment) {
                        continue;
                    }
                    match object.field(segment, 0) {
                        Some(index) => inside.push(object.fields.get(index)?.shape),
                        None => inside.push(object.shape_of_other(segment).values()?),
                    }
                }
                (ShapeKind::List(list), Value::Array(_)) => {
                    let index = segment.parse::<usize>().ok()?;
                    inside.push(list.prefix.get(index).copied().or(list.items)?);
                }
                (ShapeKind::Any, _) => return None,
                _ => {}
            }
        }
        Some(inside)
    }

    /// Whether the members of a value are those that an object has as constants, such as the tag of a variant.
    /// The member `except` is not compared.
    fn has_constants(&self, node: ShapeId, value: &Value, except: &str) -> bool {
        let ShapeKind::Object(object) = self.kind(node) else { return false };
        object.fields.iter().filter(|field| field.name != except).all(|field| {
            let found = value.get(&field.name);
            self.constant(field.shape)
                .zip(found)
                .is_none_or(|(constant, found)| constant.value == *found)
        })
    }

    /// Appends the values of a node. `None` if they are many.
    fn list(&self, node: ShapeId, into: &mut Vec<Value>) -> Option<()> {
        let mut add = |value: &Value| {
            if !into.contains(value) {
                into.push(value.clone());
            }
        };
        match self.kind(node) {
            ShapeKind::Null => add(&Value::Null),
            ShapeKind::Bool => [true, false].iter().for_each(|&value| add(&Value::Bool(value))),
            ShapeKind::Choice(choices) if choices.all.len() <= MOST => {
                choices.all.iter().for_each(|choice| add(&choice.value));
            }
            ShapeKind::Union(union) => {
                if union.nullable {
                    add(&Value::Null);
                }
                for &option in &union.options {
                    self.list(option, into)?;
                }
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn enums_booleans_and_tags_have_few_values() {
        let schema = json!({
            "type": "object",
            "properties": {
                "status": {"enum": ["paid", "open"]},
                "sure": {"type": ["boolean", "null"]},
                "name": {"type": "string"},
                "list": {"type": "array", "items": {"const": 1}},
                "shape": {"oneOf": [
                    {"type": "object", "properties": {"kind": {"const": "round"}, "size": {"enum": [1, 2]}},
                     "required": ["kind", "size"]},
                    {"type": "object", "properties": {"kind": {"const": "long"}, "size": {"enum": [3]}},
                     "required": ["kind", "size"]},
                ]},
            },
        });
        let shape = Shape::compile(&schema).unwrap();
        let value = json!({
            "status": "open", "sure": true, "name": "A", "list": [1],
            "shape": {"kind": "long", "size": 3},
        });
        for (pointer, expected) in [
            ("/status", Some(json!(["paid", "open"]))),
            ("/sure", Some(json!([null, true, false]))),
            ("/name", None),
            ("/list/0", Some(json!([1]))),
            ("/shape/kind", Some(json!(["round", "long"]))),
            ("/shape/size", Some(json!([3]))),
            ("/none", None),
        ] {
            let permitted = shape.permitted(pointer, &value).map(Value::Array);
            assert_eq!(permitted, expected, "{pointer}");
        }
    }
}
