//! Compiles the tree of a schema into a [`Shape`]. Each node is compiled once and refers to others by
//! index, so a recursive schema becomes a cycle of indexes. Nothing here recurses.

use std::collections::{HashMap, HashSet};

use super::{
    Choices, Field, ListShape, MemberIndex, ObjectShape, OtherFields, Shape, ShapeId, ShapeKind,
    UnionShape, Width, enter_normal, normal_name, variants,
};
use crate::schema::{Constant, Kinds, NodeId, NodeKind, OtherMembers, Plain, SchemaError, Tree};

/// The most alternatives of all unions together. Each one also counts its members or constants.
const MAX_ALTERNATIVES: usize = 400_000;

/// Compiles a node of a tree, and all nodes inside it. Fails if its unions have too many alternatives.
pub(super) fn compile(tree: &Tree, root: NodeId) -> Result<Shape, SchemaError> {
    let mut compiler = Compiler {
        tree,
        forms: Vec::new(),
        nodes: HashMap::new(),
        parts: HashMap::new(),
        open: Vec::new(),
        any: None,
        alternatives: 0,
    };
    let id = compiler.id(root)?;
    while let Some((id, part)) = compiler.open.pop() {
        compiler.forms[id as usize] = compiler.compile_part(part)?;
    }
    let mut shape = Shape::of(compiler.forms, id);
    variants::bind(&mut shape);
    Ok(shape.named(tree.node(root).annotations.title.as_deref().unwrap_or_default()))
}

/// A node, restricted to one kind of value. It is never a union.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct SingleKind {
    node: NodeId,
    kind: ValueKind,
}

/// The kinds of value that a node without alternatives can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum ValueKind {
    Any,
    Bool,
    Integer,
    Number,
    Text,
    Choice,
    List,
    Object,
}

/// The alternatives of a node, including those of nested unions.
#[derive(Default)]
struct FlatUnion {
    parts: Vec<SingleKind>,
    /// One of the alternatives is null, which is not among the parts.
    nullable: bool,
}

/// The state of a compilation.
struct Compiler<'t> {
    tree: &'t Tree,
    forms: Vec<ShapeKind>,
    /// The nodes that have an index already.
    nodes: HashMap<NodeId, ShapeId>,
    /// The parts that have an index already.
    parts: HashMap<SingleKind, ShapeId>,
    /// The parts that have an index and are not compiled yet.
    open: Vec<(ShapeId, SingleKind)>,
    /// The index of the node that every value fits, once there is one.
    any: Option<ShapeId>,
    /// The alternatives counted so far, with their members or constants.
    alternatives: usize,
}

impl<'t> Compiler<'t> {
    /// Returns the index of a node. A node with several kinds of values becomes a union.
    fn id(&mut self, node: NodeId) -> Result<ShapeId, SchemaError> {
        let node = self.tree.resolve(node);
        if let Some(&known) = self.nodes.get(&node) {
            return Ok(known);
        }
        let FlatUnion { parts, nullable } = self.flat(node)?;
        let id = match (parts.as_slice(), nullable) {
            ([], true) => self.add(ShapeKind::Null),
            ([], false) => self.add(ShapeKind::Never),
            ([one], false) => self.part(*one),
            _ => self.union(&parts, nullable),
        };
        self.nodes.insert(node, id);
        Ok(id)
    }

    /// Adds a compiled node and returns its index.
    fn add(&mut self, form: ShapeKind) -> ShapeId {
        self.forms.push(form);
        // Cannot overflow: a tree has far fewer nodes and alternatives.
        ShapeId::try_from(self.forms.len() - 1).unwrap_or(ShapeId::MAX)
    }

    /// Returns the index of a part, and queues the part for compilation if it is new.
    fn part(&mut self, part: SingleKind) -> ShapeId {
        if let Some(&known) = self.parts.get(&part) {
            return known;
        }
        let id = self.add(ShapeKind::Never);
        self.parts.insert(part, id);
        self.open.push((id, part));
        id
    }

    /// Returns the index of the node that every value fits.
    fn any(&mut self) -> ShapeId {
        if let Some(known) = self.any {
            return known;
        }
        let id = self.add(ShapeKind::Any);
        self.any = Some(id);
        id
    }

