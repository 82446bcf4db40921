//! The [`Tree`]: one node for every position in a value, with everything that the schema says about it.

use std::collections::HashMap;

use serde_json::Value;

use super::node::{Node, NodeId, NodeKind, Origin, Plain};
use super::written::{PointerIndex, WrittenId, WrittenSchema};
use super::{Kinds, SchemaError, cycles, keywords, merge, written};

/// A JSON Schema, read once. References are resolved and `allOf` is merged, so one node holds
/// everything that the schema says about one position in a value. Nodes refer to each other by index; a
/// recursive schema is a cycle of nodes.
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    root: NodeId,
    /// The schemas of the document as they are written, indexed by [`WrittenId`].
    written: Vec<WrittenSchema>,
    /// The written schemas by JSON pointer.
    places: PointerIndex,
    /// The nodes of the schemas that a `$ref` leads to.
    targets: HashMap<WrittenId, NodeId>,
    /// For every node: whether it contains itself.
    recursive: Vec<bool>,
    /// For every node: whether it contains itself without a reference on the cycle.
    knots: Vec<bool>,
    /// For every node: the number of references to it.
    uses: Vec<u32>,
    /// For every node: the kinds of values that may fit.
    kinds: Vec<Kinds>,
    has_required_cycle: bool,
    bytes: usize,
    cost: usize,
    nested: usize,
    origin: Origin,
    /// For every written schema: whether it contains itself.
    written_recursive: Vec<bool>,
}

