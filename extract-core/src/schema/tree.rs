//! The tree that everybody visits: a node for each place of a value, with all that is said of it.

use std::collections::HashMap;

use serde_json::Value;

use super::node::{Node, NodeId, NodeKind, Origin, Plain};
use super::written::{Places, WrittenId, WrittenSchema};
use super::{Kinds, SchemaError, cycles, keywords, merge, written};

/// A JSON Schema, read once. References are resolved, `allOf` is merged, and whatever can be said of one
/// place of a value stands in one node. Nodes refer to each other by their indices, so a schema that
/// contains itself is a cycle of nodes.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
    /// The schemas as they are written.
    written: Vec<WrittenSchema>,
    places: Places,
    /// The nodes of places that references lead to.
    targets: HashMap<WrittenId, NodeId>,
    recursive: Vec<bool>,
    knots: Vec<bool>,
    uses: Vec<u32>,
    kinds: Vec<Kinds>,
    has_required_cycle: bool,
    bytes: usize,
    cost: usize,
    nested: usize,
    origin: Origin,
    written_recursive: Vec<bool>,
}

impl Tree {
    /// Reads a schema.
    pub(crate) fn parse(document: &Value, origin: Origin) -> Result<Self, SchemaError> {
        let (written, places) = written::parse(document)?;
        let (cost, nested) = merge::cost(&written)?;
        let written_recursive = cycles::on_cycles(written.len(), |from, visit| {
            let schema = &written[from];
            schema.in_place().chain(schema.of_parts()).for_each(|to| visit(to as usize));
        });
        let merge::Merged { nodes, root, targets } = merge::merge(&written, origin)?;
        let edges = |from: usize, visit: &mut dyn FnMut(usize)| {
            nodes[from].each(&mut |to, _| visit(to as usize));
        };
        let recursive = cycles::on_cycles(nodes.len(), edges);
        let knots = cycles::on_cycles(nodes.len(), |from, visit| {
            if !matches!(nodes[from].is, NodeKind::Reference(_)) {
                edges(from, visit);
            }
        });
        let required = cycles::on_cycles(nodes.len(), |from, visit| {
            nodes[from].each(&mut |to, optional| {
                if !optional {
                    visit(to as usize);
                }
            });
        });
        let mut uses = vec![0; nodes.len()];
        for node in &nodes {
            if let NodeKind::Reference(to) = node.is {
                uses[to as usize] += 1;
            }
        }
        let mut tree = Self {
            kinds: vec![Kinds::ALL; nodes.len()],
            nodes,
            root,
            written,
            places,
            targets,
            recursive,
            knots,
            uses,
            has_required_cycle: required.contains(&true),
            bytes: keywords::bytes(document),
            cost,
            nested,
            origin,
            written_recursive,
        };
        tree.find_kinds();
        Ok(tree)
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The node behind a chain of references.
    pub(crate) fn behind(&self, mut id: NodeId) -> NodeId {
        // Chains that lead back to themselves are refused when a schema is read.
        while let NodeKind::Reference(to) = self.node(id).is {
            id = to;
        }
        id
    }

    /// The constraints of a node, where it is no alternative and something fits.
    pub(crate) fn plain(&self, id: NodeId) -> Option<&Plain> {
        match &self.node(self.behind(id)).is {
            NodeKind::Plain(plain) => Some(plain),
            _ => None,
        }
    }

    /// The kinds of values that may fit.
    pub(crate) fn kinds(&self, id: NodeId) -> Kinds {
        self.kinds[id as usize]
    }

    /// Whether a node contains itself.
    pub(crate) fn is_recursive(&self, id: NodeId) -> bool {
        self.recursive[id as usize]
    }

    /// Whether a node contains itself by no reference: it was merged from schemas that do.
    pub(crate) fn is_knot(&self, id: NodeId) -> bool {
        self.knots[id as usize]
    }

    /// The number of references to a node.
    pub(crate) fn uses(&self, id: NodeId) -> usize {
        self.uses[id as usize] as usize
    }

    /// Whether there is a cycle of members that must be there.
    pub(crate) fn has_required_cycle(&self) -> bool {
        self.has_required_cycle
    }

    /// Whether any node contains itself.
    pub(crate) fn has_recursion(&self) -> bool {
        self.recursive.contains(&true)
    }

    pub(crate) fn written(&self, id: WrittenId) -> &WrittenSchema {
        &self.written[id as usize]
    }

    pub(crate) fn written_count(&self) -> usize {
        self.written.len()
    }

    /// The schema that is written at a place.
    pub(crate) fn written_at(&self, pointer: &str) -> Option<WrittenId> {
        self.places.get(pointer).copied()
    }

    /// The node of a schema that something refers to, by its place.
    pub(crate) fn target(&self, pointer: &str) -> Option<NodeId> {
        self.targets.get(self.places.get(pointer)?).copied()
    }

    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// The most schemas that are held against a value at one place.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }

    /// The most schemas that lie inside each other for one place of a value.
    pub(super) fn nested(&self) -> usize {
        self.nested
    }

    /// Whether a schema, as it is written, contains itself.
    pub(super) fn is_written_recursive(&self, id: WrittenId) -> bool {
        self.written_recursive[id as usize]
    }

    /// The alternatives that stand under a keyword, by the place of that.
    pub(crate) fn branches_at(&self, pointer: &str) -> Option<&[WrittenId]> {
        let (schema, keyword) = pointer.rsplit_once('/')?;
        let schema = self.written(self.written_at(schema)?);
        let exclusive = keyword == "oneOf";
        schema.unions().find(|(is, _)| *is == exclusive).map(|(_, branches)| branches)
    }

    /// The bytes of the schema that it was read from, as JSON text.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A name for a node: that of its definition, its title, or that of its place.
    pub(crate) fn name(&self, id: NodeId) -> String {
        let place = &self.node(id).pointer;
        let last = super::pointer::segments(place).last();
        let title = || self.node(self.root).notes.title.clone();
        last.or_else(title).unwrap_or_else(|| "Root".to_owned())
    }

    /// The name of the definition that a node is; `None` where it is none.
    pub(crate) fn definition(&self, id: NodeId) -> Option<&str> {
        let pointer = &self.node(id).pointer;
        let name = DEFINITIONS.iter().find_map(|prefix| pointer.strip_prefix(prefix))?;
        (!name.contains('/')).then_some(name)
    }

    /// Finds the kinds of each node behind those that it is made of.
    fn find_kinds(&mut self) {
        let mut done = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut open = vec![start];
            while let Some(&node) = open.last() {
                let inner: Vec<usize> = match &self.nodes[node].is {
                    NodeKind::Reference(to) => vec![*to as usize],
                    NodeKind::Union { branches, .. } => {
                        branches.iter().map(|&id| id as usize).collect()
                    }
                    _ => Vec::new(),
                };
                let before = open.len();
                open.extend(inner.iter().filter(|&&node| !done[node]));
                if open.len() > before {
                    continue;
                }
                open.pop();
                done[node] = true;
                self.kinds[node] = match &self.nodes[node].is {
                    NodeKind::Never(_) => Kinds::NONE,
                    NodeKind::Plain(plain) => plain.possible(),
                    _ => inner.iter().fold(Kinds::NONE, |all, &id| all.or(self.kinds[id])),
                };
            }
        }
    }
}

/// The places of definitions.
const DEFINITIONS: [&str; 2] = ["/$defs/", "/definitions/"];
