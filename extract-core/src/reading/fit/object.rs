//! Fits objects. A node is read as a struct only if it has at least one of its members. A map gets
//! the entries that were written, and no others.

use serde_json::{Map, Value};

use super::super::enum_match::{self, EnumMatch};
use super::super::report::{Level, RepairKind};
use super::super::tree::{Kind, NONE, NodeId};
use super::members::Members;
use super::{Branch, Fit, FitNotes, Fitter, PathSegment, Position, cost};
use crate::contract::shape::{Field, ObjectShape, ShapeKind};

impl<'s> Fitter<'s> {
    /// Fits a node to an object shape.
    pub(super) fn object(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        if let Some(field) = self.shape.wrapped_field().filter(|_| at.shape == self.shape.root()) {
            return self.wrapped(at, form, field, out);
        }
        if self.kind(at.node) != Kind::Object {
            return self.other_to_object(at, form, out);
        }
        if self.is_echo(at.node, form) {
            return self.semantic_misfit(at, "a value, and not the schema of one", out);
        }
        if form.is_map() {
            return self.map(at, form, out);
        }
        if self.has_evidence(at.node, form) {
            return self.members(at, form, out);
        }
        let wrapper = self.wrapper_content(at);
        if let Some(conversion) = self.first_fitting([wrapper]) {
            return self.convert(at, conversion, out);
        }
        if let Some(field) = self.as_only_field(at, form) {
            return self.as_field(at, field, out);
        }
        if let Some(conversion) = wrapper {
            return self.convert(at, conversion, out);
        }
        if self.tree.node(at.node).first == NONE || self.partial.is_some() {
            return self.members(at, form, out);
        }
        self.semantic_misfit(at, &expected_members(form), out)
    }

    /// Returns whether an object is meant as this struct: it has a member of the struct, or it is
    /// empty and no field is required.
    fn has_evidence(&self, node: NodeId, form: &ObjectShape) -> bool {
        if self.tree.node(node).first == NONE {
            return form.required() == 0;
        }
        let is_member = |child| {
            form.shape_of_other(self.tree.key(child)).values().is_some()
                || self.field_of(form, child).is_some()
        };
        form.rest.values().is_some() || self.tree.children(node).any(is_member)
    }

    /// Returns whether an object is the schema itself, repeated by the model: it has `properties`
    /// with the names of the fields.
    fn is_echo(&self, node: NodeId, form: &ObjectShape) -> bool {
        let is = |child: NodeId, key: &str| self.tree.key(child) == key;
        let properties = self
            .tree
            .children(node)
            .find(|&child| is(child, "properties") && self.kind(child) == Kind::Object);
        let Some(properties) = properties.filter(|_| form.field("properties", 0).is_none()) else {
            return false;
        };
        self.tree.children(properties).any(|child| form.field(self.tree.key(child), 0).is_some())
    }

    /// Fits a value to the wrapper object that is added for providers. The wrapper may be missing
    /// in the text.
    fn wrapped(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        field: &'s Field,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let bare = Position { shape: field.shape, told: true, ..at };
        let is_object = self.kind(at.node) == Kind::Object;
        if self.kind(at.node) == Kind::Missing || is_object && self.tree.node(at.node).first == NONE
        {
            return self.members(at, form, out);
        }
        let is_wrapped = is_object && self.has_evidence(at.node, form);
        // Only an object or a union can have a member with the wrapper's name itself.
        let is_ambiguous =
            matches!(self.shape.kind(field.shape), ShapeKind::Object(_) | ShapeKind::Union(_));
        if is_wrapped
            && (self.partial.is_some()
                || !is_ambiguous
                || self.members(at, form, &mut None).0 < cost::MISFIT
                || self.cost_of(bare) >= cost::MISFIT)
        {
            return self.members(at, form, out);
        }
        // The only entry of a map may be the value, under another key than the wrapper's.
        let inside = self.tree.only_child(at.node).filter(|_| is_object);
        let is_map =
            matches!(self.shape.kind(field.shape), ShapeKind::Object(form) if form.is_map());
        let inside = inside.filter(|_| is_map && self.partial.is_none());
        if inside
            .is_some_and(|node| self.cost_of(Position { node, told: false, ..bare }) < cost::MISFIT)
        {
            return self.semantic_misfit(at, "an object with the member \"value\"", out);
        }
        let (cost, value) = self.as_field(at, (&field.name, bare), out);
        // The library adds this wrapper itself, so adding it is not a conversion of the value.
        (cost.saturating_sub(cost::STRUCTURE - cost::SMALL), value)
    }

