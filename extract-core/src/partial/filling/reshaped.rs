//! Follows values that a dialect sends in another shape: maps as lists of pairs, tuples as objects, enums
//! as branches, other members of an object as a list of pairs.

use serde_json::Value;

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, ParentRole, ValueTarget};
use super::stream_transform::{PartsLayout, StreamStep, VariantTag, is_key, key_of, pair_of};
use crate::contract::shape::{ShapeId, ShapeKind};
use crate::partial::value::{FieldsKind, PartialNode, State, VariantContent, content};
use crate::reading::{Container, TokenRole as Said};

impl PartialBuilder {
    /// Returns the kind of a container that is sent in another shape. Returns `None` if layout, kind and
    /// shape do not match.
    pub(super) fn reshaped_kind(
        &self,
        layout: PartsLayout,
        kind: FieldsKind,
        shape: ShapeId,
    ) -> Option<ContainerKind> {
        match (layout, kind, self.cursor.kind(self.cursor.without_null(shape))) {
            (PartsLayout::Pairs, FieldsKind::Map, ShapeKind::List(_)) => Some(ContainerKind::Pairs),
            (PartsLayout::TupleObject, FieldsKind::Positions, ShapeKind::Object(_)) => {
                Some(ContainerKind::TupleObject)
            }
            (PartsLayout::Branches, FieldsKind::OneOf(tagging), ShapeKind::Union(_)) => {
                Some(tagging.into())
            }
            _ => None,
        }
    }

    /// Handles a member of a tuple that is sent as an object: the key is the index. Returns the target of
    /// the element.
    pub(super) fn tuple_member(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let ShapeKind::Object(object) = self.cursor.kind(container.shape) else { return None };
        let index = object.field(&self.key, container.expected);
        let index = index.or_else(|| object.field_like(&self.key))?;
        let node: usize = object.fields[index].name.parse().ok()?;
        let (shape, step) = (object.fields[index].shape, self.cursor.element(container.step, node));
        self.open_containers.last_mut()?.expected = index + 1;
        self.part_at(node, ValueTarget { shape, step, ..ValueTarget::PASSED })
    }

    /// Returns the target of the next pair in the innermost container, a map.
    pub(super) fn pair(&mut self) -> ValueTarget {
        let Some(container) = self.open_containers.last() else { return ValueTarget::PASSED };
        let ShapeKind::List(list) = self.cursor.kind(container.shape) else {
            return ValueTarget::PASSED;
        };
        let Some(shape) = list.items else { return ValueTarget::PASSED };
        let step = self.cursor.element(container.step, 0);
        self.path.truncate(container.depth);
        ValueTarget { shape, step, role: ParentRole::Pair, ..ValueTarget::PASSED }
    }

    /// Returns the target of a member of a pair: its key, or its value if the key came first. If the
    /// value comes first, gathers the pair and returns `None`.
    pub(super) fn pair_member(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let (base, known, step) =
            (container.base, container.depth > container.base, container.step);
        let ShapeKind::Object(object) = self.cursor.kind(container.shape) else { return None };
        let index = object.field(&self.key, 0).or_else(|| object.field_like(&self.key))?;
        let shape = object.fields[index].shape;
        match (is_key(&object.fields[index].name)?, known) {
            (true, false) => {
                Some(ValueTarget { shape, role: ParentRole::Key, ..ValueTarget::PASSED })
            }
            (true, true) => None,
            (false, false) => {
                let key = std::mem::take(&mut self.key);
                self.gather_from_start(&[(Said::Key, &key)]);
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

    /// Handles the key of a pair: adds its entry, and appends the entry's index to the path.
    pub(super) fn begin_entry(&mut self, key: Value) {
        let Some(key) = key_of(key) else { return };
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else { return };
        let Some(index) = parts.grow(&key) else { return };
        self.path.push(index);
        if let Some(container) = self.open_containers.last_mut() {
            container.depth = self.path.len();
        }
    }

    /// Stores a whole pair, in the shape in which it was sent.
    pub(super) fn put_pair(&mut self, target: ValueTarget, value: Value) {
        let Some((key, value)) = pair_of(value) else { return };
        let value = self.cursor.restore(target.step, value);
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else { return };
        let Some(index) = parts.grow(&key) else { return };
        let seed = parts.seed(index);
        let Some(node) = parts.at_mut(index) else { return };
        node.fill(seed, value);
        self.update_visibility(self.open_containers.len());
        self.touch();
    }

    /// Stores a member, or a list of pairs, that belongs to the flattened fields of the innermost
    /// container.
    pub(super) fn put_flat(&mut self, target: ValueTarget, value: Value) {
        match value {
            value if target.role == ParentRole::Flat => {
                self.add_flat(self.key.clone(), target, value);
            }
            Value::Array(pairs) => {
                for (key, value) in pairs.into_iter().filter_map(pair_of) {
                    self.add_flat(key, target, value);
                }
            }
            _ => {}
        }
    }

    /// Stores one member of the flattened fields, in the type's shape.
    fn add_flat(&mut self, key: String, target: ValueTarget, value: Value) {
        let value = self.cursor.restore(target.step, value);
        if let Some(container) = self.open_containers.last_mut() {
            container.rest.get_or_insert_default().insert(key, value);
        }
    }

    /// Returns the step of the branch with this tag in the innermost container, an enum. Returns `None` if
    /// no branch or more than one has the tag.
    pub(super) fn branch_of(&self, tag: VariantTag<'_>) -> Option<StreamStep> {
        self.cursor.branch(self.open_containers.last()?.step, tag)
    }

    /// Whether the data of the chosen variant can be followed if `step` transforms it.
    pub(super) fn is_followed(&mut self, step: StreamStep) -> bool {
        let parts = self.here().and_then(PartialNode::parts_mut);
        let held = parts.and_then(|parts| content(&**parts));
        !matches!(held, Some(VariantContent::Fields | VariantContent::Positions))
            || [false, true].iter().any(|&list| self.cursor.layout(step, list).is_some())
    }

    /// Whether the container is an object that holds the positional fields of a variant.
    pub(super) fn is_positions_object(&self, target: ValueTarget, container: Container) -> bool {
        container == Container::Object
            && self.cursor.layout(target.step, false) == Some(PartsLayout::TupleObject)
    }
}
