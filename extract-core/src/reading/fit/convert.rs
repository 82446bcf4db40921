//! The closed table of structural conversions. Each one keeps the whole value and is reported. At
//! most one is made on the path to a value. No other conversion exists.

use serde_json::{Map, Value};

use super::super::report::RepairKind;
use super::super::tree::{Kind, NONE, NodeId};
use super::{Branch, Fit, FitNotes, Fitter, PathSegment, Position, cost};
use crate::contract::shape::{ObjectShape, ShapeId, ShapeKind, normal_name};

/// A possible conversion: the position of the value to read instead, and the repair to report.
#[derive(Debug, Clone, Copy)]
pub(super) struct Conversion<'s> {
    below: Position<'s>,
    kind: RepairKind,
}

impl Conversion<'_> {
    /// Returns the node of the value to read instead.
    pub(super) fn node(&self) -> NodeId {
        self.below.node
    }
}

impl<'s> Fitter<'s> {
    /// Returns the content of an object whose only member has the name of a wrapper.
    pub(super) fn wrapper_content(&self, at: Position<'s>) -> Option<Conversion<'s>> {
        if at.converted {
            return None;
        }
        let child = self.tree.only_child(at.node)?;
        let is_wrapper = self.tree.node(at.node).kind == Kind::Object
            && self.is_wrapper(at, &normal_name(self.tree.key(child)));
        let below = at.structural(child, at.shape);
        is_wrapper.then_some(Conversion { below, kind: RepairKind::FromField })
    }

    /// Returns the only element of a list.
    pub(super) fn only_element(&self, at: Position<'s>) -> Option<Conversion<'s>> {
        if at.converted || at.branch == Branch::Listed || self.kind(at.node) != Kind::List {
            return None;
        }
        let below = at.structural(self.tree.only_child(at.node)?, at.shape);
        Some(Conversion { below, kind: RepairKind::FromList })
    }

    /// Returns the JSON value that a string contains.
    pub(super) fn text_content(&mut self, at: Position<'s>) -> Option<Conversion<'s>> {
        if at.converted || self.kind(at.node) != Kind::Text {
            return None;
        }
        let below = at.structural(self.parse_text(at.node)?, at.shape);
        Some(Conversion { below, kind: RepairKind::ParsedString })
    }

    /// Returns the first conversion after which the value fits.
    pub(super) fn first_fitting(
        &mut self,
        conversions: impl IntoIterator<Item = Option<Conversion<'s>>>,
    ) -> Option<Conversion<'s>> {
        let fits =
            |fitter: &mut Self, one: &Conversion<'s>| fitter.cost_of(one.below) < cost::MISFIT;
        conversions.into_iter().flatten().find(|one| fits(self, one))
    }

    /// Returns the first fitting conversion of a wrapper, an only element or a string, in this
    /// order. An only element must fit without any further conversion, because a list was not asked
    /// for.
    pub(super) fn unwrapped(&mut self, at: Position<'s>) -> Option<Conversion<'s>> {
        let element = self.only_element(at).filter(|one| self.cost_of(one.below) <= cost::TINY);
        let text = self.text_content(at);
        let all = [self.wrapper_content(at), element, text];
        self.first_fitting(all)
    }

    /// Makes a conversion, and reports it.
    pub(super) fn convert(
        &mut self,
        at: Position<'s>,
        conversion: Conversion<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let Conversion { below, kind } = conversion;
        let (cost, value) = self.fit_or_weigh(below, out);
        if let (true, Some(value)) = (out.is_some(), &value) {
            self.report(out, kind, at.node, value);
        }
        (cost.saturating_add(cost::STRUCTURE), value)
    }

    /// Fits a value as the only field of an object. `below` is the position of the field's value.
    pub(super) fn as_field(
        &mut self,
        at: Position<'s>,
        (name, below): (&'s str, Position<'s>),
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        if let Some(out) = out {
            out.path.push(PathSegment::Name(name));
        }
        let (cost, value) = self.fit_or_weigh(below, out);
        if let Some(out) = out {
            out.path.pop();
        }
        if out.is_none() {
            return (cost.saturating_add(cost::STRUCTURE), value);
        }
        let map: Map<String, Value> =
            value.map(|value| (name.to_owned(), value)).into_iter().collect();
        let value = Value::Object(map);
        self.report(out, RepairKind::ToField, at.node, &value);
        (cost.saturating_add(cost::STRUCTURE), Some(value))
    }

    /// Returns the position of an object as the only field of the expected object. Every member
    /// must be a member of the field's type, and all its required members must be there.
    pub(super) fn as_only_field(
        &self,
        at: Position<'s>,
        form: &'s ObjectShape,
    ) -> Option<(&'s str, Position<'s>)> {
        let field = form.only_field().filter(|_| !at.converted)?;
        self.holds_all(at.node, field.shape)
            .then(|| (field.name.as_str(), at.structural(at.node, field.shape)))
    }

    /// Returns whether all members of an object are fields of this shape, and no required field is
    /// missing.
    pub(super) fn holds_all(&self, node: NodeId, shape: ShapeId) -> bool {
        match self.shape.kind(shape) {
            ShapeKind::Object(object) => {
                let mut required = 0;
                for child in self.tree.children(node) {
                    let Some(index) = self.field_of(object, child) else { return false };
                    required += usize::from(object.fields[index].required);
                }
                self.tree.node(node).first != NONE && required >= object.required()
            }
            ShapeKind::Union(union) if union.tags.is_empty() => {
                union.options.iter().any(|&option| self.holds_all(node, option))
            }
            _ => false,
        }
    }

    /// Returns the index of the field that a member's key names, exactly or in another spelling.
    pub(super) fn field_of(&self, form: &ObjectShape, child: NodeId) -> Option<usize> {
        let key = self.tree.key(child);
        form.field(key, 0).or_else(|| form.field_like(key))
    }

    /// Returns whether a key, in normal form, is a wrapper of the value at this position.
    fn is_wrapper(&self, at: Position<'s>, name: &str) -> bool {
        const NAMES: [&str; 5] = ["value", "result", "data", "answer", "output"];
        let is_whole = at.shape == self.shape.root()
            || self.shape.wrapped_field().is_some_and(|field| field.shape == at.shape);
        let is_type = |id: ShapeId, of_many: bool| match self.shape.kind(id) {
            ShapeKind::Object(object) => object
                .name
                .as_deref()
                .is_some_and(|one| if of_many { is_plural(name, one) } else { name == one }),
            _ => false,
        };
        NAMES.contains(&name)
            || is_whole && self.shape.is_named(name)
            || is_type(at.shape, false)
            || match self.shape.kind(at.shape) {
                ShapeKind::List(list) => {
                    name == "items"
                        || at.field.is_some_and(|field| is_plural(name, &normal_name(field)))
                        || list.items.is_some_and(|items| is_type(items, true))
                }
                _ => false,
            }
    }

    /// Returns the kind of a node.
    pub(super) fn kind(&self, node: NodeId) -> Kind {
        self.tree.node(node).kind
    }
}

/// Returns whether `name` equals `one`, or is its plural.
fn is_plural(name: &str, one: &str) -> bool {
    let stem = |ending: &str| name.strip_suffix(ending).unwrap_or_default();
    !one.is_empty()
        && (name == one
            || stem("s") == one
            || stem("es") == one
            || one.strip_suffix('y').is_some_and(|one| stem("ies") == one))
}
