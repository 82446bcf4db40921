//! Alternatives: each is weighed, the cheapest is taken; the tag of a variant is put right where
//! exactly one variant fits without it.

use serde_json::Value;

use super::super::report::RepairKind;
use super::super::tree::{Kind, NONE};
use super::super::words;
use super::{At, Fitter, Out, cost};
use crate::contract::shape::{Form, Rest, ShapeId, TagForm, UnionForm};

type Fit = (u32, Option<Value>);

impl<'s> Fitter<'s> {
    pub(super) fn union(
        &mut self,
        at: At<'s>,
        form: &'s UnionForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let kind = self.tree.node(at.node).kind;
        if form.nullable && matches!(kind, Kind::Null | Kind::Missing) {
            return (0, Some(Value::Null));
        }
        let at = At { tag: None, ..at };
        if let [only] = form.options.as_slice() {
            if matches!((kind, self.shape.form(*only)), (Kind::Text, Form::Text(lengths)) if lengths.free())
            {
                return self.fit_option(At { shape: *only, ..at }, out);
            }
        }
        let (option, cost) = match self.by_tag(at, form) {
            Some(found) => found,
            None => self.cheapest(at, form, out),
        };
        if cost >= cost::MISFIT {
            if form.nullable
                && matches!(kind, Kind::Text | Kind::Bare)
                && words::says_nothing(self.tree.text(at.node))
            {
                return self.null(at, out);
            }
            if let Some(fit) = self.untagged(at, form, out) {
                return fit;
            }
        }
        if out.is_none() {
            return (cost, Some(Value::Null));
        }
        // Its notes were told when the union was entered.
        let (_, value) = self.fit_option(At { shape: option, ..at }, out);
        (cost, value)
    }

    /// The walk of a chosen option, whose node has already said what was repaired in its form.
    fn fit_option(&mut self, at: At<'s>, out: &mut Option<&mut Out<'s>>) -> Fit {
        self.fit(At { told: true, ..at }, out)
    }

    fn cheapest(
        &mut self,
        at: At<'s>,
        form: &'s UnionForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> (ShapeId, u32) {
        let mut best = (form.options[0], u32::MAX);
        let mut ties = 0;
        let container = matches!(self.tree.node(at.node).kind, Kind::Object | Kind::List);
        // Written as text, everything would fit a variant of text, and a bad value of another one
        // would pass for words.
        let swallows = |fitter: &Self, option| container && fitter.would_swallow(at, option);
        let is_object = |option| matches!(self.shape.form(option), Form::Object(_));
        let spared =
            form.options.iter().any(|&option| is_object(option) && !swallows(self, option));
        for &option in &form.options {
            if spared && swallows(self, option) {
                continue;
            }
            let cost = self.weigh(At { shape: option, ..at });
            if cost < best.1 {
                best = (option, cost);
                ties = 0;
            } else if cost == best.1 && cost > 0 && cost < cost::MISFIT {
                ties += 1;
            }
            if cost == 0 {
                break;
            }
        }
        if let (Some(out), true) = (out, container) {
            out.rivals += ties;
        }
        best
    }

    /// Whether an option is a text under a name, and nothing in an object or list has that name.
    fn would_swallow(&self, at: At<'s>, option: ShapeId) -> bool {
        let Form::Object(object) = self.shape.form(option) else { return false };
        let ([field], Rest::Drop) = (object.fields.as_slice(), object.rest) else { return false };
        let named = |key: &str| object.field(key, 0).or_else(|| object.field_like(key)).is_some();
        let has = |id| self.tree.children(id).any(|child| named(self.tree.key(child)));
        let inside = self.tree.only_child(at.node);
        matches!(self.shape.form(field.shape), Form::Text(_))
            && !has(at.node)
            && !inside.is_some_and(has)
    }

    /// The variant that the tag names, if there is one and it fits.
    fn by_tag(&mut self, at: At<'s>, form: &'s UnionForm) -> Option<(ShapeId, u32)> {
        let tag = form.tag.as_ref()?;
        let value = self.member(at, &tag.name)?;
        let option = tag.variants.iter().find(|(_, constant)| self.spelled(value, *constant))?.0;
        let cost = self.weigh(At { shape: option, ..at });
        (cost < cost::MISFIT).then_some((option, cost))
    }

    fn member(&self, at: At<'s>, name: &str) -> Option<super::NodeId> {
        if self.tree.node(at.node).kind != Kind::Object {
            return None;
        }
        let mut next = self.tree.node(at.node).first;
        while next != NONE {
            if self.tree.key(next) == name {
                return Some(next);
            }
            next = self.tree.node(next).next;
        }
        None
    }

    /// Whether a node is a constant, spelled as it is.
    fn spelled(&self, node: super::NodeId, constant: ShapeId) -> bool {
        let Form::Choice(choices) = self.shape.form(constant) else { return false };
        choices.exact.contains_key(self.tree.text(node))
    }

    /// The one variant that fits once its tag is put in; none where several do.
    fn untagged(
        &mut self,
        at: At<'s>,
        form: &'s UnionForm,
        out: &mut Option<&mut Out<'s>>,
    ) -> Option<Fit> {
        let tag: &'s TagForm = form.tag.as_ref()?;
        if self.tree.node(at.node).kind != Kind::Object {
            return None;
        }
        let mut only = None;
        for &(option, _) in &tag.variants {
            let below = At { shape: option, tag: Some(&tag.name), ..at };
            let cost = self.weigh(below);
            if cost < cost::MISFIT && only.replace((below, cost)).is_some() {
                return None;
            }
        }
        let (below, cost) = only?;
        if out.is_none() {
            return Some((cost, Some(Value::Null)));
        }
        let (_, value) = self.fit_option(below, out);
        let written =
            value.as_ref().and_then(|value| value.get(&tag.name)).cloned().unwrap_or_default();
        self.tell(out, RepairKind::Tag, at.node, &written);
        Some((cost, value))
    }
}
