//! Scalars: null, booleans, numbers, strings, and the values of enums.

use serde_json::{Number, Value};

use super::super::numbers::{integral, written};
use super::super::report::RepairKind;
use super::super::tree::Kind;
use super::super::words::{self, Match};
use super::{At, Fitter, LIFTS, Out, cost};
use crate::contract::shape::{Bounds, Choices, Lengths};

type Fit = (u32, Option<Value>);

impl<'s> Fitter<'s> {
    pub(super) fn null(&mut self, at: At<'s>, out: &mut Option<&mut Out<'s>>) -> Fit {
        match self.tree.node(at.node).kind {
            Kind::Null | Kind::Missing => (0, Some(Value::Null)),
            Kind::Text | Kind::Bare if words::says_nothing(self.tree.text(at.node)) => {
                self.tell(out, RepairKind::ToNull, at.node, &Value::Null);
                (cost::SMALL, Some(Value::Null))
            }
            _ => self.misfit(at, "null", out),
        }
    }

    pub(super) fn boolean(&mut self, at: At<'s>, out: &mut Option<&mut Out<'s>>) -> Fit {
        let (cost, truth) = match self.tree.node(at.node).kind {
            Kind::True => return (0, Some(Value::Bool(true))),
            Kind::False => return (0, Some(Value::Bool(false))),
            Kind::Text | Kind::Bare => match words::truth(self.tree.text(at.node)) {
                Some((truth, named)) => (if named { cost::NAMED } else { cost::SMALL }, truth),
                None => return self.unwrapped(at, "a boolean", out),
            },
            Kind::Number => match self.number_of(at.node).and_then(|number| number.as_f64()) {
                Some(1.0) => (cost::SMALL, true),
                Some(0.0) => (cost::SMALL, false),
                _ => return self.misfit(at, "a boolean", out),
            },
            _ => return self.unwrapped(at, "a boolean", out),
        };
        self.tell(out, RepairKind::ToBool, at.node, &Value::Bool(truth));
        (cost, Some(Value::Bool(truth)))
    }

    pub(super) fn number(
        &mut self,
        at: At<'s>,
        bounds: &Bounds,
        integer: bool,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let expected = if integer { "an integer" } else { "a number" };
        let (mut cost, mut repair, number) = match self.tree.node(at.node).kind {
            Kind::Number => match self.number_of(at.node) {
                Some(number) => (0, None, number),
                None => return self.misfit(at, expected, out),
            },
            kind @ (Kind::Text | Kind::Bare) => match written(self.tree.text(at.node)) {
                Some(found) => {
                    let repair = if kind == Kind::Text {
                        RepairKind::StringToNumber
                    } else {
                        RepairKind::NumberForm
                    };
                    let cost = if found.words {
                        cost::NAMED
                    } else {
                        cost::SMALL + u32::from(found.fraction)
                    };
                    (cost, Some(repair), found.number)
                }
                None => return self.unwrapped(at, expected, out),
            },
            _ => return self.unwrapped(at, expected, out),
        };
        let number = match integer.then(|| whole(&number)) {
            None => number,
            Some(Some(whole)) if whole == number => whole,
            Some(Some(whole)) => {
                cost += cost::TINY;
                repair = repair.or(Some(RepairKind::ToInteger));
                whole
            }
            Some(None) => return self.misfit(at, expected, out),
        };
        if !number.as_f64().is_some_and(|value| bounds.hold(value)) {
            return self.misfit(at, "a number within the bounds", out);
        }
        let value = Value::Number(number);
        if let Some(kind) = repair {
            self.tell(out, kind, at.node, &value);
        }
        (cost, Some(value))
    }

