//! Fits scalars: null, booleans, numbers, strings and enum values.

use serde_json::{Number, Value};

use super::super::enum_match::{self, EnumMatch};
use super::super::numbers::{integral, written};
use super::super::report::{Level, RepairKind};
use super::super::tree::{Kind, NONE};
use super::{Fit, FitNotes, Fitter, NodeId, Position, cost};
use crate::contract::shape::{Bounds, Choices, Lengths, Width};

impl<'s> Fitter<'s> {
    /// Fits a node to `null`. A string that says that no value exists is converted.
    pub(super) fn null(&mut self, at: Position<'s>, out: &mut Option<&mut FitNotes<'s>>) -> Fit {
        match self.tree.node(at.node).kind {
            Kind::Null | Kind::Missing => (0, Some(Value::Null)),
            Kind::Text | Kind::Bare if enum_match::is_absence_word(self.tree.text(at.node)) => {
                self.report(out, RepairKind::ToNull, at.node, &Value::Null);
                (cost::SMALL, Some(Value::Null))
            }
            _ => self.misfit(at, "null", out),
        }
    }

    /// Fits a node to a boolean.
    pub(super) fn boolean(&mut self, at: Position<'s>, out: &mut Option<&mut FitNotes<'s>>) -> Fit {
        let (cost, truth) = match self.tree.node(at.node).kind {
            Kind::True => return (0, Some(Value::Bool(true))),
            Kind::False => return (0, Some(Value::Bool(false))),
            Kind::Text | Kind::Bare => match enum_match::parse_bool(self.tree.text(at.node)) {
                Some((truth, named)) => (if named { cost::NAMED } else { cost::SMALL }, truth),
                None => return self.content(at, "a boolean", out),
            },
            Kind::Number => match self.number_of(at.node).and_then(|number| number.as_f64()) {
                Some(1.0) => (cost::SMALL, true),
                Some(0.0) => (cost::SMALL, false),
                _ => return self.misfit(at, "a boolean", out),
            },
            _ => return self.content(at, "a boolean", out),
        };
        self.report(out, RepairKind::ToBool, at.node, &Value::Bool(truth));
        (cost, Some(Value::Bool(truth)))
    }

