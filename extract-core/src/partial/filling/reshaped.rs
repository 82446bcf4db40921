//! What a dialect sends in another shape, followed as it comes: the pairs of a map, the places of a
//! tuple, the branches of an enum, the entries that stand among the fields of an object.

use serde_json::Value;

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, ParentRole, ValueTarget};
use super::stream_transform::{PartsLayout, StreamStep, VariantTag, is_key, key_of, pair_of};
use crate::contract::shape::{ShapeId, ShapeKind};
use crate::partial::value::{FieldsKind, PartialNode, State, VariantContent, content};
use crate::reading::{Container, TokenRole as Said};

impl PartialBuilder {
    /// What a container is whose parts stand elsewhere than in the type's own shape.
    pub(super) fn turned(
        &self,
        layout: PartsLayout,
        kind: FieldsKind,
        shape: ShapeId,
    ) -> Option<ContainerKind> {
        match (layout, kind, self.guide.form(self.guide.without_null(shape))) {
            (PartsLayout::Pairs, FieldsKind::Map, ShapeKind::List(_)) => Some(ContainerKind::Pairs),
            (PartsLayout::Places, FieldsKind::Positions, ShapeKind::Object(_)) => {
                Some(ContainerKind::Places)
            }
            (PartsLayout::Branches, FieldsKind::OneOf(tagging), ShapeKind::Union(_)) => {
                Some(tagging.into())
            }
            _ => None,
        }
    }

    /// A member of a tuple, under the number of its place.
    pub(super) fn place_member(&mut self) -> Option<ValueTarget> {
        let container = self.frames.last()?;
        let ShapeKind::Object(object) = self.guide.form(container.shape) else { return None };
        let index = object.field(&self.key, container.expected);
        let index = index.or_else(|| object.field_like(&self.key))?;
        let node: usize = object.fields[index].name.parse().ok()?;
        let (shape, step) = (object.fields[index].shape, self.guide.element(container.step, node));
        self.frames.last_mut()?.expected = index + 1;
        self.part_at(node, ValueTarget { shape, step, ..ValueTarget::PASSED })
    }

    /// The next pair of the innermost container, a map.
    pub(super) fn pair(&mut self) -> ValueTarget {
        let Some(container) = self.frames.last() else { return ValueTarget::PASSED };
        let ShapeKind::List(list) = self.guide.form(container.shape) else {
            return ValueTarget::PASSED;
        };
        let Some(shape) = list.items else { return ValueTarget::PASSED };
        let step = self.guide.element(container.step, 0);
        self.path.truncate(container.depth);
        ValueTarget { shape, step, role: ParentRole::Pair, ..ValueTarget::PASSED }
    }

    /// A member of a pair: its key, or its value, which is followed behind the key only.
    pub(super) fn pair_member(&mut self) -> Option<ValueTarget> {
        let container = self.frames.last()?;
        let (base, known, step) =
            (container.base, container.depth > container.base, container.step);
        let ShapeKind::Object(object) = self.guide.form(container.shape) else { return None };
        let index = object.field(&self.key, 0).or_else(|| object.field_like(&self.key))?;
        let shape = object.fields[index].shape;
        match (is_key(&object.fields[index].name)?, known) {
            (true, false) => {
                Some(ValueTarget { shape, role: ParentRole::Key, ..ValueTarget::PASSED })
            }
            (true, true) => None,
            (false, false) => {
                let key = std::mem::take(&mut self.key);
                self.start_over(&[(Said::Key, &key)]);
                None
            }
            (false, true) => {
                let seed = self.node(base)?.parts_mut()?.seed(0);
                let fresh = self.here()?.state == State::Pending;
                fresh.then_some(ValueTarget {
                    seed,
                    shape,
                    step,
                    role: ParentRole::Part,
                    ..ValueTarget::PASSED
                })
            }
        }
    }

    /// The key of a pair has come: its entry is at the end of the path from now on.
    pub(super) fn keyed(&mut self, key: Value) {
        let Some(key) = key_of(key) else { return };
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else { return };
        let Some(index) = parts.grow(&key) else { return };
        self.path.push(index);
        if let Some(container) = self.frames.last_mut() {
            container.depth = self.path.len();
        }
    }

    /// A pair that is whole, in the shape in which it was sent.
    pub(super) fn put_pair(&mut self, target: ValueTarget, value: Value) {
        let Some((key, value)) = pair_of(value) else { return };
        let value = self.guide.restore(target.step, value);
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else { return };
        let Some(index) = parts.grow(&key) else { return };
        let seed = parts.seed(index);
        let Some(node) = parts.at_mut(index) else { return };
        node.fill(seed, value);
        self.update_visibility(self.frames.len());
        self.touch();
    }

    /// A member, or a list of pairs, that belongs to the flattened fields of the innermost container.
    pub(super) fn put_flat(&mut self, target: ValueTarget, value: Value) {
        match value {
            value if target.role == ParentRole::Flat => {
                self.add_flat(self.key.clone(), target, value)
            }
            Value::Array(pairs) => {
                for (key, value) in pairs.into_iter().filter_map(pair_of) {
                    self.add_flat(key, target, value);
                }
            }
            _ => {}
        }
    }

    fn add_flat(&mut self, key: String, target: ValueTarget, value: Value) {
        let value = self.guide.restore(target.step, value);
        if let Some(container) = self.frames.last_mut() {
            container.rest.get_or_insert_default().insert(key, value);
        }
    }

    /// The innermost container, an enum, is the variant of this tag: it is in this branch.
    pub(super) fn branch_of(&self, tag: VariantTag<'_>) -> Option<StreamStep> {
        self.guide.branch(self.frames.last()?.step, tag)
    }

    /// Whether what the chosen variant holds can be followed, where it changes by this step.
    pub(super) fn is_followed(&mut self, step: StreamStep) -> bool {
        let parts = self.here().and_then(PartialNode::parts_mut);
        let held = parts.and_then(|parts| content(&**parts));
        !matches!(held, Some(VariantContent::Fields | VariantContent::Positions))
            || [false, true].iter().any(|&list| self.guide.layout(step, list).is_some())
    }

    /// Whether the positions of a variant stand in such a container.
    pub(super) fn is_positions_object(&self, target: ValueTarget, container: Container) -> bool {
        container == Container::Object
            && self.guide.layout(target.step, false) == Some(PartsLayout::Places)
    }
}
