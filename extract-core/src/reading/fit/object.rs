//! Objects and maps: members to fields, by name or by what the name can only mean.

use serde_json::{Map, Value};

use super::super::report::{Level, RepairKind};
use super::super::tree::{Kind, NONE, NodeId};
use super::super::words::{self, Match};
use super::{At, Fitter, LIFTS, Out, Seg, cost};
use crate::contract::shape::{Form, ObjectForm, Rest, ShapeId};

type Fit = (u32, Option<Value>);

/// What an object's own members give.
struct Members {
    cost: u32,
    value: Map<String, Value>,
    matched: usize,
}

impl<'s> Fitter<'s> {
    pub(super) fn object(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let kind = self.tree.node(at.node).kind;
        if kind != Kind::Object {
            return self.other_to_object(at, kind, form, out);
        }
        if form.is_map() {
            return self.map(at, form, out);
        }
        let straight = match out {
            // Whether another way is needed shows only when the straight one has been weighed.
            Some(_) if self.simple(at, form) => 0,
            _ => {
                let members = self.members(at, form, &mut None);
                if members.cost < cost::MISFIT && members.matched > 0 || at.lift >= LIFTS {
                    members.cost
                } else {
                    return self.other_way(at, form, members.cost, out);
                }
            }
        };
        if out.is_none() {
            return (straight, Some(Value::Null));
        }
        let members = self.members(at, form, out);
        (members.cost, Some(Value::Object(members.value)))
    }

    /// Whether all fields are there under their own names, so that nothing else need be tried.
    fn simple(&self, at: At<'s>, form: &ObjectForm) -> bool {
        let mut found = 0;
        let mut expected = 0;
        for child in self.tree.children(at.node) {
            match form.field(self.tree.key(child), expected) {
                Some(index) => {
                    expected = index + 1;
                    found += 1;
                }
                None => return false,
            }
        }
        found == form.fields.len()
    }

    /// The object through its fields, or through a wrapping: whichever is cheaper.
    fn other_way(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        straight: u32,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let mut best: Option<(At<'s>, u32, RepairKind)> = None;
        if let Some(child) = self.tree.only_child(at.node) {
            let below = at.lifted(child, at.shape);
            if matches!(self.tree.node(child).kind, Kind::Object | Kind::List) {
                let cost = self.weigh(below).saturating_add(cost::LIFT);
                best = Some((below, cost, RepairKind::FromField));
            }
        }
        if let Some(field) = only_field(form) {
            let below = at.lifted(at.node, field);
            let cost = self.weigh(below).saturating_add(cost::LIFT);
            if best.is_none_or(|best| cost < best.1) {
                best = Some((below, cost, RepairKind::ToField));
            }
        }
        match best.filter(|best| best.1 < straight.min(cost::MISFIT)) {
            Some((below, cost, RepairKind::ToField)) => self.as_field(at, below, cost, form, out),
            Some((below, cost, kind)) => {
                if out.is_none() {
                    return (cost, Some(Value::Null));
                }
                let value = self.fit(below, out).1;
                self.tell(out, kind, at.node, value.as_ref().unwrap_or(&Value::Null));
                (cost, value)
            }
            None => {
                if out.is_none() {
                    return (straight, Some(Value::Null));
                }
                let members = self.members(at, form, out);
                (members.cost, Some(Value::Object(members.value)))
            }
        }
    }

    /// A value as the only field of an object.
    fn as_field(
        &mut self,
        at: At<'s>,
        below: At<'s>,
        cost: u32,
        form: &'s ObjectForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        if out.is_none() {
            return (cost, Some(Value::Null));
        }
        let name = &form.fields[0].name;
        if let Some(out) = out {
            out.path.push(Seg::Name(name));
        }
        let value = self.fit(below, out).1;
        if let Some(out) = out {
            out.path.pop();
        }
        let mut map = Map::new();
        if let Some(value) = value {
            map.insert(name.clone(), value);
        }
        let value = Value::Object(map);
        self.tell(out, RepairKind::ToField, at.node, &value);
        (cost, Some(value))
    }

