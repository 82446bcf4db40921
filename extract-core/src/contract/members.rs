//! Reads from a type's schema the names of its members and the kinds of its JSON, for
//! [`TypeWalk`](super::TypeWalk). Only for schemas that schemars made.

use std::collections::BTreeSet;
use std::fmt;

use crate::schema::{Kinds, Tree};

/// The kinds of JSON that the values of a type have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct JsonKinds {
    /// All kinds; strings only if they are not listed constants.
    kinds: Kinds,
    /// Some strings are listed constants, as the unit variants of an enum.
    listed: bool,
}

impl JsonKinds {
    /// Returns the kinds of all alternatives of a schema.
    pub(super) fn of(tree: &Tree) -> Self {
        let mut forms = Self { kinds: Kinds::NONE, listed: false };
        for node in tree.alternatives(tree.root()) {
            let Some(plain) = tree.plain(node) else { continue };
            let mut kinds = plain.implied_kinds().unwrap_or(Kinds::ALL);
            if plain.constants.is_some() && kinds.has(Kinds::STRING) {
                forms.listed = true;
                kinds = kinds.without(Kinds::STRING);
            }
            forms.kinds = forms.kinds.or(kinds);
        }
        forms
    }

    /// Returns whether the values may be keys of an object.
    ///
    /// Null does not matter: serde reads an optional key from its text. A type without values has no wrong
    /// keys. For a type that takes any value, serde reads a text.
    pub(super) fn may_be_keys(self) -> bool {
        let is_text = (self.has_scalars() || self.listed) && !self.kinds.meets(Kinds::PARTED);
        is_text || self.kinds == Kinds::ALL || (self.kinds.is_none() && !self.listed)
    }

    /// Returns whether serde reads some of the values from the members of the object around them. It reads
    /// a unit variant from a member with the variant's name, and `()` from no member.
    pub(super) fn may_be_flattened(self) -> bool {
        self.kinds.has(Kinds::OBJECT) || self.listed || self.is_nothing()
    }

    /// Returns whether the content of a variant can be read from the members beside its tag.
    pub(super) fn may_stand_beside_a_tag(self) -> bool {
        self.kinds.has(Kinds::OBJECT) || self.is_nothing()
    }

    /// Whether there are free strings, numbers or booleans.
    fn has_scalars(self) -> bool {
        self.kinds.meets(Kinds::STRING.or(Kinds::NUMBER).or(Kinds::BOOLEAN))
    }

    /// Returns whether there are no values, or null only.
    fn is_nothing(self) -> bool {
        self.kinds.without(Kinds::NULL).is_none() && !self.listed
    }
}

impl fmt::Display for JsonKinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.kinds.has(Kinds::OBJECT), "an object"),
            (self.kinds.has(Kinds::ARRAY), "a list"),
            (self.has_scalars(), "a text, number or boolean"),
            (self.listed, "unit variants"),
            (self.kinds.has(Kinds::NULL), "null"),
        ];
        let words: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        f.write_str(&words.join(" or "))
    }
}

/// The names of the members of an object, for finding members that two types share.
#[derive(Debug, Default)]
pub(super) struct Members {
    names: BTreeSet<String>,
    /// The other names from which serde reads the members.
    aliases: BTreeSet<String>,
}

impl Members {
    /// Makes the set of a single member with its aliases.
    pub(super) fn named(name: &str, aliases: &[&str]) -> Self {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Self { names: [name.to_owned()].into(), aliases }
    }

    /// Returns the members of a flattened type: those of all its variants, and the names of its unit
    /// variants.
    pub(super) fn of_flattened(tree: &Tree) -> Self {
        let mut members = Self::of_content(tree);
        for node in tree.alternatives(tree.root()) {
            let constants = tree.plain(node).and_then(|plain| plain.constants.as_ref());
            let texts = constants.into_iter().flatten().filter_map(|one| one.value.as_str());
            members.names.extend(texts.map(str::to_owned));
        }
        members
    }

    /// Returns the members of the content of a variant beside its tag.
    pub(super) fn of_content(tree: &Tree) -> Self {
        let mut members = Self::default();
        for node in tree.alternatives(tree.root()) {
            for member in tree.plain(node).iter().flat_map(|plain| &plain.members) {
                members.names.insert(member.name.clone());
                members.aliases.extend(tree.node(member.node).annotations.aliases.iter().cloned());
            }
        }
        members
    }

    /// Returns whether there is a member of this name. Aliases do not count.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Returns a name of `later` that this object reads too. serde gives such a member to the first of the
    /// two objects.
    pub(super) fn first_shared_with<'a>(&self, later: &'a Self) -> Option<&'a str> {
        let taken = |name: &&String| self.names.contains(*name) || self.aliases.contains(*name);
        later.names.iter().find(taken).map(String::as_str)
    }
}
