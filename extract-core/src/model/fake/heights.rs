//! The least nesting of a value for each node, so that recursion ends.

use std::collections::HashMap;

use crate::schema::{Kinds, NodeId, NodeKind, OtherMembers, Plain, Tree};

/// The least number of containers inside each other in a value of a node.
#[derive(Debug, Default)]
pub(super) struct Heights(HashMap<NodeId, usize>);

impl Heights {
    /// Computes the heights of all nodes of a schema.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut nodes = Vec::new();
        let mut open = vec![tree.root()];
        while let Some(id) = open.pop() {
            if !nodes.contains(&id) {
                nodes.push(id);
                open.extend(children(tree, id));
            }
        }
        let mut heights = Self::default();
        // Each round settles at least one node.
        for _ in 0..nodes.len() {
            let mut changed = false;
            for &id in &nodes {
                if let Some(height) = heights.compute(tree, id) {
                    changed |= heights.0.insert(id, height) != Some(height);
                }
            }
            if !changed {
                break;
            }
        }
        heights
    }

    /// Returns the height of a node; `None` if every value of it is infinite.
    pub(super) fn get(&self, id: NodeId) -> Option<usize> {
        self.0.get(&id).copied()
    }

    fn compute(&self, tree: &Tree, id: NodeId) -> Option<usize> {
        match &tree.node(id).kind {
            NodeKind::Never(_) => None,
            NodeKind::Reference(to) => self.get(*to),
            NodeKind::Union { branches, .. } => {
                branches.iter().filter_map(|branch| self.get(*branch)).min()
            }
            NodeKind::Plain(plain) => self.of_plain(plain),
        }
    }

    fn of_plain(&self, plain: &Plain) -> Option<usize> {
        let kinds = plain.implied_kinds().unwrap_or(Kinds::ALL);
        if plain.constants.is_some() || !kinds.without(Kinds::PARTED).is_none() {
            return Some(0);
        }
        let above = |nodes: Vec<NodeId>| {
            let heights: Option<Vec<usize>> = nodes.into_iter().map(|id| self.get(id)).collect();
            heights.map(|heights| 1 + heights.into_iter().max().unwrap_or(0))
        };
        let of_object = || {
            let required = plain.members.iter().filter(|member| member.required);
            above(required.map(|member| member.node).collect())
        };
        let of_list = || {
            let least = plain.list_lengths().min.min(plain.prefix_items.len() + 1);
            above((0..least).filter_map(|index| plain.element(index)).collect())
        };
        let object = if kinds.meets(Kinds::OBJECT) { of_object() } else { None };
        let list = if kinds.meets(Kinds::ARRAY) { of_list() } else { None };
        object.into_iter().chain(list).min()
    }
}

/// Returns the nodes inside a node.
fn children(tree: &Tree, id: NodeId) -> Vec<NodeId> {
    match &tree.node(id).kind {
        NodeKind::Never(_) => Vec::new(),
        NodeKind::Reference(to) => vec![*to],
        NodeKind::Union { branches, .. } => branches.clone(),
        NodeKind::Plain(plain) => {
            let open = match plain.other_members {
                OtherMembers::Open(id) => Some(id),
                _ => None,
            };
            let members = plain.members.iter().map(|member| member.node);
            let patterns = plain.patterns.iter().map(|(_, id)| *id);
            let items = plain.prefix_items.iter().copied().chain(plain.rest);
            members.chain(patterns).chain(open).chain(items).chain(plain.names).collect()
        }
    }
}
