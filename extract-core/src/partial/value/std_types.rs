//! The partial forms of the standard library's types.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, Hash};
use std::rc::Rc;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::Streamed;
use super::lists::{Entries, List};
use super::node::{NodeValue, PartialNode, Seed};
use crate::contract::Extract;

/// Returns the text so far; the empty string while the node is hidden.
fn text(node: &PartialNode) -> &String {
    match &node.store {
        NodeValue::Text(text) if node.shown => text,
        _ => const { &String::new() },
    }
}

macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Streamed for $text {
            type Partial = String;

            fn of(place: &PartialNode) -> &String {
                text(place)
            }
        }
    )*};
}

texts!(String, Box<str>, Cow<'static, str>);

macro_rules! inside {
    ($($outside:ty),*) => {$(
        impl<T: Streamed> Streamed for $outside {
            type Partial = T::Partial;

            fn of(place: &PartialNode) -> &T::Partial {
                T::of(place)
            }
        }
    )*};
}

inside!(Option<T>, Box<T>, Rc<T>, Arc<T>);

impl<K, V> Streamed for BTreeMap<K, V>
where
    K: DeserializeOwned + JsonSchema + Ord + 'static,
    V: Extract,
{
    type Partial = Entries<V>;

    fn of(node: &PartialNode) -> &Entries<V> {
        entries(node)
    }
}

macro_rules! hashed {
    ($($map:ty),*) => {$(
        impl<K, V, S> Streamed for $map
        where
            K: DeserializeOwned + JsonSchema + Eq + Hash + 'static,
            V: Extract,
            S: BuildHasher + Default + 'static,
        {
            type Partial = Entries<V>;

            fn of(place: &PartialNode) -> &Entries<V> {
                entries(place)
            }
        }
    )*};
}

hashed!(HashMap<K, V, S>);

#[cfg(feature = "indexmap")]
hashed!(indexmap::IndexMap<K, V, S>);

/// Returns the entries so far; an empty map while the node is hidden.
fn entries<V: Extract>(node: &PartialNode) -> &Entries<V> {
    node.parts().unwrap_or(const { &Entries::NONE })
}

impl Seed {
    /// Returns the seed of a list of `T`.
    pub(crate) fn list<T: Extract>() -> Self {
        Self::Parts(|| Box::new(List::<T>::default()))
    }

    /// Returns the seed of a map to `V`.
    pub(crate) fn map<V: Extract>() -> Self {
        Self::Parts(|| Box::new(Entries::<V>::default()))
    }
}
