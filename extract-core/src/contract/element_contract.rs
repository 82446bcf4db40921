//! Contracts of single list elements, for streams that deliver elements one by one. Also decides whether a
//! pointer can lead to a list, and whether two contracts can have a value in common.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::Contract;
use crate::schema::{Kinds, NodeId, Plain, Tree, embed, segments};

/// The most positions of a list that get separate contracts.
const POSITIONS: usize = 64;

/// The contracts of elements that were built so far, by the nodes that an element may be. Elements with the
/// same nodes share one.
#[derive(Debug, Default)]
pub(super) struct ElementContracts(RwLock<Vec<(Vec<NodeId>, Arc<Contract>)>>);

impl Contract {
    /// Returns whether a list can be at this JSON pointer into a value of the contract.
    pub(crate) fn is_list(&self, pointer: &str) -> bool {
        !list_nodes(self.tree(), self.node(), pointer).is_empty()
    }

    /// Returns whether the type is a list of elements of one kind, of no fixed length.
    pub(crate) fn is_list_of_any_length(&self) -> bool {
        let list = self.tree().plain(self.node()).and_then(Plain::list);
        list.is_some_and(|list| list.most != Some(list.least))
    }

    /// Returns the contracts for single elements of the list at this JSON pointer. The first ones are for
    /// the positions that have a separate schema, at most 64; the last one is for all other elements.
    ///
    /// The result is `None` if no list can be there. An entry is `None` if its contract cannot be built.
    pub(crate) fn elements(&self, pointer: &str) -> Option<Vec<Option<Arc<Self>>>> {
        let tree = self.tree();
        let lists: Vec<&Plain> = list_nodes(tree, self.node(), pointer);
        let positions = lists.iter().map(|list| list.prefix_items.len()).max()?.min(POSITIONS);
        let of = |index| self.element(element_nodes(tree, &lists, index));
        Some((0..=positions).map(of).collect())
    }

    /// Returns the contract of an element that may be any of these nodes. Without nodes, any value fits.
    fn element(&self, ways: Vec<NodeId>) -> Option<Arc<Self>> {
        let ElementContracts(known) = self.element_contracts();
        let find = |known: &[(Vec<NodeId>, Arc<Self>)]| {
            known.iter().find(|(of, _)| *of == ways).map(|(_, contract)| Arc::clone(contract))
        };
        let found = find(&known.read().unwrap_or_else(PoisonError::into_inner));
        if found.is_some() {
            return found;
        }
        let mut schema = self.element_schema(&ways);
        embed::define(&mut schema, self.sent_schema());
        let name = format!("{}_element", self.name());
        let contract = Arc::new(self.build_like(name, schema).ok()?);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster; its contract is the one that is shared.
        Some(find(&known).unwrap_or_else(|| {
            known.push((ways, Arc::clone(&contract)));
            contract
        }))
    }

    /// Returns the schema of an element that may be any of these nodes, without definitions.
    fn element_schema(&self, ways: &[NodeId]) -> Value {
        let whole = self.sent_schema();
        match ways {
            [] => true.into(),
            ways => {
                embed::any_of(ways.iter().map(|&way| self.tree().to_schema(whole, way)).collect())
            }
        }
    }

    /// Returns the schema of the elements behind the positions that have a separate schema, of the list at
    /// this JSON pointer, without definitions. `None` if no list can be there.
    pub(super) fn later_element_schema(&self, pointer: &str) -> Option<Value> {
        let lists: Vec<&Plain> = list_nodes(self.tree(), self.node(), pointer);
        let positions = lists.iter().map(|list| list.prefix_items.len()).max()?;
        Some(self.element_schema(&element_nodes(self.tree(), &lists, positions)))
    }

    /// Returns descriptions of the kinds of JSON of this contract and of another one, if they have no kind
    /// in common. `None` if they have.
    pub(crate) fn has_disjoint_kinds(&self, other: &Self) -> Option<(String, String)> {
        let kinds = |of: &Self| of.tree().kinds(of.node());
        let (own, others) = (kinds(self), kinds(other));
        (!own.meets(others)).then(|| (own.describe(), others.describe()))
    }
}

/// Returns the nodes of the list at this JSON pointer: several, if the schema has alternatives there. Empty
/// if no list can be there.
fn list_nodes<'t>(tree: &'t Tree, node: NodeId, pointer: &str) -> Vec<&'t Plain> {
    let mut at = if pointer.is_empty() || pointer.starts_with('/') { vec![node] } else { vec![] };
    for name in segments(pointer) {
        let mut seen = HashSet::new();
        let inside = alternatives(tree, &at).into_iter().filter_map(|plain| {
            let element = || plain.element(name.parse().ok()?);
            plain.member_of(&name).map(|(node, _)| node).or_else(element)
        });
        at = inside.filter(|node| seen.insert(*node)).collect();
    }
    let is_list =
        |plain: &&Plain| plain.implied_kinds().is_none_or(|about| about.has(Kinds::ARRAY));
    alternatives(tree, &at).into_iter().filter(is_list).collect()
}

