//! Merges the answers about the chunks into one value, by the schema of the type and the rules of the user.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::answer::Answer;
use super::report::{Conflict, ConflictingValue, Duplicate};
use super::rules::{FieldRule, Identity, Merge};
use super::same::{At, Likeness, fingerprint};
use crate::contract::{Contract, Problem, Problems, ReaskParts, excerpt};
use crate::grounding::QuotePlaces;
use crate::schema::{Combination, NodeId, Plain, Tree, push_segment};

/// The merged value, and what happened.
#[derive(Debug, Default)]
pub(super) struct Merged {
    pub(super) value: Value,
    /// The places of its quotes in the document.
    pub(super) places: QuotePlaces,
    pub(super) conflicts: Vec<Conflict>,
    pub(super) duplicates: Vec<Duplicate>,
    /// The indexes of the chunks that fields and elements come from, by JSON pointer.
    pub(super) origins: HashMap<String, BTreeSet<usize>>,
    /// What each pass was the first to give.
    pub(super) new: BTreeMap<usize, New>,
    /// The fields that must not differ and do.
    pub(super) disputed: Problems,
}

/// The number of elements and fields that a pass was the first to give.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct New {
    pub(super) elements: usize,
    pub(super) fields: usize,
}

/// Merges answers to a contract. They are in the order of the document, and of the passes within a chunk.
///
/// If they are answers about parts of a value, `parts` are these: rules and results name places in that value.
pub(super) fn merge(
    contract: &Contract,
    parts: Option<&ReaskParts>,
    rules: &Merge,
    answers: &[Answer],
) -> Merged {
    let (tree, node) = (contract.tree(), contract.node());
    let mut merger = Merger { tree, parts, rules, merged: Merged::default() };
    for (text, located) in answers.iter().flat_map(|answer| answer.quotes.values()) {
        merger.merged.places.mention(text.clone(), located.clone());
    }
    let sources =
        answers.iter().map(|answer| At { answer, pointer: String::new(), value: &answer.value });
    let value = merger.combine(Some(node), "", sources.collect());
    Merged { value: value.unwrap_or_default(), ..merger.merged }
}

struct Merger<'m> {
    tree: &'m Tree,
    parts: Option<&'m ReaskParts>,
    rules: &'m Merge,
    merged: Merged,
}

/// The mentions of one element of a list.
struct Group<'a> {
    mentions: Vec<At<'a>>,
}

impl Group<'_> {
    /// Whether an answer gave the element already.
    fn has(&self, answer: &Answer) -> bool {
        self.mentions.iter().any(|at| std::ptr::eq(at.answer, answer))
    }

    fn last_chunk(&self) -> usize {
        self.mentions.iter().map(|at| at.answer.chunk).max().unwrap_or_default()
    }
}

