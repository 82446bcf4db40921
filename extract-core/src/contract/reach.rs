//! What a schema says of a place in its values: whether a list can stand there, and what its elements
//! have to be.

use serde_json::{Map, Value, json};

use super::{Contract, segments};

/// How many schemas are passed on the way to a place: a reference may lead back to itself.
const DEEPEST: usize = 64;
/// How many are looked at on all ways together.
const MOST: usize = 4096;
/// How many elements with schemas of their own are told apart.
const POSITIONS: usize = 64;

/// Whether a list can stand at this JSON pointer of a contract's values.
pub(crate) fn is_list(contract: &Contract, pointer: &str) -> bool {
    elements(contract.schema(), pointer).is_some()
}

/// The schemas of the elements of the list at this JSON pointer: those of the first that have one of
/// their own, and then the one of all others. None where no list can stand there.
///
/// A value that breaks them breaks the schema of the whole. They refer to the definitions of the root.
pub(super) fn elements(root: &Value, pointer: &str) -> Option<Vec<Value>> {
    if !pointer.is_empty() && !pointer.starts_with('/') {
        return None;
    }
    let names: Vec<String> = segments(pointer).collect();
    let mut reach = Reach { root, left: 0, positions: 0, index: 0 };
    let mut schemas = vec![reach.start(&names, 0)?];
    for index in 1..=reach.positions.min(POSITIONS) {
        schemas.push(reach.start(&names, index)?);
    }
    Some(schemas)
}

struct Reach<'a> {
    root: &'a Value,
    left: usize,
    /// Which element is looked for.
    index: usize,
    /// How many elements were seen to have a schema of their own.
    positions: usize,
}

impl<'a> Reach<'a> {
    fn start(&mut self, names: &[String], index: usize) -> Option<Value> {
        self.left = MOST;
        self.index = index;
        self.element(self.root, names, DEEPEST)
    }

    /// What is said of an element of the list behind these names; none where they lead to no list.
    fn element(&mut self, schema: &'a Value, names: &[String], depth: usize) -> Option<Value> {
        let depth = depth.checked_sub(1)?;
        self.left = self.left.checked_sub(1)?;
        let Value::Object(members) = schema else {
            return (schema == &Value::Bool(true)).then(|| schema.clone());
        };
        let mut said = Vec::new();
        if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
            let target = reference.strip_prefix('#').and_then(|at| self.root.pointer(at));
            said.extend(target.and_then(|target| self.element(target, names, depth)));
        }
        for word in ["anyOf", "oneOf", "allOf"] {
            let Some(branches) = members.get(word).and_then(Value::as_array) else { continue };
            let ways = branches.iter().filter_map(|branch| self.element(branch, names, depth));
            let ways: Vec<Value> = ways.collect();
            if word == "allOf" { said.extend(ways) } else { said.extend(joined("anyOf", ways)) }
        }
        match names {
            [] => said.extend(self.own(members)),
            [name, rest @ ..] => {
                let next = inside(members, name);
                said.extend(next.and_then(|next| self.element(next, rest, depth)));
            }
        }
        joined("allOf", said)
    }

    /// What the schema of a list itself says of the element.
    fn own(&mut self, members: &'a Map<String, Value>) -> Option<Value> {
        let (first, items) = (members.get("prefixItems"), members.get("items"));
        let is_list = match members.get("type") {
            Some(Value::String(kind)) => kind == "array",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
            _ => first.or(items).is_some(),
        };
        if !is_list {
            return None;
        }
        let first = first.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.positions = self.positions.max(first.len());
        Some(first.get(self.index).or(items).cloned().unwrap_or(Value::Bool(true)))
    }
}

/// The schema of a member, or of an element, of this name.
fn inside<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let named = members.get("properties").and_then(|all| all.get(name));
    let others = || members.get("additionalProperties");
    let position = name.parse::<usize>().ok();
    let first = || members.get("prefixItems").and_then(|all| all.get(position?));
    let items = || members.get("items").filter(|_| position.is_some());
    named.or_else(others).or_else(first).or_else(items)
}

/// Several schemas as one: any of them, or all of them. None of none.
fn joined(word: &str, schemas: Vec<Value>) -> Option<Value> {
    let free = |schema: &Value| schema == &Value::Bool(true);
    if schemas.is_empty() {
        return None;
    }
    if word == "anyOf" && schemas.iter().any(free) {
        return Some(Value::Bool(true));
    }
    let mut different: Vec<Value> = Vec::new();
    for schema in schemas {
        if !free(&schema) && !different.contains(&schema) {
            different.push(schema);
        }
    }
    Some(match different.len() {
        0 => Value::Bool(true),
        1 => different.swap_remove(0),
        _ => json!({ word: different }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_found_through_references_unions_and_maps() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {
                "team": {"anyOf": [{"$ref": "#/$defs/Team"}, {"type": "null"}]},
                "by_town": {"type": "object", "additionalProperties": {"type": ["array", "null"]}},
                "loop": {"$ref": "#/$defs/Loop"},
                "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "array"}]},
            },
            "$defs": {
                "Team": {"type": "object", "properties": {"people": {"type": "array"}}},
                "Loop": {"anyOf": [{"$ref": "#/$defs/Loop"}, {"type": "string"}]},
            },
        }))
        .unwrap();
        assert!(is_list(&contract, "/team/people"));
        assert!(is_list(&contract, "/by_town/Porto"));
        assert!(is_list(&contract, "/pair/1"));
        for other in [
            "",
            "/pair/0",
            "/pair/2",
            "/pair/x",
            "/team",
            "/team/persons",
            "/loop",
            "/loop/x",
            "team/people",
        ] {
            assert!(!is_list(&contract, other), "{other}");
        }
    }

    #[test]
    fn all_that_is_said_of_an_element_is_kept_and_no_way_is_taken_without_end() {
        let schema = json!({
            "properties": {
                "bounded": {"$ref": "#/$defs/Numbers", "items": {"maximum": 10}},
                "either": {"anyOf": [
                    {"$ref": "#/$defs/Numbers"},
                    {"type": "array", "items": {"type": "string"}},
                    {"type": "null"},
                ]},
                "free": {"anyOf": [{"$ref": "#/$defs/Numbers"}, {"type": "array"}]},
                "tuple": {"type": "array", "prefixItems": [{"type": "string"}], "items": false},
                "loop": {"$ref": "#/$defs/Loop"},
            },
            "$defs": {
                "Numbers": {"type": "array", "items": {"type": "integer"}},
                "Loop": {"anyOf": [{"$ref": "#/$defs/Loop"}, {"$ref": "#/$defs/Loop"}]},
            },
        });
        let said = |pointer: &str| elements(&schema, pointer);
        let number = json!({"type": "integer"});
        let bounded = json!({"allOf": [number, {"maximum": 10}]});
        assert_eq!(said("/bounded"), Some(vec![bounded]));
        let either = json!({"anyOf": [number, {"type": "string"}]});
        assert_eq!(said("/either"), Some(vec![either]));
        assert_eq!(said("/free"), Some(vec![json!(true)]));
        assert_eq!(said("/tuple"), Some(vec![json!({"type": "string"}), json!(false)]));
        assert_eq!(said("/loop"), None);
    }
}
