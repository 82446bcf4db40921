//! Notes about repairs of form, by node. The tree keeps no more of them than a report lists, and at
//! least one for each root that has any.

use super::super::report::{MOST, RepairKind};
use super::super::scan::NotePlace;
use super::slot::make_room;
use super::{NOTED, NodeId, Tree, index};

/// A repair of form of one node, with its byte range in the source.
#[derive(Debug, Clone, Copy)]
pub(in crate::reading) struct Note {
    pub(in crate::reading) node: NodeId,
    pub(in crate::reading) kind: RepairKind,
    pub(in crate::reading) start: u32,
    pub(in crate::reading) end: u32,
}

impl Note {
    /// Creates a note about a node, for a byte range of the source.
    pub(super) fn new(node: NodeId, kind: RepairKind, (start, end): (u32, u32)) -> Self {
        Self { node, kind, start, end }
    }

    /// Returns the same note about another node.
    pub(super) fn about(self, node: NodeId) -> Self {
        Self { node, ..self }
    }

    /// Returns whether `next` continues this note: same node and kind, and directly adjacent.
    fn goes_on(&self, next: &Self) -> bool {
        let in_runs = matches!(next.kind, RepairKind::StrayText | RepairKind::ExtraComma);
        in_runs && (self.node, self.kind, self.end) == (next.node, next.kind, next.start)
    }
}

impl Tree {
    /// Returns the notes about a node. The notes must be settled.
    pub(in crate::reading) fn notes(&self, id: NodeId) -> &[Note] {
        let start = self.notes.partition_point(|note| note.node < id);
        let len = self.notes[start..].iter().take_while(|note| note.node == id).count();
        &self.notes[start..start + len]
    }

    /// Returns the number of stray texts in the current root.
    pub(in crate::reading) fn strays(&self) -> usize {
        self.strays
    }

    /// Returns the node that a note at this place is about.
    pub(super) fn node_of(&self, place: NotePlace) -> NodeId {
        let len = index(self.slots.len());
        match place {
            NotePlace::This => len.saturating_sub(1),
            NotePlace::Next => len,
            NotePlace::Container => {
                self.open.last().map_or(len.saturating_sub(1).min(self.root), |open| open.0)
            }
        }
    }

    /// Adds a note. It extends the last note if it continues it, and is dropped beyond the limit.
    pub(super) fn take_note(&mut self, note: Note) {
        let root = self.root_notes.min(self.notes.len());
        if let Some(last) = self.notes[root..].last_mut().filter(|last| last.goes_on(&note)) {
            last.end = note.end;
            return;
        }
        let note = if self.notes.len() < MOST {
            note
        } else if std::mem::replace(&mut self.overfull, true) {
            return;
        } else {
            Note { kind: RepairKind::More, end: note.start, node: index(self.root_slots), ..note }
        };
        self.sorted = false;
        make_room(&mut self.notes);
        self.notes.push(note);
    }

    /// Assigns notes about a value that never came to the first node of their root.
    pub(super) fn attach_orphans(&mut self) {
        let (first, len) = (index(self.root_slots), index(self.slots.len()));
        let from = self.root_notes.min(self.notes.len());
        if first >= len {
            self.notes.truncate(from);
            return;
        }
        for note in &mut self.notes[from..] {
            if note.node >= len {
                note.node = first;
                self.sorted = false;
            }
        }
    }

    /// Sorts the notes by node, and marks the nodes that have notes.
    pub(in crate::reading) fn sort_notes(&mut self) {
        self.attach_orphans();
        if !self.sorted {
            self.notes.sort_by_key(|note| note.node);
            self.sorted = true;
        }
        for note in &self.notes {
            if let Some(slot) = self.slots.get_mut(note.node as usize) {
                slot.put(NOTED, true);
            }
        }
        // Sorted notes are no longer grouped by root.
        (self.root_notes, self.root_slots) = (self.notes.len(), self.slots.len());
    }

    /// Settles again, after nodes were added.
    pub(in crate::reading) fn resettle(&mut self) {
        self.sorted = false;
        self.sort_notes();
    }
}
