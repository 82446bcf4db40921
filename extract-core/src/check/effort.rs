//! The work that it takes to say what is wrong with a value. Whether a value fits is found out in one
//! pass; why it does not, by trying every branch of every union again at each level. A type that
//! contains itself through a union makes that grow with a power of the depth, and how deep a reply
//! goes is not ours to say.

use serde_json::Value;

use crate::contract::schema::{Tree, WrittenId};

/// The most schemas that are held against parts of one value to find out what is wrong with it: so
/// many in all, and so many more for each part of the value.
const MOST: usize = 100_000;
const MOST_EACH: usize = 64;

/// Whether everything that is wrong with a value can be told in bounded time.
pub(super) fn is_tellable(tree: &Tree, root: WrittenId, value: &Value) -> bool {
    spent(tree, root, value, false).is_some()
}

/// Whether serde can read a value in bounded time: it tries the variants of an untagged enum one by
/// one, each from its beginning, and only a tag tells it which one is meant.
pub(super) fn is_readable(tree: &Tree, root: WrittenId, value: &Value) -> bool {
    spent(tree, root, value, true).is_some()
}

/// The number of schemas that are held against parts of a value, no less than the validator comes to;
/// `None` where they are too many. `by_tag`: a branch whose tag is another one is passed over. Does not
/// recurse.
fn spent(tree: &Tree, root: WrittenId, value: &Value, by_tag: bool) -> Option<usize> {
    let (parts, depth) = extent(value);
    let most = MOST.saturating_add(parts.saturating_mul(MOST_EACH));
    // At each level, a part of the value is held against no more schemas than this.
    let each = u32::try_from(depth + 1).ok().and_then(|levels| tree.cost().checked_pow(levels));
    if let Some(bound) = each.filter(|bound| *bound <= most) {
        return Some(bound);
    }
    let mut spent = 0_usize;
    let mut open = vec![(root, value)];
    while let Some((id, value)) = open.pop() {
        spent += 1;
        if spent > most || open.len() > most {
            return None;
        }
        let schema = tree.written(id);
        if by_tag && has_other_tag(tree, id, value) {
            continue;
        }
        open.extend(schema.in_place().map(|id| (id, value)));
        match value {
            Value::Object(entries) => {
                for (name, entry) in entries {
                    let named = schema.members.iter().find(|(known, _)| known == name);
                    let one = named.map(|(_, id)| *id).or(schema.others);
                    let patterns = schema.patterns.iter().map(|(_, id)| *id);
                    open.extend(one.into_iter().chain(patterns).map(|id| (id, entry)));
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let own = schema.first.get(index).copied().or(schema.rest);
                    open.extend(own.into_iter().chain(schema.contains).map(|id| (id, item)));
                }
            }
            _ => {}
        }
    }
    Some(spent)
}

/// Whether a member that must be one constant is another.
fn has_other_tag(tree: &Tree, id: WrittenId, value: &Value) -> bool {
    tree.written(id).members.iter().any(|(name, member)| {
        match (tree.written(*member).constant(), value.get(name)) {
            (Some(constant), Some(member)) => constant != member,
            _ => false,
        }
    })
}

/// How many values a value is made of, and how deep they lie.
fn extent(value: &Value) -> (usize, usize) {
    let mut open = vec![(value, 0)];
    let (mut parts, mut deepest) = (0, 0);
    while let Some((value, depth)) = open.pop() {
        parts += 1;
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|item| (item, depth + 1))),
            _ => {}
        }
    }
    (parts, deepest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::Contract;

    /// Definitions that each hold the next one twice at the same place.
    fn doubling(levels: usize, keyword: &str) -> Value {
        let mut definitions = serde_json::Map::new();
        for level in 0..levels {
            let next = json!({"$ref": format!("#/$defs/L{}", level + 1)});
            let one = match keyword {
                "not" => json!({"not": next, "if": next}),
                word => json!({ word: [next, next] }),
            };
            definitions.insert(format!("L{level}"), one);
        }
        definitions.insert(format!("L{levels}"), json!({"type": "integer"}));
        json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/L0"}}, "$defs": definitions})
    }

    #[test]
    fn alternatives_that_double_are_refused_or_cost_little() {
        for keyword in ["oneOf", "anyOf", "allOf", "not"] {
            for levels in [4, 8, 12, 16, 20, 24, 40] {
                match Contract::from_schema(doubling(levels, keyword)) {
                    Ok(contract) => {
                        let root = contract.written_at("").unwrap();
                        for value in [json!({"a": 1}), json!({"a": [[1]]}), json!({"a": {"a": 1}})]
                        {
                            let spent = spent(contract.tree(), root, &value, false).unwrap();
                            assert!(spent <= MOST + 5 * MOST_EACH, "{keyword}, {levels}: {spent}");
                        }
                    }
                    Err(error) => {
                        assert!(levels > 12, "{keyword}, {levels}: {error}");
                        let error = error.to_string();
                        assert!(error.contains("alternatives"), "{keyword}, {levels}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_value_that_goes_deep_into_alternatives_is_not_explained_branch_by_branch() {
        let contract = Contract::from_schema(json!({
            "type": "object", "properties": {"at": {"$ref": "#/$defs/U"}},
            "$defs": {"U": {"anyOf": [
                {"type": "object", "properties": {"x": {"$ref": "#/$defs/U"}}},
                {"type": "object", "properties": {"x": {"$ref": "#/$defs/U"}}},
                {"type": "integer"},
            ]}},
        }))
        .unwrap();
        let root = contract.written_at("").unwrap();
        let mut value = json!("wrong");
        let mut told = Vec::new();
        for _ in 0..100 {
            value = json!({"x": value});
            told.push(is_tellable(contract.tree(), root, &json!({"at": value})));
        }
        assert!(told[0] && !told[99]);
        assert!(!crate::check::violations(&contract, &json!({"at": value})).is_empty());
    }
}
