//! Finds the target of the value behind a key: fields of an object, entries of a map, variants of an
//! enum. Field names match as in the reader of whole replies.

use super::builder::PartialBuilder;
use super::open_container::{ContainerKind, ParentRole, ValueTarget};
use super::stream_transform::{ArrivingMember, StreamStep, VariantTag};
use crate::contract::shape::{ShapeId, ShapeKind};
use crate::partial::value::{FieldsKind, PartialFields, PartialNode, State, VariantContent, find};
use crate::reading::{Container, Sink, TokenRole as Said};

impl PartialBuilder {
    /// Handles the end of a key: sets the target of its value.
    pub(super) fn member(&mut self) {
        let Some(container) = self.open_containers.last() else { return };
        let depth = container.depth;
        self.path.truncate(depth);
        self.target = match container.inside {
            ContainerKind::Wrapping => self.wrapping(),
            ContainerKind::Fields => Some(self.field_or_skip()),
            ContainerKind::Map => self.entry(),
            ContainerKind::External => self.external(),
            ContainerKind::Internal(tag) => self.internal(tag),
            ContainerKind::Adjacent(tag, content) => self.adjacent(tag, content),
            ContainerKind::Pair => self.pair_member(),
            ContainerKind::TupleObject => self.tuple_member(),
            ContainerKind::List | ContainerKind::Positions | ContainerKind::Pairs => None,
        };
    }

    /// Handles the first key of an object that may be the wrapper of the whole value. Returns the target
    /// inside it if the key is the wrapper's. Otherwise enters the object as the value itself, and
    /// handles the key in it.
    fn wrapping(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let (shape, spot, at) = (container.shape, container.target, container.at);
        let inner = self.unwrapped(spot);
        if matches!(self.cursor.kind(shape), ShapeKind::Object(object) if object.is_count(&self.key))
        {
            return Some(ValueTarget::PASSED);
        }
        let named = match self.cursor.kind(shape) {
            ShapeKind::Object(object) => {
                object.field(&self.key, 0).or_else(|| object.field_like(&self.key)).is_some()
            }
            _ => false,
        };
        if named {
            let fresh = self.root.state == State::Pending;
            return fresh.then_some(inner);
        }
        if self.root.state != State::Pending {
            return None;
        }
        self.open_containers.pop();
        self.enter(inner, Container::Object, at);
        if self.part.is_some() {
            let key = std::mem::take(&mut self.key);
            self.emit_key(&key);
            return None;
        }
        self.member();
        self.target.take()
    }

    /// Returns the target of the part at `index`, and appends the index to the path. Returns `None` if
    /// the part has begun already.
    pub(super) fn part_at(&mut self, index: usize, target: ValueTarget) -> Option<ValueTarget> {
        let parts = self.here()?.parts_mut()?;
        let seed = parts.seed(index);
        let whole = parts.fields().get(index).is_some_and(|field| field.whole);
        // A duplicate member: the first one stays.
        if parts.at_mut(index)?.state != State::Pending {
            return None;
        }
        self.path.push(index);
        Some(ValueTarget { seed, whole, role: ParentRole::Part, ..target })
    }

    /// Returns the target of the field with the last key; a skipped one if there is none.
    fn field_or_skip(&mut self) -> ValueTarget {
        self.field().unwrap_or(ValueTarget::PASSED)
    }

    /// Returns the target of the field with the last key, and appends its index to the path. Returns
    /// `None` if no field has this name, or if the field has begun already.
    fn field(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let (expected, hint, step) = (container.expected, container.expected_part, container.step);
        let ShapeKind::Object(object) = self.cursor.kind(container.shape) else { return None };
        let index = object.field(&self.key, expected).or_else(|| object.field_like(&self.key));
        let (sent, shape) = match index {
            Some(index) => (object.fields[index].name.as_str(), object.fields[index].shape),
            None => (self.key.as_str(), object.shape_of_other(&self.key).values()?),
        };
        let member = self.cursor.member(step, sent);
        let target = ValueTarget {
            shape,
            step: member.step,
            null_is_absent: member.null_is_absent,
            ..ValueTarget::PASSED
        };
        let mut node = &mut self.root;
        for &index in &self.path {
            node = node.parts_mut()?.at_mut(index)?;
        }
        let parts = node.parts_mut()?;
        let fields = parts.fields();
        let Some(part) = find(fields, member.name, hint) else {
            if !fields.iter().any(|field| field.flat) {
                return None;
            }
            let role = if member.entries { ParentRole::Entries } else { ParentRole::Flat };
            let name = member.name.to_owned();
            self.key = name;
            return Some(ValueTarget { role, ..target });
        };
        // A duplicate member: the first one stays.
        let fresh = parts.at_mut(part)?.state == State::Pending;
        let seed = parts.seed(part);
        let container = self.open_containers.last_mut()?;
        container.expected = index.map_or(expected, |index| index + 1);
        container.expected_part = part + 1;
        self.path.push(part);
        fresh.then_some(ValueTarget {
            seed,
            whole: fields[part].whole,
            role: ParentRole::Part,
            ..target
        })
    }