    /// What is no object, where one is asked for.
    fn other_to_object(
        &mut self,
        at: At<'s>,
        kind: Kind,
        form: &'s ObjectForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let expected = "an object";
        if at.lift >= LIFTS || matches!(kind, Kind::Null | Kind::Missing) {
            return self.misfit(at, expected, out);
        }
        let salvage = self.level == Level::Salvage && kind == Kind::List && at.lift == 0;
        if salvage && self.by_position(at, form, &mut None).0 < cost::MISFIT {
            return self.by_position(at, form, out);
        }
        let mut best: Option<(At<'s>, u32, RepairKind)> = None;
        let mut consider = |below: At<'s>, cost: u32, kind| {
            if best.is_none_or(|best| cost < best.1) {
                best = Some((below, cost, kind));
            }
        };
        if kind == Kind::Text {
            if let Some(root) = self.parse_text(at.node) {
                let below = at.lifted(root, at.shape);
                consider(
                    below,
                    self.weigh(below).saturating_add(cost::SMALL),
                    RepairKind::ParsedString,
                );
            }
        }
        if kind == Kind::List {
            if let Some(below) = self.only_fitting(at) {
                consider(below, self.weigh(below).saturating_add(cost::LIFT), RepairKind::FromList);
            }
        }
        if let Some(field) = only_field(form) {
            let below = at.lifted(at.node, field);
            consider(below, self.weigh(below).saturating_add(cost::LIFT), RepairKind::ToField);
        }
        match best.filter(|best| best.1 < cost::MISFIT) {
            Some((below, cost, RepairKind::ToField)) => self.as_field(at, below, cost, form, out),
            Some((below, cost, kind)) => {
                if out.is_none() {
                    return (cost, Some(Value::Null));
                }
                let value = self.fit(below, out).1;
                self.tell(out, kind, at.node, value.as_ref().unwrap_or(&Value::Null));
                (cost, value)
            }
            None => self.misfit(at, expected, out),
        }
    }

