//! Strings that are shown while they grow. Text that belongs to the string for sure is appended in place;
//! text that may not is held back.

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, ParentRole, TextTarget, ValueTarget};
use crate::contract::shape::ShapeKind;
use crate::partial::value::{NodeValue, PartialNode, State};
use crate::reading::Container;

impl PartialBuilder {
    /// Starts a string that is shown while it grows. Extends the path to the node with the text, and
    /// returns the length before that. Returns `None` if the string must be converted when it is whole.
    pub(super) fn growing_target(&mut self, target: ValueTarget) -> Option<usize> {
        let textual = matches!(
            self.cursor.kind(self.cursor.without_null(target.shape)),
            ShapeKind::Text(_) | ShapeKind::Any
        );
        if target.role != ParentRole::Part
            || target.whole
            || !textual
            || !self.cursor.is_same(target.step)
        {
            return None;
        }
        let base = self.path.len();
        self.descend(target.seed);
        let grows = matches!(self.here(), Some(PartialNode { store: NodeValue::Text(_), .. }));
        if !grows {
            self.path.truncate(base);
        }
        grows.then_some(base)
    }

    /// Appends to the growing string, and shows it as soon as it has text.
    pub(super) fn push(&mut self, base: usize, more: &str) {
        let mut held = std::mem::take(&mut self.held);
        let alone = base == self.path.len();
        let (mut grew, mut fresh) = (false, false);
        if let Some(PartialNode { store: NodeValue::Text(text), shown, state }) = self.here() {
            grew = grow(text, &mut held, more);
            fresh = grew && !*shown;
            if fresh && alone {
                (*shown, *state) = (true, State::Incomplete);
            }
        }
        self.held = held;
        if fresh {
            if alone {
                self.update_visibility(self.open_containers.len());
            } else {
                self.reveal(base, State::Incomplete);
            }
            self.hidden = self.is_hidden();
        }
        self.changed |= grew && !self.hidden;
    }

    /// Appends to the growing string inside `root`, while the builder does not hold the value. This is
    /// the common case of a delta. Returns `false` if no such string is being read, or if it is not shown
    /// yet.
    #[inline]
    pub(super) fn flow(&mut self, root: &mut PartialNode, more: &str) -> bool {
        if self.hidden || self.part.is_some() || !matches!(self.string, TextTarget::Grows(_)) {
            return false;
        }
        let mut node = root;
        for &index in &self.path {
            let Some(next) = node.parts_mut().and_then(|parts| parts.at_mut(index)) else {
                return false;
            };
            node = next;
        }
        let PartialNode { store: NodeValue::Text(text), shown: true, .. } = node else {
            return false;
        };
        self.changed |= grow(text, &mut self.held, more);
        true
    }

    /// Removes the last `bytes` bytes of the growing string.
    pub(super) fn withdraw(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        if let Some(PartialNode { store: NodeValue::Text(text), .. }) = self.here() {
            let len = text.len().saturating_sub(bytes);
            if text.is_char_boundary(len) {
                text.truncate(len);
            }
        }
        self.changed |= !self.hidden;
    }

    /// Appends the text that was held back, and marks the growing string complete.
    pub(super) fn string_whole(&mut self, base: usize) {
        let held = std::mem::take(&mut self.held);
        let alone = self.path.len() == base;
        let mut fresh = false;
        if let Some(PartialNode { store: NodeValue::Text(text), shown, state }) = self.here() {
            text.push_str(&held);
            fresh = !std::mem::replace(shown, true);
            *state = State::Complete;
        }
        self.held = held;
        self.held.clear();
        if !alone {
            self.reveal(base, State::Complete);
        } else if fresh {
            self.update_visibility(self.open_containers.len());
        }
        self.touch();
    }

    /// Replaces the last string, an element of a list, by an object that has the string as its first key.
    pub(super) fn reopen(&mut self) {
        let Some(container) = self.open_containers.last() else { return };
        let (depth, pairs) = (container.depth, container.inside == ContainerKind::Pairs);
        let mut key = std::mem::take(&mut self.held);
        if let Some(PartialNode { store: NodeValue::Text(text), .. }) = self.here() {
            key.clone_from(text);
        }
        self.path.truncate(depth);
        // A pair has no element to remove: its entry is added when its key has arrived.
        if let Some(parts) = self.here().and_then(PartialNode::parts_mut).filter(|_| !pairs) {
            parts.withdraw();
        }
        if let Some(container) = self.open_containers.last_mut() {
            container.expected = container.expected.saturating_sub(1);
        }
        let target = self.next_target();
        self.enter(target, Container::Object, self.string_at);
        if self.part.is_some() {
            self.emit_key(&key);
        } else if self.passed == 0 {
            self.key = key;
            self.member();
        }
    }
}

/// Appends `more` to `text`, except a suffix that may not belong to the string: white space at the end,
/// and a comma before it. The suffix moves to `held`. Returns whether `text` has grown.
#[inline]
fn grow(text: &mut String, held: &mut String, more: &str) -> bool {
    /// The first capacity, in bytes: the allocator rounds shorter requests up to about this size.
    const SHORT: usize = 24;
    /// The second capacity, in bytes: a string that outgrows `SHORT` is likely to be prose. Longer
    /// strings grow by the standard strategy.
    const LONG: usize = 120;
    let solid = match more.as_bytes().last() {
        Some(b' ' | b'\t' | b'\r' | b'\n' | b',') => {
            let solid = more.trim_end_matches([' ', '\t', '\r', '\n']);
            if solid.is_empty() {
                held.push_str(more);
                return false;
            }
            solid.strip_suffix(',').unwrap_or(solid)
        }
        _ => more,
    };
    let added = held.len() + solid.len();
    if text.capacity() - text.len() < added && text.len() < LONG {
        text.reserve(if text.is_empty() { SHORT.max(added) } else { LONG.max(added) });
    }
    if !held.is_empty() {
        text.push_str(held);
        held.clear();
    }
    text.push_str(solid);
    if solid.len() < more.len() {
        held.push_str(&more[solid.len()..]);
    }
    added > 0
}
