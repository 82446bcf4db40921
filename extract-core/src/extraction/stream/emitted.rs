//! The elements that a stream has returned, and their comparison with the accepted list.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Range;

use serde_json::Value;

/// The elements that were returned, as hashes of their values.
#[derive(Debug, Default)]
pub(super) struct Emitted {
    fingerprints: Vec<Fingerprint>,
    hashing: RandomState,
}

/// One element that was returned.
#[derive(Debug)]
struct Fingerprint {
    hash: u64,
    origin: Origin,
}

/// Where the value of a returned element is.
#[derive(Debug)]
pub(super) enum Origin {
    /// In the reply that was followed: the byte range of the element, and its index in the list.
    Reply(Range<usize>, usize),
    /// Here.
    Value(Value),
}

/// The comparison of the returned elements with a list.
#[derive(Debug)]
pub(super) struct Comparison<'v> {
    /// For each returned element, whether the list contains it.
    pub(super) kept: Vec<bool>,
    /// The other elements of the list, with their indices.
    pub(super) fresh: Vec<(usize, &'v Value)>,
}

impl Emitted {
    pub(super) fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Adds an element of the reply that is followed.
    pub(super) fn add(&mut self, value: &Value, span: Range<usize>, index: usize) {
        let origin = Origin::Reply(span, index);
        self.fingerprints.push(Fingerprint { hash: self.hash(value), origin });
    }

    /// Adds an element of another reply.
    pub(super) fn add_value(&mut self, value: Value) {
        let hash = self.hash(&value);
        self.fingerprints.push(Fingerprint { hash, origin: Origin::Value(value) });
    }

    /// Whether an element of this value was returned.
    pub(super) fn contains(&self, value: &Value) -> bool {
        let hash = self.hash(value);
        self.fingerprints.iter().any(|mark| mark.hash == hash)
    }

    /// Returns where the value of a returned element is.
    pub(super) fn origin(&self, which: usize) -> Option<&Origin> {
        self.fingerprints.get(which).map(|mark| &mark.origin)
    }

    /// Compares the returned elements with a list, by value. Of equal elements, the first ones match.
    pub(super) fn compare<'v>(&self, list: &'v [Value]) -> Comparison<'v> {
        let mut kept = vec![false; self.fingerprints.len()];
        if kept.is_empty() {
            return Comparison { kept, fresh: list.iter().enumerate().collect() };
        }
        let mut left: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (which, mark) in self.fingerprints.iter().enumerate() {
            left.entry(mark.hash).or_default().push_back(which);
        }
        let mut fresh = Vec::new();
        for (index, item) in list.iter().enumerate() {
            match left.get_mut(&self.hash(item)).and_then(VecDeque::pop_front) {
                Some(which) => kept[which] = true,
                None => fresh.push((index, item)),
            }
        }
        Comparison { kept, fresh }
    }

    /// Returns the same hash for equal values. The order of members, the difference between `null` and
    /// absent members, and the spelling of numbers do not count.
    fn hash(&self, value: &Value) -> u64 {
        let mut hasher = self.hashing.build_hasher();
        match value {
            Value::Null => 0_u8.hash(&mut hasher),
            Value::Bool(bool) => (1_u8, bool).hash(&mut hasher),
            Value::Number(number) => {
                let written = number.to_string();
                (2_u8, written.strip_suffix(".0").unwrap_or(&written)).hash(&mut hasher);
            }
            Value::String(text) => (3_u8, text).hash(&mut hasher),
            Value::Array(items) => {
                4_u8.hash(&mut hasher);
                items.iter().for_each(|item| self.hash(item).hash(&mut hasher));
            }
            Value::Object(members) => {
                let members = members.iter().filter(|(_, value)| !value.is_null());
                let sum = members
                    .map(|(name, value)| self.hashing.hash_one((name, self.hash(value))))
                    .fold(0, u64::wrapping_add);
                (5_u8, sum).hash(&mut hasher);
            }
        }
        hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn elements_are_compared_by_what_they_say_and_counted() {
        let mut source = Emitted::default();
        for value in [json!({"n": 1, "s": null}), json!({"s": "b", "n": 2}), json!({"n": 1})] {
            source.add(&value, 0..0, 0);
        }
        let list = [json!({"n": 2.0, "s": "b"}), json!({"n": [1]}), json!({"n": 1})];
        let Comparison { kept, fresh } = source.compare(&list);
        assert_eq!(kept, [true, true, false]);
        assert_eq!(fresh, [(1, &list[1])]);
    }
}