    /// Adds a map entry for the last key, and returns its target. Returns `None` for a key that the
    /// schema does not allow, and for a duplicate.
    fn entry(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let step = container.step;
        let ShapeKind::Object(object) = self.cursor.kind(container.shape) else { return None };
        let key = match &object.keys {
            None => self.key.as_str(),
            Some(keys) => {
                let &index = keys.exact.get(&self.key)?;
                keys.all[index as usize].value.as_str()?
            }
        };
        let shape = object.shape_of_other(key).values()?;
        let member = self.cursor.member(step, key);
        let target = ValueTarget { shape, step: member.step, ..ValueTarget::PASSED };
        let mut node = &mut self.root;
        for &index in &self.path {
            node = node.parts_mut()?.at_mut(index)?;
        }
        let index = node.parts_mut()?.grow(member.name)?;
        self.part_at(index, target)
    }

    /// Handles the key of an externally tagged enum, `{"Variant": ..}`: chooses the variant and returns
    /// the target of its data. If the variant cannot be followed, gathers the whole enum and returns
    /// `None`.
    fn external(&mut self) -> Option<ValueTarget> {
        let container = self.open_containers.last()?;
        let mut found: Option<(String, ShapeId)> = None;
        for (_, object) in self.cursor.objects(container.shape) {
            let index = object.field(&self.key, 0).or_else(|| object.field_like(&self.key));
            if let Some(field) = index.map(|index| &object.fields[index]) {
                found = Some((field.name.clone(), field.shape));
                if field.name == self.key {
                    break;
                }
            }
        }
        let chosen = found.and_then(|(sent, shape)| {
            let branch = self.branch_of(VariantTag::Key(&sent))?;
            let ArrivingMember { name, step, .. } = self.cursor.member(branch, &sent);
            let renamed = (name != sent).then(|| name.to_owned());
            let chosen = self.choose(renamed.as_deref().unwrap_or(&sent));
            (chosen && self.is_followed(step)).then_some((shape, step))
        });
        let Some((shape, step)) = chosen else {
            let key = std::mem::take(&mut self.key);
            self.gather_from_start(&[(Said::Key, &key)]);
            return None;
        };
        // A variant with required fields is shown once these have arrived.
        if !self.requires() {
            self.chosen();
        }
        self.content(shape, step)
    }

    /// Returns the target of the chosen variant's data, or `None` if it has no data.
    fn content(&mut self, shape: ShapeId, step: StreamStep) -> Option<ValueTarget> {
        let parts = self.here()?.parts_mut()?;
        let variant = parts.variants().get(PartialFields::variant(&**parts)?)?;
        let target = ValueTarget { shape, step, ..ValueTarget::PASSED };
        match variant.content {
            VariantContent::Unit => None,
            VariantContent::Newtype => self.part_at(0, target),
            content => Some(ValueTarget { role: ParentRole::Content(content), ..target }),
        }
    }

    /// Chooses a variant by its name. Returns `false` if no variant has the name, or if one is chosen
    /// already.
    fn choose(&mut self, name: &str) -> bool {
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else { return false };
        if PartialFields::variant(&**parts).is_some() {
            return false;
        }
        let variant = parts.variants().iter().position(|variant| variant.name == name);
        variant.is_some_and(|variant| parts.choose(variant))
    }

    /// Shows the innermost container, an enum whose variant has just been chosen.
    fn chosen(&mut self) {
        let base = self.open_containers.last().map_or(0, |container| container.base);
        self.show(base, self.path.len());
        self.update_visibility(self.open_containers.len() - 1);
        self.touch();
    }

    /// Handles the first key of a tagged enum, `{"tag": "Variant", ..}`, and returns the target of the
    /// tag. If the key is not the tag, gathers the whole enum and returns `None`.
    fn internal(&mut self, tag: &'static str) -> Option<ValueTarget> {
        if self.key == tag {
            return Some(ValueTarget { role: ParentRole::Tag, ..ValueTarget::PASSED });
        }
        let key = std::mem::take(&mut self.key);
        self.gather_from_start(&[(Said::Key, &key)]);
        None
    }

