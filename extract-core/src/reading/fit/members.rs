//! Fits the members of an object to fields, by name or by another spelling. Each field gets the
//! value of one member. Missing fields are reported and never invented.

use serde_json::{Map, Value};

use super::super::report::RepairKind;
use super::super::tree::{Kind, NONE, NodeId};
use super::{Fit, FitNotes, Fitter, PathSegment, Position, cost};
use crate::contract::shape::{ObjectShape, OtherFields, ShapeId, ShapeKind};

/// The cost and the value of an object while its members are fitted.
pub(super) struct Members {
    pub(super) cost: u32,
    value: Map<String, Value>,
}

impl Members {
    /// Creates an empty object. `is_built` says whether the value is built, and not only its cost.
    pub(super) fn new(fields: usize, is_built: bool) -> Self {
        let value = if is_built { Map::with_capacity(fields) } else { Map::new() };
        Self { cost: 0, value }
    }

    /// Returns the cost and the value.
    pub(super) fn done(self) -> Fit {
        (self.cost, Some(Value::Object(self.value)))
    }

    /// Adds to the cost.
    fn add(&mut self, cost: u32) {
        self.cost = self.cost.saturating_add(cost);
    }
}

impl<'s> Fitter<'s> {
    /// Fits the members of an object to the fields of a struct.
    pub(super) fn members(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let mut members = Members::new(form.fields.len(), out.is_some());
        let mut seen = Seen::new(form.fields.len());
        let mut named = None;
        let mut expected = 0;
        let mut next = match self.kind(at.node) {
            Kind::Object => self.tree.node(at.node).first,
            _ => NONE,
        };
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let tail = at.tail && next == NONE;
            let exact = form.field(self.tree.key(child), expected);
            let Some(index) = exact.or_else(|| self.field_like(at, form, child, &mut named)) else {
                self.unknown(Position { node: child, tail, ..at }, form, &mut members, out);
                continue;
            };
            expected = index + 1;
            let field = &form.fields[index];
            if let Some(out) = out {
                out.path.push(PathSegment::Name(&field.name));
            }
            if let Some(before) = seen.get(index) {
                self.duplicate(at, (before, child), &mut members, out);
            } else if self.is_absent(child, field.shape) {
                // A key without a value does not set its field.
                if let (Some(out), false) = (out.as_deref_mut(), self.partial.is_some()) {
                    out.repair(&self.tree, RepairKind::MissingValue, self.tree.key(child), "");
                }
            } else {
                if field.name != self.tree.key(child) {
                    members.cost += u32::from(exact.is_none());
                    if let Some(out) = out {
                        let key = self.tree.key(child);
                        out.repair(&self.tree, RepairKind::KeyMatched, key, &field.name);
                    }
                }
                let below = at.child(child, field.shape, Some(&field.name), tail);
                let (cost, value) = self.fit_or_weigh(below, out);
                members.add(cost);
                if let Some(value) = value {
                    seen.set(index, child);
                    if out.is_some() {
                        members.value.insert(field.name.clone(), value);
                    }
                }
            }
            if let Some(out) = out {
                out.path.pop();
            }
        }
        self.fill_missing(at, form, &seen, &mut members, out);
        members.done()
    }

    /// Returns the field that a key names in another spelling. Returns `None` if another member has
    /// the field's exact name. `named` caches the fields that have one.
    fn field_like(
        &self,
        at: Position<'s>,
        form: &ObjectShape,
        child: NodeId,
        named: &mut Option<Vec<bool>>,
    ) -> Option<usize> {
        let index = form.field_like(self.tree.key(child))?;
        let named = named.get_or_insert_with(|| {
            let mut named = vec![false; form.fields.len()];
            for child in self.tree.children(at.node) {
                if let Some(index) = form.field(self.tree.key(child), 0) {
                    named[index] = true;
                }
            }
            named
        });
        (!named[index]).then_some(index)
    }

    /// Returns whether a member has no value, and its field does not allow null.
    fn is_absent(&self, child: NodeId, shape: ShapeId) -> bool {
        self.kind(child) == Kind::Missing && !self.shape.is_nullable(shape)
    }

    /// Handles a duplicate member. An equal value is a repetition, except in a list, where it may
    /// belong to the next element. Two different values are a misfit: neither is chosen.
    fn duplicate(
        &mut self,
        at: Position<'s>,
        (before, child): (NodeId, NodeId),
        members: &mut Members,
        out: &mut Option<&mut FitNotes<'s>>,
    ) {
        let is_same = self.raw(before) == self.raw(child)
            || self.tree.value(before) == self.tree.value(child);
        if is_same && !at.element {
            members.cost += cost::TINY;
            self.report(out, RepairKind::DuplicateKey, child, &Value::Null);
            return;
        }
        members.add(cost::MISFIT);
        if let Some(out) = out {
            let found = format!("{} and {}", self.raw(before), self.raw(child));
            out.misread(&self.tree, "one value under this name", &found);
        }
    }

    /// Handles a member that is not a field, unless the text ends inside its key.
    fn unknown(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        members: &mut Members,
        out: &mut Option<&mut FitNotes<'s>>,
    ) {
        let child = at.node;
        if self.partial.is_some() && self.tree.node(child).cut && self.kind(child) == Kind::Missing
        {
            return;
        }
        let key = self.tree.key(child).to_owned();
        self.non_field(at, key, form, members, out);
    }

    /// Handles a member that is not a field: as a map entry, as an unknown member, or as a misfit.
    pub(super) fn non_field(
        &mut self,
        at: Position<'s>,
        key: String,
        form: &'s ObjectShape,
        members: &mut Members,
        out: &mut Option<&mut FitNotes<'s>>,
    ) {
        let child = at.node;
        match form.shape_of_other(&key) {
            OtherFields::Values(shape) => {
                self.map_entry(at.child(child, shape, None, at.tail), key, members, out);
            }
            OtherFields::Open => {
                members.cost += cost::TINY;
                if let Some(out) = out {
                    out.path.push(PathSegment::Node(child));
                    out.repair(&self.tree, RepairKind::UnknownKey, self.raw(child), "");
                    out.path.pop();
                    members.value.entry(key).or_insert_with(|| self.tree.value(child));
                }
            }
            OtherFields::Closed => {
                members.add(cost::MISFIT);
                if let Some(out) = out {
                    out.path.push(PathSegment::Node(child));
                    out.misfit(&self.tree, "no member of this name", self.raw(child));
                    out.path.pop();
                    members.value.entry(key).or_insert_with(|| self.tree.value(child));
                }
            }
        }
    }

    /// Adds an entry of a map.
    fn map_entry(
        &mut self,
        at: Position<'s>,
        key: String,
        members: &mut Members,
        out: &mut Option<&mut FitNotes<'s>>,
    ) {
        if let Some(out) = out {
            out.path.push(PathSegment::Node(at.node));
        }
        let (cost, value) = self.fit_or_weigh(at, out);
        members.add(cost);
        if let (Some(value), true) = (value, out.is_some()) {
            match members.value.get(&key).map(|before| (*before == value, before.to_string())) {
                None => {
                    members.value.insert(key, value);
                }
                Some((true, _)) => {
                    self.report(out, RepairKind::DuplicateKey, at.node, &Value::Null);
                }
                Some((false, before)) => {
                    members.add(cost::MISFIT);
                    if let Some(out) = out {
                        let found = format!("{before} and {value}");
                        out.misread(&self.tree, "one value under this name", &found);
                    }
                }
            }
        }
        if let Some(out) = out {
            out.path.pop();
        }
    }

    /// Handles the fields without a member. They are a misfit if required; tags may be added; a
    /// partial value shows them as empty.
    fn fill_missing(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        seen: &Seen,
        members: &mut Members,
        out: &mut Option<&mut FitNotes<'s>>,
    ) {
        for (index, field) in form.fields.iter().enumerate() {
            if seen.get(index).is_some() {
                continue;
            }
            if self.partial.is_some() {
                let value = match self.shape.kind(field.shape) {
                    _ if self.shape.is_nullable(field.shape) => Value::Null,
                    _ if !field.required => continue,
                    ShapeKind::List(_) => Value::Array(Vec::new()),
                    _ => Value::Null,
                };
                members.value.insert(field.name.clone(), value);
            } else if at.tags.iter().any(|tag| tag.name == field.name) {
                members.cost += cost::TAG;
                members.value.insert(field.name.clone(), self.constant(field.shape));
            } else if self.shape.requires(field) {
                members.add(cost::MISFIT);
                if let Some(out) = out {
                    out.path.push(PathSegment::Name(&field.name));
                    out.misfit(&self.tree, MISSING, "");
                    out.path.pop();
                }
            }
        }
    }

    /// Returns the only value that fits a shape.
    fn constant(&self, shape: ShapeId) -> Value {
        self.shape.constant(shape).map(|constant| constant.value.clone()).unwrap_or_default()
    }
}

/// The description of a required field without a value.
const MISSING: &str = "missing required field";

/// The member that set each field.
struct Seen(Vec<NodeId>);

impl Seen {
    /// Creates a table in which no field is set.
    fn new(fields: usize) -> Self {
        Self(vec![NONE; fields])
    }

    /// Returns the member that set a field.
    fn get(&self, index: usize) -> Option<NodeId> {
        Some(self.0[index]).filter(|&node| node != NONE)
    }

    /// Records the member that set a field.
    fn set(&mut self, index: usize, node: NodeId) {
        self.0[index] = node;
    }
}
