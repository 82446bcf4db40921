//! Converts the tree of a text to the value that a schema asks for. Tags and keys in the text first
//! select the subschema; only then is a value converted to it.
//!
//! The same walk returns the cost of a reading, to compare candidates. On request it also builds
//! the value and reports its repairs.

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
use crate::contract::shape::{Shape, ShapeId, ShapeKind, Tag};

pub(super) use outcome::{FitNotes, PathSegment};

/// The cost of a reading, with its value. The value is `None` if a partial text does not determine
/// it yet.
type Fit = (u32, Option<Value>);

/// The costs of conversions. Of several valid readings the one with the least cost is chosen.
pub(super) mod cost {
    /// A part does not fit the schema. It costs more than all usual repairs.
    pub(crate) const MISFIT: u32 = 10_000;
    /// Another spelling of a key or enum value, an ignored member, a repetition.
    pub(crate) const TINY: u32 = 1;
    /// A conversion between scalars.
    pub(crate) const SMALL: u32 = 2;
    /// A scalar or enum value that is found among other words.
    pub(crate) const NAMED: u32 = 6;
    /// A structural conversion, or a value that is not whole.
    pub(crate) const STRUCTURE: u32 = 20;
    /// A missing tag that is added.
    pub(crate) const TAG: u32 = 40;
    /// A list element that is left out, or a list that is read as an object.
    pub(crate) const DROP: u32 = 50;
}

/// Hashes node and shape indices. They are not attacker-chosen values, so a multiplication
/// suffices.
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

/// Whether a value that may be incomplete is shown in a partial reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PartialMode {
    /// A number at the very end of the text is shown, although more digits may follow.
    #[default]
    Shown,
    /// A number, literal or enum value is shown only after it is complete.
    Withheld,
}

/// The alternatives that the schema has for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Branch {
    /// There is one shape only.
    Only,
    /// There are several alternatives, and none is a list.
    Other,
    /// There are several alternatives, and at least one is a list.
    Listed,
}

/// A node of the tree paired with the shape to which it is fitted, with facts about its context.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the place")]
pub(super) struct Position<'s> {
    pub(super) node: NodeId,
    pub(super) shape: ShapeId,
    /// The name of the field that holds the value.
    pub(super) field: Option<&'s str>,
    /// A structural conversion was made on the path to the value, so no second one is allowed.
    pub(super) converted: bool,
    pub(super) branch: Branch,
    /// The value is an element of a list.
    pub(super) element: bool,
    /// The value is the last one in a partial text.
    pub(super) tail: bool,
    /// The notes about this node were already reported.
    pub(super) told: bool,
    /// Tags to add if they are missing, because exactly one variant fits without them.
    pub(super) tags: &'s [Tag],
}

impl<'s> Position<'s> {
    /// Returns the position of a member or an element.
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

    /// Returns the position of a value after a structural conversion. A path may have only one.
    fn structural(self, node: NodeId, shape: ShapeId) -> Self {
        Position { node, shape, converted: true, told: node == self.node, tags: &[], ..self }
    }

    /// Returns the facts, besides node and shape, on which the cost depends.
    fn flags(self) -> u8 {
        u8::from(self.converted)
            | u8::from(self.tail) << 1
            | u8::from(self.element) << 2
            | (self.branch as u8) << 3
    }
}

/// The deepest nesting of JSON texts inside strings of JSON texts.
const NESTED: u8 = 3;

/// Fits the nodes of a tree to a schema.
pub(super) struct Fitter<'s> {
    source: &'s str,
    /// The contents of strings that were scanned as JSON, one after the other. Their offsets
    /// continue those of the source.
    inner: String,
    pub(super) tree: Tree,
    pub(super) shape: &'s Shape,
    pub(super) level: Level,
    /// The mode for a partial text; `None` for a whole text.
    pub(super) partial: Option<PartialMode>,
    /// The known costs, by node, shape and flags.
    memo: HashMap<(NodeId, ShapeId, u8), u32, BuildHasherDefault<IndexHasher>>,
    /// The roots of strings that were scanned as JSON; `None` if they are not JSON.
    parsed: HashMap<NodeId, Option<NodeId>>,
    /// The first node of each nesting level of JSON in strings.
    generations: Vec<NodeId>,
    /// The node that is a whole text which is not JSON.
    pub(super) prose: Option<NodeId>,
    limits: Limits,
}

impl<'s> Fitter<'s> {
    /// Creates a fitter for a whole text. `source` is the text that the offsets of the tree refer to.
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

    /// Returns the position of a node as the whole answer.
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

    /// Returns the cost of this node as the whole answer.
    pub(super) fn cost(&mut self, node: NodeId) -> u32 {
        self.cost_of(self.at(node))
    }

