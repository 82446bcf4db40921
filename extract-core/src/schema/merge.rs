//! Merges the written schemas of a document into the nodes of a [`Tree`](super::Tree).
//!
//! A node stands for a set of written schemas that all hold. Every set is merged once, however it is
//! reached, so merging a recursive schema ends. A schema with alternatives beside other constraints
//! becomes a union: every alternative is merged with these constraints.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::constants::Constant;
use super::node::{Member, Node, NodeId, NodeKind, Origin, OtherMembers, Plain, WrittenPart};
use super::pattern::Pattern;
use super::written::{Annotations, WrittenId, WrittenSchema};
use super::{Kinds, SchemaError, cycles};

/// The most nodes of one schema.
const MAX_NODES: usize = 50_000;

/// The most written schemas that all nodes together are merged from.
const MAX_MERGES: usize = 400_000;

/// The most combinations of alternatives if several unions hold for the same value.
const MAX_BRANCHES: usize = 256;

/// The most schemas that one value may be checked against at one position.
const MAX_COST: usize = 20_000;

/// The most schemas that may lie inside each other for the same value.
const MAX_NESTED: usize = 128;

/// Returns the largest number of schemas that one value is checked against at one position, and the
/// deepest nesting of schemas for the same value. Fails if a schema applies itself to the same value,
/// or if either number exceeds its limit.
pub(super) fn cost(written: &[WrittenSchema]) -> Result<(usize, usize), SchemaError> {
    let on_cycle = cycles::on_cycles(written.len(), |from, visit| {
        written[from].same_value().for_each(|to| visit(to as usize));
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
            open.extend(
                written[at].same_value().map(|to| to as usize).filter(|to| costs[*to] == 0),
            );
            if open.len() > before {
                continue;
            }
            open.pop();
            let inner = written[at].same_value().map(|to| costs[to as usize]);
            costs[at] = inner.fold(1, usize::saturating_add);
            let deepest = written[at].same_value().map(|to| nested[to as usize]).max();
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

/// The nodes of a document, its root, and the nodes of the schemas that a `$ref` leads to.
pub(super) struct Merged {
    pub(super) nodes: Vec<Node>,
    pub(super) root: NodeId,
    pub(super) targets: HashMap<WrittenId, NodeId>,
}

/// Merges the schemas of a document, whose root is the first of them. Fails if there are too many
/// nodes, merged schemas or combinations of alternatives.
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
    let root = merger.node_of(vec![WrittenPart { id: 0, alone: false }])?;
    merger.work()?;
    // Schemas that do not shape a value are sent as they are written. They may refer to any of these
    // targets.
    let mut targets = HashMap::new();
    for target in written.iter().filter_map(|one| one.reference) {
        if let Entry::Vacant(free) = targets.entry(target) {
            free.insert(merger.node_of(vec![WrittenPart { id: target, alone: false }])?);
        }
    }
    merger.work()?;
    Ok(Merged { nodes: merger.nodes, root, targets })
}

/// The work that remains for a node.
enum Work {
    /// Refer to the node of this schema.
    Follow(WrittenId),
    /// Merge these schemas.
    Merge(Vec<WrittenPart>),
}

/// The state of merging a document.
struct Merger<'w> {
    written: &'w [WrittenSchema],
    origin: Origin,
    nodes: Vec<Node>,
    /// The nodes by the set of schemas that they are merged from.
    ids: HashMap<Vec<WrittenPart>, NodeId>,
    /// The nodes that only refer to another node, by the schema with the `$ref`.
    references: HashMap<WrittenId, NodeId>,
    /// The nodes whose work remains.
    open: Vec<(NodeId, Work)>,
    /// The number of schemas merged so far.
    merges: usize,
}

impl<'w> Merger<'w> {
    /// Does the remaining work of all nodes, including those added meanwhile.
    fn work(&mut self) -> Result<(), SchemaError> {
        while let Some((id, work)) = self.open.pop() {
            let is = match work {
                Work::Follow(target) => NodeKind::Reference(
                    self.node_of(vec![WrittenPart { id: target, alone: false }])?,
                ),
                Work::Merge(atoms) => self.merged(id, &atoms)?,
            };
            self.nodes[id as usize].kind = is;
        }
        Ok(())
    }

    /// Returns the schema of an element of a set.
    fn written(&self, part: WrittenPart) -> &'w WrittenSchema {
        &self.written[part.id as usize]
    }

    /// Returns the node of schemas that all hold. Adds it if it is new.
    fn node_of(&mut self, mut seeds: Vec<WrittenPart>) -> Result<NodeId, SchemaError> {
        let mut seen = HashSet::new();
        seeds.retain(|part| seen.insert(*part));
        if let [one @ WrittenPart { alone: false, .. }] = seeds.as_slice() {
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
        let parts = self.closure(&seeds)?;
        let mut key: Vec<WrittenPart> = parts.clone();
        key.retain(|part| {
            let written = self.written(*part);
            !written.is_silent() || written.notes != Annotations::default()
        });
        if key.is_empty() {
            // A node without constraints is identified by its schemas, so that unrelated positions keep
            // separate nodes.
            key.clone_from(&seeds);
        }
        key.sort_unstable();
        if let Some(&known) = self.ids.get(&key) {
            return Ok(known);
        }
        let mut notes = Annotations::default();
        for part in parts.iter().filter(|part| !part.alone) {
            notes.fill_from(&self.written(*part).notes);
        }
        // The names of a member are those written at its position, not those of schemas it refers to.
        for tree in seeds.iter().filter(|atom| !atom.alone).map(|atom| &self.written(*atom).notes) {
            notes.alias.extend(tree.alias.iter().cloned());
            notes.aliases.extend(tree.aliases.iter().cloned());
            notes.is_plain_text |= tree.is_plain_text;
        }
        let id = self.add(seeds, notes, Work::Merge(parts))?;
        self.ids.insert(key, id);
        Ok(id)
    }

    /// Adds a node and queues its work. Fails if there are too many nodes.
    fn add(
        &mut self,
        seeds: Vec<WrittenPart>,
        notes: Annotations,
        work: Work,
    ) -> Result<NodeId, SchemaError> {
        // For an alternative merged with the constraints around it, the pointer is that of the
        // alternative.
        let tree = seeds.iter().find(|atom| !atom.alone).or(seeds.first());
        let place = tree.map_or_else(String::new, |atom| self.written(*atom).pointer.clone());
        if self.nodes.len() >= MAX_NODES {
            return Err(too_large(&place, "schemas after merging", MAX_NODES));
        }
        let id = NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX);
        self.nodes.push(Node {
            pointer: place,
            annotations: notes,
            kind: NodeKind::Never("".into()),
            sources: seeds,
        });
        self.open.push((id, work));
        Ok(id)
    }

    /// Returns the target of a schema that consists of a `$ref` and does not constrain values itself.
    fn target(&self, id: WrittenId) -> Option<WrittenId> {
        let mut written = &self.written[id as usize];
        // This ends, because no `allOf` leads back to itself.
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

    /// Returns these schemas together with all schemas reached through `$ref` and `allOf`.
    fn closure(&mut self, seeds: &[WrittenPart]) -> Result<Vec<WrittenPart>, SchemaError> {
        let mut parts = Vec::new();
        let mut seen = HashSet::new();
        let mut open: Vec<WrittenPart> = seeds.iter().rev().copied().collect();
        while let Some(part) = open.pop() {
            if !seen.insert(part) {
                continue;
            }
            parts.push(part);
            if !part.alone {
                let inner: Vec<WrittenId> = self.written(part).conjuncts().collect();
                open.extend(inner.into_iter().rev().map(|id| WrittenPart { id, alone: false }));
            }
        }
        // A whole schema includes its direct constraints.
        parts.retain(|part| !part.alone || !seen.contains(&WrittenPart { alone: false, ..*part }));
        self.merges += parts.len();
        if self.merges > MAX_MERGES {
            let pointer = seeds.first().map_or("", |part| self.written(*part).pointer.as_str());
            return Err(too_large(pointer, "schemas to merge", MAX_MERGES));
        }
        Ok(parts)
    }

    /// Merges schemas: into constraints if none has alternatives, else into the union of all
    /// combinations.
    fn merged(&mut self, id: NodeId, parts: &[WrittenPart]) -> Result<NodeKind, SchemaError> {
        let whole = parts.iter().filter(|part| !part.alone);
        let unions: Vec<(bool, &'w [WrittenId])> =
            whole.flat_map(|part| self.written(*part).unions()).collect();
        if unions.is_empty() {
            return self.plain(parts);
        }
        let exclusive = unions.iter().all(|(exclusive, _)| *exclusive);
        let beside: Vec<WrittenPart> = parts
            .iter()
            .filter(|part| self.written(**part).asserts() || self.written(**part).is_false)
            .map(|part| WrittenPart { alone: true, ..*part })
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
                    seeds.push(WrittenPart { id: branch, alone: false });
                    next.push(seeds);
                }
            }
            products = next;
        }
        let mut branches = Vec::with_capacity(products.len());
        for seeds in products {
            let branch = self.node_of(seeds)?;
            // Long unions skip the search for repeated branches, because it is linear.
            if branches.len() > MAX_BRANCHES || !branches.contains(&branch) {
                branches.push(branch);
            }
        }
        Ok(NodeKind::Union { exclusive, branches })
    }

    /// Merges schemas without alternatives.
    fn plain(&mut self, parts: &[WrittenPart]) -> Result<NodeKind, SchemaError> {
        let written: Vec<&'w WrittenSchema> =
            parts.iter().map(|part| self.written(*part)).collect();
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
            let why = format!("the member {name:?} is required but not allowed");
            return Ok(NodeKind::Never(why.into()));
        }
        let mut names = written.iter().filter_map(|schema| schema.names).peekable();
        if names.peek().is_some() {
            plain.names = Some(self.all_of(names)?);
        }
        let is_object = plain.kinds.is_some_and(|kinds| kinds.has(Kinds::OBJECT));
        let is_bare = plain.members.is_empty() && plain.patterns.is_empty();
        if is_object && is_bare && plain.other_members == OtherMembers::Unspecified {
            // An empty list of members is complete, just as a longer one is.
            let lists_none = written.iter().any(|schema| schema.lists_members);
            let has_none = self.origin == Origin::Type || lists_none;
            if has_none && plain.names.is_none() {
                plain.other_members = OtherMembers::Closed;
            } else {
                plain.other_members = OtherMembers::Open(self.anything()?);
                plain.is_any_object = plain.names.is_none();
            }
        }
        let places = written.iter().map(|schema| schema.first.len()).max().unwrap_or(0);
        for index in 0..places {
            let of = |schema: &&'w WrittenSchema| schema.first.get(index).copied().or(schema.rest);
            plain.prefix_items.push(self.all_of(written.iter().filter_map(of))?);
        }
        let mut rest = written.iter().filter_map(|schema| schema.rest).peekable();
        if rest.peek().is_some() {
            plain.rest = Some(self.all_of(rest)?);
        }
        Ok(NodeKind::Plain(Box::new(plain)))
    }

    /// Returns the node of schemas that all hold.
    fn all_of(&mut self, ids: impl Iterator<Item = WrittenId>) -> Result<NodeId, SchemaError> {
        self.node_of(ids.map(|id| WrittenPart { id, alone: false }).collect())
    }

    /// Merges the rules for members. Returns the name of a member that is required but not allowed.
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
                // The parts of a flattened struct are closed separately. Together they close the whole.
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
                // It is required, but no schema is written for it.
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
        plain.other_members = match (closed, says) {
            (true, _) => OtherMembers::Closed,
            (false, true) => OtherMembers::Open(self.all_of(others.into_iter())?),
            (false, false) => OtherMembers::Unspecified,
        };
        Ok(None)
    }

    /// Adds a node that every value fits.
    fn anything(&mut self) -> Result<NodeId, SchemaError> {
        let id = self.add(Vec::new(), Annotations::default(), Work::Merge(Vec::new()))?;
        self.open.pop();
        self.nodes[id as usize].kind = NodeKind::Plain(Box::default());
        Ok(id)
    }

    /// Returns the members that are named only under a condition: by `then`, `else` or
    /// `dependentSchemas`.
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

    /// Returns the node that fits if any of the schemas does.
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
        let seeds = ids.iter().take(1).map(|&id| WrittenPart { id, alone: false }).collect();
        let id = self.add(seeds, Annotations::default(), Work::Merge(Vec::new()))?;
        // No work remains.
        self.open.pop();
        self.nodes[id as usize].kind = NodeKind::Union { exclusive: false, branches };
        Ok(id)
    }
}