    /// Returns the constraints of a node without alternatives.
    fn plain(&self, node: NodeId) -> Option<&'t Plain> {
        self.tree.plain(node)
    }

    /// Collects the alternatives of a node, including those of nested unions.
    fn flat(&mut self, start: NodeId) -> Result<FlatUnion, SchemaError> {
        let mut flat = FlatUnion::default();
        let mut seen = HashSet::new();
        let mut open = vec![start];
        while let Some(node) = open.pop() {
            let node = self.tree.resolve(node);
            if !seen.insert(node) {
                continue;
            }
            match &self.tree.node(node).kind {
                NodeKind::Never(_) | NodeKind::Reference(_) => {}
                NodeKind::Union { branches, .. } => open.extend(branches.iter().rev()),
                NodeKind::Plain(plain) => {
                    if node != start {
                        self.count(start, plain)?;
                    }
                    let (sorts, nullable) = kinds_of(plain);
                    flat.nullable |= nullable;
                    flat.parts
                        .extend(sorts.into_iter().map(|sort| SingleKind { node, kind: sort }));
                }
            }
        }
        Ok(flat)
    }

    /// Counts an alternative of the node `of`. Fails beyond the limit, since unions keep tables of
    /// alternatives.
    fn count(&mut self, of: NodeId, plain: &Plain) -> Result<(), SchemaError> {
        let constants = plain.constants.as_ref().map_or(0, Vec::len);
        self.alternatives += 1 + plain.members.len() + constants;
        if self.alternatives <= MAX_ALTERNATIVES {
            return Ok(());
        }
        Err(SchemaError::TooLarge {
            pointer: self.tree.node(of).pointer.clone(),
            what: "alternatives with all their members",
            allowed: MAX_ALTERNATIVES,
        })
    }

    /// Adds a union of parts and returns its index. Its constants become one choice, at the position of the
    /// first.
    fn union(&mut self, parts: &[SingleKind], nullable: bool) -> ShapeId {
        let is_choice = |part: &&SingleKind| part.kind == ValueKind::Choice;
        let mut choice = match parts.iter().filter(is_choice).count() {
            0 | 1 => None,
            _ => {
                let all = parts.iter().filter(is_choice).filter_map(|part| self.plain(part.node));
                let all = all.flat_map(constants).collect();
                Some(self.add(ShapeKind::Choice(Box::new(Choices::of(all)))))
            }
        };
        let is_merged = choice.is_some();
        let mut options = Vec::with_capacity(parts.len());
        for part in parts {
            if is_merged && part.kind == ValueKind::Choice {
                options.extend(choice.take());
            } else {
                options.push(self.part(*part));
            }
        }
        match options.as_slice() {
            [only] if !nullable => *only,
            _ => {
                let (tags, members) = (Vec::new(), MemberIndex::default());
                self.add(ShapeKind::Union(Box::new(UnionShape {
                    options,
                    nullable,
                    tags,
                    members,
                })))
            }
        }
    }

    /// Compiles a part.
    fn compile_part(&mut self, part: SingleKind) -> Result<ShapeKind, SchemaError> {
        let Some(plain) = self.plain(part.node) else { return Ok(ShapeKind::Never) };
        Ok(match part.kind {
            ValueKind::Any => ShapeKind::Any,
            ValueKind::Bool => ShapeKind::Bool,
            ValueKind::Integer => {
                let width = if plain.is_wide() { Width::Wide } else { Width::Usual };
                ShapeKind::Integer(plain.bounds(), width)
            }
            ValueKind::Number => ShapeKind::Number(plain.bounds()),
            ValueKind::Text => ShapeKind::Text(plain.text_lengths()),
            ValueKind::Choice => {
                ShapeKind::Choice(Box::new(Choices::of(constants(plain).collect())))
            }
            ValueKind::List => ShapeKind::List(self.list(plain)?),
            ValueKind::Object => ShapeKind::Object(Box::new(self.object(part.node, plain)?)),
        })
    }

    /// Compiles a list.
    fn list(&mut self, plain: &Plain) -> Result<ListShape, SchemaError> {
        let mut prefix = Vec::with_capacity(plain.prefix_items.len());
        for &id in &plain.prefix_items {
            prefix.push(self.id(id)?);
        }
        let items = match plain.rest {
            Some(id) if self.tree.kinds(id).is_none() => None,
            Some(id) => Some(self.id(id)?),
            None => Some(self.any()),
        };
        Ok(ListShape { prefix, items, length: plain.list_lengths() })
    }

    /// Compiles an object or a map.
    fn object(&mut self, node: NodeId, plain: &Plain) -> Result<ObjectShape, SchemaError> {
        let name = self.tree.definition(node).or(self.tree.node(node).annotations.title.as_deref());
        let mut object = ObjectShape { name: name.map(normal_name), ..ObjectShape::default() };
        for member in &plain.members {
            let index = u32::try_from(object.fields.len()).unwrap_or(u32::MAX);
            let notes = &self.tree.node(member.node).annotations;
            let tree = if notes.alias.is_empty() { Some(&member.name) } else { None };
            for known in tree.into_iter().chain(&notes.alias).chain(&notes.aliases) {
                object.exact.entry(known.clone()).or_insert(index);
                enter_normal(&mut object.normal, &normal_name(known), object.exact[known]);
            }
            object.fields.push(Field {
                name: member.name.clone(),
                shape: self.id(member.node)?,
                required: member.required,
                is_exact: object.exact.get(&member.name) == Some(&index),
                is_count: false,
            });
        }
        for (pattern, id) in &plain.patterns {
            object.patterns.push((pattern.clone(), self.id(*id)?));
        }
        object.rest = match plain.other_members {
            OtherMembers::Open(id) if self.tree.kinds(id).is_none() => OtherFields::Closed,
            OtherMembers::Open(id) => OtherFields::Values(self.id(id)?),
            OtherMembers::Closed => OtherFields::Closed,
            OtherMembers::Unspecified if plain.members.is_empty() => {
                OtherFields::Values(self.any())
            }
            OtherMembers::Unspecified => OtherFields::Open,
        };
        if let Some(names) = plain.names {
            object.keys = self.keys(names)?;
        }
        Ok(object)
    }

    /// Returns the allowed keys of a map; `None` if the schema does not list them.
    fn keys(&mut self, names: NodeId) -> Result<Option<Choices>, SchemaError> {
        let parts = self.flat(self.tree.resolve(names))?.parts;
        if parts.is_empty() || parts.iter().any(|part| part.kind != ValueKind::Choice) {
            return Ok(None);
        }
        if let Some(plain) = self.plain(names) {
            self.count(names, plain)?;
        }
        let all = parts.iter().filter_map(|part| self.plain(part.node)).flat_map(constants);
        Ok(Some(Choices::of(all.filter(|one| one.value.is_string()).collect())))
    }
}