    /// The one element of a list that fits the shape of the whole; none where several do.
    fn only_fitting(&mut self, at: At<'s>) -> Option<At<'s>> {
        let mut only = None;
        let mut next = self.tree.node(at.node).first;
        let mut seen = 0;
        while next != NONE {
            seen += 1;
            if seen > 64 {
                return None;
            }
            let below = at.lifted(next, at.shape);
            if self.weigh(below) < cost::MISFIT && only.replace(below).is_some() {
                return None;
            }
            next = self.tree.node(next).next;
        }
        only
    }

    /// A list whose elements are the fields, in their order.
    fn by_position(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let children: Vec<NodeId> = self.tree.children(at.node).collect();
        let pairs = || children.iter().zip(&form.fields);
        if children.len() != form.fields.len() {
            return self.misfit(at, "an object", out);
        }
        let mut total = cost::DROP;
        for (&node, field) in pairs() {
            total = total.saturating_add(self.weigh(At {
                node,
                shape: field.shape,
                lift: 0,
                told: false,
                ..at
            }));
        }
        if total >= cost::MISFIT {
            return self.misfit(at, "an object", out);
        }
        let mut map = Map::new();
        for (&node, field) in pairs() {
            if let Some(value) =
                self.fit(At { node, shape: field.shape, lift: 0, told: false, ..at }, out).1
            {
                map.insert(field.name.clone(), value);
            }
        }
        let value = Value::Object(map);
        self.tell(out, RepairKind::ListToObject, at.node, &value);
        (total, Some(value))
    }

    fn members(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Members {
        let mut members = Members { cost: 0, value: Map::new(), matched: 0 };
        if out.is_some() {
            members.value = Map::with_capacity(form.fields.len());
        }
        let mut seen = Seen::new(form.fields.len());
        let mut expected = 0;
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let tail = at.tail && next == NONE;
            let exact = form.field(self.tree.key(child), expected);
            let index = exact.or_else(|| {
                form.field_like(self.tree.key(child)).filter(|&index| !seen.get(index))
            });
            let Some(index) = index else {
                self.unknown(At { node: child, tail, ..at }, form, &mut members, out);
                continue;
            };
            expected = index + 1;
            let field = &form.fields[index];
            let missing = self.tree.node(child).kind == Kind::Missing;
            if missing && !self.nullable(field.shape) {
                // A key without a value says nothing of it: it counts as absent.
                if let (Some(out), false) = (out.as_deref_mut(), self.partial.is_some()) {
                    out.path.push(Seg::Name(&field.name));
                    out.repair(&self.tree, RepairKind::MissingValue, self.tree.key(child), "");
                    out.path.pop();
                }
                continue;
            }
            if let Some(out) = out {
                out.path.push(Seg::Name(&field.name));
            }
            if field.name != self.tree.key(child) {
                members.cost += u32::from(exact.is_none());
                if let Some(out) = out {
                    out.repair(
                        &self.tree,
                        RepairKind::KeyMatched,
                        self.tree.key(child),
                        field.name.as_str(),
                    );
                }
            }
            let twice = seen.set(index);
            if twice {
                members.cost += cost::TINY;
                self.tell(out, RepairKind::DuplicateKey, child, &Value::Null);
            }
            let below =
                At { node: child, shape: field.shape, lift: 0, tail, told: false, tag: None };
            let corrected =
                at.tag == Some(field.name.as_str()) && self.weigh(below) >= cost::MISFIT;
            if corrected {
                members.cost += cost::TAG;
                members
                    .value
                    .insert(field.name.clone(), self.constant(field.shape).unwrap_or_default());
            } else {
                let (cost, value) = self.fit_or_weigh(below, out);
                members.cost = members.cost.saturating_add(cost);
                if cost < cost::MISFIT {
                    members.matched += 1;
                }
                match value {
                    Some(value) if out.is_some() => {
                        members.value.insert(field.name.clone(), value);
                    }
                    Some(_) => {}
                    None => seen.clear(index),
                }
            }
            if let Some(out) = out {
                out.path.pop();
            }
        }
        self.absent(at, form, &seen, &mut members, out);
        members
    }

    /// A member that is no field.
    fn unknown(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        members: &mut Members,
        out: &mut Option<&mut Out<'s>>,
    ) {
        let child = at.node;
        if self.partial.is_some()
            && self.tree.node(child).cut
            && self.tree.node(child).kind == Kind::Missing
        {
            return;
        }
        match form.rest {
            Rest::Drop => {
                members.cost += cost::TINY;
                if let Some(out) = out {
                    out.path.push(Seg::Node(child));
                    out.repair(&self.tree, RepairKind::UnknownKey, self.raw(child), "");
                    out.path.pop();
                }
            }
            Rest::Keep(shape) => {
                let key = self.tree.key(child).to_owned();
                self.keep(At { shape, lift: 0, tag: None, ..at }, key, members, out);
            }
        }
    }

    fn keep(
        &mut self,
        at: At<'s>,
        key: String,
        members: &mut Members,
        out: &mut Option<&mut Out<'s>>,
    ) {
        if let Some(out) = out {
            out.path.push(Seg::Node(at.node));
        }
        let (cost, value) = self.fit_or_weigh(at, out);
        members.cost = members.cost.saturating_add(cost);
        if let (Some(value), true) = (value, out.is_some()) {
            if members.value.insert(key, value).is_some() {
                self.tell(out, RepairKind::DuplicateKey, at.node, &Value::Null);
            }
        }
        if let Some(out) = out {
            out.path.pop();
        }
    }

    /// Fields that no member gave.
    fn absent(
        &mut self,
        at: At<'s>,
        form: &'s ObjectForm,
        seen: &Seen,
        members: &mut Members,
        out: &mut Option<&mut Out<'s>>,
    ) {
        for (index, field) in form.fields.iter().enumerate() {
            if seen.get(index) {
                continue;
            }
            let value = if self.nullable(field.shape) {
                members.cost += cost::TINY;
                Value::Null
            } else if !field.required {
                continue;
            } else if self.partial.is_some() {
                match self.shape.form(field.shape) {
                    Form::List(_) => Value::Array(Vec::new()),
                    _ => Value::Null,
                }
            } else if at.tag == Some(field.name.as_str()) {
                members.cost += cost::TAG;
                self.constant(field.shape).unwrap_or_default()
            } else {
                members.cost = members.cost.saturating_add(cost::MISFIT);
                if let Some(out) = out {
                    out.path.push(Seg::Name(&field.name));
                    out.misfit(&self.tree, "a value (the field is required)", "");
                    out.path.pop();
                }
                continue;
            };
            if let Some(out) = out {
                if value.is_null() && self.partial.is_none() {
                    out.path.push(Seg::Name(&field.name));
                    out.repair(&self.tree, RepairKind::AbsentOptional, "", "null");
                    out.path.pop();
                }
                members.value.insert(field.name.clone(), value);
            }
        }
    }

    /// A map: every member is kept, under a key that the schema allows.
    fn map(&mut self, at: At<'s>, form: &'s ObjectForm, out: &mut Option<&mut Out<'s>>) -> Fit {
        let Rest::Keep(shape) = form.rest else { return self.misfit(at, "an object", out) };
        let mut members = Members { cost: 0, value: Map::new(), matched: 0 };
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let mut key = self.tree.key(child).to_owned();
            if let Some(keys) = &form.keys {
                match words::find(keys, &key) {
                    Match::Exact(index) | Match::Like(index) => {
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
                        let below = At { node: child, ..at };
                        members.cost =
                            members.cost.saturating_add(self.misfit(below, "another key", out).0);
                    }
                }
            }
            let below = At {
                node: child,
                shape,
                lift: 0,
                tail: at.tail && next == NONE,
                told: false,
                tag: None,
            };
            self.keep(below, key, &mut members, out);
        }
        (members.cost, Some(Value::Object(members.value)))
    }

