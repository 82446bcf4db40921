//! Collects the repairs and misfits of a fit. Pointers are built only when an entry is added.

use std::borrow::Cow;

use super::super::report::{MOST, Misfit, Repair, RepairKind, excerpt};
use super::super::tree::{NodeId, Tree};
use crate::schema::push_segment;

/// A segment of the path to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PathSegment<'s> {
    /// A field, by its name in the schema.
    Name(&'s str),
    /// A member, by its key in the text.
    Node(NodeId),
    /// An element, by its index.
    Index(usize),
}

/// The repairs and misfits so far, with the path to the current value.
#[derive(Debug, Default)]
pub(crate) struct FitNotes<'s> {
    pub(crate) path: Vec<PathSegment<'s>>,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) misfits: Vec<Misfit>,
}

impl FitNotes<'_> {
    /// Returns the JSON pointer of the current path.
    fn pointer(&self, tree: &Tree) -> String {
        let mut pointer = String::new();
        for seg in &self.path {
            match seg {
                PathSegment::Name(name) => push_segment(&mut pointer, name),
                PathSegment::Node(id) => push_segment(&mut pointer, tree.key(*id)),
                PathSegment::Index(index) => {
                    pointer.push('/');
                    pointer.push_str(&index.to_string());
                }
            }
        }
        pointer
    }

    /// Adds a repair at the current path. Beyond the limit a single [`RepairKind::More`] is added.
    pub(crate) fn repair(&mut self, tree: &Tree, kind: RepairKind, before: &str, after: &str) {
        if self.repairs.len() >= MOST {
            if self.repairs.len() == MOST {
                self.repairs.push(Repair {
                    pointer: String::new(),
                    kind: RepairKind::More,
                    before: Cow::Borrowed(""),
                    after: Cow::Borrowed(""),
                });
            }
            return;
        }
        let pointer = self.pointer(tree);
        let before = if before.is_empty() { Cow::Borrowed("") } else { excerpt(before) };
        let after = if after.is_empty() { Cow::Borrowed("") } else { excerpt(after) };
        self.repairs.push(Repair { pointer, kind, before, after });
    }

    /// Adds a misfit of a value that the schema does not allow.
    pub(crate) fn misfit(&mut self, tree: &Tree, expected: &str, found: &str) {
        self.add(tree, expected, found, false);
    }

    /// Adds a misfit of a value that the schema would allow, but that does not have the meaning it
    /// asks for.
    pub(crate) fn misread(&mut self, tree: &Tree, expected: &str, found: &str) {
        self.add(tree, expected, found, true);
    }

    /// Adds a misfit at the current path, up to the limit.
    fn add(&mut self, tree: &Tree, expected: &str, found: &str, unseen: bool) {
        if self.misfits.len() < MOST {
            self.misfits.push(Misfit {
                pointer: self.pointer(tree),
                expected: expected.to_owned(),
                found: excerpt(found).into_owned(),
                unseen,
            });
        }
    }
}
