//! From schemas as they are written to the nodes of a [`Tree`](super::Tree): what holds at one place
//! of a value is put together.
//!
//! A node stands for a set of written schemas that all hold. Each set is merged once, whatever the
//! ways to it, so a schema that contains itself comes to an end. A schema with alternatives beside
//! other constraints is the union of its alternatives, each merged with what stands beside.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::constants::Constant;
use super::node::{Member, Node, NodeId, NodeKind, Origin, OtherMembers, Plain, SetMember};
use super::pattern::Pattern;
use super::written::{Annotations, WrittenId, WrittenSchema};
use super::{Kinds, SchemaError, cycles};

/// The most nodes of one schema.
const MAX_NODES: usize = 50_000;

/// The most written schemas that all nodes together are merged from.
const MAX_MERGES: usize = 400_000;

/// The most alternatives that unions beside each other may come to.
const MAX_BRANCHES: usize = 256;

/// The most schemas that may be held against one value at one place.
const MAX_COST: usize = 20_000;

/// The most schemas that may lie inside each other for one value.
const MAX_NESTED: usize = 128;

/// The number of schemas that are held against a value at one place, of the schema with the most; and how
/// many of them lie inside each other.
/// Refuses a schema that holds for a value only if it holds for the same value, and one of which each
/// value would be held against too many.
pub(super) fn cost(written: &[WrittenSchema]) -> Result<(usize, usize), SchemaError> {
    let on_cycle = cycles::on_cycles(written.len(), |from, visit| {
        written[from].in_place().for_each(|to| visit(to as usize));
    });
    if let Some(at) = on_cycle.iter().position(|&on_cycle| on_cycle) {
        return Err(SchemaError::Itself { pointer: written[at].pointer.clone() });
    }
    let mut costs = vec![0_usize; written.len()];
    let mut nested = vec![0_usize; written.len()];
    for start in 0..written.len() {
        let mut open = vec![start];
        while let Some(&at) = open.last() {
            let before = open.len();
            open.extend(written[at].in_place().map(|to| to as usize).filter(|to| costs[*to] == 0));
            if open.len() > before {
                continue;
            }
            open.pop();
            let inner = written[at].in_place().map(|to| costs[to as usize]);
            costs[at] = inner.fold(1, usize::saturating_add);
            let deepest = written[at].in_place().map(|to| nested[to as usize]).max();
            nested[at] = deepest.map_or(0, |deepest| deepest + 1);
            if nested[at] > MAX_NESTED {
                let pointer = written[at].pointer.clone();
                return Err(SchemaError::TooNested { pointer, allowed: MAX_NESTED });
            }
            if costs[at] > MAX_COST {
                let pointer = written[at].pointer.clone();
                return Err(SchemaError::TooCostly { pointer, allowed: MAX_COST });
            }
        }
    }
    let most = |all: Vec<usize>| all.into_iter().max().unwrap_or(1);
    Ok((most(costs), most(nested)))
}

pub(super) struct Merged {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    pub(super) targets: HashMap<WrittenId, NodeId>,
}

/// Merges the schemas of a document, whose root is the first of them.
pub(super) fn merge(written: &[WrittenSchema], origin: Origin) -> Result<Merged, SchemaError> {
    let mut merger = Merger {
        written,
        origin,
        nodes: Vec::new(),
        ids: HashMap::new(),
        references: HashMap::new(),
        open: Vec::new(),
        merges: 0,
    };
    let root = merger.node_of(vec![SetMember { id: 0, alone: false }])?;
    merger.work()?;
    // Schemas that say nothing of the shape of values are sent as they stand, and refer to others.
    let mut targets = HashMap::new();
    for target in written.iter().filter_map(|one| one.reference) {
        if let Entry::Vacant(free) = targets.entry(target) {
            free.insert(merger.node_of(vec![SetMember { id: target, alone: false }])?);
        }
    }
    merger.work()?;
    Ok(Merged { nodes: merger.nodes, root, targets })
}

/// A node's own part of the work, done when its turn comes.
enum Work {
    Follow(WrittenId),
    Merge(Vec<SetMember>),
}

struct Merger<'w> {
    written: &'w [WrittenSchema],
    origin: Origin,
    nodes: Vec<Node>,
    /// The nodes by the schemas that they are merged from.
    ids: HashMap<Vec<SetMember>, NodeId>,
    /// The nodes that only refer to another, by the schema that refers.
    references: HashMap<WrittenId, NodeId>,
    open: Vec<(NodeId, Work)>,
    merges: usize,
}

