//! Finds the branch of a union that a value names: by its tag, by the single key around the fields, or by
//! the name of a unit variant. Only a value that names nothing is assigned by its JSON kind. The fit of
//! the value plays no part.

use serde_json::Value;

use crate::schema::{Kinds, Tree, WrittenId, WrittenSchema};

/// Limit on the depth of references and unions that are followed to the names of a branch.
const FOLLOWED: usize = 8;

/// Limit on the schemas that are visited for the names of one branch.
const MOST: usize = 2_000;

/// The branch that a value means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MeantBranch<'a> {
    /// The branch with this index.
    Branch(usize),
    /// The value names no branch. The member `tag`, or the value itself if there is no tag, must be one
    /// of these names.
    Unnamed { tag: Option<&'a str>, names: Vec<&'a str> },
    /// The value names nothing, or more than one branch fits its kind.
    Unknown,
}

/// Returns the branch of a union that the value names.
pub(super) fn meant_branch<'a>(
    tree: &'a Tree,
    branches: &[WrittenId],
    value: &Value,
) -> MeantBranch<'a> {
    let heads: Vec<Head<'_>> = branches.iter().map(|&branch| Head::of(tree, branch)).collect();
    let named = match value {
        Value::String(text) => by_text(&heads, text),
        Value::Object(_) => by_member(&heads, value),
        _ => MeantBranch::Unknown,
    };
    if named != MeantBranch::Unknown {
        return named;
    }
    let mut of_kind = heads.iter().enumerate().filter(|(_, head)| head.takes(value));
    match (of_kind.next(), of_kind.next()) {
        (Some((index, _)), None) => MeantBranch::Branch(index),
        _ => MeantBranch::Unknown,
    }
}

/// Finds the branch of a string: a unit variant, or the key of a variant.
fn by_text<'a>(heads: &[Head<'a>], text: &str) -> MeantBranch<'a> {
    let is_named = |head: &Head<'_>| head.names.contains(&text) || head.keys.contains(&text);
    if let Some(index) = heads.iter().position(is_named) {
        return MeantBranch::Branch(index);
    }
    let names: Vec<&str> = heads.iter().flat_map(|head| head.names.iter().copied()).collect();
    // A branch of arbitrary strings accepts this one.
    if names.is_empty() || heads.iter().any(|head| head.names.is_empty() && head.takes_text()) {
        return MeantBranch::Unknown;
    }
    let keys = heads.iter().flat_map(|head| head.keys.iter().copied());
    MeantBranch::Unnamed { tag: None, names: names.into_iter().chain(keys).collect() }
}

/// Finds the branch of an object: by a tag, or by a key that only one branch has.
fn by_member<'a>(heads: &[Head<'a>], value: &Value) -> MeantBranch<'a> {
    let objects = || heads.iter().enumerate().filter(|(_, head)| head.takes(value));
    let mut tags: Vec<&str> = Vec::new();
    for (tag, _) in heads.iter().flat_map(|head| &head.tags) {
        if !tags.contains(tag) {
            tags.push(tag);
        }
    }
    let is_in_all = |tag: &str| objects().all(|(_, head)| head.tag(tag).is_some());
    for tag in &tags {
        let Some(written) = value.get(tag) else { continue };
        let mut tagged =
            objects().filter(|(_, head)| head.tag(tag).is_some_and(|names| has(names, written)));
        match (tagged.next(), tagged.next()) {
            (Some((index, _)), None) => return MeantBranch::Branch(index),
            (None, _) if is_in_all(tag) => return MeantBranch::unnamed(Some(tag), heads),
            _ => {}
        }
    }
    let mut keyed =
        objects().filter(|(_, head)| head.keys.iter().any(|key| value.get(key).is_some()));
    match (keyed.next(), keyed.next()) {
        (Some((index, _)), None) => return MeantBranch::Branch(index),
        (Some(_), Some(_)) => return MeantBranch::Unknown,
        (None, _) => {}
    }
    // For a single branch of objects, its missing members are the better explanation.
    if objects().count() < 2 {
        return MeantBranch::Unknown;
    }
    if let Some(tag) = tags.into_iter().find(|tag| value.get(tag).is_none() && is_in_all(tag)) {
        return MeantBranch::unnamed(Some(tag), heads);
    }
    if objects().all(|(_, head)| !head.keys.is_empty()) {
        return MeantBranch::unnamed(None, heads);
    }
    MeantBranch::Unknown
}

/// Whether `written` is a string among these names.
fn has(names: &[&str], written: &Value) -> bool {
    written.as_str().is_some_and(|text| names.contains(&text))
}