impl Merger<'_> {
    /// Returns the place in the whole value.
    fn place(&self, at: &str) -> String {
        self.parts.map_or_else(|| at.to_owned(), |parts| parts.whole_pointer(at))
    }

    /// Merges the values for one place. `None` if there is none.
    fn combine(&mut self, node: Option<NodeId>, at: &str, sources: Vec<At<'_>>) -> Option<Value> {
        let is_given = !sources.is_empty();
        let mut present = sources;
        present.retain(|source| !source.value.is_null());
        if present.is_empty() {
            let takes_null = node.is_none_or(|node| self.tree.takes_null(node));
            return (is_given && takes_null).then_some(Value::Null);
        }
        let all = |is: fn(&Value) -> bool| present.iter().all(|source| is(source.value));
        match node.map(|node| self.tree.combination(node)) {
            Some(Combination::Object(plain)) if all(Value::is_object) => {
                Some(self.combine_members(plain, at, &present))
            }
            Some(Combination::List(element)) if all(Value::is_array) => {
                Some(self.combine_items(element, at, &present))
            }
            _ => Some(self.choose(at, &present)),
        }
    }

    /// Merges objects member by member: those that the schema names first, in its order.
    fn combine_members(&mut self, plain: &Plain, at: &str, sources: &[At<'_>]) -> Value {
        let mut names: Vec<&str> =
            plain.members.iter().map(|member| member.name.as_str()).collect();
        let mut known: BTreeSet<&str> = names.iter().copied().collect();
        let given = sources.iter().filter_map(|source| source.value.as_object());
        for name in given.flat_map(Map::keys) {
            if known.insert(name) {
                names.push(name);
            }
        }
        let mut members = Map::new();
        for name in names {
            let inside: Vec<At<'_>> =
                sources.iter().filter_map(|source| source.inside(name)).collect();
            let node = plain.member_of(name).map(|(node, _)| node);
            let mut pointer = at.to_owned();
            push_segment(&mut pointer, name);
            if let Some(value) = self.combine(node, &pointer, inside) {
                members.insert(name.to_owned(), value);
            }
        }
        Value::Object(members)
    }

    /// Appends the elements of lists, and merges those that are the same.
    fn combine_items(&mut self, element: Option<NodeId>, at: &str, sources: &[At<'_>]) -> Value {
        let groups = self.grouped(at, sources);
        let mut items = Vec::with_capacity(groups.len());
        for Group { mentions } in groups {
            let pointer = format!("{at}/{}", items.len());
            let passes = mentions.iter().map(|mention| mention.answer.pass);
            let new = self.merged.new.entry(passes.min().unwrap_or(1)).or_default();
            new.elements += 1;
            let chunks: BTreeSet<usize> =
                mentions.iter().map(|mention| mention.answer.chunk).collect();
            if mentions.len() > 1 {
                self.merged.duplicates.push(Duplicate {
                    pointer: self.place(&pointer),
                    mentions: mentions.len(),
                    chunks: chunks.iter().map(|chunk| chunk + 1).collect(),
                });
            }
            self.merged.origins.insert(self.place(&pointer), chunks);
            let value = match mentions.as_slice() {
                [only] => {
                    self.take_places(&pointer, only);
                    only.value.clone()
                }
                _ => self.combine(element, &pointer, mentions).unwrap_or_default(),
            };
            items.push(value);
        }
        Value::Array(items)
    }

    /// Groups the elements of lists by what makes them the same.
    fn grouped<'a>(&self, at: &str, lists: &[At<'a>]) -> Vec<Group<'a>> {
        let list = self.place(at);
        let identity = self.rules.identity(&list);
        let mut groups: Vec<Group<'a>> = Vec::new();
        let mut by_key: HashMap<String, usize> = HashMap::new();
        let mut by_fingerprint: HashMap<String, Vec<usize>> = HashMap::new();
        let count = |list: &At<'_>| list.value.as_array().map_or(0, Vec::len);
        let items = lists
            .iter()
            .flat_map(|list| (0..count(list)).filter_map(|index| list.inside(&index.to_string())));
        for item in items {
            if let Some(key) = key_of(&identity, &item) {
                match by_key.get(&key).and_then(|index| groups.get_mut(*index)) {
                    Some(group) => group.mentions.push(item),
                    None => {
                        by_key.insert(key, groups.len());
                        groups.push(Group { mentions: vec![item] });
                    }
                }
                continue;
            }
            let alike = by_fingerprint.entry(fingerprint(&item)).or_default();
            match find_same(&groups, alike, &item, &identity) {
                Some(index) => {
                    if let Some(group) = groups.get_mut(index) {
                        group.mentions.push(item);
                    }
                }
                None => {
                    alike.push(groups.len());
                    groups.push(Group { mentions: vec![item] });
                }
            }
        }
        groups
    }

    /// Chooses one of several values.
    fn choose(&mut self, at: &str, sources: &[At<'_>]) -> Value {
        let mut candidates: Vec<Vec<&At<'_>>> = Vec::new();
        for source in sources {
            let is_same = |others: &&mut Vec<&At<'_>>| {
                others.iter().any(|other| is_same_field(other, source))
            };
            match candidates.iter_mut().find(is_same) {
                Some(others) => others.push(source),
                None => candidates.push(vec![source]),
            }
        }
        let place = self.place(at);
        let rule = self.rules.field_rule(&place);
        let chosen = match rule {
            FieldRule::First => 0,
            FieldRule::Last => {
                let is_last = |at: &&At<'_>| sources.last().is_some_and(|it| std::ptr::eq(it, *at));
                candidates.iter().position(|of| of.iter().any(is_last)).unwrap_or_default()
            }
            FieldRule::Agree | FieldRule::Unanimous => most_chunks(&candidates),
        };
        let all: BTreeSet<usize> = sources.iter().map(|source| source.answer.chunk).collect();
        self.merged.origins.insert(place.clone(), all);
        let passes = sources.iter().map(|source| source.answer.pass);
        self.merged.new.entry(passes.min().unwrap_or(1)).or_default().fields += 1;
        if candidates.len() > 1 {
            self.report_conflict(place, &candidates, chosen, rule);
        }
        let Some(source) = candidates.get(chosen).and_then(|of| of.first()) else {
            return Value::Null;
        };
        self.take_places(at, source);
        source.value.clone()
    }

    /// Reports that chunks give different values for one place.
    fn report_conflict(
        &mut self,
        pointer: String,
        candidates: &[Vec<&At<'_>>],
        chosen: usize,
        rule: FieldRule,
    ) {
        let values: Vec<ConflictingValue> = candidates
            .iter()
            .filter_map(|sources| {
                let chunks: BTreeSet<usize> =
                    sources.iter().map(|source| source.answer.chunk + 1).collect();
                let quotes = sources.iter().flat_map(|at| at.answer.quotes_in(&at.pointer));
                Some(ConflictingValue {
                    value: sources.first()?.value.clone(),
                    chunks: chunks.into_iter().collect(),
                    quoted: quotes.map(|(_, _, located)| located.bytes.clone()).collect(),
                })
            })
            .collect();
        if rule == FieldRule::Unanimous {
            let found = values.iter().map(|value| excerpt(&value.value));
            let found = found.collect::<Vec<_>>().join(" and ");
            let expected = "the same value in all parts of the text";
            self.merged.disputed.push(Problem::rule(pointer.as_str(), expected).found(found));
        }
        self.merged.conflicts.push(Conflict { pointer, values, chosen });
    }

    /// Takes over the places of the quotes at and below a value.
    fn take_places(&mut self, at: &str, source: &At<'_>) {
        for (rest, text, located) in source.answer.quotes_in(&source.pointer) {
            self.merged.places.put(format!("{at}{rest}"), text.to_owned(), located.clone());
        }
    }
}

