//! [`Ground`]: the field types that `#[extract(grounded)]` accepts.

use std::borrow::Cow;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::contract::Checker;

/// A type whose text can be searched for in the source. A field of such a type may carry
/// `#[extract(grounded)]`. Its text must then occur in the source, by the rules of
/// [`Quote`](super::Quote).
#[diagnostic::on_unimplemented(
    message = "`grounded` does not apply to `{Self}`",
    label = "expected a string, or an option or list of strings",
    note = "use the type `Grounded<{Self}>` for a value with quotes from the source text"
)]
pub trait Ground {
    /// Searches the source for the text, and reports a problem if it does not occur.
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
