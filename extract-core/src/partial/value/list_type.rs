//! The types that are lists in the JSON and whose elements can be seen one by one, and their partial
//! form.

use std::collections::{BTreeSet, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use super::lists::List;
use super::node::PartialNode;
use super::{Partial, Streamed};
use crate::contract::Extract;

/// A type that is a list in the JSON: `Vec<X>`, `VecDeque<X>`, sets, `Box<[X]>`, arrays, and options and
/// boxes of these. The trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a list",
    label = "`{Self}` does not implement `ListType`",
    note = "for a list inside a newtype, return its field: `&value.list.0`",
    note = "`items_at` accepts the JSON pointer of any list"
)]
pub trait ListType: sealed::Sealed {
    /// The type of the elements.
    type Item: Extract;
}

mod sealed {
    pub trait Sealed {}
}

/// Returns the visible elements; an empty list if there are none yet.
fn list<T: Extract>(node: &PartialNode) -> &Vec<Partial<T>> {
    node.parts::<List<T>>().map_or(const { &Vec::new() }, List::shown)
}

macro_rules! lists {
    ($([$($param:tt)*] $list:ty $(, where [$($bound:tt)+])?;)*) => {$(
        impl<T: Extract, $($param)*> sealed::Sealed for $list $(where $($bound)+)? {}

        impl<T: Extract, $($param)*> ListType for $list $(where $($bound)+)? {
            type Item = T;
        }

        impl<T: Extract, $($param)*> Streamed for $list $(where $($bound)+)? {
            type Partial = Vec<Partial<T>>;

            fn of(place: &PartialNode) -> &Vec<Partial<T>> {
                list(place)
            }
        }
    )*};
}

lists! {
    [] Vec<T>;
    [] Box<[T]>;
    [] VecDeque<T>;
    [] LinkedList<T>;
    [] BTreeSet<T>, where [T: Ord];
    [S] HashSet<T, S>, where [T: Eq + Hash, S: BuildHasher + Default + 'static];
    [const N: usize] [T; N];
}

#[cfg(feature = "indexmap")]
lists! {
    [S] indexmap::IndexSet<T, S>, where [T: Eq + Hash, S: BuildHasher + Default + 'static];
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
