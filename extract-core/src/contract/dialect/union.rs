//! Unions: alternatives, null, and branches whose values would look alike once they are sent.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::error::DialectError;
use super::lower::{Lowering, SchemaDraft};
use super::note::NoteKind;
use super::plan::{Branch, SAME, Step, StepId};
use super::table::{Nullable, OneOf};
use crate::schema::{Kinds, NodeId, NodeKind, Plain};

/// The types that become nullable as a list of two types.
const SIMPLE: &[&str] = &["string", "number", "integer", "boolean"];

/// A lowered branch: the values of these kinds that fit the node.
pub(super) struct LoweredBranch {
    pub(super) node: NodeId,
    pub(super) kinds: Kinds,
    pub(super) out: SchemaDraft,
}

/// The constants of several branches, with a sentence for every branch that has a description.
struct MergedConstants {
    values: Vec<Value>,
    sentences: Vec<String>,
}

impl Lowering<'_> {
    /// Lowers alternatives. Constants become one `enum` if the dialect asks for it. Returns `None` if
    /// no value fits.
    pub(super) fn union(
        &mut self,
        node: NodeId,
        exclusive: bool,
        branches: &[NodeId],
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let is_null = |branch: &&NodeId| self.tree.kinds(**branch) == Kinds::NULL;
        let nullable = branches.iter().any(|branch| is_null(&branch));
        let kept: Vec<NodeId> =
            branches.iter().filter(|branch| !is_null(branch)).copied().collect();
        if self.dialect.merge_constants {
            if let Some(MergedConstants { values, sentences: words }) = self.merged_constants(&kept)
            {
                let mut draft = self.constant(node, &values, false);
                draft.sentences.splice(0..0, words);
                if nullable {
                    self.make_nullable(&mut draft);
                }
                return Ok(Some(draft));
            }
        }
        let mut outs = Vec::new();
        for branch in kept {
            match self.lower(branch)? {
                Some(draft) => {
                    outs.push(LoweredBranch { node: branch, kinds: Kinds::ALL, out: draft });
                }
                None => {
                    self.left_out(branch, "this alternative");
                }
            }
        }
        Ok(self.alternatives(exclusive, outs, nullable))
    }

    /// Combines lowered alternatives, and makes the result nullable if asked to. Returns `None` if no
    /// value fits.
    pub(super) fn alternatives(
        &mut self,
        exclusive: bool,
        mut outs: Vec<LoweredBranch>,
        nullable: bool,
    ) -> Option<SchemaDraft> {
        let mut draft = match outs.len() {
            0 if nullable => return Some(self.of_type("null")),
            0 => return None,
            1 => outs.remove(0).out,
            _ => self.joined(exclusive, outs),
        };
        if nullable {
            self.make_nullable(&mut draft);
        }
        Some(draft)
    }

    /// Combines at least two lowered alternatives.
    fn joined(&mut self, exclusive: bool, mut outs: Vec<LoweredBranch>) -> SchemaDraft {
        self.make_distinct(&mut outs);
        let null = outs.iter().any(|one| one.out.null);
        let same = outs.iter().all(|one| one.out.step == SAME);
        let mut schemas = Vec::with_capacity(outs.len());
        let mut branches = Vec::new();
        for LoweredBranch { node, kinds, out } in outs {
            if !same {
                branches.push(Branch { node, kinds, step: out.step });
            }
            let schema = self.finish(out);
            // Branches with different steps may have the same schema in the sent shape.
            if same || !schemas.contains(&schema) {
                schemas.push(schema);
            }
        }
        let step = if same { SAME } else { self.step(Step::Union(branches)) };
        if let (true, Some(Value::Object(only))) = (schemas.len() == 1, schemas.first()) {
            return SchemaDraft { schema: only.clone(), step, null, ..SchemaDraft::default() };
        }
        let keep = exclusive && self.dialect.one_of == OneOf::Keep;
        let keyword = if keep { "oneOf" } else { "anyOf" };
        let schema = [(keyword.to_owned(), Value::Array(schemas))].into_iter().collect();
        SchemaDraft { schema, step, null, ..SchemaDraft::default() }
    }

    /// Wraps branches whose shape changes, if the sent shape could be mistaken for that of another
    /// branch. For example, a map is sent as a list, and any value as a string.
    fn make_distinct(&mut self, outs: &mut [LoweredBranch]) {
        if outs.iter().all(|one| one.out.step == SAME) {
            return;
        }
        let shapes: Vec<Map<String, Value>> =
            outs.iter().map(|one| one.out.schema.clone()).collect();
        let mut taken = HashSet::new();
        for (index, LoweredBranch { node, out, .. }) in outs.iter_mut().enumerate() {
            let changed = |step: &StepId| *step != SAME;
            let (key, whole) = match self.step_at(out.step) {
                Step::Text { .. } | Step::Cut(_) => ("json", true),
                Step::Pairs { .. } => ("entries", true),
                // The outer shape stays, but the parts inside may look like those of another branch.
                Step::Array { .. } => ("items", false),
                Step::Tuple { first, rest } if first.iter().chain(rest).any(changed) => {
                    ("items", false)
                }
                Step::Object { members, .. } if members.values().any(|m| m.step != SAME) => {
                    ("value", false)
                }
                _ => continue,
            };
            let others = shapes.iter().enumerate().filter(|(other, _)| *other != index);
            let mut others = others.map(|(_, other)| other);
            if !others.any(|other| are_alike_when_sent(&shapes[index], other, whole)) {
                continue;
            }
            self.wrap(*node, out, key, &mut taken);
        }
        // A wrapper is an object with one member, and a map could have the same member.
        if !taken.is_empty() {
            for LoweredBranch { node, out, .. } in outs.iter_mut() {
                let is_wrapped = matches!(self.step_at(out.step), Step::Wrapped { .. });
                if !is_wrapped && is_open(&out.schema) {
                    self.wrap(*node, out, "object", &mut taken);
                }
            }
        }
    }

    /// Sends a branch as the only member of an object.
    fn wrap(
        &mut self,
        node: NodeId,
        draft: &mut SchemaDraft,
        key: &str,
        taken: &mut HashSet<String>,
    ) {
        let mut free = key.to_owned();
        let mut number = 1;
        while !taken.insert(free.clone()) {
            number += 1;
            free = format!("{key}_{number}");
        }
        let words =
            format!("sent as the member `{free}` of an object, for another branch looks alike");
        let pointer = self.pointer(node).to_owned();
        self.note(NoteKind::Reshaped, &pointer, words);
        let inner = draft.step;
        let wrapped = self.finish(std::mem::take(draft));
        let properties = [(free.clone(), wrapped)].into_iter().collect();
        draft.schema = self.closed_object(properties, vec![free.as_str().into()]);
        draft.step = self.step(Step::Wrapped { key: free, inner });
    }

    /// Returns the constants of a union that only lists constants of one type, with a sentence for
    /// every description. Returns `None` for other unions.
    fn merged_constants(&self, branches: &[NodeId]) -> Option<MergedConstants> {
        if branches.len() < 2 {
            return None;
        }
        let mut values = Vec::new();
        let mut known = HashSet::new();
        let mut sentence = Vec::new();
        let mut kinds = Kinds::NONE;
        for &branch in branches {
            let node = self.tree.node(branch);
            let NodeKind::Plain(plain) = &node.kind else { return None };
            let original = plain.only_constants()?;
            if let Some(description) = &node.annotations.description {
                let names: Vec<String> = original.iter().map(|one| name_of(&one.value)).collect();
                let end = if description.ends_with(['.', '!', '?']) { "" } else { "." };
                sentence.push(format!("{}: {description}{end}", names.join(", ")));
            }
            for one in original {
                kinds = kinds.or(Kinds::of(&one.value));
                if known.insert(one.value.to_string()) {
                    values.push(one.value.clone());
                }
            }
        }
        let is_one = [Kinds::STRING, Kinds::BOOLEAN, Kinds::NUMBER].iter().any(|of| of.has(kinds));
        is_one.then_some(MergedConstants { values, sentences: sentence })
    }

    /// Makes a schema accept null as well.
    pub(super) fn make_nullable(&mut self, draft: &mut SchemaDraft) {
        if draft.null {
            return;
        }
        draft.null = true;
        if self.dialect.nullable == Nullable::Keyword {
            draft.schema.insert("nullable".to_owned(), Value::Bool(true));
            return;
        }
        let simple = self.dialect.nullable == Nullable::TypeList;
        let type_name = draft.schema.get("type").and_then(Value::as_str);
        if let Some(name) = type_name.filter(|name| simple && SIMPLE.contains(name)) {
            let types = Value::Array(vec![name.into(), "null".into()]);
            if let Some(constant) = draft.schema.shift_remove("const") {
                draft.schema.insert("enum".to_owned(), Value::Array(vec![constant]));
            }
            if let Some(Value::Array(values)) = draft.schema.get_mut("enum") {
                values.push(Value::Null);
            }
            draft.schema.insert("type".to_owned(), types);
            return;
        }
        let null =
            Value::Object([("type".to_owned(), self.type_name("null"))].into_iter().collect());
        for keyword in ["anyOf", "oneOf"] {
            if draft.schema.len() == 1 {
                if let Some(Value::Array(branches)) = draft.schema.get_mut(keyword) {
                    branches.push(null);
                    return;
                }
            }
        }
        let mut inner = std::mem::take(&mut draft.schema);
        // A default belongs to the whole union, not to a branch.
        for keyword in ["default", "examples"] {
            if let Some(value) = inner.shift_remove(keyword) {
                draft.schema.insert(keyword.to_owned(), value);
            }
        }
        draft.schema.insert("anyOf".to_owned(), Value::Array(vec![Value::Object(inner), null]));
    }

    /// Lowers constraints for values of several types, with one alternative per type. Returns `None` if
    /// no value fits.
    pub(super) fn kinds(
        &mut self,
        node: NodeId,
        plain: &Plain,
        names: &[&'static str],
        nullable: bool,
    ) -> Result<Option<SchemaDraft>, DialectError> {
        let mut outs = Vec::new();
        for name in names {
            if let Some(draft) = self.lower_type(node, name, plain)? {
                let kinds = Kinds::NAMED.iter().find(|(known, _)| known == name);
                outs.push(LoweredBranch {
                    node,
                    kinds: kinds.map_or(Kinds::ALL, |(_, kinds)| *kinds),
                    out: draft,
                });
            }
        }
        Ok(self.alternatives(false, outs, nullable))
    }
}