    /// Fits a node to a number, or to an integer of this width.
    pub(super) fn number(
        &mut self,
        at: Position<'s>,
        bounds: &Bounds,
        integer: Option<Width>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let expected = if integer.is_some() { "an integer" } else { "a number" };
        if integer == Some(Width::Wide) {
            if let Some(digits) = wide(self.tree.text(at.node)) {
                return self.digits(at, bounds, &digits, out);
            }
        }
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
                None => return self.content(at, expected, out),
            },
            _ => return self.content(at, expected, out),
        };
        let number = match integer.map(|_| whole(&number)) {
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
            self.report(out, kind, at.node, &value);
        }
        (cost, Some(value))
    }

    /// Returns an integer beyond 64 bits as a string of digits, which the checks read as a number.
    fn digits(
        &mut self,
        at: Position<'s>,
        bounds: &Bounds,
        digits: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let holds = digits.parse::<f64>().is_ok_and(|value| bounds.hold(value));
        if !holds {
            return self.misfit(at, "a number within the bounds", out);
        }
        (0, Some(Value::String(digits.to_owned())))
    }

    /// Fits a node to a string.
    pub(super) fn text(
        &mut self,
        at: Position<'s>,
        lengths: Lengths,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let node = self.tree.node(at.node);
        let (cost, text) = match node.kind {
            Kind::Text | Kind::Bare if self.is_prose(at.node) && self.is_within(at) => {
                return self.semantic_misfit(at, "a string", out);
            }
            // Text without quotation marks that holds a JSON key is a part of another value.
            Kind::Bare
                if self.level != Level::Salvage && self.tree.text(at.node).contains("\":") =>
            {
                return self.semantic_misfit(at, "a string", out);
            }
            Kind::Text | Kind::Bare => (0, self.tree.text(at.node)),
            Kind::Null | Kind::Missing => return self.misfit(at, "a string", out),
            // A lowered schema asks for JSON as a string where the type takes any value. The value
            // itself is accepted; the original schema checks it.
            Kind::Object | Kind::List if self.shape.is_lowered() => {
                let value = out.is_some().then(|| self.tree.value(at.node));
                return (cost::SMALL, Some(value.unwrap_or_default()));
            }
            Kind::Object | Kind::List if self.level != Level::Salvage && !self.is_code(at.node) => {
                return self.content(at, "a string", out);
            }
            Kind::Object | Kind::List => (cost::STRUCTURE, self.raw(at.node)),
            _ => (cost::SMALL, self.raw(at.node)),
        };
        let is_long = !lengths.free() && !node.cut;
        if is_long && !lengths.hold(text.chars().count()) {
            return self.misfit(at, "a string of another length", out);
        }
        let value = Value::String(if out.is_some() { text.to_owned() } else { String::new() });
        if cost > 0 {
            self.report(out, RepairKind::ToText, at.node, &value);
        }
        (cost, Some(value))
    }

    /// Returns whether a node is code in braces rather than JSON: no quotation marks and only bare
    /// words.
    fn is_code(&self, node: NodeId) -> bool {
        let is_bare = |child| matches!(self.kind(child), Kind::Missing | Kind::Bare);
        let raw = self.raw(node);
        self.kind(node) == Kind::Object
            && self.tree.children(node).all(is_bare)
            && !raw.contains(['"', '“', '”'])
            && !raw.trim_matches(['{', '}']).trim().is_empty()
    }

    /// Fits a node to the values of an enum.
    pub(super) fn choice(
        &mut self,
        at: Position<'s>,
        choices: &'s Choices,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        let kind = self.kind(at.node);
        let found = match kind {
            Kind::Number | Kind::True | Kind::False => {
                let value = self.tree.value(at.node);
                let same = |other: &Value| match (other, &value) {
                    (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
                    (a, b) => a == b,
                };
                match choices.all.iter().position(|choice| same(&choice.value)) {
                    Some(index) => return (0, Some(choices.all[index].value.clone())),
                    None => enum_match::find(choices, self.tree.text(at.node)),
                }
            }
            Kind::Text | Kind::Bare => enum_match::find(choices, self.tree.text(at.node)),
            Kind::Object => match self.unit(at.node, choices) {
                Some(index) => {
                    let value = choices.all[index].value.clone();
                    self.report(out, RepairKind::FromField, at.node, &value);
                    return (cost::SMALL, Some(value));
                }
                None => return self.content(at, &choices.expected(), out),
            },
            _ => return self.content(at, &choices.expected(), out),
        };
        let (mut cost, index) = match found {
            EnumMatch::Exact(index) => (0, index),
            EnumMatch::Like(index) => (cost::TINY, index),
            EnumMatch::Named(index) => (cost::NAMED, index),
            EnumMatch::Unclear => return self.misfit(at, &choices.expected(), out),
            EnumMatch::None => return self.content(at, &choices.expected(), out),
        };
        let value = choices.all[index].value.clone();
        if !value.is_string() {
            cost += cost::SMALL;
        }
        if value.as_str() != Some(self.tree.text(at.node)) {
            self.report(out, RepairKind::EnumMatched, at.node, &value);
        }
        (cost, Some(value))
    }

    /// Returns the index of a unit variant that is written with an empty payload: `{"Stop": {}}`,
    /// `{"Stop": null}`.
    pub(super) fn unit(&self, node: NodeId, choices: &Choices) -> Option<usize> {
        let child = self.tree.only_child(node)?;
        let payload = self.tree.node(child);
        let is_empty = match payload.kind {
            Kind::Null => true,
            Kind::Object | Kind::List => payload.first == NONE,
            _ => false,
        };
        match enum_match::find(choices, self.tree.key(child)) {
            EnumMatch::Exact(index) | EnumMatch::Like(index) if is_empty => Some(index),
            _ => None,
        }
    }

    /// Fits a scalar inside a wrapper, a list of one or a string: `{"value": 3}`, `[3]`, `"\"3\""`.
    fn content(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> Fit {
        match self.unwrapped(at) {
            Some(conversion) => self.convert(at, conversion, out),
            None => self.misfit(at, expected, out),
        }
    }

    /// Returns whether a node is a whole text that is not JSON.
    pub(super) fn is_prose(&self, id: NodeId) -> bool {
        self.prose == Some(id)
    }

    /// Returns whether a value is a part of the answer. Prose can be the whole answer, but not a
    /// part of one.
    pub(super) fn is_within(&self, at: Position<'s>) -> bool {
        at.converted || at.field.is_some() || self.shape.wrapped_field().is_some()
    }

    /// Returns whether a number has more digits than a JSON value keeps.
    pub(super) fn loses_digits(&self, node: NodeId) -> bool {
        self.kind(node) == Kind::Number && !is_kept(self.tree.text(node))
    }
}

/// Returns whether a JSON value keeps the number as written. Integers of 64 bits and floats that
/// print the same are kept, and so are numbers of up to 15 digits.
fn is_kept(text: &str) -> bool {
    const DIGITS: usize = 15;
    let is_same = |kept: serde_json::Number| kept.to_string() == text;
    if super::super::tree::number(text).is_some_and(is_same) {
        return true;
    }
    let mantissa = text.split(['e', 'E']).next().unwrap_or(text);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit);
    digits.skip_while(|&digit| digit == b'0').count() <= DIGITS
}

/// Returns the digits of an integer that needs 128 bits, or `None` for any other text.
fn wide(text: &str) -> Option<String> {
    let text = text.trim();
    if text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok() {
        return None;
    }
    let signed = text.parse::<i128>().map(|number| number.to_string());
    signed.or_else(|_| text.parse::<u128>().map(|number| number.to_string())).ok()
}

/// Returns a number as an integer, or `None` if it has a fraction.
fn whole(number: &Number) -> Option<Number> {
    if number.is_i64() || number.is_u64() {
        return Some(number.clone());
    }
    number.as_f64().and_then(integral)
}

impl Choices {
    /// Describes the values; a long list is shortened.
    pub(super) fn expected(&self) -> String {
        const MOST: usize = 20;
        let names: Vec<String> =
            self.all.iter().take(MOST).map(|choice| choice.value.to_string()).collect();
        match self.all.len() {
            1 => names.concat(),
            2..=MOST => format!("one of {}", names.join(", ")),
            more => format!("one of {more} values: {}, …", names.join(", ")),
        }
    }
}
