//! Finds the branch of a union that a value means. A name in the value binds: a tag, the one key around the
//! fields, the name of a unit variant. Only a value that names nothing is told apart by its kind.
//! Knows nothing of how well the value fits.

use serde_json::Value;

use crate::schema::{Kinds, Tree, WrittenId, WrittenSchema};

/// How many references and unions are followed, one from another, to the names of a branch.
const FOLLOWED: usize = 8;

/// How many schemas are looked at for the names of one branch.
const MOST: usize = 2_000;

/// The branch that a value means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum MeantBranch<'a> {
    /// This one.
    Branch(usize),
    /// None that there is: its tag, or the value itself where there is no member for one, would have
    /// to be one of these.
    Unnamed { tag: Option<&'a str>, names: Vec<&'a str> },
    /// Nothing.
    Unknown,
}

/// Returns the branch of a union, as it is written, that the value means.
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

fn by_text<'a>(heads: &[Head<'a>], text: &str) -> MeantBranch<'a> {
    let is_named = |head: &Head<'_>| head.names.contains(&text) || head.keys.contains(&text);
    if let Some(index) = heads.iter().position(is_named) {
        return MeantBranch::Branch(index);
    }
    let names: Vec<&str> = heads.iter().flat_map(|head| head.names.iter().copied()).collect();
    // A branch of free texts has no names for this one to be wrong.
    if names.is_empty() || heads.iter().any(|head| head.names.is_empty() && head.takes_text()) {
        return MeantBranch::Unknown;
    }
    let keys = heads.iter().flat_map(|head| head.keys.iter().copied());
    MeantBranch::Unnamed { tag: None, names: names.into_iter().chain(keys).collect() }
}

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
    // Of a single branch, what is missing in it says more.
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

fn has(names: &[&str], written: &Value) -> bool {
    written.as_str().is_some_and(|text| names.contains(&text))
}

impl<'a> MeantBranch<'a> {
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

/// The names of a branch.
#[derive(Debug, Default)]
pub(super) struct Head<'a> {
    /// The texts that it is, where it is nothing but some texts.
    pub(super) names: Vec<&'a str>,
    /// The members that have to be one of some texts.
    tags: Vec<(&'a str, Vec<&'a str>)>,
    /// The one member that it has and must have.
    pub(super) keys: Vec<&'a str>,
    /// The kinds of JSON that it takes.
    kinds: Kinds,
}

impl<'a> Head<'a> {
    pub(super) fn of(tree: &'a Tree, id: WrittenId) -> Self {
        let mut head = Self::default();
        head.add(tree, id, FOLLOWED, &mut { MOST });
        head
    }

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
                // Of several texts it is a field like others.
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

    /// A union inside of a branch is what one of its own branches is.
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

    fn tag(&self, tag: &str) -> Option<&[&'a str]> {
        self.tags.iter().find(|(name, _)| *name == tag).map(|(_, names)| names.as_slice())
    }

    fn takes_text(&self) -> bool {
        self.kinds.has(Kinds::STRING)
    }

    /// Whether it takes values of this kind.
    fn takes(&self, value: &Value) -> bool {
        let kind = if value.is_number() { Kinds::NUMBER } else { Kinds::of(value) };
        self.kinds.meets(kind)
    }
}

/// The texts that a schema takes, where it takes nothing else.
fn texts(schema: &WrittenSchema) -> Vec<&str> {
    let constants = schema.constants.iter().flatten();
    let texts: Option<Vec<&str>> = constants.map(|one| one.value.as_str()).collect();
    texts.unwrap_or_default()
}
