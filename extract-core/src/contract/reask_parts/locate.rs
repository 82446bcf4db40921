//! Follows a JSON pointer through a value and its schema, as far as the schema node of each step is
//! certain.

use serde_json::Value;

use crate::schema::{Kinds, NodeId, OtherMembers, Plain, Tree, json_equal, push_segment, segments};

/// One step of a path: a place in the value and its schema node.
#[derive(Debug, Clone)]
pub(super) struct PathNode<'a> {
    /// The JSON pointer into the value.
    pub(super) pointer: String,
    pub(super) node: NodeId,
    /// The JSON value there; `None` if it is missing.
    pub(super) value: Option<&'a Value>,
    /// Whether it is an element of a list or an entry of a map.
    pub(super) is_element: bool,
}

/// Returns the steps from `node` to `pointer`, without `node` itself. The path ends before the first step
/// whose schema node is missing or ambiguous.
pub(super) fn path<'a>(
    tree: &Tree,
    mut node: NodeId,
    value: &'a Value,
    pointer: &str,
) -> Vec<PathNode<'a>> {
    let mut stops: Vec<PathNode<'a>> = Vec::new();
    let mut at = Some(value);
    let mut here = String::new();
    for segment in segments(pointer) {
        let Some(value) = at else { break };
        let Some((inner, is_element)) = child_node(tree, node, value, &segment) else { break };
        push_segment(&mut here, &segment);
        at = match value {
            Value::Object(members) => members.get(&segment),
            Value::Array(items) => segment.parse().ok().and_then(|index: usize| items.get(index)),
            _ => None,
        };
        node = inner;
        stops.push(PathNode { pointer: here.clone(), node, value: at, is_element });
    }
    stops
}

/// Returns the node of a member or an element, and whether it is an element or an entry. `None` if the
/// schema has no node for it, or several.
fn child_node(tree: &Tree, node: NodeId, value: &Value, segment: &str) -> Option<(NodeId, bool)> {
    let all = tree.alternatives(node);
    let may_be = |plain: &&Plain| all.len() == 1 || may_match(tree, plain, value);
    let mut found = None;
    // Several alternatives are no obstacle if all that the value may be meant for lead to the same node.
    for plain in all.iter().filter_map(|&id| tree.plain(id)).filter(may_be) {
        let inner = if plain.is_conditional() { None } else { child_in(plain, value, segment) };
        if inner.is_none() || found.is_some_and(|found| Some(found) != inner) {
            return None;
        }
        found = inner;
    }
    found
}

/// Returns the node of a member or an element in one alternative, as [`inside`] does.
fn child_in(plain: &Plain, value: &Value, segment: &str) -> Option<(NodeId, bool)> {
    match value {
        Value::Object(_) => {
            if let Some(member) = plain.member(segment) {
                return Some((member.node, false));
            }
            let patterns = plain.patterns.iter().filter(|(pattern, _)| pattern.matches(segment));
            let patterns: Vec<NodeId> = patterns.map(|(_, id)| *id).collect();
            match (patterns.as_slice(), plain.other_members) {
                ([only], _) => Some((*only, true)),
                ([], OtherMembers::Open(id)) => Some((id, true)),
                _ => None,
            }
        }
        Value::Array(items) => {
            let index = segment.parse().ok().filter(|index| *index < items.len())?;
            Some((plain.element(index)?, true))
        }
        _ => None,
    }
}

/// Returns whether a value, which may have problems, can be meant for an alternative. Its kind, its
/// constants and the names of its members decide.
fn may_match(tree: &Tree, plain: &Plain, value: &Value) -> bool {
    let kind = Kinds::of(value);
    let kind = if Kinds::NUMBER.has(kind) { Kinds::NUMBER } else { kind };
    if !plain.kinds.is_none_or(|kinds| kinds.meets(kind)) || !is_constant(plain, value) {
        return false;
    }
    let Value::Object(members) = value else { return true };
    members.iter().all(|(name, member)| match plain.member_of(name) {
        Some((node, true)) => tree.plain(node).is_none_or(|plain| is_constant(plain, member)),
        Some((_, false)) => true,
        None => plain.other_members != OtherMembers::Closed,
    })
}

/// Returns whether a value equals the constant of a schema. True if the schema has no single constant.
fn is_constant(plain: &Plain, value: &Value) -> bool {
    plain.constant().is_none_or(|only| json_equal(&only.value, value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::schema::Origin;

    #[test]
    fn a_place_is_found_where_all_that_may_be_meant_say_the_same() {
        let schema = json!({
            "type": "object",
            "properties": {
                "both": {"allOf": [{"items": {"$ref": "#/$defs/Item"}}, {"items": {"minProperties": 1}}]},
                "beside": {
                    "properties": {"a": {"$ref": "#/$defs/Item"}, "b": true},
                    "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
                },
                "tagged": {"oneOf": [
                    {"properties": {"k": {"const": "x"}, "v": {"type": "integer"}}, "required": ["k"]},
                    {"properties": {"k": {"const": "y"}, "v": {"type": "string"}}, "required": ["k"]},
                ]},
                "either": {"anyOf": [
                    {"properties": {"v": {"type": "integer"}}}, {"properties": {"v": {"type": "string"}}},
                ]},
                "depends": {"properties": {"v": true}, "if": {"required": ["w"]}, "then": {"required": ["v"]}},
                "named": {"patternProperties": {"^a": {"type": "integer"}, "b$": {"type": "integer"}}},
            },
            "$defs": {"Item": {"type": "object", "properties": {"n": {"type": "integer"}}}},
        });
        let tree = Tree::parse(&schema, Origin::Document).unwrap();
        let value = json!({
            "both": [{"n": 1}, {"n": "x"}],
            "beside": {"a": {"n": "x"}},
            "tagged": {"k": "y", "v": 1},
            "either": {"v": null},
            "depends": {"v": 1},
            "named": {"ax": "1", "ab": "1"},
        });
        let last = |pointer: &str| {
            let last = path(&tree, tree.root(), &value, pointer).into_iter().next_back()?;
            Some((last.pointer, last.is_element, tree.kinds(last.node)))
        };
        let found =
            |pointer: &str, is_element, kinds| Some((pointer.to_owned(), is_element, kinds));
        assert_eq!(last("/both/1"), found("/both/1", true, Kinds::OBJECT));
        assert_eq!(last("/both/1/n"), found("/both/1/n", false, Kinds::INTEGER));
        assert_eq!(last("/both/2"), found("/both", false, Kinds::ALL));
        assert_eq!(last("/beside/a/n"), found("/beside/a/n", false, Kinds::INTEGER));
        assert_eq!(last("/tagged/v"), found("/tagged/v", false, Kinds::STRING));
        assert_eq!(last("/either/v"), found("/either", false, Kinds::ALL));
        assert_eq!(last("/depends/v"), found("/depends", false, Kinds::ALL));
        assert_eq!(last("/named/ax"), found("/named/ax", true, Kinds::INTEGER));
        assert_eq!(last("/named/ab"), found("/named", false, Kinds::ALL));
        assert_eq!(last("/none"), None);
    }
}
