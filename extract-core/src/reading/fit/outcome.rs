//! What a walk brings home besides the value: repairs and misfits, each with its pointer, written
//! only when there is something to say.

use std::borrow::Cow;

use super::super::report::{MOST, Misfit, Repair, RepairKind, excerpt};
use super::super::tree::{NodeId, Tree};
use crate::schema::push_segment;

/// A step of the path to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PathSegment<'s> {
    /// A field, by the name that the schema gives it.
    Name(&'s str),
    /// A member, by the key that it stands under in the text.
    Node(NodeId),
    Index(usize),
}

#[derive(Debug, Default)]
pub(crate) struct FitNotes<'s> {
    pub(crate) path: Vec<PathSegment<'s>>,
    pub(crate) repairs: Vec<Repair>,
    pub(crate) misfits: Vec<Misfit>,
}

impl FitNotes<'_> {
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

    /// A value that breaks the schema.
    pub(crate) fn misfit(&mut self, tree: &Tree, expected: &str, found: &str) {
        self.add(tree, expected, found, false);
    }

    /// A value that does not mean what the schema asks for, although it would pass.
    pub(crate) fn misread(&mut self, tree: &Tree, expected: &str, found: &str) {
        self.add(tree, expected, found, true);
    }

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
