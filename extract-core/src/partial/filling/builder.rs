//! [`PartialBuilder`]: fills a partial value from the scanner's events. It addresses a node by its path of
//! indices and holds no reference to it. The path and the stack of containers are as deep as the value is
//! nested.

use serde_json::Value;

use super::coerce;
use super::cursor::SchemaCursor;
use super::open_container::{
    ContainerKind, OpenContainer, ParentRole as Part_, TextTarget, ValueTarget,
};
use crate::contract::shape::ShapeKind;
use crate::partial::value::{FieldsKind, PartialNode, Seed, State};
use crate::reading::{
    Container, NotePlace as Noted, PartReader, RepairKind, Sink, Token, TokenRole,
};

/// Fills a partial value from the scanner's events.
#[derive(Debug)]
pub(super) struct PartialBuilder {
    pub(super) cursor: SchemaCursor,
    pub(super) root: PartialNode,
    pub(super) seed: Seed,
    /// The text since the answer began. Values that are converted when they are whole are read from it.
    pub(super) source: String,
    /// The path of indices to the node that is being filled.
    pub(super) path: Vec<usize>,
    /// The open containers that are followed, outermost first.
    pub(super) open_containers: Vec<OpenContainer>,
    /// The target of the value behind the last key.
    pub(super) target: Option<ValueTarget>,
    /// Whether the root value has begun. Values behind it are skipped.
    pub(super) begun: bool,
    /// The last key.
    pub(super) key: String,
    /// The destination of the string that is being read.
    pub(super) string: TextTarget,
    /// A string that is converted when it is whole, or the end of a growing string that may not belong to
    /// it.
    pub(super) held: String,
    /// The byte offset in `source` of the string that is being read.
    pub(super) string_at: usize,
    /// Whether the growing string is inside a container that is not shown yet.
    pub(super) hidden: bool,
    /// A container that is gathered until it is whole: its reader, its target and the number of open
    /// containers in it.
    pub(super) part: Option<(PartReader, ValueTarget, usize)>,
    /// The number of open containers in the value that is skipped.
    pub(super) passed: usize,
    /// Whether something visible has changed since this flag was taken.
    pub(super) changed: bool,
}

impl PartialBuilder {
    pub(super) fn new(guide: SchemaCursor, seed: Seed) -> Self {
        Self {
            cursor: guide,
            root: PartialNode::NEW,
            seed,
            source: String::new(),
            path: Vec::new(),
            open_containers: Vec::new(),
            target: None,
            begun: false,
            key: String::new(),
            string: TextTarget::Passed,
            held: String::new(),
            string_at: 0,
            hidden: false,
            part: None,
            passed: 0,
            changed: false,
        }
    }

    /// Whether the answer shows nothing: no value, or an object whose fields are all pending.
    pub(super) fn is_empty(&mut self) -> bool {
        let Some(parts) = self.root.parts_mut() else {
            return self.root.state() == State::Pending;
        };
        parts.kind() == FieldsKind::Fields
            && (0..parts.len())
                .all(|at| parts.at(at).is_none_or(|node| node.state() == State::Pending))
    }

    /// Returns the node at the first `depth` indices of the path, or `None` if it does not exist.
    pub(super) fn node(&mut self, depth: usize) -> Option<&mut PartialNode> {
        let mut node = &mut self.root;
        for &index in &self.path[..depth] {
            node = node.parts_mut()?.at_mut(index)?;
        }
        Some(node)
    }

    /// Returns the node at the end of the path, or `None` if it does not exist.
    pub(super) fn here(&mut self) -> Option<&mut PartialNode> {
        self.node(self.path.len())
    }

    /// Returns the target of the value that begins now, and extends the path to its node.
    pub(super) fn next_target(&mut self) -> ValueTarget {
        let Some(container) = self.open_containers.last() else {
            if std::mem::replace(&mut self.begun, true) {
                return ValueTarget::PASSED;
            }
            return self.root_target();
        };
        match container.inside {
            ContainerKind::List | ContainerKind::Positions => self.element(),
            ContainerKind::Pairs => self.pair(),
            _ => self.target.take().unwrap_or(ValueTarget::PASSED),
        }
    }

    /// Returns the target of the root value.
    fn root_target(&mut self) -> ValueTarget {
        let role = if self.cursor.wrapped().is_some() { Part_::Wrapping } else { Part_::Part };
        let (shape, step) = (self.cursor.shape().root(), self.cursor.root_step());
        ValueTarget { seed: self.seed, shape, step, role, ..ValueTarget::PASSED }
    }

    /// Returns the target inside the wrapper object of the whole value. Other targets stay as they are.
    pub(super) fn unwrapped(&self, target: ValueTarget) -> ValueTarget {
        if target.role != Part_::Wrapping {
            return target;
        }
        match self.cursor.wrapped() {
            Some((shape, step)) => ValueTarget { shape, step, role: Part_::Part, ..target },
            None => target,
        }
    }

    /// Returns the target of the next element of the innermost list, and extends the path to its node.
    fn element(&mut self) -> ValueTarget {
        let Some(container) = self.open_containers.last_mut() else { return ValueTarget::PASSED };
        let index = container.expected;
        container.expected += 1;
        let (depth, grows, step) =
            (container.depth, container.inside == ContainerKind::List, container.step);
        let ShapeKind::List(list) = self.cursor.kind(container.shape) else {
            return ValueTarget::PASSED;
        };
        let Some(shape) = list.prefix.get(index).copied().or(list.items) else {
            return ValueTarget::PASSED;
        };
        let step = self.cursor.element(step, index);
        self.path.truncate(depth);
        let Some(parts) = self.here().and_then(PartialNode::parts_mut) else {
            return ValueTarget::PASSED;
        };
        let (at, whole) = if grows {
            (parts.grow(""), false)
        } else {
            (Some(index), parts.fields().get(index).is_some_and(|field| field.whole))
        };
        let Some(at) = at.filter(|&at| parts.at_mut(at).is_some()) else {
            return ValueTarget::PASSED;
        };
        let seed = parts.seed(at);
        self.path.push(at);
        ValueTarget { seed, shape, step, whole, role: Part_::Part, ..ValueTarget::PASSED }
    }