    fn nullable(&self, shape: ShapeId) -> bool {
        match self.shape.form(shape) {
            Form::Null => true,
            Form::Union(union) => union.nullable,
            _ => false,
        }
    }

    fn constant(&self, shape: ShapeId) -> Option<Value> {
        match self.shape.form(shape) {
            Form::Choice(choices) if choices.all.len() == 1 => Some(choices.all[0].value.clone()),
            _ => None,
        }
    }
}

/// The shape of the field that alone makes up an object.
fn only_field(form: &ObjectForm) -> Option<ShapeId> {
    match form.fields.as_slice() {
        [field] if form.rest == Rest::Drop => Some(field.shape),
        _ => None,
    }
}

/// Which fields were given.
struct Seen {
    few: u64,
    many: Vec<bool>,
}

impl Seen {
    fn new(fields: usize) -> Self {
        Self { few: 0, many: if fields > 64 { vec![false; fields] } else { Vec::new() } }
    }

    fn get(&self, index: usize) -> bool {
        if self.many.is_empty() { self.few >> index & 1 == 1 } else { self.many[index] }
    }

    /// Notes a field, and says whether it was noted before.
    fn set(&mut self, index: usize) -> bool {
        let before = self.get(index);
        if self.many.is_empty() {
            self.few |= 1 << index;
        } else {
            self.many[index] = true;
        }
        before
    }

    fn clear(&mut self, index: usize) {
        if self.many.is_empty() { self.few &= !(1 << index) } else { self.many[index] = false }
    }
}
