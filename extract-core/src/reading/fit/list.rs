//! Lists: each element for itself, single values as lists of one, and lists inside wrappers.

use serde_json::Value;

use super::super::report::{Level, RepairKind};
use super::super::tree::{Kind, NONE, NodeId};
use super::{At, Fitter, LIFTS, Out, Seg, cost};
use crate::contract::shape::{Form, ListForm, ShapeId};

type Fit = (u32, Option<Value>);

impl<'s> Fitter<'s> {
    pub(super) fn list(
        &mut self,
        at: At<'s>,
        form: &'s ListForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        match self.tree.node(at.node).kind {
            Kind::List => self.elements(at, form, out),
            Kind::Missing | Kind::Null => self.misfit(at, "a list", out),
            kind => {
                let wrapped = self.wrapped_list(at, kind, out);
                wrapped.unwrap_or_else(|| self.single(at, form, out))
            }
        }
    }

    fn elements(&mut self, at: At<'s>, form: &'s ListForm, out: &mut Option<&mut Out<'s>>) -> Fit {
        let mut values =
            Vec::with_capacity(if out.is_some() { self.tree.count(at.node) } else { 0 });
        let mut total = 0_u32;
        let mut length = 0;
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let shape = form.prefix.get(length).copied().or(form.items);
            let Some(shape) = shape else {
                total = total.saturating_add(
                    self.misfit(At { node: child, ..at }, "no more elements", out).0,
                );
                break;
            };
            let tail = at.tail && next == NONE;
            let below = At { node: child, shape, lift: 0, tail, told: false, tag: None };
            if self.level == Level::Salvage && self.weigh(below) >= cost::MISFIT {
                total = total.saturating_add(cost::DROP);
                self.tell(out, RepairKind::DroppedItem, child, &Value::Null);
                continue;
            }
            if let Some(out) = out {
                out.path.push(Seg::Index(length));
            }
            let (cost, value) = self.fit_or_weigh(below, out);
            if let Some(out) = out {
                out.path.pop();
            }
            total = total.saturating_add(cost);
            if let Some(value) = value {
                length += 1;
                if out.is_some() {
                    values.push(value);
                }
            }
        }
        let emptied =
            length == 0 && self.tree.node(at.node).first != NONE && self.partial.is_none();
        let length = length.max(if self.level == Level::Salvage { 0 } else { length });
        // Nothing fitted: that is no empty list, it is another list.
        if emptied || length < form.prefix.len() || !form.length.hold(length) {
            let open = self.partial.is_some() && self.tree.node(at.node).cut;
            if !open {
                let (cost, value) = self.misfit(at, "a list of another length", out);
                return (total.saturating_add(cost), value);
            }
        }
        (total, Some(Value::Array(values)))
    }

    /// A list inside an object of one member, or inside a string.
    fn wrapped_list(
        &mut self,
        at: At<'s>,
        kind: Kind,
        out: &mut Option<&mut Out<'s>>,
    ) -> Option<Fit> {
        if at.lift >= LIFTS {
            return None;
        }
        let (inner, repair) = match kind {
            Kind::Object => (self.list_inside(at.node)?, RepairKind::FromField),
            Kind::Text => (self.parse_text(at.node)?, RepairKind::ParsedString),
            _ => return None,
        };
        let below = at.lifted(inner, at.shape);
        let cost = self.weigh(below).saturating_add(cost::LIFT);
        if cost >= cost::MISFIT {
            return None;
        }
        if kind == Kind::Object {
            // The object itself may be the one element that is meant.
            let Form::List(form) = self.shape.form(at.shape) else { return None };
            if self.single(at, form, &mut None).0 < cost {
                return None;
            }
        }
        if out.is_none() {
            return Some((cost, Some(Value::Null)));
        }
        let (_, value) = self.fit(below, out);
        self.tell(out, repair, at.node, value.as_ref().unwrap_or(&Value::Null));
        Some((cost, value))
    }

    /// The list that is all an object holds.
    fn list_inside(&self, id: NodeId) -> Option<NodeId> {
        let child = self.tree.only_child(id)?;
        (self.tree.node(child).kind == Kind::List).then_some(child)
    }

    /// A single value as a list of one.
    fn single(&mut self, at: At<'s>, form: &'s ListForm, out: &mut Option<&mut Out<'s>>) -> Fit {
        let item: Option<ShapeId> = form.prefix.first().copied().or(form.items);
        let (Some(item), true) =
            (item, at.lift < LIFTS && form.length.hold(1) && form.prefix.len() < 2)
        else {
            return self.misfit(at, "a list", out);
        };
        let below = at.lifted(at.node, item);
        let cost = self.weigh(below).saturating_add(cost::SMALL);
        if cost >= cost::MISFIT {
            return self.misfit(at, "a list", out);
        }
        if out.is_none() {
            return (cost, Some(Value::Null));
        }
        if let Some(out) = out {
            out.path.push(Seg::Index(0));
        }
        let value = self.fit(below, out).1;
        if let Some(out) = out {
            out.path.pop();
        }
        let value = Value::Array(value.into_iter().collect());
        self.tell(out, RepairKind::ToList, at.node, &value);
        (cost, Some(value))
    }
}