impl<'a> MeantBranch<'a> {
    /// Returns [`Unnamed`](Self::Unnamed) with the names of all branches.
    fn unnamed(tag: Option<&'a str>, heads: &[Head<'a>]) -> Self {
        let mut names: Vec<&str> = Vec::new();
        for head in heads {
            let tagged = tag.map(|tag| head.tag(tag).unwrap_or_default());
            let of_head: Vec<&str> = match tagged {
                Some(tagged) => tagged.to_vec(),
                None => head.names.iter().chain(&head.keys).copied().collect(),
            };
            names.extend(of_head);
        }
        Self::Unnamed { tag, names }
    }
}

/// The names by which a value can select a branch.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    /// The strings that the branch consists of, if it is a list of constants.
    pub(super) names: Vec<&'a str>,
    /// The required members whose value is one constant string; several, if branches are nested.
    tags: Vec<(&'a str, Vec<&'a str>)>,
    /// The only member, if the branch has one and requires it.
    pub(super) keys: Vec<&'a str>,
    /// The JSON kinds that the branch accepts.
    kinds: Kinds,
}

impl<'a> Head<'a> {
    /// Collects the names of a branch.
    pub(super) fn of(tree: &'a Tree, id: WrittenId) -> Self {
        let mut head = Self::default();
        head.add(tree, id, FOLLOWED, &mut { MOST });
        head
    }

    /// Adds the names of a schema, of its conjuncts and of its unions, up to the limits.
    fn add(&mut self, tree: &'a Tree, id: WrittenId, depth: usize, left: &mut usize) {
        *left = left.saturating_sub(1);
        let Some(depth) = depth.checked_sub(1).filter(|_| *left > 0) else { return };
        let schema = tree.written(id);
        self.kinds = self.kinds.and(schema.kinds.unwrap_or(Kinds::ALL));
        let texts = texts(schema);
        if !texts.is_empty() {
            self.names.extend(texts);
            self.kinds = self.kinds.and(Kinds::STRING);
        }
        if !schema.members.is_empty() {
            self.kinds = self.kinds.and(Kinds::OBJECT);
            let before = self.tags.len();
            for (name, member) in &schema.members {
                let texts = self::texts(tree.written(*member));
                // A member with several constants is an ordinary field.
                if texts.len() == 1 && schema.required.contains(name) {
                    self.tags.push((name, texts));
                }
            }
            if let ([(only, _)], [required]) =
                (schema.members.as_slice(), schema.required.as_slice())
            {
                if only == required && self.tags.len() == before {
                    self.keys.push(only);
                }
            }
        }
        for part in schema.conjuncts() {
            self.add(tree, part, depth, left);
        }
        for (_, branches) in schema.unions() {
            self.add_branches(tree, branches, depth, left);
        }
    }

    /// Adds the names of a union inside the branch: it may be any of its branches.
    fn add_branches(
        &mut self,
        tree: &'a Tree,
        branches: &[WrittenId],
        depth: usize,
        left: &mut usize,
    ) {
        let mut kinds = Kinds::NONE;
        for &branch in branches {
            let mut head = Self::default();
            head.add(tree, branch, depth, left);
            self.names.extend(head.names);
            self.keys.extend(head.keys);
            for (tag, names) in head.tags {
                match self.tags.iter_mut().find(|(known, _)| *known == tag) {
                    Some((_, known)) => known.extend(names),
                    None => self.tags.push((tag, names)),
                }
            }
            kinds = kinds.or(head.kinds);
        }
        self.kinds = self.kinds.and(kinds);
    }

    /// Returns the constants of the tag, or `None` if the branch has no such tag.
    fn tag(&self, tag: &str) -> Option<&[&'a str]> {
        self.tags.iter().find(|(name, _)| *name == tag).map(|(_, names)| names.as_slice())
    }

    /// Whether the branch accepts strings.
    fn takes_text(&self) -> bool {
        self.kinds.has(Kinds::STRING)
    }

    /// Whether the branch accepts values of this value's JSON kind.
    fn takes(&self, value: &Value) -> bool {
        let kind = if value.is_number() { Kinds::NUMBER } else { Kinds::of(value) };
        self.kinds.meets(kind)
    }
}

/// Returns the strings that a schema consists of; empty if it allows other values.
fn texts(schema: &WrittenSchema) -> Vec<&str> {
    let constants = schema.constants.iter().flatten();
    let texts: Option<Vec<&str>> = constants.map(|one| one.value.as_str()).collect();
    texts.unwrap_or_default()
}