/// Returns the alternatives of several nodes, each once.
fn alternatives<'t>(tree: &'t Tree, nodes: &[NodeId]) -> Vec<&'t Plain> {
    let mut seen = HashSet::new();
    let all = nodes.iter().flat_map(|&node| tree.alternatives(node));
    all.filter(|id| seen.insert(*id)).filter_map(|id| tree.plain(id)).collect()
}

/// Returns the nodes that the element at a position may be. Empty if any value may be there.
fn element_nodes(tree: &Tree, lists: &[&Plain], index: usize) -> Vec<NodeId> {
    let mut ways: Vec<NodeId> = Vec::new();
    for list in lists {
        let is_free = |id: &NodeId| tree.plain(*id).is_some_and(Plain::is_anything);
        match list.element(index) {
            Some(way) if !is_free(&way) => {
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
            _ => return Vec::new(),
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_list_is_found_through_references_unions_and_maps() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {
                "team": {"anyOf": [{"$ref": "#/$defs/Team"}, {"type": "null"}]},
                "by_town": {"type": "object", "additionalProperties": {"type": ["array", "null"]}},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "array"}]},
                "any": {"description": "Whatever there is."},
            },
            "patternProperties": {"^x_": {"type": "array"}},
            "$defs": {
                "Team": {"type": "object", "properties": {
                    "people": {"type": "array"}, "part_of": {"$ref": "#/$defs/Team"},
                }},
            },
        }))
        .unwrap();
        for list in ["/team/people", "/by_town/Porto", "/pair/1", "/any", "/x_1"] {
            assert!(contract.is_list(list), "{list}");
        }
        assert!(contract.is_list(&format!("/team{}/people", "/part_of".repeat(1000))));
        for other in
            ["", "/pair/0", "/pair/2", "/pair/x", "/team", "/team/persons", "/x", "team/people"]
        {
            assert!(!contract.is_list(other), "{other}");
        }
    }

    #[test]
    fn all_that_is_said_of_an_element_is_kept() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {
                "bounded": {"$ref": "#/$defs/Numbers", "items": {"maximum": 10}},
                "either": {"anyOf": [
                    {"$ref": "#/$defs/Numbers"},
                    {"type": "array", "items": {"type": "string"}},
                    {"type": "null"},
                ]},
                "free": {"anyOf": [{"$ref": "#/$defs/Numbers"}, {"type": "array"}]},
                "tuple": {"type": "array", "prefixItems": [{"type": "string"}], "items": false},
            },
            "$defs": {"Numbers": {"type": "array", "items": {"type": "integer"}}},
        }))
        .unwrap();
        let said = |pointer: &str| -> Vec<Value> {
            let elements = contract.elements(pointer).unwrap().into_iter();
            elements.map(|element| element.map_or(Value::Null, |of| of.schema().clone())).collect()
        };
        let number = json!({"type": "integer"});
        assert_eq!(said("/bounded"), [json!({"allOf": [{"maximum": 10}, number]})]);
        assert_eq!(said("/either"), [json!({"anyOf": [number, {"type": "string"}]})]);
        assert_eq!(said("/free"), [json!(true)]);
        assert_eq!(said("/tuple")[0], json!({"type": "string"}));
        assert_eq!(said("/tuple").len(), 2);
    }

    #[test]
    fn kinds_are_told_through_references_and_unions() {
        let apart = |one: Value, other: Value| {
            let contract = |schema| Contract::from_schema(schema).unwrap();
            contract(one).has_disjoint_kinds(&contract(other))
        };
        let row = json!({"$ref": "#/$defs/Row", "$defs": {"Row": {"type": "object"}}});
        let words = apart(row, json!({"type": "integer"})).unwrap();
        assert_eq!(words, ("an object".to_owned(), "an integer".to_owned()));
        let row_or_null = json!({"anyOf": [{"type": "object"}, {"type": "null"}]});
        assert_eq!(apart(row_or_null, json!({"type": ["string", "null"]})), None);
        assert_eq!(apart(json!({"type": "number"}), json!({"type": "integer"})), None);
        let words = apart(json!({"enum": ["a", 1.5]}), json!({"const": true})).unwrap();
        assert_eq!(words, ("a number or a string".to_owned(), "true or false".to_owned()));
        assert_eq!(apart(json!(true), json!({"type": "array"})), None);
    }
}
