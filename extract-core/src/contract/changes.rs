//! What an earlier contract of a type says differently, so that a value that it gave can be kept in part.

use serde_json::{Map, Value};

use super::{Contract, Problem, ProblemKind, Problems};
use crate::schema::{Member, NodeId, Plain, Tree, embed, push_segment};

/// The part of an earlier value that can be kept, and the places to ask for.
#[derive(Debug, PartialEq)]
pub(crate) struct Changes {
    /// The earlier value, without the members that are gone or have another schema.
    pub(crate) kept: Value,
    /// One problem for each member that is new or has another schema.
    pub(crate) asked: Problems,
}

impl Contract {
    /// Compares this contract with the earlier one that gave a value. Members of objects are compared one by
    /// one, also in nested objects; everything else as a whole. `None` if nothing of the value can be kept.
    pub(crate) fn changes_since(&self, earlier: &Self, value: &Value) -> Option<Changes> {
        let mut asked = Problems::new();
        let sides = Sides { earlier, now: self };
        let nodes = (earlier.node(), self.node());
        let kept = Value::Object(sides.compare(nodes, value, "", &mut asked)?);
        Some(Changes { kept, asked })
    }

    /// Returns the schema of a node with all definitions that it needs.
    fn whole_schema(&self, node: NodeId) -> Value {
        let mut schema = self.tree().to_schema(self.sent_schema(), node);
        embed::define(&mut schema, self.sent_schema());
        schema
    }
}

/// The earlier contract and the one of now.
struct Sides<'c> {
    earlier: &'c Contract,
    now: &'c Contract,
}

impl Sides<'_> {
    /// Returns the members of an object that can be kept. `None` if it is no object whose members both
    /// schemas name.
    fn compare(
        &self,
        (earlier, now): (NodeId, NodeId),
        value: &Value,
        pointer: &str,
        asked: &mut Problems,
    ) -> Option<Map<String, Value>> {
        let earlier = object(self.earlier.tree(), earlier)?;
        let now = object(self.now.tree(), now)?;
        let mut kept = value.as_object()?.clone();
        kept.retain(|name, _| now.member(name).is_some() || earlier.member(name).is_none());
        for member in &now.members {
            let mut place = pointer.to_owned();
            push_segment(&mut place, &member.name);
            let before = earlier.member(&member.name).filter(|_| before_is_known(&kept, member));
            if before.is_some_and(|before| {
                self.earlier.whole_schema(before.node) == self.now.whole_schema(member.node)
            }) {
                continue;
            }
            let nested = before.zip(kept.get(&member.name)).and_then(|(before, value)| {
                self.compare((before.node, member.node), value, &place, asked)
            });
            match nested {
                Some(members) => {
                    kept.insert(member.name.clone(), members.into());
                }
                None => {
                    kept.shift_remove(&member.name);
                    asked.push(Problem::new(ProblemKind::Schema, place, "a value", ""));
                }
            }
        }
        Some(kept)
    }
}

/// Whether the earlier value says something about a member: it is there, or it may be left out.
fn before_is_known(kept: &Map<String, Value>, member: &Member) -> bool {
    !member.required || kept.contains_key(&member.name)
}

/// Returns the schema of an object whose members are named.
fn object(tree: &Tree, node: NodeId) -> Option<&Plain> {
    tree.plain(node).filter(|plain| !plain.members.is_empty() && !plain.is_conditional())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;

    fn contract(properties: &Value, required: &Value) -> Arc<Contract> {
        let schema = json!({
            "type": "object", "properties": properties, "required": required,
            "$defs": {"Money": {"type": "object", "properties": {"amount": {"type": "number"}}}},
        });
        Contract::from_schema(schema).unwrap()
    }

    fn asked(changes: &Changes) -> Vec<&str> {
        changes.asked.iter().map(|problem| problem.pointer.as_str()).collect()
    }

    #[test]
    fn only_what_changed_is_asked_for() {
        let text = json!({"type": "string"});
        let earlier = contract(
            &json!({
                "name": text, "gone": text, "age": {"type": "integer"}, "note": text,
                "home": {"type": "object", "properties": {"city": text, "zip": text}},
                "price": {"$ref": "#/$defs/Money"},
            }),
            &json!(["name", "age"]),
        );
        let now = contract(
            &json!({
                "name": text, "age": {"type": "integer", "maximum": 150}, "note": text, "new": text,
                "home": {"type": "object", "properties": {"city": text, "zip": text, "street": text}},
                "price": {"$ref": "#/$defs/Money"},
            }),
            &json!(["name", "age", "new"]),
        );
        let value = json!({
            "name": "Ada", "gone": "x", "age": 36, "home": {"city": "Rome", "zip": "1"},
            "price": {"amount": 1.0},
        });
        let changes = now.changes_since(&earlier, &value).unwrap();
        assert_eq!(asked(&changes), ["/age", "/new", "/home/street"]);
        let kept = json!({
            "name": "Ada", "home": {"city": "Rome", "zip": "1"}, "price": {"amount": 1.0},
        });
        assert_eq!(changes.kept, kept);
        let same = now.changes_since(&now, &changes.kept).unwrap();
        assert_eq!(asked(&same), ["/age", "/new"]); // required, and not there
    }

    #[test]
    fn what_cannot_be_compared_is_asked_for_as_a_whole() {
        let list = Contract::from_schema(json!({"type": "array", "items": {"type": "integer"}}));
        let list = list.unwrap();
        assert_eq!(list.changes_since(&list, &json!([1, 2])), None);
        let text =
            contract(&json!({"a": {"type": "array", "items": {"type": "string"}}}), &json!([]));
        let number =
            contract(&json!({"a": {"type": "array", "items": {"type": "number"}}}), &json!([]));
        let changes = number.changes_since(&text, &json!({"a": ["1"]})).unwrap();
        assert_eq!((asked(&changes), &changes.kept), (vec!["/a"], &json!({})));
    }
}
