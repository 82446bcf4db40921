//! Questions about a node that several modules ask.

use std::collections::HashSet;

use super::node::{NodeId, NodeKind, OtherMembers, Plain};
use super::tree::Tree;
use super::written::{WrittenId, WrittenSchema};
use super::{Constant, Kinds, embed};

/// A list whose elements all have the same schema.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListNode {
    /// The node of the elements; `None` if the schema does not constrain them.
    pub(crate) element: Option<NodeId>,
    /// The least number of elements, 0 by default.
    pub(crate) least: u64,
    /// The largest number of elements, if limited.
    pub(crate) most: Option<u64>,
}

/// A step from a written schema to one inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaStep<'t> {
    /// To the member with this name.
    Member(&'t str),
    /// To the members that are not named.
    Entry,
    /// To the element at this index (`prefixItems`).
    Position(usize),
    /// To the elements that `prefixItems` does not list (`items`).
    Element,
    /// To the alternative with this index.
    Alternative(usize),
    /// To another schema for the same value.
    Same,
}

impl Tree {
    /// Returns the alternatives of a node with nested unions flattened and references followed. No
    /// alternative occurs twice. A plain node is its only alternative.
    pub(crate) fn alternatives(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let id = self.resolve(id);
            if !seen.insert(id) {
                continue;
            }
            match &self.node(id).kind {
                NodeKind::Union { branches, .. } => open.extend(branches.iter().rev()),
                NodeKind::Plain(_) => found.push(id),
                NodeKind::Never(_) | NodeKind::Reference(_) => {}
            }
        }
        found
    }

    /// Returns whether schemas other than the alternative itself constrain this branch beyond its type.
    pub(crate) fn has_more_beside(&self, branch: NodeId) -> bool {
        let seeds = &self.node(branch).sources;
        let mut beside = seeds.iter().filter(|atom| atom.alone).map(|atom| self.written(atom.id));
        beside.any(|written| written.is_false || written.asserts_more())
            || seeds.iter().filter(|atom| !atom.alone).count() > 1
    }

    /// Returns the description of a node, or else of the node it refers to.
    pub(crate) fn description(&self, id: NodeId) -> Option<&str> {
        let of = |id: NodeId| self.node(id).annotations.description.as_deref();
        of(id).or_else(|| of(self.resolve(id)))
    }

    /// Returns the name and the schema of the definition that a JSON pointer leads to or into.
    pub(crate) fn definition_at(&self, pointer: &str) -> Option<(String, WrittenId)> {
        let (keyword, name) = embed::defined(pointer)?;
        let id = self.written_at(&super::keywords::inside("", &[keyword, &name]))?;
        Some((name, id))
    }
}

impl Plain {
    /// Returns the name and node of the only member, if it is required and no other is allowed.
    pub(crate) fn only_member(&self) -> Option<(&str, NodeId)> {
        let [only] = self.members.as_slice() else { return None };
        let only_one =
            only.required && self.other_members == OtherMembers::Closed && self.patterns.is_empty();
        only_one.then_some((only.name.as_str(), only.node))
    }

    /// Returns the list that a node describes. Returns `None` unless it allows arrays only, all
    /// elements share one schema, and no values are listed.
    pub(crate) fn list(&self) -> Option<ListNode> {
        (self.kinds == Some(Kinds::ARRAY)
            && self.constants.is_none()
            && self.prefix_items.is_empty())
        .then(|| ListNode {
            element: self.rest,
            least: self.count("minItems").unwrap_or(0),
            most: self.count("maxItems"),
        })
    }

    /// Returns the listed values if there are some and all are strings.
    pub(crate) fn string_constants(&self) -> Option<Vec<&str>> {
        self.constants.as_ref()?.iter().map(|one| one.value.as_str()).collect()
    }

    /// Returns the only listed value; `None` unless exactly one is listed.
    pub(crate) fn constant(&self) -> Option<&Constant> {
        match self.constants.as_deref() {
            Some([only]) => Some(only),
            _ => None,
        }
    }

    /// Returns whether the rules for one member depend on others: `if`, `not` or `dependentSchemas`.
    pub(crate) fn is_conditional(&self) -> bool {
        let depends = |keyword: &str| matches!(keyword, "if" | "not" | "dependentSchemas");
        self.non_shaping.iter().chain(&self.also).any(|(keyword, _)| depends(keyword))
    }

    /// Returns whether this is an object that may have no members.
    pub(crate) fn is_empty_object(&self) -> bool {
        self.implied_kinds() == Some(Kinds::OBJECT)
            && self.members.is_empty()
            && self.other_members == OtherMembers::Closed
            && !self.takes_entries()
    }

    /// Returns whether members are allowed that are not listed by name.
    pub(crate) fn takes_entries(&self) -> bool {
        matches!(self.other_members, OtherMembers::Open(_)) || !self.patterns.is_empty()
    }
}

impl WrittenSchema {
    /// Returns the schemas directly inside this one, apart from definitions, with the steps to them.
    pub(crate) fn steps(&self) -> impl Iterator<Item = (SchemaStep<'_>, WrittenId)> {
        let members = self.members.iter().map(|(name, id)| (SchemaStep::Member(name), *id));
        let entries = self.patterns.iter().map(|(_, id)| *id).chain(self.others);
        let first =
            self.first.iter().enumerate().map(|(index, id)| (SchemaStep::Position(index), *id));
        let unions = self.unions().flat_map(|(_, branches)| branches.iter().enumerate());
        let same = self.all.iter().copied().chain(self.not).chain(self.names).chain(self.contains);
        let same = same.chain(self.condition.iter().flatten().copied());
        members
            .chain(entries.map(|id| (SchemaStep::Entry, id)))
            .chain(first)
            .chain(self.rest.map(|id| (SchemaStep::Element, id)))
            .chain(unions.map(|(index, id)| (SchemaStep::Alternative(index), *id)))
            .chain(
                same.chain(self.dependents.iter().map(|(_, id)| *id))
                    .map(|id| (SchemaStep::Same, id)),
            )
    }
}