impl Tree {
    /// Reads a schema. Fails if it is malformed, exceeds a limit, or has a reference that cannot be
    /// resolved.
    pub(crate) fn parse(document: &Value, origin: Origin) -> Result<Self, SchemaError> {
        let (written, places) = written::parse(document)?;
        let (cost, nested) = merge::cost(&written)?;
        let written_recursive = cycles::on_cycles(written.len(), |from, visit| {
            let schema = &written[from];
            schema.same_value().chain(schema.child_schemas()).for_each(|to| visit(to as usize));
        });
        let merge::Merged { nodes, root, targets } = merge::merge(&written, origin)?;
        let edges = |from: usize, visit: &mut dyn FnMut(usize)| {
            nodes[from].for_each_child(&mut |to, _| visit(to as usize));
        };
        let recursive = cycles::on_cycles(nodes.len(), edges);
        let knots = cycles::on_cycles(nodes.len(), |from, visit| {
            if !matches!(nodes[from].kind, NodeKind::Reference(_)) {
                edges(from, visit);
            }
        });
        let required = cycles::on_cycles(nodes.len(), |from, visit| {
            nodes[from].for_each_child(&mut |to, optional| {
                if !optional {
                    visit(to as usize);
                }
            });
        });
        let mut uses = vec![0; nodes.len()];
        for node in &nodes {
            if let NodeKind::Reference(to) = node.kind {
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

    /// Returns the node of the whole value.
    pub(crate) fn root(&self) -> NodeId {
        self.root
    }

    /// Returns the node with this index.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// Follows a chain of references and returns the first node that is not a reference.
    pub(crate) fn resolve(&self, mut id: NodeId) -> NodeId {
        // Chains that lead back to themselves are refused when the schema is read.
        while let NodeKind::Reference(to) = self.node(id).kind {
            id = to;
        }
        id
    }

    /// Returns the constraints of a node, with references followed. Returns `None` if it is a union or
    /// no value fits.
    pub(crate) fn plain(&self, id: NodeId) -> Option<&Plain> {
        match &self.node(self.resolve(id)).kind {
            NodeKind::Plain(plain) => Some(plain),
            _ => None,
        }
    }

    /// Returns the kinds of values that may fit a node.
    pub(crate) fn kinds(&self, id: NodeId) -> Kinds {
        self.kinds[id as usize]
    }

    /// Returns whether a node contains itself.
    pub(crate) fn is_recursive(&self, id: NodeId) -> bool {
        self.recursive[id as usize]
    }

    /// Returns whether a node contains itself without a reference on the cycle. Such nodes come from
    /// merging schemas that contain themselves.
    pub(crate) fn is_cyclic_without_reference(&self, id: NodeId) -> bool {
        self.knots[id as usize]
    }

    /// Returns the number of references to a node.
    pub(crate) fn uses(&self, id: NodeId) -> usize {
        self.uses[id as usize] as usize
    }

    /// Returns whether any cycle of nodes passes through no optional member.
    pub(crate) fn has_required_cycle(&self) -> bool {
        self.has_required_cycle
    }

    /// Returns whether any node contains itself.
    pub(crate) fn has_recursion(&self) -> bool {
        self.recursive.contains(&true)
    }

    /// Returns the written schema with this index.
    pub(crate) fn written(&self, id: WrittenId) -> &WrittenSchema {
        &self.written[id as usize]
    }

    /// Returns the number of written schemas.
    pub(crate) fn written_count(&self) -> usize {
        self.written.len()
    }

    /// Returns the schema that is written at a JSON pointer.
    pub(crate) fn written_at(&self, pointer: &str) -> Option<WrittenId> {
        self.places.get(pointer).copied()
    }

    /// Returns the node of the schema at a JSON pointer; `None` unless a `$ref` leads to that schema.
    pub(crate) fn target(&self, pointer: &str) -> Option<NodeId> {
        self.targets.get(self.places.get(pointer)?).copied()
    }

    /// Returns the source of the schema.
    pub(crate) fn origin(&self) -> Origin {
        self.origin
    }

    /// Returns the largest number of schemas that one value is checked against at one position.
    pub(crate) fn cost(&self) -> usize {
        self.cost
    }

    /// Returns the deepest nesting of schemas that apply to the same value.
    pub(super) fn nested(&self) -> usize {
        self.nested
    }

    /// Returns whether a written schema contains itself.
    pub(super) fn is_written_recursive(&self, id: WrittenId) -> bool {
        self.written_recursive[id as usize]
    }

    /// Returns the alternatives of an `anyOf` or `oneOf`, by the JSON pointer of the keyword.
    pub(crate) fn branches_at(&self, pointer: &str) -> Option<&[WrittenId]> {
        let (schema, keyword) = pointer.rsplit_once('/')?;
        let schema = self.written(self.written_at(schema)?);
        let exclusive = keyword == "oneOf";
        schema.unions().find(|(is, _)| *is == exclusive).map(|(_, branches)| branches)
    }

    /// Returns the size of the schema in bytes, as JSON text.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns a name for a node: the last segment of its pointer, else the title of the root, else
    /// `Root`.
    pub(crate) fn name(&self, id: NodeId) -> String {
        let place = &self.node(id).pointer;
        let last = super::pointer::segments(place).last();
        let title = || self.node(self.root).annotations.title.clone();
        last.or_else(title).unwrap_or_else(|| "Root".to_owned())
    }

    /// Returns the name of the definition that a node is; `None` if it is not a definition.
    pub(crate) fn definition(&self, id: NodeId) -> Option<&str> {
        let pointer = &self.node(id).pointer;
        let name = DEFINITIONS.iter().find_map(|prefix| pointer.strip_prefix(prefix))?;
        (!name.contains('/')).then_some(name)
    }

    /// Fills `kinds`. The nodes inside a reference or union are computed before it.
    fn find_kinds(&mut self) {
        let mut done = vec![false; self.nodes.len()];
        for start in 0..self.nodes.len() {
            let mut open = vec![start];
            while let Some(&node) = open.last() {
                let inner: Vec<usize> = match &self.nodes[node].kind {
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
                self.kinds[node] = match &self.nodes[node].kind {
                    NodeKind::Never(_) => Kinds::NONE,
                    NodeKind::Plain(plain) => plain.allowed_kinds(),
                    _ => inner.iter().fold(Kinds::NONE, |all, &id| all.or(self.kinds[id])),
                };
            }
        }
    }
}

/// The JSON pointers in front of the names of definitions.
const DEFINITIONS: [&str; 2] = ["/$defs/", "/definitions/"];
