//! Checks a value that serde cannot read as a whole. Each part that can be read is checked by its
//! validators; each part that cannot is a problem at its pointer.
//!
//! Parts are tried one by one from the outside in. So a value is read at most once for each of its levels
//! that cannot be read.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::value_deserializer::{self, DeserializeProblem, FieldDeserializer, read_key};
use super::{Checker, Extract};

/// The most parts of one value that are reported as unreadable.
const MOST: usize = 1000;

impl Checker<'_> {
    /// Checks the parts of the current value, which could not be read as a `T` because of `error`.
    pub(crate) fn check_fieldwise<T: Extract>(&mut self, error: &DeserializeProblem) {
        let Some(value) = self.json() else { return };
        self.walk_fields(T::check_json, Some(error), value);
    }

    /// Checks the current value as a part of one that cannot be read: with its validators if it can be read
    /// as a `T`, otherwise part by part.
    #[doc(hidden)]
    pub fn check_field_piece<T: Extract>(&mut self) {
        self.check_or_walk(value_deserializer::read::<T>, T::check_json, |value, checker| {
            value.check(checker);
        });
    }

    /// Checks each element of a list as [`check_field_piece`](Self::check_field_piece) does.
    #[doc(hidden)]
    pub fn check_field_pieces<T: Extract>(&mut self) {
        let count = self.json().and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..count {
            self.at(index, Checker::check_field_piece::<T>);
        }
    }

    /// Checks each value of a map as [`check_field_piece`](Self::check_field_piece) does. A key that cannot
    /// be read is a problem.
    #[doc(hidden)]
    pub fn check_field_piece_entries<K: DeserializeOwned, V: Extract>(&mut self) {
        let Some(entries) = self.json().and_then(Value::as_object) else { return };
        for name in entries.keys() {
            if self.is_of_others(name) {
                continue;
            }
            let key = read_key::<K>(name);
            self.at(name, |checker| match key {
                Ok(_) => checker.check_field_piece::<V>(),
                Err(error) => checker.report_unread(&error, &Value::from(name.as_str())),
            });
        }
    }

    /// Checks a field that a function reads.
    #[doc(hidden)]
    pub fn check_field_piece_by<T>(
        &mut self,
        read: impl FnOnce(FieldDeserializer<'_>) -> Result<T, serde_json::Error>,
        check: impl FnOnce(&T, &mut Self),
    ) {
        self.check_or_walk(|value| value_deserializer::read_by(value, read), |_| {}, check);
    }

    /// Runs the check of a flattened field. `others` are the members of the current object that other
    /// fields read.
    #[doc(hidden)]
    pub fn beside(&mut self, others: &'static [&'static str], check: impl FnOnce(&mut Self)) {
        let here = self.depth();
        self.fieldwise.others.push((here, others));
        check(self);
        self.fieldwise.others.pop();
    }

    /// Returns whether the current object has a member of this name.
    #[doc(hidden)]
    pub fn has_member(&self, name: &str) -> bool {
        self.json().is_some_and(|value| value.get(name).is_some())
    }

    /// Returns whether the member `tag` of the current object is one of these texts.
    #[doc(hidden)]
    pub fn is_tagged(&self, tag: &str, names: &[&str]) -> bool {
        let text = self.json().and_then(|value| value.get(tag)).and_then(Value::as_str);
        text.is_some_and(|text| names.contains(&text))
    }

    /// Returns whether another field reads this member of the current object.
    fn is_of_others(&self, name: &str) -> bool {
        let here = self.depth();
        let others = self.fieldwise.others.iter().filter(|(depth, _)| *depth == here);
        others.flat_map(|(_, names)| names.iter()).any(|other| *other == name)
    }

    /// Reads the current value, without the members of other fields. Calls `check` with the result, or
    /// `walk` if it cannot be read.
    fn check_or_walk<T>(
        &mut self,
        read: impl FnOnce(&Value) -> Result<T, DeserializeProblem>,
        walk: fn(&mut Self),
        check: impl FnOnce(&T, &mut Self),
    ) {
        let Some(value) = self.json() else { return };
        let here = self.depth();
        let value = match value {
            Value::Object(members)
                if self.fieldwise.others.iter().any(|(depth, _)| *depth == here) =>
            {
                let tree = members.iter().filter(|(name, _)| !self.is_of_others(name));
                Cow::Owned(tree.map(|(name, member)| (name.clone(), member.clone())).collect())
            }
            value => Cow::Borrowed(value),
        };
        match read(&value) {
            Ok(typed) => check(&typed, self),
            // A flattened field may have no members in the object, so its failure is not reported.
            Err(error) => {
                let is_alone = matches!(value, Cow::Borrowed(_));
                self.walk_fields(walk, is_alone.then_some(&error), &value);
            }
        }
    }

    /// Checks the parts of a value that cannot be read. The value itself is reported only if all of its
    /// parts can be read.
    fn walk_fields(
        &mut self,
        walk: fn(&mut Self),
        error: Option<&DeserializeProblem>,
        value: &Value,
    ) {
        let before = self.fieldwise.unread;
        walk(self);
        if let Some(error) = error.filter(|_| self.fieldwise.unread == before) {
            self.report_unread(error, value);
        }
    }

    /// Adds a problem for a part that cannot be read, up to the limit.
    fn report_unread(&mut self, error: &DeserializeProblem, value: &Value) {
        self.fieldwise.unread += 1;
        if self.fieldwise.unread <= MOST {
            self.report_problem(|at| value_deserializer::to_problem(error, at, value));
        }
    }
}

/// The type of a field whose value belongs to one that cannot be read. The derive emits
/// `(&&FieldPiece::<F>::new()).check(checker, ..)`. Method resolution prefers [`FieldPieceExtract`], then
/// [`FieldPieceRead`], then [`FieldPieceOther`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldPiece<T>(PhantomData<T>);

impl<T> FieldPiece<T> {
    #[allow(clippy::new_without_default, reason = "it is called by the derive alone")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The check of a field whose type is [`Extract`]: it has parts that can be checked.
#[doc(hidden)]
pub trait FieldPieceExtract<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T: Extract> FieldPieceExtract<T> for &FieldPiece<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>)) {
        checker.check_or_walk(value_deserializer::read::<T>, T::check_json, check);
    }
}

/// The check of a field whose type serde can read: it has no parts.
#[doc(hidden)]
pub trait FieldPieceRead<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T: DeserializeOwned> FieldPieceRead<T> for &&FieldPiece<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>)) {
        checker.check_or_walk(value_deserializer::read::<T>, |_| {}, check);
    }
}

/// The check of any other field. It is left out, since its type cannot be read here.
#[doc(hidden)]
pub trait FieldPieceOther<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T> FieldPieceOther<T> for FieldPiece<T> {
    fn check(&self, _: &mut Checker<'_>, _: impl FnOnce(&T, &mut Checker<'_>)) {}
}
