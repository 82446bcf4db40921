//! Converts values along a plan: from the type's shape to the sent shape and back. A value that does
//! not fit the plan is converted as far as possible and left to validation.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::super::problem::{Problem, ProblemKind, excerpt};
use super::branch_match::BranchMatcher;
use super::plan::{Branch, KEY, Member, OtherSteps, Plan, SAME, Step, StepId, TUPLE_REST, VALUE};
use crate::schema::{Kinds, Tree, push_segment};

/// The deepest level of a value that is converted. Deeper values stay as they are, and fail validation.
const DEPTH: usize = 192;

/// The most nested unions for which several branches are tried. Unions inside them take the first
/// branch.
const TRIALS: usize = 3;

/// The number of schemas that may be compared to choose the branches of unions, for any value.
const BUDGET: usize = 100_000;
/// The additional schemas allowed for every part of the value.
const BUDGET_PER_PART: usize = 200;

/// Converts one value in either direction.
pub(super) struct Transformer<'a> {
    pub(super) plan: &'a Plan,
    /// The type's schema.
    pub(super) tree: &'a Tree,
    /// The problems found so far.
    pub(super) problems: Vec<Problem>,
    /// The pointer of the current value, in the type's shape.
    pub(super) pointer: String,
    /// The depth of the current value.
    depth: usize,
    /// The number of unions around the current value for which several branches are tried.
    trials: usize,
    /// The number of JSON texts around the current value.
    in_text: usize,
    /// The number of schemas that may still be compared.
    budget: usize,
}

impl<'a> Transformer<'a> {
    pub(super) fn new(plan: &'a Plan, original: &'a Tree, value: &Value) -> Self {
        let pointer = String::new();
        let budget = BUDGET + BUDGET_PER_PART * weight(value);
        Self {
            plan,
            tree: original,
            problems: Vec::new(),
            pointer,
            depth: 0,
            trials: 0,
            in_text: 0,
            budget,
        }
    }

    /// Converts the value under `segment`.
    fn at<R>(&mut self, segment: &str, convert: impl FnOnce(&mut Self) -> R) -> R {
        let here = self.pointer.len();
        push_segment(&mut self.pointer, segment);
        let turned = convert(self);
        self.pointer.truncate(here);
        turned
    }

    /// Records a problem at the current pointer.
    fn report(&mut self, expected: &str, found: String) {
        let problem = Problem::new(ProblemKind::Schema, self.pointer.clone(), expected, found);
        self.problems.push(problem);
    }

    /// Converts a sent value to the type's shape.
    pub(super) fn restore(&mut self, step: StepId, value: Value) -> Value {
        if self.depth >= DEPTH || value.is_null() {
            return value;
        }
        self.depth += 1;
        let plan = self.plan;
        let restored = match plan.steps.get(step) {
            None | Some(Step::Same) => value,
            Some(Step::Definition(index)) => {
                let step = plan.definitions.get(*index).copied().unwrap_or(SAME);
                self.restore(step, value)
            }
            Some(Step::Object { members, renamed, rest }) => {
                self.restore_object(members, renamed, rest, value)
            }
            Some(Step::Array { first, items }) => self.restore_array(first, *items, value),
            Some(Step::Pairs { values }) => self.restore_pairs(*values, value),
            Some(Step::Tuple { first, rest }) => self.restore_tuple(first, *rest, value),
            Some(Step::Text { .. }) => restore_text(value),
            Some(Step::Cut(index)) => {
                let step = plan.definitions.get(*index).copied().unwrap_or(SAME);
                let inside = match value {
                    // A text does not contain texts for deeper values, but a model may write one.
                    Value::String(text) if self.in_text > 0 => {
                        match restore_text(text.clone().into()) {
                            nested @ (Value::Object(_) | Value::Array(_)) => nested,
                            _ => Value::String(text),
                        }
                    }
                    other => restore_text(other),
                };
                self.in_text += 1;
                let restored = self.restore(step, inside);
                self.in_text -= 1;
                restored
            }
            Some(Step::Union(branches)) => self.restore_union(branches, value),
            Some(Step::Wrapped { key, inner }) => match value {
                Value::Object(mut members) if members.len() == 1 && members.contains_key(key) => {
                    let inside = members.shift_remove(key).unwrap_or_default();
                    self.restore(*inner, inside)
                }
                other => self.restore(*inner, other),
            },
        };
        self.depth -= 1;
        restored
    }

