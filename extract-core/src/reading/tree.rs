//! The tree of what a text says, before any schema looks at it: nodes in one array, linked by
//! index, their texts in one buffer. Built from the scanner's events.

use serde_json::{Map, Number, Value};

use super::report::RepairKind;
use super::scan::{Container, Place, Role, Sink, Token};
use crate::contract::push_segment;

/// The index of a node.
pub(super) type NodeId = u32;

/// No node.
pub(super) const NONE: NodeId = NodeId::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    List,
    Text,
    Number,
    Bare,
    Null,
    True,
    False,
    Missing,
}

/// A range of the tree's text buffer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Slice {
    at: u32,
    len: u32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The text ended inside it.
    pub(super) cut: bool,
    /// The text ended right behind it: more of it could have followed.
    pub(super) last: bool,
    pub(super) noted: bool,
    pub(super) key: Slice,
    pub(super) text: Slice,
    /// Where it stood in the source, in bytes.
    pub(super) start: u32,
    pub(super) end: u32,
    pub(super) first: NodeId,
    pub(super) next: NodeId,
    pub(super) count: u32,
}

/// A repair of form, with the node that it is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note {
    pub(super) node: NodeId,
    pub(super) kind: RepairKind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// Nodes, their texts, and what was repaired.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    texts: String,
    notes: Vec<Note>,
    /// Open containers, with the last child of each.
    open: Vec<(NodeId, NodeId)>,
    /// The key that waits for its value.
    key: Option<Slice>,
    role: Option<Role>,
    string_at: u32,
    pub(super) root: NodeId,
    /// The notes are in the order of the nodes.
    sorted: bool,
    /// The current text is a view into the last key or value that is growing.
    growing: usize,
}

