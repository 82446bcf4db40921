//! The work that it takes to check a value. The validator tries the alternatives of every union anew at each
//! level, so a type that holds itself through a union, or repeats its alternatives level by level, makes
//! that grow with a power of the depth; and how deep a reply goes is not ours to say.

use std::collections::HashSet;

use serde_json::Value;

use super::Kinds;
use super::tree::Tree;
use super::written::{WrittenId, WrittenSchema};

/// The most schemas that are held against parts of one value: so many in all, and so many more for each
/// part of the value.
const MOST: usize = 100_000;
const MOST_EACH: usize = 64;

/// What is done with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckKind {
    /// The validator finds out whether it fits.
    Fit,
    /// It says all that is wrong.
    Explain,
    /// serde reads it: it tries the variants of an untagged enum one by one, each from its beginning, and
    /// only a tag tells it which one is meant.
    Read,
}

impl Tree {
    /// Whether the trial of a value is done in bounded work.
    pub(crate) fn is_affordable(&self, root: WrittenId, value: &Value, trial: CheckKind) -> bool {
        self.check_steps(root, value, trial).is_some()
    }

    /// The number of schemas that are held against parts of a value, no less than the validator comes to;
    /// `None` where they are too many. Does not recurse.
    pub(crate) fn check_steps(
        &self,
        root: WrittenId,
        value: &Value,
        trial: CheckKind,
    ) -> Option<usize> {
        let (parts, depth) = extent(value);
        let most = MOST.saturating_add(parts.saturating_mul(MOST_EACH));
        // At each level, a part of the value is held against no more schemas than this.
        let levels = u32::try_from(depth + 1).ok();
        let bound = levels.and_then(|levels| self.cost().saturating_mul(2).checked_pow(levels));
        if let Some(bound) = bound.filter(|bound| *bound <= most) {
            return Some(bound);
        }
        let mut steps = 0_usize;
        let mut open = vec![(root, value, trial)];
        // The validator remembers whether a list or an object fits a schema that contains itself.
        let mut known: HashSet<(WrittenId, *const Value)> = HashSet::new();
        while let Some((id, value, trial)) = open.pop() {
            steps += 1;
            if steps + open.len() > most {
                return None;
            }
            let is_parted = value.is_object() || value.is_array();
            let is_remembered =
                trial == CheckKind::Fit && is_parted && self.is_written_recursive(id);
            if is_remembered && !known.insert((id, std::ptr::from_ref(value))) {
                continue;
            }
            self.open_parts(id, value, trial, &mut steps, &mut open);
        }
        Some(steps)
    }

    /// Adds the schemas that one is made of, each with the part of the value that it is held against.
    fn open_parts<'v>(
        &self,
        id: WrittenId,
        value: &'v Value,
        trial: CheckKind,
        steps: &mut usize,
        open: &mut Vec<(WrittenId, &'v Value, CheckKind)>,
    ) {
        let schema = self.written(id);
        // The type is the first that is looked at.
        let kind = if value.is_number() { Kinds::NUMBER } else { Kinds::of(value) };
        let is_other = schema.kinds.is_some_and(|kinds| !kinds.meets(kind));
        if trial == CheckKind::Fit && is_other {
            return;
        }
        match (trial, self.other_tag(schema, value), value) {
            (CheckKind::Read, Some(_), _) => return,
            // Members are tried in the order of the value, up to the tag.
            (CheckKind::Fit, Some(tag), Value::Object(entries)) => {
                let before = entries.iter().take_while(|(name, _)| *name != tag);
                for (name, entry) in before {
                    *steps += 1;
                    open.extend(schema.member(name).map(|id| (id, entry, trial)));
                }
                return;
            }
            _ => {}
        }
        open.extend(schema.beside().map(|id| (id, value, trial)));
        for (_, branches) in schema.unions() {
            // To tell what is wrong, the validator first finds out that no branch fits.
            let first = (trial == CheckKind::Explain).then_some(CheckKind::Fit);
            for trial in first.into_iter().chain([trial]) {
                open.extend(branches.iter().map(|&id| (id, value, trial)));
            }
        }
        if schema.looks_again {
            open.extend(schema.in_place().map(|id| (id, value, CheckKind::Fit)));
        }
        match value {
            Value::Object(entries) => {
                for (name, entry) in entries {
                    let one = schema.member(name).or(schema.others);
                    let patterns = schema.patterns.iter().map(|(_, id)| *id);
                    open.extend(one.into_iter().chain(patterns).map(|id| (id, entry, trial)));
                    *steps += usize::from(schema.names.is_some());
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let own = schema.first.get(index).copied().or(schema.rest);
                    open.extend(own.map(|id| (id, item, trial)));
                    open.extend(schema.contains.map(|id| (id, item, CheckKind::Fit)));
                }
            }
            _ => {}
        }
    }

    /// The name of a member that must be one constant and is another.
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
                            let steps =
                                contract.tree().check_steps(root, &value, CheckKind::Explain);
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
            told.push(contract.tree().is_affordable(root, &value, CheckKind::Explain));
        }
        assert!(told[0] && !told[99]);
        assert!(!crate::check::violations(&contract, &json!({"at": value})).is_empty());
    }
}
