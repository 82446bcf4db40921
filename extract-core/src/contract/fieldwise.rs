//! Checking a value that cannot be read as a whole: each part of it that can be read is checked by
//! its rules, and each that cannot is a problem at its place. One part is tried at a time, from the
//! outside in, so a value is read at most once for each level of it that cannot be read.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::value_deserializer::{self, DeserializeProblem, Reading, read_key};
use super::{Checker, Extract};

/// The most parts of one value that are told to be unreadable.
const MOST: usize = 1000;

impl Checker<'_> {
    /// Checks the parts of the value at this place, which cannot be read as a `T`.
    pub(crate) fn check_fieldwise<T: Extract>(&mut self, error: &DeserializeProblem) {
        let Some(value) = self.json() else { return };
        self.walk_fields(T::check_json, Some(error), value);
    }

    /// Checks the value at this place as a part of one that cannot be read: by its own check if it can
    /// be read, and part by part if not.
    #[doc(hidden)]
    pub fn check_field_piece<T: Extract>(&mut self) {
        self.piece(value_deserializer::read::<T>, T::check_json, |value, checker| {
            value.check(checker)
        });
    }

    /// The same of each element of a list.
    #[doc(hidden)]
    pub fn check_field_pieces<T: Extract>(&mut self) {
        let count = self.json().and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..count {
            self.at(index, Checker::check_field_piece::<T>);
        }
    }

    /// The same of each value of a map.
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

    /// A field that is read by a function.
    #[doc(hidden)]
    pub fn check_field_piece_by<T>(
        &mut self,
        read: impl FnOnce(Reading<'_>) -> Result<T, serde_json::Error>,
        check: impl FnOnce(&T, &mut Self),
    ) {
        self.piece(|value| value_deserializer::read_by(value, read), |_| {}, check);
    }

    /// Steps into what is read from the same object as other fields: the members of these are not its
    /// own.
    #[doc(hidden)]
    pub fn beside(&mut self, others: &'static [&'static str], check: impl FnOnce(&mut Self)) {
        let here = self.depth();
        self.fieldwise.others.push((here, others));
        check(self);
        self.fieldwise.others.pop();
    }

    /// Whether the object at this place has a member of this name.
    #[doc(hidden)]
    pub fn has_member(&self, name: &str) -> bool {
        self.json().is_some_and(|value| value.get(name).is_some())
    }

    /// Whether a member of the object at this place is one of these texts.
    #[doc(hidden)]
    pub fn is_tagged(&self, tag: &str, names: &[&str]) -> bool {
        let text = self.json().and_then(|value| value.get(tag)).and_then(Value::as_str);
        text.is_some_and(|text| names.contains(&text))
    }

    fn is_of_others(&self, name: &str) -> bool {
        let here = self.depth();
        let others = self.fieldwise.others.iter().filter(|(depth, _)| *depth == here);
        others.flat_map(|(_, names)| names.iter()).any(|other| *other == name)
    }

    fn piece<T>(
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
                let own = members.iter().filter(|(name, _)| !self.is_of_others(name));
                Cow::Owned(own.map(|(name, member)| (name.clone(), member.clone())).collect())
            }
            value => Cow::Borrowed(value),
        };
        match read(&value) {
            Ok(typed) => check(&typed, self),
            // Of several that are read from one object, none need find what it is made of in it.
            Err(error) => {
                let is_alone = matches!(value, Cow::Borrowed(_));
                self.walk_fields(walk, is_alone.then_some(&error), &value);
            }
        }
    }

    /// Walks on into a value that cannot be read, and says so of the value itself only where nothing in
    /// it is found to be the reason.
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

    fn report_unread(&mut self, error: &DeserializeProblem, value: &Value) {
        self.fieldwise.unread += 1;
        if self.fieldwise.unread <= MOST {
            self.report_problem(|at| value_deserializer::problem(error, at, value));
        }
    }
}

/// A field of this type as a part of a value that cannot be read. What the derive emits is
/// `(&&Piece::<F>::new()).check(checker, ..)`, and method resolution prefers [`PieceExtract`], then
/// [`PieceRead`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldPiece<T>(PhantomData<T>);

impl<T> FieldPiece<T> {
    #[allow(clippy::new_without_default, reason = "it is called by the derive alone")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

#[doc(hidden)]
pub trait FieldPieceExtract<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T: Extract> FieldPieceExtract<T> for &FieldPiece<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>)) {
        checker.piece(value_deserializer::read::<T>, T::check_json, check);
    }
}

#[doc(hidden)]
pub trait FieldPieceRead<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T: DeserializeOwned> FieldPieceRead<T> for &&FieldPiece<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>)) {
        checker.piece(value_deserializer::read::<T>, |_| {}, check);
    }
}

/// A type that is read in a way that is not known here has no parts that are.
#[doc(hidden)]
pub trait FieldPieceOther<T> {
    fn check(&self, checker: &mut Checker<'_>, check: impl FnOnce(&T, &mut Checker<'_>));
}

impl<T> FieldPieceOther<T> for FieldPiece<T> {
    fn check(&self, _: &mut Checker<'_>, _: impl FnOnce(&T, &mut Checker<'_>)) {}
}
