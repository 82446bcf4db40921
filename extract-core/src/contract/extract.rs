//! [`Extract`], the trait of types that can be extracted, and its implementations for types of the standard
//! library. Knows no schema and no reply.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::hash::{BuildHasher, Hash};
use std::ops::{Range, RangeInclusive};
use std::rc::Rc;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Checker, TypeWalk};
use crate::partial::value::{Partial, Seed};

/// A type that can be extracted from text.
///
/// `#[derive(Extract)]` implements it, together with serde's `Deserialize` and schemars' `JsonSchema`. A
/// type that has these two traits already needs only an empty implementation:
///
/// ```
/// use extract_llm::Extract;
///
/// # mod other { #[derive(serde::Deserialize, schemars::JsonSchema)] pub struct Existing { pub n: u32 } }
/// # use other::Existing;
/// impl Extract for Existing {}
/// ```
///
/// You cannot implement the trait for a type of another crate. As a field, such a type needs no
/// implementation. At the root, put it into a newtype, which has the JSON of its field:
///
/// ```
/// use extract_llm::Extract;
///
/// # use serde::Deserialize; use schemars::JsonSchema;
/// # #[derive(Deserialize, JsonSchema)]
/// struct Address(#[schemars(with = "String")] std::net::SocketAddr);
/// # impl Extract for Address {} // `#[derive(Extract)]`, in a crate that has it
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be extracted",
    label = "`{Self}` does not implement `Extract`",
    note = "if you define `{Self}`, put `#[derive(Extract)]` on it; the derive also implements serde's `Deserialize` and schemars' `JsonSchema`",
    note = "if `{Self}` already implements `Deserialize` and `JsonSchema`, write `impl Extract for {Self} {{}}`",
    note = "if `{Self}` is from another crate, wrap it in a newtype: `#[derive(Extract)] struct Wrapper({Self});`",
    note = "if `{Self}` does not implement `JsonSchema`, put `#[schemars(with = \"String\")]` on the newtype's field; if it does not implement `Deserialize` either, `#[extract(with = module)]`"
)]
pub trait Extract: DeserializeOwned + JsonSchema + 'static {
    /// Runs the validators of the type, and those of the values inside it.
    ///
    /// It is called after the value passed its schema and serde has read it. Its problems are sent to the
    /// model.
    fn check(&self, checker: &mut Checker<'_>) {
        let _ = checker;
    }

    /// Runs the validators of a value that serde cannot read as a whole.
    ///
    /// It checks each part that can be read, and reports each part that cannot. The checker is at the JSON
    /// of the value.
    #[doc(hidden)]
    fn check_json(checker: &mut Checker<'_>) {
        let _ = checker;
    }

    /// Returns the initial state of the type's partial value. By default a value appears when it is
    /// complete.
    #[doc(hidden)]
    fn seed() -> Seed {
        Seed::Whole
    }

    /// Visits the types inside this one, to find mistakes that the schema does not show.
    #[doc(hidden)]
    fn walk_types(walk: &mut TypeWalk) {
        walk.enter::<Self>(|_| {});
    }
}

/// Calls the validators of a field whose type may or may not be [`Extract`]. The derive emits
/// `(&Probe(&field)).check(checker)`, and method resolution prefers [`ProbeExtract`].
#[doc(hidden)]
#[derive(Debug)]
pub struct Probe<'a, T: ?Sized>(pub &'a T);

/// The check of a field whose type is [`Extract`].
#[doc(hidden)]
pub trait ProbeExtract {
    fn check(&self, checker: &mut Checker<'_>);
}

impl<T: Extract> ProbeExtract for Probe<'_, T> {
    fn check(&self, checker: &mut Checker<'_>) {
        self.0.check(checker);
    }
}

