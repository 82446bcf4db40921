//! What a schema tells of the objects of a type: the names of their members, and which other forms of
//! JSON the values have. Only for schemas that schemars made.

use std::collections::BTreeSet;
use std::fmt;

use super::schema::{Kinds, Tree};

/// The forms of JSON that the values of a type have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Forms {
    object: bool,
    array: bool,
    /// Texts that are not listed, numbers and booleans.
    scalar: bool,
    /// Texts that are listed, as the unit variants of an enum.
    listed: bool,
    null: bool,
}

impl Forms {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut forms = Self::default();
        for node in tree.alternatives(tree.root()) {
            let Some(plain) = tree.plain(node) else { continue };
            match plain.about() {
                None => return Self::ANY,
                Some(kinds) => forms.add(kinds, plain.constants.is_some()),
            }
        }
        forms
    }

    /// Whether the values may be keys of an object. An optional key is never null. A type without values
    /// has no keys that could be wrong, and of one that takes anything serde reads a text.
    pub(super) fn may_be_keys(self) -> bool {
        let is_text = (self.scalar || self.listed) && !self.object && !self.array;
        is_text || self == Self::ANY || self == Self::default()
    }

    /// Whether serde reads some of the values from the members of the object around them. It reads a unit
    /// variant from a member of its name, and `()` from nothing.
    pub(super) fn may_be_flattened(self) -> bool {
        self.object || self.listed || self.is_nothing()
    }

    /// The same for the content of a variant beside its tag.
    pub(super) fn may_stand_beside_a_tag(self) -> bool {
        self.object || self.is_nothing()
    }

    /// Whether there are no values, or null alone.
    fn is_nothing(self) -> bool {
        !self.array && !self.scalar && !self.listed
    }

    const ANY: Self = Self { object: true, array: true, scalar: true, listed: false, null: true };

    fn add(&mut self, kinds: Kinds, is_listed: bool) {
        self.object |= kinds.has(Kinds::OBJECT);
        self.array |= kinds.has(Kinds::ARRAY);
        self.null |= kinds.has(Kinds::NULL);
        let is_text = kinds.has(Kinds::STRING);
        self.listed |= is_text && is_listed;
        self.scalar |= is_text && !is_listed || kinds.meets(Kinds::NUMBER.or(Kinds::BOOLEAN));
    }
}

impl fmt::Display for Forms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [
            (self.object, "an object"),
            (self.array, "a list"),
            (self.scalar, "a text, number or boolean"),
            (self.listed, "unit variants"),
            (self.null, "null"),
        ];
        let words: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        f.write_str(&words.join(" or "))
    }
}

/// The names of the members of an object.
#[derive(Debug, Default)]
pub(super) struct Members {
    names: BTreeSet<String>,
    /// Other names that are read.
    aliases: BTreeSet<String>,
}

impl Members {
    /// One member.
    pub(super) fn named(name: &str, aliases: &[&str]) -> Self {
        let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
        Self { names: [name.to_owned()].into(), aliases }
    }

    /// The members of the objects of a flattened type, whichever of its variants they are.
    pub(super) fn of_flattened(tree: &Tree) -> Self {
        let mut members = Self::of_content(tree);
        for node in tree.alternatives(tree.root()) {
            let constants = tree.plain(node).and_then(|plain| plain.constants.as_ref());
            let texts = constants.into_iter().flatten().filter_map(|one| one.value.as_str());
            members.names.extend(texts.map(str::to_owned));
        }
        members
    }

    /// The members of the content of a variant beside its tag.
    pub(super) fn of_content(tree: &Tree) -> Self {
        let mut members = Self::default();
        for node in tree.alternatives(tree.root()) {
            for member in tree.plain(node).iter().flat_map(|plain| &plain.members) {
                members.names.insert(member.name.clone());
                members.aliases.extend(tree.node(member.node).notes.aliases.iter().cloned());
            }
        }
        members
    }

    /// Whether it has a member of this name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// A member of others, which are read after these, that these take.
    pub(super) fn takes_from<'a>(&self, later: &'a Self) -> Option<&'a str> {
        let taken = |name: &&String| self.names.contains(*name) || self.aliases.contains(*name);
        later.names.iter().find(taken).map(String::as_str)
    }
}