/// Returns the key of an element. `None` if its list has no keys, or if the element lacks one.
fn key_of(identity: &Identity<'_>, item: &At<'_>) -> Option<String> {
    let Identity::Keys(keys) = identity else { return None };
    let mut all = String::new();
    for key in keys {
        let value = item.value.pointer(key).filter(|value| !value.is_null())?;
        let pointer = format!("{}{key}", item.pointer);
        // A quote is a key by its text.
        let text = match value {
            Value::String(text) => {
                Value::from(text.split_whitespace().collect::<Vec<_>>().join(" ")).to_string()
            }
            _ => fingerprint(&At { answer: item.answer, pointer, value }),
        };
        all.push_str(&text);
        all.push('\n');
    }
    Some(all)
}

/// Returns the group of an element that is the same. `alike` are the groups with an equal fingerprint; groups of
/// this chunk and the one before it may hold the element with other fields.
fn find_same(
    groups: &[Group<'_>],
    alike: &[usize],
    item: &At<'_>,
    identity: &Identity<'_>,
) -> Option<usize> {
    let is_same = |index: &usize| {
        let Some(group) = groups.get(*index) else { return false };
        let Some(first) = group.mentions.first() else { return false };
        if group.has(item.answer) {
            return false;
        }
        let likeness = Likeness::of(first, item);
        likeness.is_same() && (*identity != Identity::None || likeness.overlaps)
    };
    let has_quotes = item.answer.quotes_in(&item.pointer).next().is_some();
    let is_near = |index: &usize| {
        let group = groups.get(*index);
        has_quotes && group.is_some_and(|group| group.last_chunk() + 1 >= item.answer.chunk)
    };
    let near = (0..groups.len()).rev().take_while(is_near);
    alike.iter().copied().find(is_same).or_else(|| near.into_iter().find(is_same))
}

/// Whether two values of one field are the same.
fn is_same_field(one: &At<'_>, other: &At<'_>) -> bool {
    let likeness = Likeness::of(one, other);
    let is_quote = one.answer.located(&one.pointer).is_some();
    let is_text =
        |text: &Value| text.as_str().map(|text| text.split_whitespace().collect::<String>());
    // A text that is quoted at two places is one value.
    let is_equal = is_quote && is_text(one.value) == is_text(other.value);
    is_equal || (!likeness.differs && !likeness.is_filled && !likeness.is_apart)
}

/// Returns the index of the value that most chunks give; of equals, the first.
fn most_chunks(candidates: &[Vec<&At<'_>>]) -> usize {
    let count = |sources: &Vec<&At<'_>>| {
        sources.iter().map(|source| source.answer.chunk).collect::<BTreeSet<_>>().len()
    };
    let mut best = (0, 0);
    for (index, sources) in candidates.iter().enumerate() {
        if count(sources) > best.1 {
            best = (index, count(sources));
        }
    }
    best.0
}
