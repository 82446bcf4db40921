//! What `#[extract(grounded)]` on a field asks of its type.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::contract::Checker;

/// What can be looked up in the source: text, and what holds text. A field of such a type may say
/// `#[extract(grounded)]`, and its text must then stand in the source, by the rules of
/// [`Quote`](super::Quote).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text that could stand in the source",
    label = "`grounded` is for strings, and options and lists of them",
    note = "for a value that follows from the text, use `Grounded<{Self}>`: it brings the quotes that it rests on"
)]
pub trait Ground {
    /// Looks it up, and reports what is not found.
    fn look_up(&self, checker: &mut Checker<'_>);
}

impl Ground for str {
    fn look_up(&self, checker: &mut Checker<'_>) {
        checker.look_up_quote(self);
    }
}

impl Ground for String {
    fn look_up(&self, checker: &mut Checker<'_>) {
        checker.look_up_quote(self);
    }
}

impl Ground for Cow<'_, str> {
    fn look_up(&self, checker: &mut Checker<'_>) {
        checker.look_up_quote(self);
    }
}

macro_rules! around {
    ($($pointer:ident),*) => {$(
        impl<T: Ground + ?Sized> Ground for $pointer<T> {
            fn look_up(&self, checker: &mut Checker<'_>) {
                Ground::look_up(&**self, checker);
            }
        }
    )*};
}

around!(Box, Rc, Arc);

impl<T: Ground> Ground for Option<T> {
    fn look_up(&self, checker: &mut Checker<'_>) {
        if let Some(text) = self {
            text.look_up(checker);
        }
    }
}

macro_rules! each {
    ($($list:ty),* $(,)?) => {$(
        impl<T: Ground> Ground for $list {
            fn look_up(&self, checker: &mut Checker<'_>) {
                for (index, text) in self.iter().enumerate() {
                    checker.at(index, |checker| text.look_up(checker));
                }
            }
        }
    )*};
}

each!([T], Vec<T>, VecDeque<T>, BTreeSet<T>);