    /// Returns the cost of this node for one shape.
    pub(super) fn cost_at(&mut self, node: NodeId, shape: ShapeId) -> u32 {
        self.cost_of(Position { shape, ..self.at(node) })
    }

    /// Returns the value of this node as the whole answer, and adds its repairs and misfits to
    /// `out`. Returns `None` if a partial text does not determine a value yet.
    pub(super) fn build(&mut self, node: NodeId, out: &mut FitNotes<'s>) -> Option<Value> {
        let at = self.at(node);
        self.fit(at, &mut Some(out)).1
    }

    /// Returns the value of this node for one shape, or `None` if it does not fit.
    pub(super) fn build_for(&mut self, node: NodeId, shape: ShapeId) -> Option<Value> {
        let at = Position { shape, ..self.at(node) };
        let mut out = FitNotes::default();
        let (cost, value) = self.fit(at, &mut Some(&mut out));
        value.filter(|_| cost < cost::MISFIT)
    }

    /// Returns the cost at a position. The costs of containers and long texts are cached; others
    /// are faster to compute than to look up.
    pub(super) fn cost_of(&mut self, at: Position<'s>) -> u32 {
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

    /// Fits a part of a value. If only the cost is needed, it uses the cache and returns a
    /// placeholder value.
    pub(super) fn fit_or_weigh(
        &mut self,
        at: Position<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        // A cached cost does not tell whether a partial text determines a value.
        if out.is_some() || self.partial.is_some() {
            return self.fit(at, out);
        }
        (self.cost_of(at), Some(Value::Null))
    }

    /// Fits the node to the shape. Returns the cost, and the value if `out` is present; otherwise
    /// the value is a placeholder.
    pub(super) fn fit(
        &mut self,
        at: Position<'s>,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        let shape = self.shape;
        let form = shape.kind(at.shape);
        if self.partial.is_some() && self.withheld(at, form) {
            return (0, None);
        }
        if self.tree.node(at.node).unclear && self.is_strict_enough() {
            return self.semantic_misfit(at, "a value whose end can be told", out);
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

    /// Returns whether unclear values are refused: in a whole text, below [`Level::Salvage`].
    fn is_strict_enough(&self) -> bool {
        self.partial.is_none() && self.level != Level::Salvage
    }

    /// Returns whether a value at the end of a partial text must be withheld.
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

    /// Returns the source text of a node.
    pub(super) fn raw(&self, id: NodeId) -> &str {
        let node = self.tree.node(id);
        self.span(node.start, node.end)
    }

    /// Returns a range of the source, or of the contents of strings, which follow it.
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

    /// Reports the notes about a node as repairs.
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

    /// Reports a repair, if the value is being built.
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

    /// Returns the value as written, with a misfit: it does not fit the schema.
    pub(super) fn misfit(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        self.refused(at, expected, out, FitNotes::misfit)
    }

    /// Returns the value as written, with a misfit that only the reading detects.
    pub(super) fn semantic_misfit(
        &mut self,
        at: Position<'s>,
        expected: &str,
        out: &mut Option<&mut FitNotes<'s>>,
    ) -> (u32, Option<Value>) {
        self.refused(at, expected, out, FitNotes::misread)
    }

    /// Returns the value as written, with the misfit that `add` records. At the end of a partial
    /// text it is left out instead.
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

    /// Records a misfit at a member of the node, and returns the node's value as written.
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

    /// Scans the text of a string as JSON. Returns its root, or `None` if the text is not one JSON
    /// value.
    pub(super) fn parse_text(&mut self, id: NodeId) -> Option<NodeId> {
        if let Some(&known) = self.parsed.get(&id) {
            return known;
        }
        let parsed = self.parse_inner(id);
        self.parsed.insert(id, parsed);
        parsed
    }

    /// Scans the text of a string as JSON, without the cache.
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
        let scanner = Scanner::with_limits(tree, self.limits).member_names(names);
        let scanned = scanner.starting_at(base).complete(&text);
        self.tree = scanned.sink;
        let end = scanned.end;
        let rest = text.get(end.saturating_sub(base)..).unwrap_or_default();
        let whole = scanned.error.is_none() && scanned.ending == CutEnding::Whole;
        if !whole || !rest.trim().is_empty() || self.tree.root == NONE {
            self.tree.truncate(mark);
            return None;
        }
        self.tree.sort_notes();
        self.inner.push_str(&text);
        if self.generations.len() <= generation {
            self.generations.push(NodeId::try_from(start).unwrap_or(NONE));
        }
        Some(self.tree.root)
    }

    /// Returns the value as written, for a shape without constraints. Cut values are left out.
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

    /// Returns the number of a node, or `None` if its text is no JSON number.
    pub(super) fn number_of(&self, id: NodeId) -> Option<serde_json::Number> {
        number(self.tree.text(id))
    }
}