    /// Restores the names and members of an object. Pairs become members, and null for a missing member
    /// is removed.
    fn restore_object(
        &mut self,
        members: &BTreeMap<String, Member>,
        renamed: &BTreeMap<String, String>,
        rest: &OtherSteps,
        value: Value,
    ) -> Value {
        let Value::Object(sent) = value else { return value };
        let mut original = Map::new();
        let mut pairs = None;
        for (name, value) in sent {
            match rest {
                OtherSteps::Pairs { sent, values } if *sent == name && value.is_array() => {
                    pairs = Some((*values, value));
                    continue;
                }
                _ => {}
            }
            let name = renamed.get(&name).cloned().unwrap_or(name);
            let step = match (members.get(&name), rest) {
                (Some(member), _) if member.null_is_absent && value.is_null() => continue,
                (Some(member), _) => member.step,
                (None, OtherSteps::Members(step)) => *step,
                (None, OtherSteps::Pairs { values, .. }) => *values,
            };
            let value = self.at(&name, |transformer| transformer.restore(step, value));
            original.insert(name, value);
        }
        if let Some((values, pairs)) = pairs {
            match self.restore_pairs(values, pairs) {
                Value::Object(entries) => {
                    for (name, value) in entries {
                        if original.contains_key(&name) {
                            let found = excerpt(&Value::from(name));
                            self.report("no second value for a member that has one", found);
                        } else {
                            original.insert(name, value);
                        }
                    }
                }
                other => {
                    if let OtherSteps::Pairs { sent, .. } = rest {
                        let found = excerpt(&other);
                        self.at(sent, |transformer| {
                            transformer.report("a list of objects with `key` and `value`", found);
                        });
                        original.insert(sent.clone(), other);
                    }
                }
            }
        }
        Value::Object(original)
    }

    /// Restores the elements of a list.
    fn restore_array(&mut self, first: &[StepId], items: StepId, value: Value) -> Value {
        let Value::Array(list) = value else { return value };
        let restored = list.into_iter().enumerate().map(|(index, item)| {
            let step = first.get(index).copied().unwrap_or(items);
            self.at(&index.to_string(), |transformer| transformer.restore(step, item))
        });
        Value::Array(restored.collect())
    }

    /// Converts a list of pairs to an object. A duplicate key keeps its last value, as in JSON text,
    /// and is reported. An object is taken as the map itself; any other value stays as it is.
    fn restore_pairs(&mut self, values: StepId, value: Value) -> Value {
        let list = match value {
            Value::Object(members) => {
                let restored = members.into_iter().map(|(name, value)| {
                    let value = self.at(&name, |transformer| transformer.restore(values, value));
                    (name, value)
                });
                return Value::Object(restored.collect());
            }
            Value::Array(list) if list.iter().all(is_pair) => list,
            other => return other,
        };
        let mut original = Map::new();
        for pair in list {
            let Value::Object(mut pair) = pair else { continue };
            let name = match pair.shift_remove(KEY) {
                Some(Value::String(name)) => name,
                Some(other) => other.to_string(),
                None => continue,
            };
            let value = pair.shift_remove(VALUE).unwrap_or_default();
            let value = self.at(&name, |transformer| transformer.restore(values, value));
            if original.contains_key(&name) {
                let found = excerpt(&Value::from(name.as_str()));
                self.report("each key once", format!("{found} twice"));
            }
            original.insert(name, value);
        }
        Value::Object(original)
    }