    /// Stores a whole value, in the shape in which it was sent. Restores the type's shape first.
    pub(super) fn store(&mut self, target: ValueTarget, value: Option<Value>) {
        let Some(value) = value else { return };
        if value.is_null() && target.null_is_absent {
            return;
        }
        match target.role {
            Part_::Flat | Part_::Entries => return self.put_flat(target, value),
            Part_::Pair => return self.put_pair(target, value),
            Part_::Key => return self.begin_entry(value),
            _ => {}
        }
        let value = self.cursor.restore(target.step, value);
        if let Some(node) = self.here() {
            node.fill(target.seed, value);
            self.update_visibility(self.open_containers.len());
            self.touch();
        }
    }

    /// Starts to gather a container.
    pub(super) fn gather(&mut self, target: ValueTarget, container: Container, at: usize) {
        let mut part = PartReader::new();
        part.sink().open(container, at);
        self.part = Some((part, target, 1));
    }

    /// Stores the gathered container if it is whole; discards it otherwise.
    fn store_gathered(&mut self, whole: bool) {
        let Some((part, spot, _)) = self.part.take() else { return };
        if !whole {
            return;
        }
        let value = part.fit(&self.source, self.cursor.shape(), spot.shape);
        self.store(spot, value);
    }
}

impl Sink for PartialBuilder {
    fn open(&mut self, container: Container, at: usize) {
        if let Some((part, _, open)) = &mut self.part {
            part.sink().open(container, at);
            *open += 1;
        } else if self.passed > 0 {
            self.passed += 1;
        } else {
            let target = self.next_target();
            self.enter(target, container, at);
        }
    }

    fn close(&mut self, at: usize, whole: bool) {
        if let Some((part, _, open)) = &mut self.part {
            part.sink().close(at, whole);
            *open -= 1;
            if *open == 0 {
                self.store_gathered(whole);
            }
        } else if self.passed > 0 {
            self.passed -= 1;
        } else {
            self.leave(whole);
        }
    }

    fn string_begin(&mut self, role: TokenRole, at: usize) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().string_begin(role, at);
            return;
        }
        self.held.clear();
        self.string_at = at;
        self.string = if self.passed > 0 {
            TextTarget::Passed
        } else if role == TokenRole::Key {
            self.key.clear();
            TextTarget::Key
        } else {
            let target = self.next_target();
            let target = self.unwrapped(target);
            match self.growing_target(target) {
                Some(base) => TextTarget::Grows(base),
                None if target.role == Part_::Passed => TextTarget::Passed,
                None => TextTarget::Held(target),
            }
        };
    }

    fn text(&mut self, text: &str) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().text(text);
            return;
        }
        match self.string {
            TextTarget::Key => self.key.push_str(text),
            TextTarget::Held(_) => self.held.push_str(text),
            TextTarget::Grows(base) => self.push(base, text),
            TextTarget::Passed => {}
        }
    }

    fn retract(&mut self, bytes: usize) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().retract(bytes);
            return;
        }
        let shorter = |text: &mut String| text.truncate(text.len().saturating_sub(bytes));
        match self.string {
            TextTarget::Key => shorter(&mut self.key),
            TextTarget::Held(_) => shorter(&mut self.held),
            // The held text goes first: it is not shown yet. An escape that proves to be literal text is
            // shown already.
            TextTarget::Grows(_) => {
                let shown = bytes.saturating_sub(self.held.len());
                shorter(&mut self.held);
                self.withdraw(shown);
            }
            TextTarget::Passed => {}
        }
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().string_end(at, whole);
            return;
        }
        match std::mem::replace(&mut self.string, TextTarget::Passed) {
            // The reply ended inside the string.
            _ if !whole => {}
            TextTarget::Passed => {}
            TextTarget::Key => self.member(),
            TextTarget::Grows(base) => self.string_whole(base),
            TextTarget::Held(ValueTarget { role: Part_::Tag, .. }) => {
                let tag = std::mem::take(&mut self.held);
                self.tagged(&tag);
                self.held = tag;
            }
            TextTarget::Held(spot) if matches!(spot.role, Part_::Content(_) | Part_::Pair) => {}
            TextTarget::Held(spot) => {
                let span = (self.string_at, at);
                let value =
                    coerce::string(&self.cursor, spot.shape, &self.held, span, &self.source);
                self.store(spot, value);
            }
        }
    }

    fn string_became_key(&mut self) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().string_became_key();
        } else if self.passed > 0 {
            self.passed += 1;
        } else {
            self.reopen();
        }
    }

    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().scalar(token, text, span, whole);
            return;
        }
        if self.passed > 0 {
            return;
        }
        let target = self.next_target();
        let target = self.unwrapped(target);
        // An incomplete scalar is not shown: more of it could follow.
        let taken = matches!(target.role, Part_::Part | Part_::Flat | Part_::Key);
        if !whole || token == Token::Missing || !taken {
            return;
        }
        let value = coerce::scalar(&self.cursor, target.shape, (token, text), span, &self.source);
        self.store(target, value);
    }

    fn note(&mut self, kind: RepairKind, node: Noted, span: (usize, usize)) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().note(kind, node, span);
        }
    }

    fn unclear(&mut self, node: Noted) {
        if let Some((part, ..)) = &mut self.part {
            part.sink().unclear(node);
        }
    }
}
