//! The partial forms of lists, maps and tuples.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use super::Partial;
use super::fields::{Field, FieldsKind, PartialFields};
use super::node::{PartialNode, Seed};
use crate::contract::Extract;

/// The visible elements of a list, and the pending element behind them, if there is one.
#[doc(hidden)]
#[derive(Debug)]
pub struct List<T> {
    shown: Vec<Partial<T>>,
    next: Option<Partial<T>>,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), next: None }
    }
}

impl<T> List<T> {
    /// Returns the visible elements.
    pub(super) fn shown(&self) -> &Vec<Partial<T>> {
        &self.shown
    }
}

impl<T: Extract> PartialFields for List<T> {
    fn kind(&self) -> FieldsKind {
        FieldsKind::List
    }

    fn len(&self) -> usize {
        self.shown.len()
    }

    fn at(&self, index: usize) -> Option<&PartialNode> {
        self.shown.get(index).map(Partial::node)
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode> {
        let next = self.next.as_mut();
        self.shown.get_mut(index).or(next).map(Partial::node_mut)
    }

    fn seed(&self, _: usize) -> Seed {
        T::seed()
    }

    fn grow(&mut self, _: &str) -> Option<usize> {
        self.next = Some(Partial::new());
        Some(self.shown.len())
    }

    fn admit(&mut self) {
        if let Some(next) = self.next.take() {
            self.shown.push(next);
        }
    }

    fn withdraw(&mut self) {
        if self.next.take().is_none() {
            self.shown.pop();
        }
    }

    fn boxed(&self) -> Box<dyn PartialFields> {
        Box::new(Self { shown: self.shown.clone(), next: self.next.clone() })
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

/// The entries of a map so far, in the order of their arrival, under their JSON keys.
///
/// ```
/// use std::collections::BTreeMap;
/// use extract_llm::partial::Partial;
/// use serde_json::json;
///
/// let prices = Partial::<BTreeMap<String, f64>>::of(&json!({"tea": 2.5, "milk": 1.0}));
/// assert_eq!(prices.get("milk").and_then(|price| price.whole()), Some(1.0));
/// assert_eq!(prices.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["tea", "milk"]);
/// ```
pub struct Entries<V> {
    shown: Vec<(String, Partial<V>)>,
    /// The index into `shown` of each key.
    index: BTreeMap<String, usize>,
    next: Option<(String, Partial<V>)>,
}

impl<V> Entries<V> {
    /// A map without entries.
    pub(super) const NONE: Self = Self { shown: Vec::new(), index: BTreeMap::new(), next: None };

    /// Returns the value under `key`, or `None` if no such entry is visible yet.
    pub fn get(&self, key: &str) -> Option<&Partial<V>> {
        self.index.get(key).map(|&index| &self.shown[index].1)
    }

    /// Returns an iterator over keys and values, in the order of their arrival.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Partial<V>)> {
        self.shown.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// Returns the number of visible entries.
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Whether no entry is visible.
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<V> Clone for Entries<V> {
    fn clone(&self) -> Self {
        Self { shown: self.shown.clone(), index: self.index.clone(), next: self.next.clone() }
    }
}

impl<V> fmt::Debug for Entries<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<V> PartialEq for Entries<V> {
    fn eq(&self, other: &Self) -> bool {
        self.shown == other.shown
    }
}

impl<V: Extract> PartialFields for Entries<V> {
    fn kind(&self) -> FieldsKind {
        FieldsKind::Map
    }

    fn len(&self) -> usize {
        self.shown.len()
    }

    fn at(&self, index: usize) -> Option<&PartialNode> {
        self.shown.get(index).map(|entry| entry.1.node())
    }

    fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode> {
        let next = self.next.as_mut();
        self.shown.get_mut(index).or(next).map(|entry| entry.1.node_mut())
    }

    fn seed(&self, _: usize) -> Seed {
        V::seed()
    }

    fn grow(&mut self, key: &str) -> Option<usize> {
        if self.index.contains_key(key) {
            return None;
        }
        self.next = Some((key.to_owned(), Partial::new()));
        Some(self.shown.len())
    }

    fn admit(&mut self) {
        if let Some((key, value)) = self.next.take() {
            self.index.insert(key.clone(), self.shown.len());
            self.shown.push((key, value));
        }
    }

    fn withdraw(&mut self) {
        if self.next.take().is_none() {
            if let Some((key, _)) = self.shown.pop() {
                self.index.remove(&key);
            }
        }
    }

    fn key(&self, index: usize) -> Option<&str> {
        self.shown.get(index).map(|entry| entry.0.as_str())
    }

    fn boxed(&self) -> Box<dyn PartialFields> {
        Box::new(self.clone())
    }

    fn any(&self) -> &dyn Any {
        self
    }
}

macro_rules! tuples {
    ($($count:literal: $($name:ident $index:tt),+;)*) => {$(
        impl<$($name: Extract),+> PartialFields for ($(Partial<$name>,)+) {
            fn kind(&self) -> FieldsKind {
                FieldsKind::Positions
            }

            fn fields(&self) -> &'static [Field] {
                const { &[Field::new(""); $count] }
            }

            fn at(&self, index: usize) -> Option<&PartialNode> {
                match index {
                    $($index => Some(self.$index.node()),)+
                    _ => None,
                }
            }

            fn at_mut(&mut self, index: usize) -> Option<&mut PartialNode> {
                match index {
                    $($index => Some(self.$index.node_mut()),)+
                    _ => None,
                }
            }

            fn seed(&self, index: usize) -> Seed {
                match index {
                    $($index => $name::seed(),)+
                    _ => Seed::Whole,
                }
            }

            fn boxed(&self) -> Box<dyn PartialFields> {
                Box::new(($(self.$index.clone(),)+))
            }

            fn any(&self) -> &dyn Any {
                self
            }
        }

        impl<$($name: Extract),+> super::Streamed for ($($name,)+) {
            type Partial = ($(Partial<$name>,)+);

            fn of(place: &PartialNode) -> &Self::Partial {
                place.parts().unwrap_or(const { &($(Partial::<$name>::new(),)+) })
            }
        }
    )*};
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    9: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    10: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    11: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    12: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}
