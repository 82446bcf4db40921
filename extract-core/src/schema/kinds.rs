//! The kinds of JSON values, as sets.

use serde_json::Value;

/// A set of kinds of JSON values. Integers and numbers with a fraction are two kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

/// The names of the kinds in plain English, indexed by bit.
const IN_WORDS: [&str; 7] =
    ["null", "true or false", "an integer", "a number", "a string", "an array", "an object"];

impl Default for Kinds {
    fn default() -> Self {
        Self::ALL
    }
}

impl Kinds {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(1 << 1);
    pub(crate) const INTEGER: Self = Self(1 << 2);
    /// Numbers with a fraction.
    const FRACTION: Self = Self(1 << 3);
    /// All numbers, integers included.
    pub(crate) const NUMBER: Self = Self(1 << 2 | 1 << 3);
    pub(crate) const STRING: Self = Self(1 << 4);
    pub(crate) const ARRAY: Self = Self(1 << 5);
    pub(crate) const OBJECT: Self = Self(1 << 6);
    /// Arrays and objects.
    pub(crate) const PARTED: Self = Self(1 << 5 | 1 << 6);
    pub(crate) const ALL: Self = Self((1 << 7) - 1);

    /// The types that a schema can name, in the order of listings.
    pub(crate) const NAMED: [(&'static str, Self); 7] = [
        ("object", Self::OBJECT),
        ("array", Self::ARRAY),
        ("string", Self::STRING),
        ("integer", Self::INTEGER),
        ("number", Self::NUMBER),
        ("boolean", Self::BOOLEAN),
        ("null", Self::NULL),
    ];

    /// Returns the kinds that a JSON Schema type name stands for; `None` if the name is unknown.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMED.iter().find(|(known, _)| *known == name).map(|(_, kinds)| *kinds)
    }

    /// Returns the kind of a value. A number without a fraction is an integer, however it is written.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(number) => {
                let whole =
                    !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0);
                if whole { Self::INTEGER } else { Self::FRACTION }
            }
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// Returns the intersection.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns the union.
    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns the kinds of `self` that are not in `other`.
    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Returns whether the set is empty.
    pub(crate) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Returns whether the set contains all kinds of `other`.
    pub(crate) fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether the set contains any kind of `other`.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Returns the JSON Schema types that name these kinds. Fractions make it `number`, without
    /// `integer` beside it.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let is_named = |kinds: Self| match kinds {
            Self::NUMBER => self.meets(Self::FRACTION),
            Self::INTEGER => self.has(kinds) && !self.meets(Self::FRACTION),
            kinds => self.has(kinds),
        };
        let named = Self::NAMED.iter().filter(|(_, kinds)| is_named(*kinds));
        named.map(|(name, _)| *name).collect()
    }

    /// Returns the kinds in plain English, joined by "or"; `nothing` for the empty set.
    pub(crate) fn describe(self) -> String {
        let text = |&at: &usize| {
            let kind = Self(1 << at);
            // "A number" includes integers.
            self.has(kind) && !(kind == Self::INTEGER && self.has(Self::NUMBER))
        };
        let words: Vec<&str> = (0..IN_WORDS.len()).filter(text).map(|at| IN_WORDS[at]).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(" or ") }
    }
}
