//! Whether two elements of a list, from answers about different chunks, are the same.

use serde_json::{Map, Value};

use super::answer::Answer;
use crate::schema::{json_equal, push_segment};

/// A value in an answer.
#[derive(Debug, Clone)]
pub(super) struct At<'a> {
    pub(super) answer: &'a Answer,
    /// The JSON pointer in the answer.
    pub(super) pointer: String,
    pub(super) value: &'a Value,
}

impl At<'_> {
    /// Returns the member or element of this name; `None` if it is absent.
    pub(super) fn inside(&self, name: &str) -> Option<Self> {
        let value = match self.value {
            Value::Object(members) => members.get(name)?,
            Value::Array(items) => items.get(name.parse::<usize>().ok()?)?,
            _ => return None,
        };
        let mut pointer = self.pointer.clone();
        push_segment(&mut pointer, name);
        Some(Self { answer: self.answer, pointer, value })
    }
}

/// How two values compare.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is found independently of the others")]
pub(super) struct Likeness {
    /// Two values differ.
    pub(super) differs: bool,
    /// A value is null or empty in one of them alone.
    pub(super) is_filled: bool,
    /// Two quotes overlap in the document.
    pub(super) overlaps: bool,
    /// Two quotes are at different places in the document.
    pub(super) is_apart: bool,
}

impl Likeness {
    /// Compares two values. Texts are compared without regard to white space, quotes by their places.
    pub(super) fn of(one: &At<'_>, other: &At<'_>) -> Self {
        let mut likeness = Self::default();
        likeness.compare(one, other);
        likeness
    }

    /// Whether the values are the same: nothing differs, and only at the same place of the document a value may
    /// be null in one of them.
    pub(super) fn is_same(self) -> bool {
        !self.differs && !self.is_apart && (!self.is_filled || self.overlaps)
    }

    fn compare(&mut self, one: &At<'_>, other: &At<'_>) {
        if self.differs {
            return;
        }
        if let (Some(left), Some(right)) =
            (one.answer.located(&one.pointer), other.answer.located(&other.pointer))
        {
            let meets = left.bytes.start < right.bytes.end && right.bytes.start < left.bytes.end;
            if meets {
                self.overlaps = true;
            } else {
                self.is_apart = true;
            }
            return;
        }
        match (one.value, other.value) {
            (Value::Null, Value::Null) => {}
            (Value::Null, _) | (_, Value::Null) => self.is_filled = true,
            (Value::Object(left), Value::Object(right)) => {
                self.compare_members(one, other, left, right);
            }
            (Value::Array(left), Value::Array(right)) => {
                self.compare_items(one, other, left.len(), right.len());
            }
            (Value::String(left), Value::String(right)) => {
                self.differs |= !left.split_whitespace().eq(right.split_whitespace());
            }
            (left, right) => self.differs |= !json_equal(left, right),
        }
    }

    /// Compares two objects. A member that is absent is null.
    fn compare_members(
        &mut self,
        one: &At<'_>,
        other: &At<'_>,
        left: &Map<String, Value>,
        right: &Map<String, Value>,
    ) {
        let others = right.keys().filter(|name| !left.contains_key(*name));
        for name in left.keys().chain(others) {
            match (one.inside(name), other.inside(name)) {
                (Some(one), Some(other)) => self.compare(&one, &other),
                (Some(only), None) | (None, Some(only)) => {
                    self.is_filled |= !only.value.is_null();
                }
                (None, None) => {}
            }
        }
    }

    /// Compares two lists. Lists of quotes are the same if any two of them overlap.
    fn compare_items(&mut self, one: &At<'_>, other: &At<'_>, left: usize, right: usize) {
        if left == 0 || right == 0 {
            self.is_filled |= left != right;
            return;
        }
        let quotes = |of: &At<'_>, count: usize| {
            let items = (0..count).map(|index| of.inside(&index.to_string()));
            items
                .map(|item| item.and_then(|item| item.answer.located(&item.pointer).cloned()))
                .collect::<Option<Vec<_>>>()
        };
        if let (Some(left), Some(right)) = (quotes(one, left), quotes(other, right)) {
            let meets = left.iter().any(|left| {
                right.iter().any(|right| {
                    left.bytes.start < right.bytes.end && right.bytes.start < left.bytes.end
                })
            });
            if meets {
                self.overlaps = true;
            } else {
                self.is_apart = true;
            }
            return;
        }
        if left != right {
            self.differs = true;
            return;
        }
        for index in 0..left {
            let name = index.to_string();
            if let (Some(one), Some(other)) = (one.inside(&name), other.inside(&name)) {
                self.compare(&one, &other);
            }
        }
    }
}

/// Returns a value without differences in white space, without null members, and with quotes left out: the same
/// text for values that may be the same.
pub(super) fn fingerprint(at: &At<'_>) -> String {
    normal(at).to_string()
}

fn normal(at: &At<'_>) -> Value {
    if at.answer.located(&at.pointer).is_some() {
        return Value::Null;
    }
    match at.value {
        Value::String(text) => spaced(text).into(),
        // As in JSON Schema, 1 equals 1.0.
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
                let whole = float as i64;
                whole.into()
            }
            _ => at.value.clone(),
        },
        Value::Array(items) => {
            let items = (0..items.len()).filter_map(|index| at.inside(&index.to_string()));
            items.map(|item| normal(&item)).collect()
        }
        Value::Object(members) => {
            let mut names: Vec<&String> = members.keys().collect();
            names.sort();
            let members = names.into_iter().filter_map(|name| Some((name, at.inside(name)?)));
            let members = members.map(|(name, inner)| (name.clone(), normal(&inner)));
            Value::Object(members.filter(|(_, value)| !value.is_null()).collect())
        }
        other => other.clone(),
    }
}

/// Returns a text with one space for each run of white space.
fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