impl<'w> Merger<'w> {
    /// Does what is open, until nothing is.
    fn work(&mut self) -> Result<(), SchemaError> {
        while let Some((id, work)) = self.open.pop() {
            let is = match work {
                Work::Follow(target) => {
                    NodeKind::Reference(self.node_of(vec![SetMember { id: target, alone: false }])?)
                }
                Work::Merge(atoms) => self.merged(id, &atoms)?,
            };
            self.nodes[id as usize].is = is;
        }
        Ok(())
    }

    fn written(&self, atom: SetMember) -> &'w WrittenSchema {
        &self.written[atom.id as usize]
    }

    /// The node of schemas that all hold.
    fn node_of(&mut self, mut seeds: Vec<SetMember>) -> Result<NodeId, SchemaError> {
        let mut seen = HashSet::new();
        seeds.retain(|atom| seen.insert(*atom));
        if let [one @ SetMember { alone: false, .. }] = seeds.as_slice() {
            if let Some(target) = self.target(one.id) {
                let (own, notes) = (one.id, self.written(*one).notes.clone());
                if let Some(&known) = self.references.get(&own) {
                    return Ok(known);
                }
                let id = self.add(seeds, notes, Work::Follow(target))?;
                self.references.insert(own, id);
                return Ok(id);
            }
        }
        let atoms = self.closure(&seeds)?;
        let mut key: Vec<SetMember> = atoms.clone();
        key.retain(|atom| {
            let written = self.written(*atom);
            !written.is_silent() || written.notes != Annotations::default()
        });
        if key.is_empty() {
            // Each place of which nothing is said stays a place of its own.
            key.clone_from(&seeds);
        }
        key.sort_unstable();
        if let Some(&known) = self.ids.get(&key) {
            return Ok(known);
        }
        let mut notes = Annotations::default();
        for atom in atoms.iter().filter(|atom| !atom.alone) {
            notes.fill_from(&self.written(*atom).notes);
        }
        // The names of a member are those that stand at its own place.
        for own in seeds.iter().filter(|atom| !atom.alone).map(|atom| &self.written(*atom).notes) {
            notes.alias.extend(own.alias.iter().cloned());
            notes.aliases.extend(own.aliases.iter().cloned());
            notes.is_plain_text |= own.is_plain_text;
        }
        let id = self.add(seeds, notes, Work::Merge(atoms))?;
        self.ids.insert(key, id);
        Ok(id)
    }

    fn add(
        &mut self,
        seeds: Vec<SetMember>,
        notes: Annotations,
        work: Work,
    ) -> Result<NodeId, SchemaError> {
        // Of an alternative merged with what stands beside it, the alternative is its place.
        let own = seeds.iter().find(|atom| !atom.alone).or(seeds.first());
        let place = own.map_or_else(String::new, |atom| self.written(*atom).pointer.clone());
        if self.nodes.len() >= MAX_NODES {
            return Err(too_large(&place, "schemas once it is merged", MAX_NODES));
        }
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(Node { pointer: place, notes, is: NodeKind::Never("".into()), seeds });
        self.open.push((id, work));
        Ok(id)
    }

    /// The schema that a schema refers to, where it says nothing of values itself.
    fn target(&self, id: WrittenId) -> Option<WrittenId> {
        let mut written = &self.written[id as usize];
        // No `allOf` leads back to itself.
        loop {
            if !written.is_silent() {
                return None;
            }
            match (written.reference, written.all.as_slice()) {
                (Some(target), []) => return Some(target),
                (None, [only]) => written = &self.written[*only as usize],
                _ => return None,
            }
        }
    }

    /// The schemas, those that they refer to, and those of their `allOf`.
    fn closure(&mut self, seeds: &[SetMember]) -> Result<Vec<SetMember>, SchemaError> {
        let mut atoms = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<SetMember> = seeds.iter().rev().copied().collect();
        while let Some(atom) = open.pop() {
            if !seen.insert(atom) {
                continue;
            }
            atoms.push(atom);
            if !atom.alone {
                let inner: Vec<WrittenId> = self.written(atom).conjuncts().collect();
                open.extend(inner.into_iter().rev().map(|id| SetMember { id, alone: false }));
            }
        }
        // The whole of a schema says what it says alone.
        atoms.retain(|atom| !atom.alone || !seen.contains(&SetMember { alone: false, ..*atom }));
        self.merges += atoms.len();
        if self.merges > MAX_MERGES {
            let pointer = seeds.first().map_or("", |atom| self.written(*atom).pointer.as_str());
            return Err(too_large(pointer, "schemas that are merged", MAX_MERGES));
        }
        Ok(atoms)
    }

    fn merged(&mut self, id: NodeId, atoms: &[SetMember]) -> Result<NodeKind, SchemaError> {
        let whole = atoms.iter().filter(|atom| !atom.alone);
        let unions: Vec<(bool, &'w [WrittenId])> =
            whole.flat_map(|atom| self.written(*atom).unions()).collect();
        if unions.is_empty() {
            return self.plain(atoms);
        }
        let exclusive = unions.iter().all(|(exclusive, _)| *exclusive);
        let beside: Vec<SetMember> = atoms
            .iter()
            .filter(|atom| self.written(**atom).asserts() || self.written(**atom).is_false)
            .map(|atom| SetMember { alone: true, ..*atom })
            .collect();
        let unions: Vec<(bool, Vec<WrittenId>)> =
            unions.into_iter().map(|(exclusive, all)| (exclusive, distinct(all))).collect();
        let count =
            unions.iter().map(|(_, branches)| branches.len()).fold(1, usize::saturating_mul);
        if unions.len() > 1 && count > MAX_BRANCHES {
            let pointer = &self.nodes[id as usize].pointer;
            return Err(too_large(pointer, "combinations of alternatives", MAX_BRANCHES));
        }
        let mut products = vec![beside];
        for (_, branches) in unions {
            let mut next = Vec::with_capacity(products.len() * branches.len());
            for product in &products {
                for &branch in &branches {
                    let mut seeds = product.clone();
                    seeds.push(SetMember { id: branch, alone: false });
                    next.push(seeds);
                }
            }
            products = next;
        }
        let mut branches = Vec::with_capacity(products.len());
        for seeds in products {
            let branch = self.node_of(seeds)?;
            // Unions of many branches have no two that are the same.
            if branches.len() > MAX_BRANCHES || !branches.contains(&branch) {
                branches.push(branch);
            }
        }
        Ok(NodeKind::Union { exclusive, branches })
    }

    /// Puts together what schemas say, none of which has alternatives.
    fn plain(&mut self, atoms: &[SetMember]) -> Result<NodeKind, SchemaError> {
        let written: Vec<&'w WrittenSchema> =
            atoms.iter().map(|atom| self.written(*atom)).collect();
        if written.iter().any(|schema| schema.is_false) {
            return Ok(NodeKind::Never("the schema is `false`".into()));
        }
        let mut plain = Plain::default();
        for schema in &written {
            if let Some(kinds) = schema.kinds {
                let both = plain.kinds.map_or(kinds, |known| known.and(kinds));
                if both.is_none() {
                    let known = plain.kinds.map_or_else(String::new, Kinds::describe);
                    let why = format!("{known} is never {}", kinds.describe());
                    return Ok(NodeKind::Never(why.into()));
                }
                plain.kinds = Some(both);
            }
            if let Some(values) = &schema.constants {
                plain.is_const |= schema.is_const;
                let both = common(plain.constants.take(), values);
                if both.is_empty() {
                    let why = "its constants have no value in common";
                    return Ok(NodeKind::Never(why.into()));
                }
                plain.constants = Some(both);
            }
            for (keyword, value) in &schema.constraints {
                constrain(&mut plain, keyword, value);
            }
            repeat(&mut plain, &schema.verbatim);
        }
        if let Some(name) = self.members(&written, &mut plain)? {
            let why =
                format!("the member {name:?} is required, and there may be none of this name");
            return Ok(NodeKind::Never(why.into()));
        }
        let mut names = written.iter().filter_map(|schema| schema.names).peekable();
        if names.peek().is_some() {
            plain.names = Some(self.all_of(names)?);
        }
        let is_object = plain.kinds.is_some_and(|kinds| kinds.has(Kinds::OBJECT));
        let is_bare = plain.members.is_empty() && plain.patterns.is_empty();
        if is_object && is_bare && plain.others == OtherMembers::Unsaid {
            // A list of no members is that of all members there are, as a longer one is.
            let lists_none = written.iter().any(|schema| schema.lists_members);
            let has_none = self.origin == Origin::Type || lists_none;
            if has_none && plain.names.is_none() {
                plain.others = OtherMembers::Closed;
            } else {
                plain.others = OtherMembers::Open(self.anything()?);
                plain.is_any_object = plain.names.is_none();
            }
        }
        let places = written.iter().map(|schema| schema.first.len()).max().unwrap_or(0);
        for index in 0..places {
            let of = |schema: &&'w WrittenSchema| schema.first.get(index).copied().or(schema.rest);
            plain.first.push(self.all_of(written.iter().filter_map(of))?);
        }
        let mut rest = written.iter().filter_map(|schema| schema.rest).peekable();
        if rest.peek().is_some() {
            plain.rest = Some(self.all_of(rest)?);
        }
        Ok(NodeKind::Plain(Box::new(plain)))
    }

    fn all_of(&mut self, ids: impl Iterator<Item = WrittenId>) -> Result<NodeId, SchemaError> {
        self.node_of(ids.map(|id| SetMember { id, alone: false }).collect())
    }

    /// Puts together what schemas say of members. Returns the name of one that must be there and may
    /// not be.
    fn members(
        &mut self,
        written: &[&'w WrittenSchema],
        plain: &mut Plain,
    ) -> Result<Option<&'w str>, SchemaError> {
        let mut patterns: Vec<(Pattern, Vec<WrittenId>)> = Vec::new();
        let mut others: Vec<WrittenId> = Vec::new();
        let (mut closed, mut says) = (false, false);
        let mut named = NamedMembers::default();
        for schema in written {
            for (name, id) in &schema.members {
                named.add(name, Some(*id));
            }
            for (text, id) in &schema.patterns {
                match patterns.iter_mut().find(|(known, _)| known.text == *text) {
                    Some((_, ids)) => ids.push(*id),
                    None => patterns.push((Pattern::new(text), vec![*id])),
                }
            }
            if let Some(id) = schema.others {
                says = true;
                // The parts of a flattened struct are closed each for itself, and mean the whole.
                closed |= self.written[id as usize].is_false;
                others.push(id);
            }
        }
        for name in written.iter().flat_map(|schema| &schema.required) {
            named.add(name, None);
            if let Some(&index) = named.index.get(name.as_str()) {
                named.all[index].required = true;
            }
        }
        if !closed {
            for name in self.conditional(written) {
                named.add(name.0, None);
                if let Some(&index) = named.index.get(name.0) {
                    named.all[index].conditional.push(name.1);
                }
            }
        }
        for one in named.all {
            let matching = patterns.iter().filter(|(pattern, _)| pattern.matches(one.name));
            let mut ids = one.ids;
            ids.extend(matching.flat_map(|(_, ids)| ids.iter().copied()));
            if ids.is_empty() && one.conditional.is_empty() {
                // It is required, and named nowhere.
                if closed {
                    return Ok(Some(one.name));
                }
                ids.extend(others.iter().copied());
            }
            let node = if ids.is_empty() && !one.conditional.is_empty() {
                self.any_of(&one.conditional)?
            } else {
                self.all_of(ids.into_iter())?
            };
            let (name, required) = (one.name.to_owned(), one.required);
            plain.members.push(Member { name, node, required });
        }
        for (pattern, ids) in patterns {
            let id = self.all_of(ids.into_iter())?;
            plain.patterns.push((Arc::new(pattern), id));
        }
        plain.others = match (closed, says) {
            (true, _) => OtherMembers::Closed,
            (false, true) => OtherMembers::Open(self.all_of(others.into_iter())?),
            (false, false) => OtherMembers::Unsaid,
        };
        Ok(None)
    }

    /// The node that everything fits, where a schema has none for it.
    fn anything(&mut self) -> Result<NodeId, SchemaError> {
        let id = self.add(Vec::new(), Annotations::default(), Work::Merge(Vec::new()))?;
        self.open.pop();
        self.nodes[id as usize].is = NodeKind::Plain(Box::default());
        Ok(id)
    }

    /// The members that are named under a condition only.
    fn conditional(&self, written: &[&'w WrittenSchema]) -> Vec<(&'w str, WrittenId)> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let conditions = |schema: &'w WrittenSchema| {
            let [_, then, other] = schema.condition;
            let dependents = schema.dependents.iter().map(|(_, id)| *id);
            then.into_iter().chain(other).chain(dependents).collect::<Vec<_>>()
        };
        let mut open: Vec<WrittenId> = written.iter().flat_map(|one| conditions(one)).collect();
        open.reverse();
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let schema = &self.written[id as usize];
            found.extend(schema.members.iter().map(|(name, id)| (name.as_str(), *id)));
            open.extend(schema.conjuncts());
            open.extend(schema.unions().flat_map(|(_, branches)| branches.iter().copied()));
            open.extend(conditions(schema));
        }
        found
    }

    /// The node of schemas of which any may hold.
    fn any_of(&mut self, ids: &[WrittenId]) -> Result<NodeId, SchemaError> {
        let mut branches: Vec<NodeId> = Vec::with_capacity(ids.len());
        for &id in ids {
            let branch = self.all_of(std::iter::once(id))?;
            if !branches.contains(&branch) {
                branches.push(branch);
            }
        }
        if let [only] = branches.as_slice() {
            return Ok(*only);
        }
        let seeds = ids.iter().take(1).map(|&id| SetMember { id, alone: false }).collect();
        let id = self.add(seeds, Annotations::default(), Work::Merge(Vec::new()))?;
        // It is done already.
        self.open.pop();
        self.nodes[id as usize].is = NodeKind::Union { exclusive: false, branches };
        Ok(id)
    }
}