/// Members by name, in the order of their first mention.
#[derive(Default)]
struct NamedMembers<'w> {
    all: Vec<NamedMember<'w>>,
    index: HashMap<&'w str, usize>,
}

/// The schemas of one named member.
struct NamedMember<'w> {
    name: &'w str,
    /// The schemas that always hold for it.
    ids: Vec<WrittenId>,
    /// The schemas that hold for it under a condition.
    conditional: Vec<WrittenId>,
    required: bool,
}

impl<'w> NamedMembers<'w> {
    /// Adds a name if it is new, and a schema for its member.
    fn add(&mut self, name: &'w str, id: Option<WrittenId>) {
        let index = *self.index.entry(name).or_insert_with(|| {
            let (ids, conditional) = (Vec::new(), Vec::new());
            self.all.push(NamedMember { name, ids, conditional, required: false });
            self.all.len() - 1
        });
        self.all[index].ids.extend(id);
    }
}

/// Returns the indices without repetitions.
fn distinct(ids: &[WrittenId]) -> Vec<WrittenId> {
    let mut seen = HashSet::new();
    ids.iter().copied().filter(|id| seen.insert(*id)).collect()
}

fn too_large(place: &str, what: &'static str, allowed: usize) -> SchemaError {
    SchemaError::TooLarge { pointer: place.to_owned(), what, allowed }
}