/// Offsets fit: a text is shorter than its limit, and that is far below 4 GiB.
fn index(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Tree {
    pub(super) fn new() -> Self {
        Self { root: NONE, ..Self::default() }
    }

    pub(super) fn with_capacity(bytes: usize) -> Self {
        let mut tree = Self::new();
        tree.nodes.reserve(bytes / 24 + 4);
        tree.texts.reserve(bytes / 2);
        tree
    }

    /// Makes room for another root beside those that are there.
    pub(super) fn next_root(&mut self) {
        self.root = NONE;
        self.open.clear();
        self.key = None;
        self.role = None;
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id as usize]
    }

    pub(super) fn text(&self, id: NodeId) -> &str {
        self.slice(self.node(id).text)
    }

    pub(super) fn key(&self, id: NodeId) -> &str {
        self.slice(self.node(id).key)
    }

    fn slice(&self, slice: Slice) -> &str {
        &self.texts[slice.at as usize..(slice.at + slice.len) as usize]
    }

    pub(super) fn children(&self, id: NodeId) -> Children<'_> {
        Children { tree: self, next: self.node(id).first }
    }

    /// The only child.
    pub(super) fn only_child(&self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        (node.count == 1).then_some(node.first)
    }

    /// The notes about a node.
    pub(super) fn notes(&self, id: NodeId) -> &[Note] {
        let start = self.notes.partition_point(|note| note.node < id);
        let len = self.notes[start..].iter().take_while(|note| note.node == id).count();
        &self.notes[start..start + len]
    }

    /// Puts the notes in the order of the nodes they are about.
    pub(super) fn settle(&mut self) {
        if !self.sorted {
            self.notes.sort_by_key(|note| note.node);
            self.sorted = true;
        }
        let len = index(self.nodes.len());
        // What was noted for a value that never came is about the container that it was to be in.
        while let Some(note) = self.notes.last_mut() {
            if note.node < len || len == 0 {
                break;
            }
            note.node = self.root.min(len - 1);
            self.sorted = false;
            if !self.notes.is_sorted_by_key(|note| note.node) {
                self.notes.sort_by_key(|note| note.node);
            }
        }
        for note in &self.notes {
            if let Some(node) = self.nodes.get_mut(note.node as usize) {
                node.noted = true;
            }
        }
        self.sorted = true;
    }

    /// Settles again, after nodes were added.
    pub(super) fn resettle(&mut self) {
        self.sorted = false;
        self.settle();
    }

    pub(super) fn notes_len(&self) -> usize {
        self.notes.len()
    }

    /// How many notes of a kind were made since there were `from` of them.
    pub(super) fn count_notes(&self, from: usize, kind: RepairKind) -> usize {
        self.notes.get(from..).unwrap_or_default().iter().filter(|note| note.kind == kind).count()
    }

    /// A list of nodes that stand side by side.
    pub(super) fn gather(&mut self, roots: &[NodeId]) -> NodeId {
        let id = index(self.nodes.len());
        let span = |id: NodeId| (self.node(id).start, self.node(id).end);
        let start = roots.first().map_or(0, |&first| span(first).0);
        let end = roots.last().map_or(0, |&last| span(last).1);
        let list = Node {
            kind: Kind::List,
            cut: false,
            last: false,
            noted: false,
            key: Slice::default(),
            text: Slice::default(),
            start,
            end,
            first: NONE,
            next: NONE,
            count: index(roots.len()),
        };
        let mut first = NONE;
        // Roots may be children of another gathering already: they are copied, not moved.
        let mut copies: Vec<NodeId> = Vec::with_capacity(roots.len());
        self.nodes.push(list);
        for &root in roots {
            let copy = index(self.nodes.len());
            let mut node = *self.node(root);
            node.next = NONE;
            self.nodes.push(node);
            if let Some(&before) = copies.last() {
                self.nodes[before as usize].next = copy;
            } else {
                first = copy;
            }
            for note in self.notes(root).to_vec() {
                self.notes.push(Note { node: copy, ..note });
            }
            copies.push(copy);
        }
        self.nodes[id as usize].first = first;
        id
    }

    /// `{"a", "b"}`: keys without colons are the elements of a set.
    fn set_like(&mut self, id: NodeId) {
        let first = self.node(id).first;
        let bare = |node: &Node| node.kind == Kind::Missing && node.text.len == 0;
        if !bare(self.node(first)) || !self.children(id).all(|child| bare(self.node(child))) {
            return;
        }
        self.nodes[id as usize].kind = Kind::List;
        let mut next = first;
        while next != NONE {
            let node = &mut self.nodes[next as usize];
            node.kind = Kind::Text;
            node.text = std::mem::take(&mut node.key);
            next = node.next;
        }
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> NodeId {
        let id = index(self.nodes.len());
        let key = self.key.take();
        self.nodes.push(Node {
            kind,
            cut: false,
            last: false,
            noted: false,
            key: key.unwrap_or_default(),
            text: Slice::default(),
            start: index(start),
            end: index(end),
            first: NONE,
            next: NONE,
            count: 0,
        });
        match self.open.last_mut() {
            Some((parent, last)) => {
                if *last == NONE {
                    self.nodes[*parent as usize].first = id;
                } else {
                    self.nodes[*last as usize].next = id;
                }
                *last = id;
                self.nodes[*parent as usize].count += 1;
            }
            None => self.root = id,
        }
        id
    }

    /// The pointer of the innermost container that the end of the text left open.
    pub(super) fn cut_pointer(&self, root: NodeId) -> String {
        let mut pointer = String::new();
        let mut at = root;
        loop {
            let children = self.children(at).enumerate();
            let Some((index, last)) = children.last() else { return pointer };
            let node = self.node(last);
            if !(node.cut && matches!(node.kind, Kind::Object | Kind::List)) {
                return pointer;
            }
            match self.node(at).kind {
                Kind::Object => push_segment(&mut pointer, self.key(last)),
                _ => push_segment(&mut pointer, &index.to_string()),
            }
            at = last;
        }
    }

    /// The value of a node as it stands; none where a member stands twice in its object.
    pub(super) fn plain_value(&self, id: NodeId) -> Option<Value> {
        match self.node(id).kind {
            Kind::Object => {
                let mut map = Map::with_capacity(self.node(id).count as usize);
                for child in self.children(id) {
                    if map.insert(self.key(child).to_owned(), self.plain_value(child)?).is_some() {
                        return None;
                    }
                }
                Some(Value::Object(map))
            }
            Kind::List => {
                let items: Option<Vec<Value>> =
                    self.children(id).map(|child| self.plain_value(child)).collect();
                items.map(Value::Array)
            }
            _ => Some(self.value(id)),
        }
    }

    /// The value of a node as it stands, without a schema.
    pub(super) fn value(&self, id: NodeId) -> Value {
        let node = self.node(id);
        match node.kind {
            Kind::Object => {
                let mut map = Map::with_capacity(node.count as usize);
                for child in self.children(id) {
                    map.insert(self.key(child).to_owned(), self.value(child));
                }
                Value::Object(map)
            }
            Kind::List => Value::Array(self.children(id).map(|child| self.value(child)).collect()),
            Kind::Text => Value::String(self.text(id).to_owned()),
            Kind::Number => match number(self.text(id)) {
                Some(number) => Value::Number(number),
                None => Value::String(self.text(id).to_owned()),
            },
            Kind::Bare => match super::numbers::plain(self.text(id)) {
                Some(number) => Value::Number(number),
                None => Value::String(self.text(id).to_owned()),
            },
            Kind::Null | Kind::Missing => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
        }
    }
}