    /// Converts an object with the elements of a tuple to a list.
    fn restore_tuple(&mut self, first: &[StepId], rest: Option<StepId>, value: Value) -> Value {
        let mut members = match value {
            Value::Array(_) => return self.restore_array(first, rest.unwrap_or(SAME), value),
            Value::Object(members) => members,
            other => return other,
        };
        let mut list = Vec::with_capacity(first.len());
        for index in 0..first.len() {
            let Some(item) = members.shift_remove(&index.to_string()) else { break };
            list.push(item);
        }
        if let Some(Value::Array(more)) = members.shift_remove(TUPLE_REST) {
            list.extend(more);
        }
        if list.is_empty() && !members.is_empty() {
            return Value::Object(members);
        }
        self.restore_array(first, rest.unwrap_or(SAME), Value::Array(list))
    }

    /// Restores a value with the branch that it looks like. If it looks like several, the first wins
    /// whose result fits the type's schema.
    fn restore_union(&mut self, branches: &[Branch], value: Value) -> Value {
        let sent = BranchMatcher { plan: self.plan, tree: self.tree };
        let budget = &mut self.budget;
        let fitting: Vec<&Branch> =
            branches.iter().filter(|branch| sent.fits(branch, &value, budget)).collect();
        match fitting.as_slice() {
            [] => {
                let step = sent.best(branches, &value, true);
                self.restore(step, value)
            }
            [only] => self.restore(only.step, value),
            [first, ..] => {
                if self.trials >= TRIALS {
                    return self.restore(first.step, value);
                }
                self.trials += 1;
                let problems = self.problems.len();
                let mut chosen = None;
                for branch in &fitting {
                    let restored = self.restore(branch.step, value.clone());
                    if self.is_of(branch, &restored) {
                        chosen = Some(restored);
                        break;
                    }
                    self.problems.truncate(problems);
                }
                self.trials -= 1;
                chosen.unwrap_or_else(|| self.restore(first.step, value))
            }
        }
    }

    /// Returns whether a value in the type's shape looks like a branch.
    fn is_of(&mut self, branch: &Branch, value: &Value) -> bool {
        branch.kinds.has(Kinds::of(value)) && self.tree.fits(branch.node, value, &mut self.budget)
    }

    /// Converts a value from the type's shape to the sent shape.
    pub(super) fn lower(&mut self, step: StepId, value: Value) -> Value {
        if self.depth >= DEPTH {
            return value;
        }
        self.depth += 1;
        let plan = self.plan;
        let lowered = match plan.steps.get(step) {
            None | Some(Step::Same) => value,
            Some(Step::Text { null: false } | Step::Cut(_)) if value.is_null() => value,
            Some(Step::Text { .. }) => Value::String(value.to_string()),
            Some(Step::Cut(index)) => {
                let step = plan.definitions.get(*index).copied().unwrap_or(SAME);
                self.in_text += 1;
                let inside = self.lower(step, value);
                self.in_text -= 1;
                if self.in_text == 0 { Value::String(inside.to_string()) } else { inside }
            }
            Some(Step::Definition(index)) => {
                let step = plan.definitions.get(*index).copied().unwrap_or(SAME);
                self.lower(step, value)
            }
            Some(Step::Object { members, rest, .. }) => self.lower_object(members, rest, value),
            Some(Step::Array { first, items }) => self.lower_array(first, *items, value),
            Some(Step::Pairs { values }) => match value {
                Value::Object(members) => self.lower_pairs(*values, members),
                other => other,
            },
            Some(Step::Tuple { first, rest }) => self.lower_tuple(first, *rest, value),
            Some(Step::Union(branches)) => match self.branch_of(branches, &value) {
                Some(step) => self.lower(step, value),
                None => value,
            },
            Some(Step::Wrapped { key, inner }) => {
                let inside = self.lower(*inner, value);
                Value::Object([(key.clone(), inside)].into_iter().collect())
            }
        };
        self.depth -= 1;
        lowered
    }

