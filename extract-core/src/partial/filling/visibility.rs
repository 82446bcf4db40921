//! What is shown: a value once it has begun, unless it lacks what it is required to have; an element
//! of a list once it is shown itself.

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, OpenContainer};
use crate::partial::value::{PartialNode, State};

impl PartialBuilder {
    /// Shows the values from this depth of the path to its end, and tells those around them.
    pub(super) fn reveal(&mut self, base: usize, state: State) {
        let mut fresh = false;
        for depth in base..=self.path.len() {
            if let Some(node) = self.node(depth) {
                fresh |= !std::mem::replace(&mut node.shown, true);
                node.state = state;
            }
        }
        if fresh {
            self.update_visibility(self.frames.len());
        }
    }

    /// Something inside the frames up to this one is shown now.
    pub(super) fn update_visibility(&mut self, frames: usize) {
        for level in (0..frames).rev() {
            let OpenContainer { base, depth, inside, waits, .. } = self.frames[level];
            match inside {
                ContainerKind::List | ContainerKind::Map | ContainerKind::Pairs => {
                    if let Some(parts) = self.node(depth).and_then(PartialNode::parts_mut) {
                        parts.admit();
                    }
                    return;
                }
                // Of what is inside, the map is told.
                ContainerKind::Pair => {}
                ContainerKind::Fields if waits && self.has_required(depth) => {
                    self.frames[level].waits = false;
                    self.show(base, depth);
                }
                // The variant was held back by what it holds.
                ContainerKind::External | ContainerKind::Adjacent(..) if !self.is_shown(base) => {
                    self.show(base, depth);
                }
                _ => return,
            }
        }
    }

    /// Shows the containers from one depth of the path to another.
    pub(super) fn show(&mut self, base: usize, depth: usize) {
        for depth in base..=depth {
            if let Some(node) = self.node(depth) {
                (node.shown, node.state) = (true, State::Incomplete);
            }
        }
    }

    pub(super) fn is_shown(&mut self, depth: usize) -> bool {
        self.node(depth).is_some_and(|node| node.shown)
    }

    fn has_required(&mut self, depth: usize) -> bool {
        let Some(parts) = self.node(depth).and_then(PartialNode::parts_mut) else { return false };
        let fields = parts.fields().iter().enumerate().filter(|(_, field)| field.required);
        fields
            .map(|(index, _)| parts.at(index))
            .all(|node| node.is_some_and(PartialNode::has_value))
    }

    /// Notes that something was changed, if it is shown.
    pub(super) fn touch(&mut self) {
        if !self.changed {
            self.changed = !self.is_hidden();
        }
    }

    /// Whether a container that is open is not shown yet.
    pub(super) fn is_hidden(&self) -> bool {
        self.frames.iter().any(|container| container.waits)
    }
}
