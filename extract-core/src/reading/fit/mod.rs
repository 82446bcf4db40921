//! From the tree of what a text says to the value that the schema asks for. First the names in the
//! text bind it to a place of the schema, then it is read there, and only then is anything converted.
//! The same walk gives the cost of a reading (to choose between readings that are all true) and, when
//! it is asked to, the value with its repairs.

mod convert;
mod list;
mod members;
mod object;
mod outcome;
mod scalar;
mod union;

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use serde_json::Value;

use super::report::{CutEnding, Level, RepairKind};
use super::scan::{Limits, Scanner};
use super::tree::{Kind, NONE, NodeId, Tree, number};
use crate::contract::shape::{Shape, ShapeId, ShapeKind, TagForm};

pub(super) use outcome::{FitNotes, PathSegment};

/// The cost of a reading, and the value; none where a partial text says nothing yet.
type Fit = (u32, Option<Value>);

/// The cost of a repair of meaning: of readings that are all true the cheaper one is taken.
pub(super) mod cost {
    /// Something of the schema does not fit; dearer than any repair.
    pub(crate) const MISFIT: u32 = 10_000;
    pub(crate) const TINY: u32 = 1;
    pub(crate) const SMALL: u32 = 2;
    pub(crate) const NAMED: u32 = 6;
    pub(crate) const STRUCTURE: u32 = 20;
    pub(crate) const TAG: u32 = 40;
    pub(crate) const DROP: u32 = 50;
}

/// Hashes indices, which nobody outside chooses freely: a multiplication is enough.
#[derive(Debug, Default, Clone, Copy)]
struct IndexHasher(u64);

impl Hasher for IndexHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u32(u32::from(byte));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.0 = (self.0.rotate_left(5) ^ u64::from(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u32(u32::from(byte));
    }
}

/// How a partial text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PartialMode {
    /// A number at the very end of the text is shown, although more digits may follow.
    #[default]
    Shown,
    /// Numbers, literals and enums are shown only once they are complete.
    Withheld,
}

/// The alternatives around a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// There are none.
    Only,
    /// There are others, and none of them is a list.
    Other,
    /// There are others, and a list is among them.
    Listed,
}

/// Where in the tree, and in the schema, a value is looked at.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
pub(super) struct Position<'s> {
    pub(super) node: NodeId,
    pub(super) shape: ShapeId,
    /// The field that the value stands in.
    pub(super) field: Option<&'s str>,
    /// A structural conversion was made on the path to the value: there is no second one.
    pub(super) converted: bool,
    pub(super) branch: Branch,
    /// It is an element of a list.
    pub(super) element: bool,
    /// Nothing stands behind it in the text (partial texts only).
    pub(super) tail: bool,
    /// The repairs of form of this node are in the report already.
    pub(super) told: bool,
    /// The tags to put in where they are not there: exactly one variant fits without them.
    pub(super) tags: &'s [TagForm],
}

impl<'s> Position<'s> {
    /// The place of a member or an element.
    fn child(self, node: NodeId, shape: ShapeId, field: Option<&'s str>, tail: bool) -> Self {
        let branch = Branch::Only;
        Position {
            node,
            shape,
            field,
            branch,
            element: false,
            tail,
            told: false,
            tags: &[],
            ..self
        }
    }

    /// The place of a value that is converted, at most once on a path.
    fn structural(self, node: NodeId, shape: ShapeId) -> Self {
        Position { node, shape, converted: true, told: node == self.node, tags: &[], ..self }
    }

    /// The facts that a cost depends on besides the node and the shape.
    fn flags(self) -> u8 {
        u8::from(self.converted)
            | u8::from(self.tail) << 1
            | u8::from(self.element) << 2
            | (self.branch as u8) << 3
    }
}

/// How often the text inside a string may itself hold a string with a text.
const NESTED: u8 = 3;