/// Returns the values that two lists of constants share.
fn common(known: Option<Vec<Constant>>, values: &[Constant]) -> Vec<Constant> {
    match known {
        None => values.to_vec(),
        Some(mut known) => {
            // Strings are compared through a set, because an enum may be large.
            let texts: HashSet<&str> = values.iter().filter_map(|one| one.value.as_str()).collect();
            known.retain(|one| match one.value.as_str() {
                Some(text) => texts.contains(text),
                None => values.contains(one),
            });
            known
        }
    }
}

/// Adds a constraint that must also hold. Of two bounds the tighter one stays; other values that differ
/// go to `also`.
fn constrain(plain: &mut Plain, keyword: &str, theirs: &Value) {
    let Some(ours) = plain.constraints.get_mut(keyword) else {
        plain.constraints.insert(keyword.to_owned(), theirs.clone());
        return;
    };
    let is_tighter = match keyword {
        _ if ours == theirs => false,
        "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
            theirs.as_f64() > ours.as_f64()
        }
        "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
            theirs.as_f64() < ours.as_f64()
        }
        "uniqueItems" => false,
        _ => return plain.also.push((keyword.to_owned(), theirs.clone())),
    };
    if is_tighter {
        *ours = theirs.clone();
    }
}

/// Adds keywords unchanged. The keywords of a second condition stay together, in an `allOf`.
fn repeat(plain: &mut Plain, verbatim: &[(String, Value)]) {
    let is_condition = |word: &str| matches!(word, "if" | "then" | "else");
    let has_condition = plain.non_shaping.iter().any(|(word, _)| is_condition(word));
    let mut condition = Map::new();
    for (keyword, value) in verbatim {
        if is_condition(keyword) && has_condition {
            condition.insert(keyword.clone(), value.clone());
        } else if plain.non_shaping.iter().any(|(known, _)| known == keyword) {
            plain.also.push((keyword.clone(), value.clone()));
        } else {
            plain.non_shaping.push((keyword.clone(), value.clone()));
        }
    }
    if !condition.is_empty() {
        plain.also.push(("allOf".to_owned(), Value::Array(vec![Value::Object(condition)])));
    }
}
