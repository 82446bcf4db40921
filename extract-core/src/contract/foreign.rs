//! [`Extract`] for types of other crates, each behind the feature with the crate's name. schemars makes
//! their schemas, and their serde support reads and writes their values.

#[allow(unused_imports, reason = "which of them are used depends on the features")]
use super::extract::{check_each, check_entries};
#[allow(unused_imports, reason = "as above")]
use super::{Checker, Extract, TypeWalk};

/// Implements [`Extract`] for types without validators and without types inside them.
#[allow(unused_macros, reason = "as above")]
macro_rules! leaves {
    ($($leaf:ty),* $(,)?) => { $(impl Extract for $leaf {})* };
}

#[cfg(feature = "chrono")]
leaves!(
    chrono::NaiveDate,
    chrono::NaiveTime,
    chrono::NaiveDateTime,
    chrono::DateTime<chrono::Utc>,
    chrono::DateTime<chrono::FixedOffset>,
    chrono::Weekday,
    chrono::TimeDelta,
);

#[cfg(feature = "jiff")]
leaves!(
    jiff::Timestamp,
    jiff::Zoned,
    jiff::civil::Date,
    jiff::civil::Time,
    jiff::civil::DateTime,
    jiff::Span,
    jiff::SignedDuration,
);

#[cfg(feature = "uuid")]
leaves!(uuid::Uuid);

#[cfg(feature = "url")]
leaves!(url::Url);

#[cfg(feature = "rust_decimal")]
leaves!(rust_decimal::Decimal);

#[cfg(feature = "either")]
impl<L: Extract, R: Extract> Extract for either::Either<L, R> {
    fn check(&self, checker: &mut Checker<'_>) {
        match self {
            either::Either::Left(left) => checker.at("Left", |checker| left.check(checker)),
            either::Either::Right(right) => checker.at("Right", |checker| right.check(checker)),
        }
    }

    fn check_json(checker: &mut Checker<'_>) {
        checker.at("Left", Checker::check_field_piece::<L>);
        checker.at("Right", Checker::check_field_piece::<R>);
    }

    fn walk_types(walk: &mut TypeWalk) {
        L::walk_types(walk);
        R::walk_types(walk);
    }
}

#[cfg(feature = "indexmap")]
mod ordered {
    use std::hash::{BuildHasher, Hash};

    use indexmap::{IndexMap, IndexSet};
    use schemars::JsonSchema;
    use serde::de::DeserializeOwned;

    use super::super::extract::{check_each, check_entries, lists, maps};
    use super::{Checker, Extract, TypeWalk};
    use crate::partial::value::Seed;

    lists! { [T: Extract + Eq + Hash, S: BuildHasher + Default + 'static] IndexSet<T, S>; }

    maps! {
        [
            K: DeserializeOwned + JsonSchema + Eq + Hash + 'static,
            V: Extract,
            S: BuildHasher + Default + 'static
        ] IndexMap<K, V, S>;
    }
}