/// A JSON number as `serde_json` reads it; `None` where it is beyond what it holds.
pub(super) fn number(text: &str) -> Option<Number> {
    if text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<u64>().ok().map(Number::from);
    }
    serde_json::from_str(text).ok()
}

/// The children of a node.
pub(super) struct Children<'a> {
    tree: &'a Tree,
    next: NodeId,
}

impl Iterator for Children<'_> {
    type Item = NodeId;

    fn next(&mut self) -> Option<NodeId> {
        let id = self.next;
        if id == NONE {
            return None;
        }
        self.next = self.tree.node(id).next;
        Some(id)
    }
}

impl Sink for Tree {
    fn open(&mut self, container: Container, at: usize) {
        let kind = if container == Container::Object { Kind::Object } else { Kind::List };
        let id = self.push(kind, at, at);
        self.open.push((id, NONE));
    }

    fn close(&mut self, at: usize, whole: bool) {
        if let Some((id, _)) = self.open.pop() {
            let node = &mut self.nodes[id as usize];
            node.end = index(at);
            node.cut = !whole;
            if whole && node.kind == Kind::Object && node.count > 0 {
                self.set_like(id);
            }
        }
    }

    fn string_begin(&mut self, role: Role, at: usize) {
        self.role = Some(role);
        self.string_at = index(at);
        self.growing = self.texts.len();
        if role == Role::Value {
            let id = self.push(Kind::Text, at, at);
            self.nodes[id as usize].text = Slice { at: index(self.growing), len: 0 };
            // Until its end comes it counts as cut: a partial view may look at it meanwhile.
            self.nodes[id as usize].cut = true;
        }
    }

    fn text(&mut self, text: &str) {
        self.texts.push_str(text);
        if self.role == Some(Role::Value) {
            if let Some(node) = self.nodes.last_mut() {
                node.text.len += index(text.len());
            }
        }
    }

    fn retract(&mut self, bytes: usize) {
        let len = self.texts.len().saturating_sub(bytes).max(self.growing);
        self.texts.truncate(len);
        if let (Some(Role::Value), Some(node)) = (self.role, self.nodes.last_mut()) {
            node.text.len = index(len - self.growing);
        }
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        let slice = Slice { at: index(self.growing), len: index(self.texts.len() - self.growing) };
        match self.role.take() {
            Some(Role::Key) => self.key = Some(slice),
            _ => {
                if let Some(node) = self.nodes.last_mut() {
                    node.text = slice;
                    node.end = index(at);
                    node.cut = !whole;
                    node.last = !whole;
                }
            }
        }
    }

    fn rekey(&mut self) {
        // The string is the last node: nothing came behind it.
        let Some(node) = self.nodes.last_mut() else { return };
        if node.kind != Kind::Text {
            return;
        }
        node.kind = Kind::Object;
        self.key = Some(std::mem::take(&mut node.text));
        self.open.push((index(self.nodes.len() - 1), NONE));
    }

    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        let kind = match token {
            Token::Null => Kind::Null,
            Token::True => Kind::True,
            Token::False => Kind::False,
            Token::Number => Kind::Number,
            Token::Bare => Kind::Bare,
            Token::Missing => Kind::Missing,
        };
        let id = self.push(kind, span.0, span.1);
        let slice = Slice { at: index(self.texts.len()), len: index(text.len()) };
        self.texts.push_str(text);
        let node = &mut self.nodes[id as usize];
        node.text = slice;
        node.last = !whole;
        node.cut = !whole && kind == Kind::Missing;
    }

    fn note(&mut self, kind: RepairKind, place: Place, span: (usize, usize)) {
        let len = index(self.nodes.len());
        let node = match place {
            Place::This => len.saturating_sub(1),
            Place::Next => len,
            Place::Container => {
                self.open.last().map_or(len.saturating_sub(1).min(self.root), |open| open.0)
            }
        };
        self.sorted = false;
        self.notes.push(Note { node, kind, start: index(span.0), end: index(span.1) });
    }
}
