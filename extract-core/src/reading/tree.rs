//! The tree of a text before a schema is applied. Nodes are in one array, linked by index; their
//! texts are in one buffer. It is built from the scanner's events. Its memory is bounded by the
//! length of the text, for any text.

mod look;
mod note;
mod slot;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::report::RepairKind;
use super::scan::{Container, NotePlace, Sink, Token, TokenRole};
use crate::contract::shape::{MemberNames, Shape};
pub(super) use look::number;
pub(super) use note::Note;
use slot::{COPY, CUT, FILLED, LAST, LONG, MORE, NOTED, Slot, UNCLEAR, make_room, make_room_for};
pub(super) use slot::{Kind, NONE, Node, NodeId};

/// A byte range of the tree's text buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Slice {
    at: u32,
    len: u32,
}

/// Holds the nodes, their texts, and the notes about repairs of form. It can hold several roots.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    slots: Vec<Slot>,
    texts: String,
    notes: Vec<Note>,
    /// The lengths of keys that are too long for their slots, by node.
    long_keys: Vec<(NodeId, u32)>,
    /// The first children of copied containers, by copy.
    copies: Vec<(NodeId, NodeId)>,
    /// The open containers, each with its last child.
    open: Vec<(NodeId, NodeId)>,
    /// The key whose value has not begun.
    key: Option<Slice>,
    /// The text ended inside this key.
    half_key: bool,
    /// The role of the string that is open.
    role: Option<TokenRole>,
    /// The start of the string that is open, in bytes.
    string_at: u32,
    /// The current root; [`NONE`] before it begins.
    pub(super) root: NodeId,
    /// The index of the first note, and of the first node, of the current root.
    root_notes: usize,
    root_slots: usize,
    /// The number of stray texts in the current root.
    strays: usize,
    /// More notes about this root were made than are kept.
    overfull: bool,
    /// The notes are sorted by node.
    sorted: bool,
    /// The start of the open string in the text buffer.
    growing: usize,
    /// The possible names of members, if the schema lists them all.
    names: Option<Arc<MemberNames>>,
}

/// A state of a tree, to which [`Tree::truncate`] returns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Checkpoint {
    slots: usize,
    texts: usize,
    notes: usize,
    long_keys: usize,
    copies: usize,
}

/// Converts an offset to 32 bits. All offsets fit: the limit on a text is far below 4 GiB.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Tree {
    /// Creates an empty tree.
    pub(super) fn new() -> Self {
        Self { root: NONE, ..Self::default() }
    }

    /// Creates an empty tree with room for a text of this many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        let mut tree = Self::new();
        tree.slots.reserve(bytes / 24 + 4);
        tree.texts.reserve(bytes / 2);
        tree
    }

    /// Sets the possible names of members, from a schema.
    pub(super) fn knowing(mut self, shape: &Shape) -> Self {
        self.names = shape.member_names();
        self
    }

    /// Returns the possible names of members, if the schema lists them all.
    pub(super) fn names(&self) -> Option<Arc<MemberNames>> {
        self.names.clone()
    }

    /// Starts a new root, and keeps the earlier ones.
    pub(super) fn next_root(&mut self) {
        self.attach_orphans();
        self.root = NONE;
        self.open.clear();
        self.key = None;
        self.half_key = false;
        self.role = None;
        self.root_notes = self.notes.len();
        self.root_slots = self.slots.len();
        self.strays = 0;
        self.overfull = false;
    }

    /// Returns the current state, to which [`truncate`](Self::truncate) can return.
    pub(super) fn mark(&self) -> Checkpoint {
        Checkpoint {
            slots: self.slots.len(),
            texts: self.texts.len(),
            notes: self.notes.len(),
            long_keys: self.long_keys.len(),
            copies: self.copies.len(),
        }
    }

    /// Removes everything after the mark. The tree must not have been settled since.
    pub(super) fn truncate(&mut self, mark: Checkpoint) {
        self.slots.truncate(mark.slots);
        self.texts.truncate(mark.texts);
        self.notes.truncate(mark.notes);
        self.long_keys.truncate(mark.long_keys);
        self.copies.truncate(mark.copies);
        self.next_root();
    }

    /// Returns the number of nodes.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns the memory of the tree in bytes, including reserved capacity.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        fn of<T>(vec: &Vec<T>) -> usize {
            vec.capacity() * size_of::<T>()
        }
        let small = of(&self.long_keys) + of(&self.copies) + of(&self.open);
        of(&self.slots) + self.texts.capacity() + of(&self.notes) + small
    }

    /// Adds a list whose elements are copies of these nodes. Returns the new list.
    pub(super) fn gather(&mut self, roots: &[NodeId]) -> NodeId {
        let id = index(self.slots.len());
        let span = |id: NodeId| (self.node(id).start, self.node(id).end);
        let start = roots.first().map_or(0, |&first| span(first).0);
        let end = roots.last().map_or(0, |&last| span(last).1);
        let flags = if roots.is_empty() { 0 } else { FILLED };
        let key_at = index(self.texts.len());
        let kind = Kind::List;
        self.add(Slot { key_at, start, end, link: NONE, key_len: 0, kind, flags });
        // Roots may already be children of another gathered list, so they are copied.
        for (at, &root) in roots.iter().enumerate() {
            let copy = index(self.slots.len());
            let more = at + 1 < roots.len();
            let first = self.node(root).first;
            let mut slot = self.slots[root as usize];
            if slot.key_len == LONG {
                let len = self.key_len(root);
                self.long_keys.push((copy, len));
            }
            if slot.kind.is_container() {
                slot.link = if more { copy + 1 } else { NONE };
            } else {
                slot.put(MORE, more);
            }
            if slot.has(FILLED) {
                slot.put(COPY, true);
                make_room(&mut self.copies);
                self.copies.push((copy, first));
            }
            self.add(slot);
            for note in self.notes(root).to_vec() {
                make_room(&mut self.notes);
                self.notes.push(note.about(copy));
            }
        }
        id
    }

    /// Turns an object without colons, such as `{"a", "b"}`, into a list of its keys.
    fn set_like(&mut self, id: NodeId) {
        let bare = |slot: &Slot| slot.kind == Kind::Missing && slot.link == 0;
        if !self.children(id).all(|child| bare(&self.slots[child as usize])) {
            return;
        }
        self.slots[id as usize].kind = Kind::List;
        let mut next = self.node(id).first;
        while next != NONE {
            let len = self.key_len(next);
            let slot = &mut self.slots[next as usize];
            (slot.kind, slot.key_len, slot.link) = (Kind::Text, 0, len);
            next = self.node(next).next;
        }
    }

    /// Appends a slot.
    fn add(&mut self, slot: Slot) {
        make_room(&mut self.slots);
        self.slots.push(slot);
    }

    /// Appends a node with the pending key, and links it to its parent or sibling.
    fn push(&mut self, kind: Kind, start: usize, end: usize) -> NodeId {
        let id = index(self.slots.len());
        let end_of_texts = index(self.texts.len());
        let key = self.key.take().unwrap_or(Slice { at: end_of_texts, len: 0 });
        let key_len = u16::try_from(key.len).unwrap_or(LONG);
        if key_len == LONG {
            self.long_keys.push((id, key.len));
        }
        let link = if kind.is_container() { NONE } else { 0 };
        let (start, end) = (index(start), index(end));
        self.add(Slot { key_at: key.at, start, end, link, key_len, kind, flags: 0 });
        match self.open.last_mut() {
            Some((parent, last)) => {
                let before = std::mem::replace(last, id);
                let holder = if before == NONE { *parent } else { before };
                let slot = &mut self.slots[holder as usize];
                match (before, slot.kind.is_container()) {
                    (NONE, _) => slot.put(FILLED, true),
                    (_, true) => slot.link = id,
                    (_, false) => slot.put(MORE, true),
                }
            }
            None => self.root = id,
        }
        id
    }

    /// Appends to the text buffer.
    fn add_text(&mut self, text: &str) {
        make_room_for(&mut self.texts, text.len());
        self.texts.push_str(text);
    }
}