    /// Returns the step of the branch that a value in the type's shape is sent with; `None` if the
    /// value is sent as it is.
    pub(super) fn branch_of(&mut self, branches: &[Branch], value: &Value) -> Option<StepId> {
        if let Some(branch) = branches.iter().find(|branch| self.is_of(branch, value)) {
            return Some(branch.step);
        }
        // A union without null may be made nullable around its branches.
        if value.is_null() {
            return None;
        }
        Some(BranchMatcher { plan: self.plan, tree: self.tree }.best(branches, value, false))
    }

    /// Converts an object: renames members, fills missing ones with null, and collects the others as pairs.
    fn lower_object(
        &mut self,
        members: &BTreeMap<String, Member>,
        rest: &OtherSteps,
        value: Value,
    ) -> Value {
        let Value::Object(own) = value else { return value };
        let mut sent = Map::new();
        let mut entries = Map::new();
        for (name, value) in own {
            match (members.get(&name), rest) {
                (Some(member), _) => {
                    let value = self.lower(member.step, value);
                    sent.insert(member.sent.clone(), value);
                }
                (None, OtherSteps::Members(step)) => {
                    let value = self.lower(*step, value);
                    sent.insert(name, value);
                }
                (None, OtherSteps::Pairs { .. }) => {
                    entries.insert(name, value);
                }
            }
        }
        for member in members.values().filter(|member| member.filled) {
            sent.entry(member.sent.clone()).or_insert(Value::Null);
        }
        if let OtherSteps::Pairs { sent: name, values } = rest {
            let pairs = self.lower_pairs(*values, entries);
            sent.insert(name.clone(), pairs);
        }
        Value::Object(sent)
    }

    /// Converts the elements of a list.
    fn lower_array(&mut self, first: &[StepId], items: StepId, value: Value) -> Value {
        let Value::Array(list) = value else { return value };
        let lowered = list.into_iter().enumerate().map(|(index, item)| {
            let step = first.get(index).copied().unwrap_or(items);
            self.lower(step, item)
        });
        Value::Array(lowered.collect())
    }

    /// Converts a map to a list of pairs.
    fn lower_pairs(&mut self, values: StepId, members: Map<String, Value>) -> Value {
        let pairs = members.into_iter().map(|(name, value)| {
            let value = self.lower(values, value);
            let pair = [(KEY.to_owned(), Value::String(name)), (VALUE.to_owned(), value)];
            Value::Object(pair.into_iter().collect())
        });
        Value::Array(pairs.collect())
    }

    /// Converts a list to an object with the members `"0"`, `"1"`, …
    fn lower_tuple(&mut self, first: &[StepId], rest: Option<StepId>, value: Value) -> Value {
        let Value::Array(list) = value else { return value };
        let mut sent = Map::new();
        let mut more = Vec::new();
        for (index, item) in list.into_iter().enumerate() {
            match first.get(index) {
                Some(step) => {
                    let item = self.lower(*step, item);
                    sent.insert(index.to_string(), item);
                }
                None => more.push(self.lower(rest.unwrap_or(SAME), item)),
            }
        }
        if rest.is_some() {
            sent.insert(TUPLE_REST.to_owned(), Value::Array(more));
        }
        Value::Object(sent)
    }
}

/// Parses a JSON text. A string that is no JSON stays a string.
fn restore_text(value: Value) -> Value {
    let Value::String(text) = value else { return value };
    match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) => Value::String(text),
    }
}

/// Returns whether a value is an object with a key and a value, and nothing else.
fn is_pair(value: &Value) -> bool {
    value.as_object().is_some_and(|pair| {
        pair.len() == 2
            && pair.contains_key(VALUE)
            && matches!(pair.get(KEY), Some(Value::String(_) | Value::Number(_) | Value::Bool(_)))
    })
}

/// Returns the number of values that a value consists of. Does not recurse.
fn weight(value: &Value) -> usize {
    let mut open = vec![value];
    let mut weight = 0;
    while let Some(value) = open.pop() {
        weight += 1;
        match value {
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            _ => {}
        }
    }
    weight
}
