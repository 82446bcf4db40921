//! The nodes of the tree: a compact slot of 20 bytes, and the view of it that other files read. A
//! hostile text may have a node for every byte, so a slot must be small.

/// The index of a node.
pub(in crate::reading) type NodeId = u32;

/// The index that stands for no node.
pub(in crate::reading) const NONE: NodeId = NodeId::MAX;

/// The kind of a node's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Kind {
    Object,
    List,
    Text,
    Number,
    /// A token without quotes that is no JSON literal or number.
    Bare,
    Null,
    True,
    False,
    /// No value where one was expected.
    Missing,
}

impl Kind {
    /// Returns whether the kind can have children.
    pub(super) fn is_container(self) -> bool {
        matches!(self, Kind::Object | Kind::List)
    }
}

/// A node, decoded from its slot.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the node")]
pub(in crate::reading) struct Node {
    pub(in crate::reading) kind: Kind,
    /// The text ended inside the node.
    pub(in crate::reading) cut: bool,
    /// The text ended directly after the node, so more of it could follow.
    pub(in crate::reading) last: bool,
    /// Notes about this node exist.
    pub(in crate::reading) noted: bool,
    /// The node may end elsewhere, or may hold a part of another value.
    pub(in crate::reading) unclear: bool,
    /// The start in the source, in bytes.
    pub(in crate::reading) start: u32,
    /// The end in the source, in bytes.
    pub(in crate::reading) end: u32,
    /// The first child, or [`NONE`].
    pub(in crate::reading) first: NodeId,
    /// The next sibling, or [`NONE`].
    pub(in crate::reading) next: NodeId,
}

// Flags of a slot; see the fields of [`Node`] of the same names.
pub(super) const CUT: u8 = 1;
pub(super) const LAST: u8 = 1 << 1;
pub(super) const NOTED: u8 = 1 << 2;
pub(super) const UNCLEAR: u8 = 1 << 3;
/// The next slot is the next sibling (scalars only).
pub(super) const MORE: u8 = 1 << 4;
/// The container has children. The next slot is the first of them, except in a copy.
pub(super) const FILLED: u8 = 1 << 5;
/// The slot is a copy. Its first child is found in the tree's table of copies.
pub(super) const COPY: u8 = 1 << 6;

/// Marks a key whose length does not fit. It is found in the tree's table of long keys.
pub(super) const LONG: u16 = u16::MAX;

/// A node in 20 bytes. Slots are in the order of the text: the first child follows its parent,
/// and a scalar's next sibling follows the scalar. A scalar's text follows its key in the text
/// buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    /// The start of the key in the text buffer, in bytes.
    pub(super) key_at: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    /// For a scalar, the length of its text; for a container, its next sibling.
    pub(super) link: u32,
    pub(super) key_len: u16,
    pub(super) kind: Kind,
    pub(super) flags: u8,
}

impl Slot {
    /// Returns whether a flag is set.
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// Sets or clears the flags.
    pub(super) fn put(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }
}

/// Reserves room for one element. A large vector grows by an eighth, to keep less memory unused.
pub(super) fn make_room<T>(vec: &mut Vec<T>) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact(step(vec.len(), 1));
    }
}

/// Reserves room for `more` bytes, with the same growth.
pub(super) fn make_room_for(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        text.reserve_exact(step(text.len(), more));
    }
}

/// Returns the number of elements to reserve, at least `least`.
fn step(len: usize, least: usize) -> usize {
    const MUCH: usize = 4096;
    let step = if len < MUCH { len.max(8) } else { len / 8 };
    step.max(least)
}
