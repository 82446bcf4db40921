//! Questions about a node that several visitors ask.

use std::collections::HashSet;

use super::node::{NodeId, NodeKind, OtherMembers, Plain};
use super::tree::Tree;
use super::written::{WrittenId, WrittenSchema};
use super::{Constant, Kinds, embed};

/// A list of elements of one kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListNode {
    /// `None` where nothing is said of the elements.
    pub(crate) element: Option<NodeId>,
    pub(crate) least: u64,
    pub(crate) most: Option<u64>,
}

/// A step from a schema to one that is written inside of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SchemaStep<'t> {
    /// To the member of this name.
    Member(&'t str),
    /// To members that are not named.
    Entry,
    /// To the element at this place.
    Position(usize),
    /// To all other elements.
    Element,
    /// To the alternative of this index.
    Alternative(usize),
    /// To something else that is said of the same value.
    Same,
}

impl Tree {
    /// The alternatives that a node comes to, none of them one of several, each once and behind its
    /// references. A node without alternatives is its own.
    pub(crate) fn alternatives(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            let id = self.behind(id);
            if !seen.insert(id) {
                continue;
            }
            match &self.node(id).is {
                NodeKind::Union { branches, .. } => open.extend(branches.iter().rev()),
                NodeKind::Plain(_) => found.push(id),
                NodeKind::Never(_) | NodeKind::Reference(_) => {}
            }
        }
        found
    }

    /// Whether more holds for an alternative, besides its type, than the alternative says itself.
    pub(crate) fn has_more_beside(&self, branch: NodeId) -> bool {
        let seeds = &self.node(branch).seeds;
        let mut beside = seeds.iter().filter(|atom| atom.alone).map(|atom| self.written(atom.id));
        beside.any(|written| written.is_false || written.asserts_more())
            || seeds.iter().filter(|atom| !atom.alone).count() > 1
    }

    /// The description of a node, or of that which it refers to.
    pub(crate) fn description(&self, id: NodeId) -> Option<&str> {
        let of = |id: NodeId| self.node(id).notes.description.as_deref();
        of(id).or_else(|| of(self.behind(id)))
    }

    /// The name of a definition that stands at the beginning of a place, and the schema there.
    pub(crate) fn definition_at(&self, pointer: &str) -> Option<(String, WrittenId)> {
        let (keyword, name) = embed::defined(pointer)?;
        let id = self.written_at(&super::keywords::inside("", &[keyword, &name]))?;
        Some((name, id))
    }
}

impl Plain {
    /// The one member, where it must be there and no other may.
    pub(crate) fn only_member(&self) -> Option<(&str, NodeId)> {
        let [only] = self.members.as_slice() else { return None };
        let only_one =
            only.required && self.others == OtherMembers::Closed && self.patterns.is_empty();
        only_one.then_some((only.name.as_str(), only.node))
    }

    /// The elements, where it is a list, and all of them are of one kind.
    pub(crate) fn list(&self) -> Option<ListNode> {
        (self.kinds == Some(Kinds::ARRAY) && self.constants.is_none() && self.first.is_empty())
            .then(|| ListNode {
                element: self.rest,
                least: self.count("minItems").unwrap_or(0),
                most: self.count("maxItems"),
            })
    }

    /// The texts that are listed, where nothing else may stand.
    pub(crate) fn string_constants(&self) -> Option<Vec<&str>> {
        self.constants.as_ref()?.iter().map(|one| one.value.as_str()).collect()
    }

    /// The one constant.
    pub(crate) fn constant(&self) -> Option<&Constant> {
        match self.constants.as_deref() {
            Some([only]) => Some(only),
            _ => None,
        }
    }

    /// Whether what one member has to be depends on others.
    pub(crate) fn is_conditional(&self) -> bool {
        let depends = |keyword: &str| matches!(keyword, "if" | "not" | "dependentSchemas");
        self.verbatim.iter().chain(&self.also).any(|(keyword, _)| depends(keyword))
    }

    /// Whether it is an object that may have no members.
    pub(crate) fn is_empty_object(&self) -> bool {
        self.about() == Some(Kinds::OBJECT)
            && self.members.is_empty()
            && self.others == OtherMembers::Closed
            && !self.takes_entries()
    }

    /// Whether it takes members besides those that are named.
    pub(crate) fn takes_entries(&self) -> bool {
        matches!(self.others, OtherMembers::Open(_)) || !self.patterns.is_empty()
    }
}

impl WrittenSchema {
    /// The schemas that are written inside of it, definitions aside, and the steps to them.
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