    /// Handles a key of an adjacently tagged enum, `{"tag": "Variant", "content": ..}`.
    fn adjacent(&mut self, tag: &'static str, content: &'static str) -> Option<ValueTarget> {
        let known = self.here()?.parts_mut().is_some_and(|parts| parts.variant().is_some());
        if !known {
            return self.internal(tag);
        }
        let container = self.open_containers.last()?;
        let member = self.cursor.member(container.step, &self.key);
        if member.name != content {
            return None;
        }
        let step = member.step;
        let ShapeKind::Object(object) = self.cursor.kind(container.shape) else { return None };
        let shape = object.fields[object.field(&self.key, 0)?].shape;
        self.content(shape, step)
    }

    /// Handles the value of a tag. Gathers the whole enum if the variant cannot be followed.
    pub(super) fn tagged(&mut self, text: &str) {
        if self.variant_of(text).is_none() {
            let key = std::mem::take(&mut self.key);
            self.gather_from_start(&[(Said::Key, &key), (Said::Value, text)]);
        }
    }

    /// Chooses the variant with this tag, and prepares the container for its fields. Returns `None` if
    /// the variant cannot be followed.
    fn variant_of(&mut self, text: &str) -> Option<()> {
        let container = self.open_containers.last()?;
        let (inside, depth) = (container.inside, container.depth);
        let (ContainerKind::Internal(tag) | ContainerKind::Adjacent(tag, _)) = inside else {
            return None;
        };
        let (shape, name) = self.cursor.objects(container.shape).find_map(|(id, object)| {
            let field = &object.fields[object.field(tag, 0)?];
            let ShapeKind::Choice(choices) = self.cursor.kind(field.shape) else { return None };
            let choice = &choices.all[*choices.exact.get(text)? as usize];
            Some((id, choice.value.as_str()?.to_owned()))
        })?;
        let step = self.branch_of(VariantTag::Tag(tag, &name))?;
        self.path.truncate(depth);
        let content = {
            let parts = self.here()?.parts_mut()?;
            let variant = parts.variants().iter().find(|variant| variant.name == name)?;
            variant.content
        };
        let within = matches!(inside, ContainerKind::Internal(_));
        if within && content == VariantContent::Positions || !self.choose(&name) {
            return None;
        }
        if within && content == VariantContent::Newtype && !self.enter_newtype() {
            return None;
        }
        if let ContainerKind::Adjacent(_, key) = inside {
            if !self.is_followed(self.cursor.member(step, key).step) {
                return None;
            }
        }
        let waits = within && content != VariantContent::Unit && self.requires();
        let flat = within && self.is_flat();
        let path = self.path.len();
        let container = self.open_containers.last_mut()?;
        (container.shape, container.step) = (shape, step);
        if within {
            container.flat = flat;
            (container.inside, container.depth, container.waits) =
                (ContainerKind::Fields, path, waits);
        }
        if !waits && (within || !self.requires()) {
            self.chosen();
        }
        Some(())
    }

    /// Extends the path to the object inside a newtype variant, whose members are beside the tag. Returns
    /// `false` if the variant holds no object with fields.
    fn enter_newtype(&mut self) -> bool {
        let depth = self.path.len();
        let Some(seed) = self.here().and_then(PartialNode::parts_mut).map(|parts| parts.seed(0))
        else {
            return false;
        };
        self.path.push(0);
        let fields = self.descend(seed)
            && self
                .here()
                .and_then(PartialNode::parts_mut)
                .is_some_and(|parts| parts.kind() == FieldsKind::Fields);
        if !fields {
            self.path.truncate(depth);
        }
        fields
    }

    /// Stops following the innermost container, and gathers it from its beginning. `said` are the strings
    /// that the container has begun with.
    pub(super) fn gather_from_start(&mut self, said: &[(Said, &str)]) {
        let Some(container) = self.open_containers.pop() else { return };
        self.path.truncate(container.base);
        // The node of a pair's container is the map, which stays.
        let name = container.inside != ContainerKind::Pair;
        if let Some(node) = self.here().filter(|_| name) {
            *node = PartialNode::NEW;
        }
        self.gather(container.target, Container::Object, container.at);
        for &(role, text) in said {
            self.emit_text(role, text, container.at);
        }
    }

    /// Sends a key to the gathered container, which was opened after the key was read.
    pub(super) fn emit_key(&mut self, key: &str) {
        self.emit_text(Said::Key, key, self.source.len());
    }

    /// Sends a string to the gathered container.
    fn emit_text(&mut self, role: Said, text: &str, at: usize) {
        if let Some((part, ..)) = &mut self.part {
            let sink = part.sink();
            sink.string_begin(role, at);
            sink.text(text);
            sink.string_end(at, true);
        }
    }
}