/// The check of a field of any other type: it has no validators.
#[doc(hidden)]
pub trait ProbeOther {
    fn check(&self, checker: &mut Checker<'_>);
}

impl<T: ?Sized> ProbeOther for &Probe<'_, T> {
    fn check(&self, _: &mut Checker<'_>) {}
}

/// Implements [`Extract`] for types without validators and without types inside them.
macro_rules! leaves {
    ($($leaf:ty),* $(,)?) => { $(impl Extract for $leaf {})* };
}

leaves!(
    bool,
    char,
    u8,
    u16,
    u32,
    u64,
    u128,
    usize,
    i8,
    i16,
    i32,
    i64,
    i128,
    isize,
    f32,
    f64,
    std::num::NonZeroU8,
    std::num::NonZeroU16,
    std::num::NonZeroU32,
    std::num::NonZeroU64,
    std::num::NonZeroU128,
    std::num::NonZeroUsize,
    std::num::NonZeroI8,
    std::num::NonZeroI16,
    std::num::NonZeroI32,
    std::num::NonZeroI64,
    std::num::NonZeroI128,
    std::num::NonZeroIsize,
    std::path::PathBuf,
    std::time::Duration,
    std::time::SystemTime,
    std::net::IpAddr,
    std::net::Ipv4Addr,
    std::net::Ipv6Addr,
    serde_json::Value,
    serde_json::Map<String, serde_json::Value>,
    (),
);

/// Implements [`Extract`] for text types. A partial value shows the text as far as it has come.
macro_rules! texts {
    ($($text:ty),*) => {$(
        impl Extract for $text {
            fn seed() -> Seed {
                Seed::Text
            }
        }
    )*};
}

texts!(String, Box<str>, Cow<'static, str>);

impl<T: Extract> Extract for Option<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        if let Some(value) = self {
            value.check(checker);
        }
    }

    fn check_json(checker: &mut Checker<'_>) {
        T::check_json(checker);
    }

    fn seed() -> Seed {
        T::seed()
    }

    fn walk_types(walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

/// Implements [`Extract`] for pointers: they are their value.
macro_rules! pointers {
    ($($pointer:ident),*) => {$(
        impl<T: Extract> Extract for $pointer<T>
        where
            $pointer<T>: DeserializeOwned,
        {
            fn check(&self, checker: &mut Checker<'_>) {
                self.as_ref().check(checker);
            }

            fn check_json(checker: &mut Checker<'_>) {
                T::check_json(checker);
            }

            fn seed() -> Seed {
                T::seed()
            }

            fn walk_types(walk: &mut TypeWalk) {
                T::walk_types(walk);
            }
        }
    )*};
}

// serde implements `Deserialize` for `Rc` and `Arc` only with its feature `rc`, which the user's build may
// turn on. If it is on, fields of these types are checked through `Probe`.
pointers!(Box, Rc, Arc);

/// Checks each element of a list, at its index.
pub(super) fn check_each<'a, T: Extract>(
    values: impl IntoIterator<Item = &'a T>,
    checker: &mut Checker<'_>,
) {
    for (index, value) in values.into_iter().enumerate() {
        checker.at(index, |checker| value.check(checker));
    }
}

/// Implements [`Extract`] for lists that keep the order of the JSON.
macro_rules! lists {
    ($([$($generics:tt)*] $list:ty;)*) => {$(
        impl<$($generics)*> Extract for $list {
            fn check(&self, checker: &mut Checker<'_>) {
                check_each(self, checker);
            }

            fn check_json(checker: &mut Checker<'_>) {
                checker.check_field_pieces::<T>();
            }

            fn seed() -> Seed {
                Seed::list::<T>()
            }

            fn walk_types(walk: &mut TypeWalk) {
                T::walk_types(walk);
            }
        }
    )*};
}

lists! {
    [T: Extract] Vec<T>;
    [T: Extract] Box<[T]>;
    [T: Extract] LinkedList<T>;
    [T: Extract] VecDeque<T>;
    [T: Extract + Ord] BTreeSet<T>;
    [T: Extract + Eq + Hash, S: BuildHasher + Default + 'static] HashSet<T, S>;
}

// A heap does not keep the order of the JSON, and pointers need it: the elements are read a second time.
impl<T: Extract + Ord> Extract for BinaryHeap<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        checker.check_field_pieces::<T>();
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.check_field_pieces::<T>();
    }