impl Sink for Tree {
    fn open(&mut self, container: Container, at: usize) {
        let kind = if container == Container::Object { Kind::Object } else { Kind::List };
        let id = self.push(kind, at, at);
        self.open.push((id, NONE));
    }

    fn close(&mut self, at: usize, whole: bool) {
        if let Some((id, last)) = self.open.pop() {
            let slot = &mut self.slots[id as usize];
            slot.end = index(at);
            slot.put(CUT, !whole);
            if whole && slot.kind == Kind::Object && last != NONE {
                self.set_like(id);
            }
        }
    }

    fn string_begin(&mut self, role: TokenRole, at: usize) {
        self.role = Some(role);
        self.string_at = index(at);
        self.growing = self.texts.len();
        if role == TokenRole::Value {
            let id = self.push(Kind::Text, at, at);
            // A string counts as cut until it ends, because a partial value may be built before.
            self.slots[id as usize].put(CUT, true);
        }
    }

    fn text(&mut self, text: &str) {
        self.add_text(text);
        if self.role == Some(TokenRole::Value) {
            if let Some(slot) = self.slots.last_mut() {
                slot.link += index(text.len());
            }
        }
    }

    fn retract(&mut self, bytes: usize) {
        let len = self.texts.len().saturating_sub(bytes).max(self.growing);
        self.texts.truncate(len);
        if let (Some(TokenRole::Value), Some(slot)) = (self.role, self.slots.last_mut()) {
            slot.link = index(len - self.growing);
        }
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        let len = index(self.texts.len() - self.growing);
        match self.role.take() {
            Some(TokenRole::Key) => {
                self.key = Some(Slice { at: index(self.growing), len });
                self.half_key = !whole;
            }
            _ => {
                if let Some(slot) = self.slots.last_mut() {
                    slot.link = len;
                    slot.end = index(at);
                    slot.put(CUT | LAST, !whole);
                }
            }
        }
    }

    fn string_became_key(&mut self) {
        // The string is the last node: no other node follows it.
        let text = self.last_text();
        let Some(slot) = self.slots.last_mut() else { return };
        if slot.kind != Kind::Text {
            return;
        }
        (slot.kind, slot.link) = (Kind::Object, NONE);
        self.key = Some(text);
        self.open.push((index(self.slots.len() - 1), NONE));
    }

    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        let kind = match token {
            Token::Null => Kind::Null,
            Token::True => Kind::True,
            Token::False => Kind::False,
            Token::Number => Kind::Number,
            Token::Bare => Kind::Bare,
            Token::Missing => Kind::Missing,
        };
        let id = self.push(kind, span.0, span.1);
        self.add_text(text);
        let half_key = std::mem::take(&mut self.half_key);
        let slot = &mut self.slots[id as usize];
        slot.link = index(text.len());
        slot.put(LAST, !whole && !half_key);
        slot.put(CUT, !whole && kind == Kind::Missing);
    }

    fn unclear(&mut self, place: NotePlace) {
        let node = self.node_of(place);
        if let Some(slot) = self.slots.get_mut(node as usize) {
            slot.put(UNCLEAR, true);
        }
    }

    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {
        self.strays += usize::from(kind == RepairKind::StrayText);
        let node = self.node_of(place);
        self.take_note(Note::new(node, kind, (index(span.0), index(span.1))));
    }
}
