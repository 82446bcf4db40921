//! Bounds the work of checking a value.
//!
//! The validator tries the alternatives of a union again at every level. For a type that contains
//! itself through a union, or repeats alternatives at every level, the work grows exponentially with
//! the depth of the value. The model decides that depth.

use std::collections::HashSet;

use serde_json::Value;

use super::Kinds;
use super::tree::Tree;
use super::written::{WrittenId, WrittenSchema};

/// The number of schemas that may be checked against the parts of any value.
const MOST: usize = 100_000;
/// The additional schemas allowed for every part of the value.
const MOST_EACH: usize = 64;

/// The operation that is done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckKind {
    /// The validator decides whether the value fits.
    IsValid,
    /// The validator lists all errors.
    ListErrors,
    /// serde reads the value. It tries the variants of an untagged enum one by one from the start; only
    /// a tag selects a variant directly.
    Read,
}

impl Tree {
    /// Returns whether an operation on a value takes bounded work.
    pub(crate) fn is_affordable(&self, root: WrittenId, value: &Value, check: CheckKind) -> bool {
        self.check_steps(root, value, check).is_some()
    }

    /// Returns an upper bound of the number of schemas that the validator checks against parts of a
    /// value; `None` if it exceeds the limit. Does not recurse.
    pub(crate) fn check_steps(
        &self,
        root: WrittenId,
        value: &Value,
        check: CheckKind,
    ) -> Option<usize> {
        let (parts, depth) = extent(value);
        let most = MOST.saturating_add(parts.saturating_mul(MOST_EACH));
        // At every level, one part of the value is checked against at most this many schemas.
        let levels = u32::try_from(depth + 1).ok();
        let bound = levels.and_then(|levels| self.cost().saturating_mul(2).checked_pow(levels));
        if let Some(bound) = bound.filter(|bound| *bound <= most) {
            return Some(bound);
        }
        let mut steps = 0_usize;
        let mut open = vec![(root, value, check)];
        // The validator caches whether an array or object fits a schema that contains itself.
        let mut known: HashSet<(WrittenId, *const Value)> = HashSet::new();
        while let Some((id, value, trial)) = open.pop() {
            steps += 1;
            if steps + open.len() > most {
                return None;
            }
            let is_parted = value.is_object() || value.is_array();
            let is_remembered =
                trial == CheckKind::IsValid && is_parted && self.is_written_recursive(id);
            if is_remembered && !known.insert((id, std::ptr::from_ref(value))) {
                continue;
            }
            self.open_parts(id, value, trial, &mut steps, &mut open);
        }
        Some(steps)
    }

    /// Queues the subschemas of a schema, with the part of the value that they apply to.
    fn open_parts<'v>(
        &self,
        id: WrittenId,
        value: &'v Value,
        check: CheckKind,
        steps: &mut usize,
        open: &mut Vec<(WrittenId, &'v Value, CheckKind)>,
    ) {
        let schema = self.written(id);
        // The validator checks the type first.
        let kind = if value.is_number() { Kinds::NUMBER } else { Kinds::of(value) };
        let is_other = schema.kinds.is_some_and(|kinds| !kinds.meets(kind));
        if check == CheckKind::IsValid && is_other {
            return;
        }
        match (check, self.other_tag(schema, value), value) {
            (CheckKind::Read, Some(_), _) => return,
            // The validator checks members in the order of the value, up to the tag.
            (CheckKind::IsValid, Some(tag), Value::Object(entries)) => {
                let before = entries.iter().take_while(|(name, _)| *name != tag);
                for (name, entry) in before {
                    *steps += 1;
                    open.extend(schema.member(name).map(|id| (id, entry, check)));
                }
                return;
            }
            _ => {}
        }
        open.extend(schema.same_value_without_unions().map(|id| (id, value, check)));
        for (_, branches) in schema.unions() {
            // Before it lists errors, the validator finds out that no branch fits.
            let first = (check == CheckKind::ListErrors).then_some(CheckKind::IsValid);
            for check in first.into_iter().chain([check]) {
                open.extend(branches.iter().map(|&id| (id, value, check)));
            }
        }
        if schema.has_unevaluated {
            open.extend(schema.same_value().map(|id| (id, value, CheckKind::IsValid)));
        }
        match value {
            Value::Object(entries) => {
                for (name, entry) in entries {
                    let one = schema.member(name).or(schema.others);
                    let patterns = schema.patterns.iter().map(|(_, id)| *id);
                    open.extend(one.into_iter().chain(patterns).map(|id| (id, entry, check)));
                    *steps += usize::from(schema.names.is_some());
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let tree = schema.first.get(index).copied().or(schema.rest);
                    open.extend(tree.map(|id| (id, item, check)));
                    open.extend(schema.contains.map(|id| (id, item, CheckKind::IsValid)));
                }
            }
            _ => {}
        }
    }

    /// Returns the name of a member that must be a constant but has another value.
    fn other_tag<'s>(&self, schema: &'s WrittenSchema, value: &Value) -> Option<&'s str> {
        let members = value.as_object()?;
        let is_other = |(name, member): &&(String, WrittenId)| match (
            self.written(*member).constant(),
            members.get(name),
        ) {
            (Some(constant), Some(member)) => constant != member,
            _ => false,
        };
        schema.members.iter().find(is_other).map(|(name, _)| name.as_str())
    }
}

/// Returns the number of values that a value consists of, and its depth.
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

    /// Returns a schema whose definitions apply the next one twice to the same value.
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
                            let steps =
                                contract.tree().check_steps(root, &value, CheckKind::ListErrors);
                            let most = MOST + 5 * MOST_EACH;
                            assert!(steps.is_none_or(|steps| steps <= most), "{keyword}, {levels}");
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
            let value = json!({"at": value});
            told.push(contract.tree().is_affordable(root, &value, CheckKind::ListErrors));
        }
        assert!(told[0] && !told[99]);
        assert!(!crate::check::violations(&contract, &json!({"at": value})).is_empty());
    }
}