    fn walk_types(walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

impl<T: Extract> Extract for Range<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        checker.at("start", |checker| self.start.check(checker));
        checker.at("end", |checker| self.end.check(checker));
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("start", Checker::check_field_piece::<T>);
        checker.at("end", Checker::check_field_piece::<T>);
    }

    fn walk_types(walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

impl<T: Extract> Extract for RangeInclusive<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        checker.at("start", |checker| self.start().check(checker));
        checker.at("end", |checker| self.end().check(checker));
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("start", Checker::check_field_piece::<T>);
        checker.at("end", Checker::check_field_piece::<T>);
    }

    fn walk_types(walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

impl<T: Extract> Extract for Reverse<T> {
    fn check(&self, checker: &mut Checker<'_>) {
        self.0.check(checker);
    }

    fn check_json(checker: &mut Checker<'_>) {
        T::check_json(checker);
    }

    fn walk_types(walk: &mut TypeWalk) {
        T::walk_types(walk);
    }
}

/// Checks each value of a map, at its key.
pub(super) fn check_entries<'a, K, V>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    checker: &mut Checker<'_>,
) where
    K: DeserializeOwned + PartialEq + 'a,
    V: Extract,
{
    for (key, value) in entries {
        checker.at_key(key, |checker| value.check(checker));
    }
}

/// Implements [`Extract`] for maps. Their keys are names in the JSON.
macro_rules! maps {
    ($([$($generics:tt)*] $map:ty;)*) => {$(
        impl<$($generics)*> Extract for $map {
            fn check(&self, checker: &mut Checker<'_>) {
                check_entries(self, checker);
            }

            fn check_json(checker: &mut Checker<'_>) {
                checker.check_field_piece_entries::<K, V>();
            }

            fn seed() -> Seed {
                Seed::map::<V>()
            }

            fn walk_types(walk: &mut TypeWalk) {
                walk.keys::<K>();
                V::walk_types(walk);
            }
        }
    )*};
}

maps! {
    [K: DeserializeOwned + JsonSchema + Ord + 'static, V: Extract] BTreeMap<K, V>;
    [
        K: DeserializeOwned + JsonSchema + Eq + Hash + 'static,
        V: Extract,
        S: BuildHasher + Default + 'static
    ] HashMap<K, V, S>;
}

macro_rules! tuples {
    ($($($name:ident $index:tt),+;)*) => {$(
        impl<$($name: Extract),+> Extract for ($($name,)+) {
            fn check(&self, checker: &mut Checker<'_>) {
                $(checker.at($index, |checker| self.$index.check(checker));)+
            }

            fn check_json(checker: &mut Checker<'_>) {
                $(checker.at($index, Checker::check_field_piece::<$name>);)+
            }

            fn seed() -> Seed {
                Seed::Parts(|| Box::new(($(Partial::<$name>::new(),)+)))
            }

            fn walk_types(walk: &mut TypeWalk) {
                $($name::walk_types(walk);)+
            }
        }
    )*};
}

tuples! {
    A 0;
    A 0, B 1;
    A 0, B 1, C 2;
    A 0, B 1, C 2, D 3;
    A 0, B 1, C 2, D 3, E 4;
    A 0, B 1, C 2, D 3, E 4, F 5;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10;
    A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7, I 8, J 9, K 10, L 11;
}

macro_rules! arrays {
    ($($length:literal),*) => {
        lists! { $([T: Extract] [T; $length];)* }
    };
}

arrays!(
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26,
    27, 28, 29, 30, 31, 32
);

#[cfg(feature = "indexmap")]
pub(super) use {lists, maps};