    pub(super) fn text(
        &mut self,
        at: At<'s>,
        lengths: Lengths,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let node = self.tree.node(at.node);
        let (cost, text) = match node.kind {
            Kind::Text | Kind::Bare => {
                // A text that is only prose is an answer in itself, never the part of one.
                if self.is_prose(at.node) && at.lift > 0 {
                    return self.misfit(at, "a string", out);
                }
                (0, out.is_some().then(|| self.tree.text(at.node).to_owned()))
            }
            Kind::Null | Kind::Missing => return self.misfit(at, "a string", out),
            kind => {
                let cost = if matches!(kind, Kind::Object | Kind::List) {
                    cost::LIFT
                } else {
                    cost::SMALL
                };
                (cost, out.is_some().then(|| self.raw(at.node).to_owned()))
            }
        };
        if !lengths.free()
            && !lengths.hold(self.tree.text(at.node).chars().count())
            && cost == 0
            && !node.cut
        {
            return self.misfit(at, "a string of another length", out);
        }
        let value = Value::String(text.unwrap_or_default());
        if cost > 0 {
            self.tell(out, RepairKind::ToText, at.node, &value);
        }
        (cost, Some(value))
    }

    pub(super) fn choice(
        &mut self,
        at: At<'s>,
        choices: &'s Choices,
        out: &mut Option<&mut Out<'s>>,
    ) -> Fit {
        let expected = || {
            let names: Vec<String> =
                choices.all.iter().take(20).map(|choice| choice.value.to_string()).collect();
            if names.len() == 1 { names.concat() } else { format!("one of {}", names.join(", ")) }
        };
        let kind = self.tree.node(at.node).kind;
        let found = match kind {
            Kind::Number | Kind::True | Kind::False => {
                let value = self.tree.value(at.node);
                let same = |other: &Value| match (other, &value) {
                    (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
                    (a, b) => a == b,
                };
                match choices.all.iter().position(|choice| same(&choice.value)) {
                    Some(index) => return (0, Some(choices.all[index].value.clone())),
                    None => words::find(choices, self.tree.text(at.node)),
                }
            }
            Kind::Text | Kind::Bare => words::find(choices, self.tree.text(at.node)),
            _ => return self.unwrapped(at, &expected(), out),
        };
        let (mut cost, index) = match found {
            Match::Exact(index) => (0, index),
            Match::Like(index) => (cost::TINY, index),
            Match::Named(index) => (cost::NAMED, index),
            Match::Unclear => return self.misfit(at, &expected(), out),
            Match::None => return self.unwrapped(at, &expected(), out),
        };
        let value = choices.all[index].value.clone();
        if !value.is_string() {
            cost += cost::SMALL;
        }
        if value.as_str() != Some(self.tree.text(at.node)) {
            self.tell(out, RepairKind::EnumMatched, at.node, &value);
        }
        (cost, Some(value))
    }

    /// A scalar that stands in a wrapping of one: `{"value": 3}`, `[3]`, `"\"3\""`.
    fn unwrapped(&mut self, at: At<'s>, expected: &str, out: &mut Option<&mut Out<'s>>) -> Fit {
        if at.lift >= LIFTS {
            return self.misfit(at, expected, out);
        }
        let node = self.tree.node(at.node);
        let (inner, kind) = match node.kind {
            Kind::Object => match self.tree.only_child(at.node) {
                Some(child) if !matches!(self.tree.node(child).kind, Kind::Object | Kind::List) => {
                    (child, RepairKind::FromField)
                }
                _ => return self.misfit(at, expected, out),
            },
            Kind::List => match self.tree.only_child(at.node) {
                Some(child) => (child, RepairKind::FromList),
                None => return self.misfit(at, expected, out),
            },
            Kind::Text => match self.parse_text(at.node) {
                Some(root) => (root, RepairKind::ParsedString),
                None => return self.misfit(at, expected, out),
            },
            _ => return self.misfit(at, expected, out),
        };
        let below = at.lifted(inner, at.shape);
        let cost = self.weigh(below);
        if cost >= cost::MISFIT {
            return self.misfit(at, expected, out);
        }
        if out.is_none() {
            return (cost + cost::LIFT, Some(Value::Null));
        }
        let (_, value) = self.fit(below, out);
        self.tell(out, kind, at.node, value.as_ref().unwrap_or(&Value::Null));
        (cost + cost::LIFT, value)
    }

    /// Whether a node is the whole of a text that is no JSON.
    pub(super) fn is_prose(&self, id: super::NodeId) -> bool {
        self.prose == Some(id)
    }
}

/// The integer that a number is, if it is one.
fn whole(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    number.as_f64().and_then(integral)
}