    /// Fits a value of another kind to an object shape.
    fn other_to_object(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let kind = self.kind(at.node);
        if matches!(kind, Kind::Null | Kind::Missing) {
            return self.misfit(at, "an object", out);
        }
        if self.level == Level::Salvage && kind == Kind::List {
            if let Some(fit) = self.by_position(at, form, out) {
                return fit;
            }
        }
        if let Some(conversion) = self.unwrapped(at) {
            return self.convert(at, conversion, out);
        }
        let field = form.only_field().filter(|field| {
            field.required && !at.converted && at.branch == Branch::Only && !form.is_map()
        });
        if let Some(field) = field {
            let below = at.structural(at.node, field.shape);
            if self.cost_of(below) < cost::MISFIT {
                return self.as_field(at, (&field.name, below), out);
            }
        }
        // A string that contains a JSON object is meant as that object, even if it does not fit.
        let text = self.text_content(at);
        if let Some(conversion) = text.filter(|_| self.holds_object(at.node)) {
            return self.convert(at, conversion, out);
        }
        self.misfit(at, "an object", out)
    }

    /// Returns whether a string contains a JSON object.
    fn holds_object(&mut self, node: NodeId) -> bool {
        self.parse_text(node).is_some_and(|root| self.kind(root) == Kind::Object)
    }

    /// Reads a list whose elements are the fields, in order ([`Level::Salvage`] only). Returns
    /// `None` if it does not fit.
    fn by_position(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Option<Fit> {
        let children: Vec<NodeId> = self.tree.children(at.node).collect();
        if children.len() != form.fields.len() || at.converted {
            return None;
        }
        let places: Vec<Position<'s>> = children
            .iter()
            .zip(&form.fields)
            .map(|(&node, field)| {
                let below = at.child(node, field.shape, Some(&field.name), at.tail);
                Position { converted: true, ..below }
            })
            .collect();
        let mut total = cost::DROP;
        for &below in &places {
            total = total.saturating_add(self.cost_of(below));
        }
        if total >= cost::MISFIT {
            return None;
        }
        let mut map = Map::new();
        for (&below, field) in places.iter().zip(&form.fields) {
            if let Some(value) = self.fit_or_weigh(below, out).1 {
                map.insert(field.name.clone(), value);
            }
        }
        let value = Value::Object(map);
        self.report(out, RepairKind::ListToObject, at.node, &value);
        Some((total, Some(value)))
    }

    /// Fits a node to a map. All members are kept; a key that the schema does not allow is a
    /// misfit.
    fn map(
        &mut self,
        at: Position<'s>,
        form: &'s ObjectShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let mut members = Members::new(0, out.is_some());
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let tail = at.tail && next == NONE;
            let mut key = self.tree.key(child).to_owned();
            if let Some(keys) = &form.keys {
                match enum_match::find(keys, &key) {
                    EnumMatch::Exact(index) | EnumMatch::Like(index) => {
                        let name = keys.all[index].value.as_str().unwrap_or_default();
                        if name != key {
                            members.cost += cost::TINY;
                            if let Some(out) = out {
                                out.repair(&self.tree, RepairKind::KeyMatched, &key, name);
                            }
                            name.clone_into(&mut key);
                        }
                    }
                    _ => {
                        let expected = expected_keys(keys);
                        let seg = PathSegment::Node(child);
                        let at = Position { tail, ..at };
                        let (cost, _) = self.misfit_at(at, seg, (&expected, &key), out);
                        members.cost = members.cost.saturating_add(cost);
                    }
                }
            }
            self.non_field(Position { node: child, tail, ..at }, key, form, &mut members, out);
        }
        members.done()
    }
}

/// Describes an object by its fields, the required ones first.
fn expected_members(form: &ObjectShape) -> String {
    const MOST: usize = 8;
    let mut names: Vec<&str> = Vec::new();
    for required in [true, false] {
        let of_kind = form.fields.iter().filter(|field| field.required == required);
        names.extend(of_kind.map(|field| field.name.as_str()));
    }
    let more = if names.len() > MOST { ", …" } else { "" };
    names.truncate(MOST);
    format!("an object with members of {{{}{more}}}", names.join(", "))
}

/// Describes the keys of a map.
fn expected_keys(keys: &crate::contract::shape::Choices) -> String {
    let names: Vec<&str> =
        keys.all.iter().take(8).filter_map(|choice| choice.value.as_str()).collect();
    format!("a key that is one of {}", names.join(", "))
}

impl ShapeKind {
    /// Returns whether the shape is an object.
    pub(super) fn is_object(&self) -> bool {
        matches!(self, Self::Object(_))
    }
}