/// Members by their names, in the order in which they are named.
#[derive(Default)]
struct NamedMembers<'w> {
    all: Vec<NamedMember<'w>>,
    index: HashMap<&'w str, usize>,
}

struct NamedMember<'w> {
    name: &'w str,
    ids: Vec<WrittenId>,
    conditional: Vec<WrittenId>,
    required: bool,
}

impl<'w> NamedMembers<'w> {
    fn add(&mut self, name: &'w str, id: Option<WrittenId>) {
        let index = *self.index.entry(name).or_insert_with(|| {
            let (ids, conditional) = (Vec::new(), Vec::new());
            self.all.push(NamedMember { name, ids, conditional, required: false });
            self.all.len() - 1
        });
        self.all[index].ids.extend(id);
    }
}

fn distinct(ids: &[WrittenId]) -> Vec<WrittenId> {
    let mut seen = HashSet::new();
    ids.iter().copied().filter(|id| seen.insert(*id)).collect()
}

fn too_large(place: &str, what: &'static str, allowed: usize) -> SchemaError {
    SchemaError::TooLarge { pointer: place.to_owned(), what, allowed }
}

/// The values that two lists of constants share.
fn common(known: Option<Vec<Constant>>, values: &[Constant]) -> Vec<Constant> {
    match known {
        None => values.to_vec(),
        Some(mut known) => {
            // Large enums are not compared one by one where both are texts.
            let texts: HashSet<&str> = values.iter().filter_map(|one| one.value.as_str()).collect();
            known.retain(|one| match one.value.as_str() {
                Some(text) => texts.contains(text),
                None => values.contains(one),
            });
            known
        }
    }
}

