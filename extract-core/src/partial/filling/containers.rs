//! Opens and closes containers. A container is followed part by part, gathered until it is whole, or
//! skipped.

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, OpenContainer, ParentRole, ValueTarget};
use super::stream_transform::PartsLayout;
use crate::contract::shape::ShapeKind;
use crate::partial::value::{FieldsKind, PartialNode, Seed, State, VariantContent, fill_flat};
use crate::reading::Container;

impl PartialBuilder {
    /// Opens the container of `target`: follows, gathers or skips it.
    pub(super) fn enter(&mut self, target: ValueTarget, container: Container, at: usize) {
        match target.role {
            ParentRole::Pair if container == Container::Object => {
                let depth = self.path.len();
                self.follow(target, ContainerKind::Pair, depth, at);
            }
            ParentRole::Passed | ParentRole::Tag | ParentRole::Key | ParentRole::Pair => {
                self.passed = 1;
            }
            ParentRole::Flat | ParentRole::Entries => self.gather(target, container, at),
            ParentRole::Content(content) => {
                let inside = match (content, container) {
                    (VariantContent::Fields, Container::Object) => ContainerKind::Fields,
                    (VariantContent::Positions, Container::Array) => ContainerKind::Positions,
                    (VariantContent::Positions, _)
                        if self.is_positions_object(target, container) =>
                    {
                        ContainerKind::TupleObject
                    }
                    _ => {
                        self.passed = 1;
                        return;
                    }
                };
                let depth = self.path.len();
                self.follow(target, inside, depth, at);
            }
            ParentRole::Wrapping if container == Container::Object => {
                let depth = self.path.len();
                self.follow(target, ContainerKind::Wrapping, depth, at);
            }
            ParentRole::Wrapping | ParentRole::Part => {
                let target = self.unwrapped(target);
                let base = self.path.len();
                match self.container_kind(target, container) {
                    Some(inside) => self.follow(target, inside, base, at),
                    None => {
                        self.path.truncate(base);
                        self.gather(target, container, at);
                    }
                }
            }
        }
    }

    /// Returns the kind of the container if its parts are followed; the path then ends at the node with
    /// the parts. Returns `None` if it must be gathered; the path may then be too long.
    fn container_kind(
        &mut self,
        target: ValueTarget,
        container: Container,
    ) -> Option<ContainerKind> {
        if target.whole || !self.descend(target.seed) {
            return None;
        }
        let kind = self.here()?.parts_mut()?.kind();
        let list = container == Container::Array;
        let layout = self.cursor.layout(target.step, list)?;
        if layout != PartsLayout::InPlace {
            return self.reshaped_kind(layout, kind, target.shape);
        }
        let form = self.cursor.kind(self.cursor.without_null(target.shape));
        match (kind, container, form) {
            (FieldsKind::Fields, Container::Object, ShapeKind::Object(_)) => {
                Some(ContainerKind::Fields)
            }
            (FieldsKind::Map, Container::Object, ShapeKind::Object(object)) if object.is_map() => {
                Some(ContainerKind::Map)
            }
            (FieldsKind::List, Container::Array, ShapeKind::List(_)) => Some(ContainerKind::List),
            (FieldsKind::Positions, Container::Array, ShapeKind::List(_)) => {
                Some(ContainerKind::Positions)
            }
            (
                FieldsKind::OneOf(tagging),
                Container::Object,
                ShapeKind::Union(_) | ShapeKind::Object(_),
            ) => Some(tagging.into()),
            _ => None,
        }
    }

    /// Starts the node at the end of the path and the nodes inside newtypes, and extends the path to the
    /// innermost. Returns whether that node has parts. Stops with `false` at a newtype whose field
    /// appears only when it is whole.
    pub(super) fn descend(&mut self, mut seed: Seed) -> bool {
        loop {
            let Some(node) = self.here() else { return false };
            node.start(seed);
            match node.parts_mut() {
                Some(parts) if parts.kind() == FieldsKind::Transparent => {
                    if parts.fields().first().is_some_and(|field| field.whole) {
                        return false;
                    }
                    seed = parts.seed(0);
                    self.path.push(0);
                }
                Some(_) => return true,
                None => return false,
            }
        }
    }

    /// Follows a container whose parts are at the end of the path. `base` is the length of the path to
    /// its node. Shows the container, unless its variant is not chosen yet or it waits for required
    /// fields.
    fn follow(&mut self, target: ValueTarget, inside: ContainerKind, base: usize, at: usize) {
        let depth = self.path.len();
        let chosen = !matches!(
            inside,
            ContainerKind::External
                | ContainerKind::Internal(_)
                | ContainerKind::Adjacent(..)
                | ContainerKind::Wrapping
                | ContainerKind::Pair
        );
        let fields = inside == ContainerKind::Fields;
        let (waits, flat) = if fields { (self.requires(), self.is_flat()) } else { (false, false) };
        if chosen && !waits && !matches!(target.role, ParentRole::Content(_)) {
            self.reveal(base, State::Incomplete);
            self.touch();
        }
        let (shape, step) = (self.cursor.without_null(target.shape), target.step);
        self.open_containers.push(OpenContainer {
            base,
            depth,
            inside,
            target,
            shape,
            step,
            expected: 0,
            expected_part: 0,
            waits,
            flat,
            at,
            rest: None,
        });
    }

    /// Whether the parts at the end of the path have a required field.
    pub(super) fn requires(&mut self) -> bool {
        let parts = self.here().and_then(PartialNode::parts_mut);
        parts.is_some_and(|parts| parts.fields().iter().any(|field| field.required))
    }

    /// Whether the parts at the end of the path have a flattened field, which takes the members without a
    /// field.
    pub(super) fn is_flat(&mut self) -> bool {
        let parts = self.here().and_then(PartialNode::parts_mut);
        parts.is_some_and(|parts| parts.fields().iter().any(|field| field.flat))
    }

    /// Closes the innermost followed container, and marks it complete if it is `whole` and not hidden.
    pub(super) fn leave(&mut self, whole: bool) {
        let Some(container) = self.open_containers.pop() else { return };
        self.path.truncate(container.depth);
        if matches!(container.inside, ContainerKind::Wrapping | ContainerKind::Pair) || !whole {
            return;
        }
        if container.flat {
            if let Some(parts) = self.here().and_then(PartialNode::parts_mut) {
                fill_flat(&mut **parts, container.rest.map(|rest| *rest).unwrap_or_default());
            }
        }
        if container.waits || matches!(container.target.role, ParentRole::Content(_)) {
            return;
        }
        let tagged = matches!(
            container.inside,
            ContainerKind::External | ContainerKind::Internal(_) | ContainerKind::Adjacent(..)
        );
        // An enum without a tag, or with a variant that lacks required fields, stays hidden.
        if !tagged || self.is_shown(container.base) {
            self.reveal(container.base, State::Complete);
            self.touch();
        }
        self.path.truncate(container.base);
    }
}