pub(super) struct Fitter<'s> {
    source: &'s str,
    /// The texts of strings that were read as texts of their own, one behind the other.
    inner: String,
    pub(super) tree: Tree,
    pub(super) shape: &'s Shape,
    pub(super) level: Level,
    pub(super) partial: Option<PartialMode>,
    memo: HashMap<(NodeId, ShapeId, u8), u32, BuildHasherDefault<IndexHasher>>,
    parsed: HashMap<NodeId, Option<NodeId>>,
    /// Where each generation of inner texts begins among the nodes.
    generations: Vec<NodeId>,
    /// The node that is the whole of a text that is no JSON.
    pub(super) prose: Option<NodeId>,
    limits: Limits,
}

impl<'s> Fitter<'s> {
    pub(super) fn new(
        source: &'s str,
        tree: Tree,
        shape: &'s Shape,
        level: Level,
        limits: Limits,
    ) -> Self {
        Self {
            source,
            inner: String::new(),
            tree,
            shape,
            level,
            partial: None,
            memo: HashMap::default(),
            parsed: HashMap::new(),
            generations: Vec::new(),
            prose: None,
            limits,
        }
    }

    fn at(&self, node: NodeId) -> Position<'s> {
        Position {
            node,
            shape: self.shape.root(),
            field: None,
            converted: false,
            branch: Branch::Only,
            element: false,
            tail: self.partial.is_some(),
            told: false,
            tags: &[],
        }
    }

    /// What it costs to read this node as the whole answer.
    pub(super) fn cost(&mut self, node: NodeId) -> u32 {
        self.weigh(self.at(node))
    }

    /// What it costs to read this node for one place of the schema.
    pub(super) fn cost_at(&mut self, node: NodeId, shape: ShapeId) -> u32 {
        self.weigh(Position { shape, ..self.at(node) })
    }

    /// The value of this node as the whole answer; `None` where a partial text says nothing yet.
    pub(super) fn build(&mut self, node: NodeId, out: &mut FitNotes<'s>) -> Option<Value> {
        let at = self.at(node);
        self.fit(at, &mut Some(out)).1
    }

    /// The value of this node for one place of the schema; `None` where it does not fit there.
    pub(super) fn build_for(&mut self, node: NodeId, shape: ShapeId) -> Option<Value> {
        let at = Position { shape, ..self.at(node) };
        let mut out = FitNotes::default();
        let (cost, value) = self.fit(at, &mut Some(&mut out));
        value.filter(|_| cost < cost::MISFIT)
    }

    /// The cost at a place. That of containers and long texts is remembered; that of others takes
    /// less time than to look it up.
    pub(super) fn weigh(&mut self, at: Position<'s>) -> u32 {
        const SHORT: usize = 64;
        let is_short = match self.tree.node(at.node).kind {
            Kind::Object | Kind::List => false,
            _ => self.tree.text(at.node).len() <= SHORT,
        };
        if is_short || !at.tags.is_empty() {
            return self.fit(at, &mut None).0;
        }
        let key = (at.node, at.shape, at.flags());
        if let Some(&known) = self.memo.get(&key) {
            return known;
        }
        let cost = self.fit(at, &mut None).0;
        self.memo.insert(key, cost);
        cost
    }

    /// The walk of a part: where only its cost counts, what is known of it is not worked out again.
    pub(super) fn fit_or_weigh(
        &mut self,
        at: Position<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        // A partial text may say nothing at a place, which the cost does not tell.
        if out.is_some() || self.partial.is_some() {
            return self.fit(at, out);
        }
        (self.weigh(at), Some(Value::Null))
    }

    /// The walk. Without `out` only the cost counts, and the value is a placeholder.
    pub(super) fn fit(
        &mut self,
        at: Position<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        let shape = self.shape;
        let form = shape.form(at.shape);
        if self.partial.is_some() && self.withheld(at, form) {
            return (0, None);
        }
        if self.tree.node(at.node).unclear && self.is_strict_enough() {
            return self.misread(at, "a value whose end can be told", out);
        }
        if out.is_some() && !at.told && self.tree.node(at.node).noted {
            self.report_notes(at.node, out);
        }
        match form {
            ShapeKind::Any => (0, Some(self.any(at, out))),
            ShapeKind::Never => self.misfit(at, "nothing", out),
            ShapeKind::Null => self.null(at, out),
            ShapeKind::Bool => self.boolean(at, out),
            ShapeKind::Integer(bounds, width) => self.number(at, bounds, Some(*width), out),
            ShapeKind::Number(bounds) => self.number(at, bounds, None, out),
            ShapeKind::Text(lengths) => self.text(at, *lengths, out),
            ShapeKind::Choice(choices) => self.choice(at, choices, out),
            ShapeKind::List(list) => self.list(at, list, out),
            ShapeKind::Object(object) => self.object(at, object, out),
            ShapeKind::Union(union) => self.union(at, union, out),
        }
    }

    /// Whether a value that may have ended elsewhere is refused: in a whole text, unless the level takes
    /// what it can get.
    fn is_strict_enough(&self) -> bool {
        self.partial.is_none() && self.level != Level::Salvage
    }

    /// Whether a value at the end of a partial text does not say anything yet.
    fn withheld(&self, at: Position<'s>, form: &ShapeKind) -> bool {
        let node = self.tree.node(at.node);
        match node.kind {
            Kind::Missing => node.cut,
            Kind::Text => {
                node.cut
                    && matches!(
                        form,
                        ShapeKind::Choice(_)
                            | ShapeKind::Integer(..)
                            | ShapeKind::Number(_)
                            | ShapeKind::Bool
                            | ShapeKind::Null
                    )
            }
            Kind::Number => node.last && self.partial == Some(PartialMode::Withheld),
            Kind::Bare => {
                node.last
                    && (self.partial == Some(PartialMode::Withheld)
                        || !matches!(form, ShapeKind::Text(_) | ShapeKind::Union(_))
                            && super::numbers::plain(self.tree.text(at.node)).is_none())
            }
            _ => false,
        }
    }

    /// The text in which a node stood.
    pub(super) fn raw(&self, id: NodeId) -> &str {
        let node = self.tree.node(id);
        self.span(node.start, node.end)
    }

    fn span(&self, start: u32, end: u32) -> &str {
        let (start, end) = (start as usize, end as usize);
        let own = self.source.len();
        let text = if start >= own && !self.inner.is_empty() {
            self.inner.get(start - own..(end - own).min(self.inner.len()))
        } else {
            self.source.get(start..end.min(own))
        };
        text.unwrap_or_default()
    }

    fn report_notes(&self, id: NodeId, out: &mut Option<&mut FitNotes<'s>>) {
        let Some(out) = out else { return };
        for note in self.tree.notes(id) {
            let before = self.span(note.start, note.end);
            let after = match note.kind {
                RepairKind::Quotes | RepairKind::MissingQuote => "\"",
                RepairKind::InnerQuote => "\\\"",
                RepairKind::MissingComma => ",",
                RepairKind::MissingOpener => "{",
                RepairKind::MissingColon => ":",
                RepairKind::MissingValue => "null",
                _ => "",
            };
            out.repair(&self.tree, note.kind, before, after);
        }
    }

    /// Tells of a change, where the value is being built.
    pub(super) fn report(
        &self,
        out: &mut Option<&mut FitNotes<'s>>,
        kind: RepairKind,
        before: NodeId,
        after: &Value,
    ) {
        if let Some(out) = out {
            let after = match after {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            out.repair(&self.tree, kind, self.raw(before), &after);
        }
    }

    /// The value as it stands, where nothing of the schema fits it.
    pub(super) fn misfit(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        self.refused(at, expected, out, FitNotes::misfit)
    }

    /// The value as it stands, where it would pass the schema and does not mean what is asked for.
    pub(super) fn misread(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        self.refused(at, expected, out, FitNotes::misread)
    }

    fn refused(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
        add: impl Fn(&mut FitNotes<'s>, &Tree, &str, &str),
    ) -> (u32, Option<Value>) {
        if at.tail && self.partial.is_some() {
            if let Some(out) = out {
                out.repair(&self.tree, RepairKind::CutOff, self.raw(at.node), "");
            }
            return (cost::SMALL, None);
        }
        let Some(out) = out else { return (cost::MISFIT, Some(Value::Null)) };
        add(out, &self.tree, expected, self.raw(at.node));
        (cost::MISFIT, Some(self.tree.value(at.node)))
    }

    /// A misfit at a member of the node, of which the value is kept as it stands.
    pub(super) fn misfit_at(
        &mut self,
        at: Position<'s>,
        seg: PathSegment<'s>,
        (expected, found): (&str, &str),
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        if at.tail && self.partial.is_some() {
            return self.misfit(at, expected, out);
        }
        let Some(out) = out else { return (cost::MISFIT, Some(Value::Null)) };
        out.path.push(seg);
        out.misread(&self.tree, expected, found);
        out.path.pop();
        (cost::MISFIT, Some(self.tree.value(at.node)))
    }

    /// The node as a text of its own is read: the root of what it says, if that is JSON-like.
    pub(super) fn parse_text(&mut self, id: NodeId) -> Option<NodeId> {
        if let Some(&known) = self.parsed.get(&id) {
            return known;
        }
        let parsed = self.parse_inner(id);
        self.parsed.insert(id, parsed);
        parsed
    }

    fn parse_inner(&mut self, id: NodeId) -> Option<NodeId> {
        let generation = self.generations.iter().filter(|&&start| id >= start).count();
        let node = self.tree.node(id);
        let text = self.tree.text(id).trim();
        let text = text.strip_prefix("```").map_or(text, |fenced| {
            fenced
                .trim_start_matches(|char: char| char.is_ascii_alphanumeric())
                .trim_end_matches('`')
                .trim()
        });
        let opens = text.starts_with(['{', '[', '"']);
        if node.cut && self.partial.is_none() || generation >= usize::from(NESTED) || !opens {
            return None;
        }
        let text = text.to_owned();
        let start = self.tree.len();
        let base = self.source.len() + self.inner.len();
        let mut tree = std::mem::take(&mut self.tree);
        tree.next_root();
        let (mark, names) = (tree.mark(), tree.names());
        let scanner = Scanner::with_limits(tree, self.limits).knowing(names);
        let scanned = scanner.starting_at(base).complete(&text);
        self.tree = scanned.sink;
        let end = scanned.end;
        let rest = text.get(end.saturating_sub(base)..).unwrap_or_default();
        let whole = scanned.error.is_none() && scanned.ending == CutEnding::Whole;
        if !whole || !rest.trim().is_empty() || self.tree.root == NONE {
            self.tree.truncate(mark);
            return None;
        }
        self.tree.settle();
        self.inner.push_str(&text);
        if self.generations.len() <= generation {
            self.generations.push(NodeId::try_from(start).unwrap_or(NONE));
        }
        Some(self.tree.root)
    }

    /// Without a schema: the value as it stands, without what was cut off.
    fn any(&mut self, at: Position<'s>, out: &mut Option<&mut FitNotes<'s>>) -> Value {
        let node = self.tree.node(at.node);
        let container = matches!(node.kind, Kind::Object | Kind::List);
        if !container {
            if let (Kind::Bare, Some(out)) = (node.kind, out) {
                if let Some(number) = super::numbers::plain(self.tree.text(at.node)) {
                    let text = number.to_string();
                    out.repair(&self.tree, RepairKind::NumberForm, self.tree.text(at.node), &text);
                }
            }
            return self.tree.value(at.node);
        }
        let mut map = serde_json::Map::new();
        let mut list = Vec::new();
        let mut next = node.first;
        let mut index = 0;
        while next != NONE {
            let child = next;
            next = self.tree.node(child).next;
            let seg = if node.kind == Kind::Object {
                PathSegment::Node(child)
            } else {
                PathSegment::Index(index)
            };
            if let Some(out) = out {
                out.path.push(seg);
            }
            let below = at.child(child, at.shape, None, at.tail && next == NONE);
            let value = self.fit(below, out).1;
            if let Some(value) = value {
                if node.kind == Kind::Object {
                    let key = self.tree.key(child);
                    if map.insert(key.to_owned(), value).is_some() {
                        self.report(out, RepairKind::DuplicateKey, child, &Value::Null);
                    }
                } else {
                    list.push(value);
                    index += 1;
                }
            }
            if let Some(out) = out {
                out.path.pop();
            }
        }
        if node.kind == Kind::Object { Value::Object(map) } else { Value::Array(list) }
    }

    /// The number that a node says, as the tree has it.
    pub(super) fn number_of(&self, id: NodeId) -> Option<serde_json::Number> {
        number(self.tree.text(id))
    }
}