/// Returns the kinds of values that the constraints allow except null, and whether they allow null.
fn kinds_of(plain: &Plain) -> (Vec<ValueKind>, bool) {
    if let Some(values) = &plain.constants {
        let nullable = values.iter().any(|one| one.value.is_null() && is_allowed(plain, one));
        let has_others = constants(plain).next().is_some();
        return (if has_others { vec![ValueKind::Choice] } else { Vec::new() }, nullable);
    }
    // A schema without `type` may describe objects or lists by their keywords. Any other value passes it.
    let containers = Kinds::OBJECT.or(Kinds::ARRAY);
    let kinds = match plain.kinds {
        Some(kinds) => kinds,
        None => plain.implied_kinds().map_or(Kinds::NONE, |about| about.and(containers)),
    };
    if kinds.is_none() {
        return (vec![ValueKind::Any], false);
    }
    let number = if kinds.has(Kinds::NUMBER) { ValueKind::Number } else { ValueKind::Integer };
    let all = [
        (Kinds::BOOLEAN, ValueKind::Bool),
        (Kinds::INTEGER, number),
        (Kinds::STRING, ValueKind::Text),
        (Kinds::ARRAY, ValueKind::List),
        (Kinds::OBJECT, ValueKind::Object),
    ];
    let sorts = all.into_iter().filter(|(kind, _)| kinds.has(*kind)).map(|(_, sort)| sort);
    (sorts.collect(), kinds.has(Kinds::NULL))
}

/// Returns the constants that are not null and that `type` allows.
fn constants(plain: &Plain) -> impl Iterator<Item = Constant> + '_ {
    let all = plain.constants.iter().flatten();
    all.filter(|one| !one.value.is_null() && is_allowed(plain, one)).cloned()
}

/// Returns whether `type` allows a constant.
fn is_allowed(plain: &Plain, constant: &Constant) -> bool {
    plain.kinds.is_none_or(|kinds| kinds.has(Kinds::of(&constant.value)))
}