/// Adds a constraint that must hold as well.
fn constrain(plain: &mut Plain, keyword: &str, theirs: &Value) {
    let Some(ours) = plain.constraints.get_mut(keyword) else {
        plain.constraints.insert(keyword.to_owned(), theirs.clone());
        return;
    };
    if ours == theirs {
        return;
    }
    match keyword {
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            if theirs.as_f64() > ours.as_f64() {
                *ours = theirs.clone();
            }
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            if theirs.as_f64() < ours.as_f64() {
                *ours = theirs.clone();
            }
        }
        "uniqueItems" => {}
        _ => plain.also.push((keyword.to_owned(), theirs.clone())),
    }
}

/// Adds keywords that stand as they are. The branches of a condition stay with their condition.
fn repeat(plain: &mut Plain, verbatim: &[(String, Value)]) {
    let is_condition = |word: &str| matches!(word, "if" | "then" | "else");
    let has_condition = plain.verbatim.iter().any(|(word, _)| is_condition(word));
    let mut condition = Map::new();
    for (keyword, value) in verbatim {
        if is_condition(keyword) && has_condition {
            condition.insert(keyword.clone(), value.clone());
        } else if plain.verbatim.iter().any(|(known, _)| known == keyword) {
            plain.also.push((keyword.clone(), value.clone()));
        } else {
            plain.verbatim.push((keyword.clone(), value.clone()));
        }
    }
    if !condition.is_empty() {
        plain.also.push(("allOf".to_owned(), Value::Array(vec![Value::Object(condition)])));
    }
}
