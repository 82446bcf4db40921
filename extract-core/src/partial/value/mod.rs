//! What there is of a value that is still arriving, typed: [`Partial`] and, for a type with parts,
//! the form of its parts. Knows no reply; `partial/` of the crate fills it.

mod enum_form;
mod fields;
mod from_json;
pub(crate) mod list_pointer;
mod list_type;
mod lists;
mod maybe_answer;
mod node;
mod output;
mod std_types;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::contract::Extract;
#[doc(hidden)]
pub use enum_form::{EnumFields, PartialEnum};
#[doc(hidden)]
pub use fields::{Field, FieldsKind, PartialFields, Tagging, Variant, VariantContent};
pub use list_type::ListType;
pub use lists::Entries;
#[doc(hidden)]
pub use lists::List;
pub use maybe_answer::{AnswerPartial, MaybePartial};
pub use node::State;
#[doc(hidden)]
pub use node::{PartialNode, Seed};
#[doc(hidden)]
pub use output::{debug, same, serialize};

pub(crate) use fields::{content, find};
pub(crate) use from_json::fill_flat;
pub(crate) use node::NodeValue;

/// What has come of a `T` so far.
///
/// Where `T` has parts, these can be reached as in a `T`: a `Partial<Report>` dereferences to the
/// `ReportPartial` that `#[derive(Extract)]` writes beside `Report`, whose fields are partial again;
/// a `Partial<String>` to the `String` so far, a `Partial<Vec<X>>` to the elements so far, a map to
/// [`Entries`], and an enum with data to an `Option` of its variants. [`Streamed`] lists them.
///
/// Everything else – numbers, dates, types that know nothing of partial values – appears when it is
/// [`whole`](Self::whole).
///
/// ```
/// use extract_llm::partial::Partial;
/// use serde_json::json;
///
/// let names = Partial::<Vec<String>>::of(&json!(["Ada", "Grace"]));
/// assert_eq!(*names[0], "Ada");
/// assert_eq!(names.whole(), Some(vec!["Ada".to_owned(), "Grace".to_owned()]));
/// ```
///
/// It is written as JSON under the names that the value has there, as far as it has come: what is
/// [pending](State::Pending) is left out of an object, and `null` on its own.
pub struct Partial<T> {
    node: PartialNode,
    of: PhantomData<fn() -> T>,
}

/// A type whose parts can be seen while it arrives: strings, lists, maps, tuples, options and boxes
/// of these, [`Maybe`](crate::contract::Maybe) and [`Answer`](crate::contract::Answer), and what `#[derive(Extract)]`
/// gives a partial form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no partial form: it appears when it is whole",
    label = "`{Self}` does not implement `Streamed`",
    note = "ask the `Partial<{Self}>` for `whole()`",
    note = "`#[derive(Extract)]` gives a struct, and an enum with data, a partial form"
)]
pub trait Streamed: 'static {
    /// What a [`Partial`] of it dereferences to.
    type Partial: 'static;

    #[doc(hidden)]
    fn of(place: &PartialNode) -> &Self::Partial;
}

impl<T> Partial<T> {
    /// Nothing has come.
    pub const fn new() -> Self {
        Self { node: PartialNode::NEW, of: PhantomData }
    }

    /// How far it has come.
    #[inline]
    pub fn state(&self) -> State {
        self.node.state()
    }

    /// Whether it has come to its end.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.state() == State::Complete
    }

    /// What has come as JSON, under the names that it has there.
    pub fn json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    #[doc(hidden)]
    #[inline]
    pub fn node(&self) -> &PartialNode {
        &self.node
    }

    #[doc(hidden)]
    #[inline]
    pub fn node_mut(&mut self) -> &mut PartialNode {
        &mut self.node
    }
}

impl<T: DeserializeOwned> Partial<T> {
    /// The value, once it is whole and can be read as a `T`. It has not been checked: what the
    /// schema and the validators say of it comes with the final value. So does what is looked up by a
    /// check: a [`Quote`](crate::grounding::Quote) in it has no place yet.
    ///
    /// It is read anew by each call, which costs what the value is long.
    ///
    /// ```
    /// use extract_llm::partial::Partial;
    ///
    /// assert_eq!(Partial::<u8>::new().whole(), None);
    /// assert_eq!(Partial::<u8>::of(&7.into()).whole(), Some(7));
    /// ```
    pub fn whole(&self) -> Option<T> {
        if self.is_whole() { T::deserialize(self.json()).ok() } else { None }
    }
}

impl<T: Extract> Partial<T> {
    /// The partial of a value that has come whole, given as JSON.
    pub fn of(value: &Value) -> Self {
        let mut partial = Self::new();
        partial.node.fill(T::seed(), value.clone());
        partial
    }
}

impl<T: Streamed> Deref for Partial<T> {
    type Target = T::Partial;

    fn deref(&self) -> &T::Partial {
        T::of(&self.node)
    }
}

impl<T> Default for Partial<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Partial<T> {
    fn clone(&self) -> Self {
        Self { node: self.node.clone(), of: PhantomData }
    }
}

impl<T> PartialEq for Partial<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T> fmt::Debug for Partial<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&output::OutputNode::Node(&self.node), f)
    }
}

impl<T> Serialize for Partial<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        output::OutputNode::Node(&self.node).serialize(serializer)
    }
}

/// Finds how the partial form of a field begins, whose type may or may not be [`Extract`]: what the
/// derive emits is `(&Sown::<T>::NEW).seed()`, and method resolution prefers [`SownExtract`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldSeed<T>(PhantomData<fn() -> T>);

impl<T> FieldSeed<T> {
    /// There is nothing in it.
    pub const NEW: Self = Self(PhantomData);
}

#[doc(hidden)]
pub trait FieldSeedExtract {
    fn seed(&self) -> Seed;
}

impl<T: Extract> FieldSeedExtract for FieldSeed<T> {
    fn seed(&self) -> Seed {
        T::seed()
    }
}

#[doc(hidden)]
pub trait FieldSeedOther {
    fn seed(&self) -> Seed;
}

impl<T> FieldSeedOther for &FieldSeed<T> {
    fn seed(&self) -> Seed {
        Seed::Whole
    }
}
