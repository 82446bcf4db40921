//! Fits lists: each element separately, and a single value as a list of one.

use serde_json::Value;

use super::super::report::{Level, RepairKind};
use super::super::tree::{Kind, NONE};
use super::{Fit, FitNotes, Fitter, PathSegment, Position, cost};
use crate::contract::shape::{ListShape, ShapeId};

impl<'s> Fitter<'s> {
    /// Fits a node to a list shape.
    pub(super) fn list(
        &mut self,
        at: Position<'s>,
        form: &'s ListShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        match self.kind(at.node) {
            Kind::List => self.elements(at, form, out),
            Kind::Missing | Kind::Null => self.misfit(at, "a list", out),
            _ => {
                let text = self.text_content(at);
                let inside = [self.wrapper_content(at), text];
                if let Some(conversion) = self.first_fitting(inside) {
                    return self.convert(at, conversion, out);
                }
                if let Some(below) = self.as_element(at, form) {
                    return self.single(at, below, out);
                }
                // A list inside a wrapper or a string is meant as the list, even if it does not
                // fit.
                let meant = inside.into_iter().flatten().find(|one| self.holds_list(one.node()));
                match meant {
                    Some(conversion) => self.convert(at, conversion, out),
                    None => self.misfit(at, "a list", out),
                }
            }
        }
    }

    /// Returns whether a node is a list.
    fn holds_list(&self, node: super::NodeId) -> bool {
        self.kind(node) == Kind::List
    }

    /// Fits the elements of a list.
    fn elements(
        &mut self,
        at: Position<'s>,
        form: &'s ListShape,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let count = if out.is_some() { self.tree.count(at.node) } else { 0 };
        let mut values = Vec::with_capacity(count);
        let mut total = 0_u32;
        let mut length = 0;
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let shape = form.prefix.get(length).copied().or(form.items);
            let Some(shape) = shape else {
                let expected = format!("no more than {} elements", form.prefix.len());
                return self.misfit(at, &expected, out);
            };
            let below = at.child(child, shape, None, at.tail && next == NONE);
            let below = Position { element: true, ..below };
            if self.level == Level::Salvage && self.cost_of(below) >= cost::MISFIT {
                total = total.saturating_add(cost::DROP);
                self.report(out, RepairKind::DroppedItem, child, &Value::Null);
                continue;
            }
            if let Some(out) = out {
                out.path.push(PathSegment::Index(length));
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
        // A list none of whose elements fit is not an empty list, but a misfit.
        let is_filled = self.tree.node(at.node).first != NONE;
        let emptied = length == 0 && is_filled && self.partial.is_none();
        if emptied || length < form.prefix.len() || !form.length.hold(length) {
            let open = self.partial.is_some() && self.tree.node(at.node).cut;
            if !open {
                let (cost, value) = self.misfit(at, "a list of another length", out);
                return (total.saturating_add(cost), value);
            }
        }
        (total, Some(Value::Array(values)))
    }

    /// Returns the position of a single value as the only element of the list, or `None` if it does
    /// not fit.
    fn as_element(&mut self, at: Position<'s>, form: &'s ListShape) -> Option<Position<'s>> {
        let item: ShapeId = form.prefix.first().copied().or(form.items)?;
        let is_possible = !at.converted && form.length.hold(1) && form.prefix.len() < 2;
        let below = at.structural(at.node, item);
        (is_possible && self.cost_of(below) < cost::MISFIT).then_some(below)
    }

    /// Fits a single value as a list of one.
    fn single(
        &mut self,
        at: Position<'s>,
        below: Position<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        if let Some(out) = out {
            out.path.push(PathSegment::Index(0));
        }
        let (cost, value) = self.fit_or_weigh(below, out);
        if let Some(out) = out {
            out.path.pop();
        }
        let value = Value::Array(value.into_iter().collect());
        self.report(out, RepairKind::ToList, at.node, &value);
        (cost.saturating_add(cost::STRUCTURE), Some(value))
    }
}
