//! The typed form of a value that is still arriving: [`Partial`], and the partial forms of types with
//! parts. Knows nothing of replies; the sibling module `filling` fills the values.

mod enum_form;
mod fields;
mod from_json;
pub(crate) mod list_pointer;
mod list_type;
mod lists;
mod maybe_answer;
mod node;
mod output;
mod reject;

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

/// A `T` as far as it has arrived.
///
/// If `T` has parts, they are reached as in a `T`. A `Partial<Report>` dereferences to the
/// `ReportPartial` that `#[derive(Extract)]` writes beside `Report`, whose fields are partial again. A
/// `Partial<String>` dereferences to the `String` so far, a `Partial<Vec<X>>` to the elements so far, a
/// map to [`Entries`], and an enum with data to an `Option` of its variants. [`Streamed`] lists these
/// types.
///
/// All other values (numbers, dates, types without a partial form) appear when they are
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
/// A partial value serializes as JSON under the JSON names of the value, as far as it has arrived. A
/// [pending](State::Pending) value is left out of an object, and is `null` elsewhere.
pub struct Partial<T> {
    node: PartialNode,
    of: PhantomData<fn() -> T>,
}

/// A type whose parts can be seen while it arrives: strings, lists, maps, tuples, options and boxes of
/// these, [`Maybe`](crate::contract::Maybe) and [`Answer`](crate::contract::Answer), and types for which
/// `#[derive(Extract)]` writes a partial form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no partial form",
    label = "`{Self}` does not implement `Streamed`",
    note = "a value of `{Self}` appears only when it is complete: call `whole()` on the `Partial<{Self}>`",
    note = "`#[derive(Extract)]` writes a partial form for structs and for enums with data"
)]
pub trait Streamed: 'static {
    /// The type that a [`Partial`] of this type dereferences to.
    type Partial: 'static;

    #[doc(hidden)]
    fn of(place: &PartialNode) -> &Self::Partial;
}

impl<T> Partial<T> {
    /// Returns a pending value.
    pub const fn new() -> Self {
        Self { node: PartialNode::NEW, of: PhantomData }
    }

    /// Returns how much of the value has arrived.
    #[inline]
    pub fn state(&self) -> State {
        self.node.state()
    }

    /// Whether the value is complete.
    #[inline]
    pub fn is_whole(&self) -> bool {
        self.state() == State::Complete
    }

    /// Returns the value so far as JSON, under its JSON names; `null` while nothing can be shown.
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
    /// Returns the value once it is complete. Returns `None` before that, or if the JSON does not
    /// deserialize as a `T`.
    ///
    /// The value is not checked yet: the schema and the validators check the final value. Data that a
    /// check adds is missing too: a [`Quote`](crate::grounding::Quote) has no location in the source yet.
    ///
    /// Each call deserializes the value again, so its cost is proportional to the size of the value.
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
    /// Returns the partial form of a complete value, from its JSON.
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

/// Finds the seed of a field whose type may or may not be [`Extract`]. The derive emits
/// `(&FieldSeed::<T>::NEW).seed()`; method resolution prefers [`FieldSeedExtract`] to [`FieldSeedOther`].
#[doc(hidden)]
#[derive(Debug)]
pub struct FieldSeed<T>(PhantomData<fn() -> T>);

impl<T> FieldSeed<T> {
    /// The only value of this type.
    pub const NEW: Self = Self(PhantomData);
}

/// Implemented for fields whose type is [`Extract`].
#[doc(hidden)]
pub trait FieldSeedExtract {
    fn seed(&self) -> Seed;
}

impl<T: Extract> FieldSeedExtract for FieldSeed<T> {
    fn seed(&self) -> Seed {
        T::seed()
    }
}

/// Implemented for fields of any type: they appear when they are whole.
#[doc(hidden)]
pub trait FieldSeedOther {
    fn seed(&self) -> Seed;
}

impl<T> FieldSeedOther for &FieldSeed<T> {
    fn seed(&self) -> Seed {
        Seed::Whole
    }
}
