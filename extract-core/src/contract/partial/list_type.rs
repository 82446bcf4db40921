//! The types that stand as a list in the JSON and whose elements can be seen one by one.

use std::collections::{BTreeSet, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use super::Extract;

/// A type that is a list in the JSON, and what its elements are: `Vec<X>`, `VecDeque<X>`, sets,
/// `Box<[X]>`, arrays, and options and boxes of these. It cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no list whose elements can be followed",
    label = "`{Self}` does not implement `ListType`",
    note = "a list inside a newtype is reached by its field: `&value.list.0`",
    note = "`items_at` takes the place of any list, as a JSON pointer"
)]
pub trait ListType: sealed::Sealed {
    /// An element.
    type Item: Extract;
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! lists {
    ($($list:ty $(, $bound:path)*;)*) => {$(
        impl<T: Extract $(+ $bound)*> sealed::Sealed for $list {}

        impl<T: Extract $(+ $bound)*> ListType for $list {
            type Item = T;
        }
    )*};
}

lists! {
    Vec<T>;
    Box<[T]>;
    VecDeque<T>;
    LinkedList<T>;
    BTreeSet<T>, Ord;
}

macro_rules! hashed {
    ($($set:ty),*) => {$(
        impl<T, S> sealed::Sealed for $set
        where
            T: Extract + Eq + Hash,
            S: BuildHasher + Default + 'static,
        {
        }

        impl<T, S> ListType for $set
        where
            T: Extract + Eq + Hash,
            S: BuildHasher + Default + 'static,
        {
            type Item = T;
        }
    )*};
}

hashed!(HashSet<T, S>);

#[cfg(feature = "indexmap")]
hashed!(indexmap::IndexSet<T, S>);

impl<T: Extract, const N: usize> sealed::Sealed for [T; N] {}

impl<T: Extract, const N: usize> ListType for [T; N] {
    type Item = T;
}

macro_rules! inside {
    ($($outside:ty),*) => {$(
        impl<L: ListType> sealed::Sealed for $outside {}

        impl<L: ListType> ListType for $outside {
            type Item = L::Item;
        }
    )*};
}

inside!(Option<L>, Box<L>, Rc<L>, Arc<L>);
