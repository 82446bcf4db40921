//! A node as the tree keeps it, in five words, and as the readers of the tree see it. Texts may be
//! hostile, a node for every byte: a word more here is megabytes there.

/// The index of a node.
pub(in crate::reading) type NodeId = u32;

/// No node.
pub(in crate::reading) const NONE: NodeId = NodeId::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::reading) enum Kind {
    Object,
    List,
    Text,
    Number,
    Bare,
    Null,
    True,
    False,
    Missing,
}

impl Kind {
    pub(super) fn is_container(self) -> bool {
        matches!(self, Kind::Object | Kind::List)
    }
}

/// A node, read from its slot.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the node")]
pub(in crate::reading) struct Node {
    pub(in crate::reading) kind: Kind,
    /// The text ended inside it.
    pub(in crate::reading) cut: bool,
    /// The text ended right behind it: more of it could have followed.
    pub(in crate::reading) last: bool,
    pub(in crate::reading) noted: bool,
    /// It may have ended elsewhere, or may hold what belongs to another value.
    pub(in crate::reading) unclear: bool,
    /// Position in the source, in bytes.
    pub(in crate::reading) start: u32,
    pub(in crate::reading) end: u32,
    pub(in crate::reading) first: NodeId,
    pub(in crate::reading) next: NodeId,
}

pub(super) const CUT: u8 = 1;
pub(super) const LAST: u8 = 1 << 1;
pub(super) const NOTED: u8 = 1 << 2;
pub(super) const UNCLEAR: u8 = 1 << 3;
/// The next node is its sibling (scalars only).
pub(super) const MORE: u8 = 1 << 4;
/// The next node is its first child (containers only).
pub(super) const FILLED: u8 = 1 << 5;
/// A copy: its first child stands elsewhere.
pub(super) const COPY: u8 = 1 << 6;

/// The length of a key that is too long for its slot.
pub(super) const LONG: u16 = u16::MAX;

/// A node in five words. Nodes stand in the order of the text: the first child follows its parent,
/// and a scalar is followed by its sibling. Its text follows its key in the buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot {
    pub(super) key_at: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The length of the text of a scalar; the next sibling of a container.
    pub(super) link: u32,
    pub(super) key_len: u16,
    pub(super) kind: Kind,
    pub(super) flags: u8,
}

impl Slot {
    pub(super) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(super) fn put(&mut self, flag: u8, on: bool) {
        if on {
            self.flags |= flag;
        } else {
            self.flags &= !flag;
        }
    }
}

/// Makes room as `Vec` does, but leaves less of it unused once there is much.
pub(super) fn make_room<T>(vec: &mut Vec<T>) {
    if vec.len() == vec.capacity() {
        vec.reserve_exact(step(vec.len(), 1));
    }
}

/// The same, for a text of so many bytes.
pub(super) fn make_room_for(text: &mut String, more: usize) {
    if text.capacity() - text.len() < more {
        text.reserve_exact(step(text.len(), more));
    }
}

fn step(len: usize, least: usize) -> usize {
    const MUCH: usize = 4096;
    let step = if len < MUCH { len.max(8) } else { len / 8 };
    step.max(least)
}
