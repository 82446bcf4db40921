//! Decides what is visible: a value once it has begun, unless it lacks required fields; a list element
//! once it has something to show.

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, OpenContainer};
use crate::partial::value::{PartialNode, State};

impl PartialBuilder {
    /// Shows the nodes from the depth `base` to the end of the path, and updates the containers around
    /// them.
    pub(super) fn reveal(&mut self, base: usize, state: State) {
        let mut fresh = false;
        for depth in base..=self.path.len() {
            if let Some(node) = self.node(depth) {
                fresh |= !std::mem::replace(&mut node.shown, true);
                node.state = state;
            }
        }
        if fresh {
            self.update_visibility(self.open_containers.len());
        }
    }

    /// Updates the visibility of the innermost `frames` containers, after a value in them has become
    /// visible.
    pub(super) fn update_visibility(&mut self, frames: usize) {
        for level in (0..frames).rev() {
            let OpenContainer { base, depth, inside, waits, .. } = self.open_containers[level];
            match inside {
                ContainerKind::List | ContainerKind::Map | ContainerKind::Pairs => {
                    if let Some(parts) = self.node(depth).and_then(PartialNode::parts_mut) {
                        parts.admit();
                    }
                    return;
                }
                // Continues with the map around the pair.
                ContainerKind::Pair => {}
                ContainerKind::Fields if waits && self.has_required(depth) => {
                    self.open_containers[level].waits = false;
                    self.show(base, depth);
                }
                // The variant was hidden until its data became visible.
                ContainerKind::External | ContainerKind::Adjacent(..) if !self.is_shown(base) => {
                    self.show(base, depth);
                }
                _ => return,
            }
        }
    }

    /// Shows the nodes on the path from the depth `base` to `depth`, as incomplete.
    pub(super) fn show(&mut self, base: usize, depth: usize) {
        for depth in base..=depth {
            if let Some(node) = self.node(depth) {
                (node.shown, node.state) = (true, State::Incomplete);
            }
        }
    }

    /// Whether the node at this depth of the path is visible.
    pub(super) fn is_shown(&mut self, depth: usize) -> bool {
        self.node(depth).is_some_and(|node| node.shown)
    }

    /// Whether all required fields of the container at this depth have a value.
    fn has_required(&mut self, depth: usize) -> bool {
        let Some(parts) = self.node(depth).and_then(PartialNode::parts_mut) else { return false };
        let fields = parts.fields().iter().enumerate().filter(|(_, field)| field.required);
        fields
            .map(|(index, _)| parts.at(index))
            .all(|node| node.is_some_and(PartialNode::has_value))
    }

    /// Records a change, unless it is inside a hidden container.
    pub(super) fn touch(&mut self) {
        if !self.changed {
            self.changed = !self.is_hidden();
        }
    }

    /// Whether an open container is still hidden.
    pub(super) fn is_hidden(&self) -> bool {
        self.open_containers.iter().any(|container| container.waits)
    }
}