/// Returns a constant as text, without quotes.
fn name_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Returns whether a schema allows members of any name.
fn is_open(schema: &Map<String, Value>) -> bool {
    let others = schema.get("additionalProperties");
    others.is_some_and(|others| *others != Value::Bool(false))
        || schema.contains_key("patternProperties")
}

/// Returns whether a sent value could fit both schemas. Returns `unknown` if either has no type.
fn are_alike_when_sent(
    original: &Map<String, Value>,
    other: &Map<String, Value>,
    unknown: bool,
) -> bool {
    match (original.get("type"), other.get("type")) {
        (Some(original), Some(other)) if original != other => return false,
        (Some(_), Some(_)) => {}
        _ => return unknown,
    }
    let properties = |schema: &'_ Map<String, Value>| -> Option<Map<String, Value>> {
        schema.get("properties").and_then(Value::as_object).cloned()
    };
    let (Some(original), Some(other)) = (properties(original), properties(other)) else {
        return true;
    };
    // Objects with other members, or with another tag, cannot be confused.
    let tag = |schema: &Value| schema.get("const").or(schema.get("enum")).cloned();
    original.len() == other.len()
        && original.iter().all(|(name, own)| {
            other.get(name).is_some_and(|other| match (tag(own), tag(other)) {
                (Some(original), Some(other)) => original == other,
                _ => true,
            })
        })
}
