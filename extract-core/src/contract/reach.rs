//! What a schema says of a place in its values: whether a list can stand there.

use serde_json::Value;

use super::{Contract, segments};

/// How many schemas are passed on the way: a reference may lead back to itself.
const MOST: usize = 64;

/// Whether a list can stand at this JSON pointer of a contract's values.
pub(crate) fn is_list(contract: &Contract, pointer: &str) -> bool {
    let names: Vec<String> = segments(pointer).collect();
    let whole = pointer.is_empty() || pointer.starts_with('/');
    whole && leads(contract.schema(), contract.schema(), &names, MOST)
}

fn leads(root: &Value, schema: &Value, names: &[String], left: usize) -> bool {
    let Some(left) = left.checked_sub(1) else { return false };
    let Some(members) = schema.as_object() else { return schema.as_bool() == Some(true) };
    if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').and_then(|at| root.pointer(at));
        if target.is_some_and(|target| leads(root, target, names, left)) {
            return true;
        }
    }
    let unions =
        ["anyOf", "oneOf", "allOf"].iter().filter_map(|word| members.get(*word)?.as_array());
    if unions.flatten().any(|branch| leads(root, branch, names, left)) {
        return true;
    }
    match names {
        [] => is_of_lists(members.get("type")),
        [name, rest @ ..] => {
            let named = members.get("properties").and_then(|all| all.get(name));
            let others = || members.get("additionalProperties");
            let position = name.parse::<usize>().ok();
            let first = || members.get("prefixItems").and_then(|all| all.get(position?));
            let items = || members.get("items").filter(|_| position.is_some());
            let next = named.or_else(others).or_else(first).or_else(items);
            next.is_some_and(|next| leads(root, next, rest, left))
        }
    }
}

fn is_of_lists(kind: Option<&Value>) -> bool {
    match kind {
        Some(Value::String(kind)) => kind == "array",
        Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "array"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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
}
