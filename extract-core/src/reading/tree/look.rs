//! Reads the tree: nodes, keys, texts and children, values without a schema, and the pointer of a
//! cut.

use serde_json::{Map, Number, Value};

use super::slot::{COPY, CUT, FILLED, LAST, LONG, MORE, NOTED, UNCLEAR};
use super::{Kind, NONE, Node, NodeId, Slice, Tree};
use crate::schema::push_segment;

impl Tree {
    /// Returns a node.
    #[inline]
    pub(in crate::reading) fn node(&self, id: NodeId) -> Node {
        let slot = &self.slots[id as usize];
        let first = match (slot.has(FILLED), slot.has(COPY)) {
            (false, _) => NONE,
            (true, false) => id + 1,
            (true, true) => self.first_of_copy(id),
        };
        let next = match (slot.kind.is_container(), slot.has(MORE)) {
            (true, _) => slot.link,
            (false, true) => id + 1,
            (false, false) => NONE,
        };
        Node {
            kind: slot.kind,
            cut: slot.has(CUT),
            last: slot.has(LAST),
            noted: slot.has(NOTED),
            unclear: slot.has(UNCLEAR),
            start: slot.start,
            end: slot.end,
            first,
            next,
        }
    }

    /// Returns the first child of a copied container.
    fn first_of_copy(&self, id: NodeId) -> NodeId {
        let found = self.copies.binary_search_by_key(&id, |copy| copy.0);
        found.map_or(NONE, |at| self.copies[at].1)
    }

    /// Returns the length of a node's key, in bytes.
    pub(super) fn key_len(&self, id: NodeId) -> u32 {
        let len = self.slots[id as usize].key_len;
        if len < LONG {
            return u32::from(len);
        }
        let found = self.long_keys.binary_search_by_key(&id, |long| long.0);
        found.map_or(u32::from(LONG), |at| self.long_keys[at].1)
    }

    /// Returns the text of a scalar, or an empty text for a container.
    pub(in crate::reading) fn text(&self, id: NodeId) -> &str {
        let slot = &self.slots[id as usize];
        if slot.kind.is_container() {
            return "";
        }
        self.slice(Slice { at: slot.key_at + self.key_len(id), len: slot.link })
    }

    /// Returns the range of the text of the last node.
    pub(super) fn last_text(&self) -> Slice {
        let Some(slot) = self.slots.last() else { return Slice::default() };
        let id = super::index(self.slots.len() - 1);
        Slice { at: slot.key_at + self.key_len(id), len: slot.link }
    }

    /// Returns the key of a member; empty for an element.
    pub(in crate::reading) fn key(&self, id: NodeId) -> &str {
        self.slice(Slice { at: self.slots[id as usize].key_at, len: self.key_len(id) })
    }

    /// Returns a range of the text buffer.
    fn slice(&self, slice: Slice) -> &str {
        &self.texts[slice.at as usize..(slice.at + slice.len) as usize]
    }

    /// Returns the children of a node, in order.
    pub(in crate::reading) fn children(&self, id: NodeId) -> Children<'_> {
        Children { tree: self, next: self.node(id).first }
    }

    /// Returns the number of children. It takes time proportional to that number.
    pub(in crate::reading) fn count(&self, id: NodeId) -> usize {
        self.children(id).count()
    }

    /// Returns the only child, or `None` if there are none or several.
    pub(in crate::reading) fn only_child(&self, id: NodeId) -> Option<NodeId> {
        let mut children = self.children(id);
        children.next().filter(|_| children.next().is_none())
    }

    /// Returns the value of a node as written, or `None` if an object has a duplicate key.
    pub(in crate::reading) fn plain_value(&self, id: NodeId) -> Option<Value> {
        match self.node(id).kind {
            Kind::Object => {
                let mut map = Map::with_capacity(self.count(id));
                for child in self.children(id) {
                    if map.insert(self.key(child).to_owned(), self.plain_value(child)?).is_some() {
                        return None;
                    }
                }
                Some(Value::Object(map))
            }
            Kind::List => {
                let mut list = Vec::with_capacity(self.count(id));
                for child in self.children(id) {
                    list.push(self.plain_value(child)?);
                }
                Some(Value::Array(list))
            }
            _ => Some(self.value(id)),
        }
    }

    /// Returns the value of a node as written. Of duplicate keys the last one wins.
    pub(in crate::reading) fn value(&self, id: NodeId) -> Value {
        let text = || Value::String(self.text(id).to_owned());
        match self.node(id).kind {
            Kind::Object => {
                let mut map = Map::with_capacity(self.count(id));
                for child in self.children(id) {
                    map.insert(self.key(child).to_owned(), self.value(child));
                }
                Value::Object(map)
            }
            Kind::List => {
                let mut list = Vec::with_capacity(self.count(id));
                list.extend(self.children(id).map(|child| self.value(child)));
                Value::Array(list)
            }
            Kind::Text => text(),
            Kind::Number => number(self.text(id)).map_or_else(text, Value::Number),
            Kind::Bare => {
                super::super::numbers::plain(self.text(id)).map_or_else(text, Value::Number)
            }
            Kind::Null | Kind::Missing => Value::Null,
            Kind::True => Value::Bool(true),
            Kind::False => Value::Bool(false),
        }
    }

    /// Returns the JSON pointer of the innermost value of this root in which the text ended. It is
    /// the cut string or number, the member without a value, or the open container.
    pub(in crate::reading) fn cut_pointer(&self, root: NodeId) -> String {
        let mut pointer = String::new();
        let mut id = root;
        while id != NONE {
            let node = self.node(id);
            let Some((index, child)) = self.children(id).enumerate().last() else { break };
            let below = self.node(child);
            let ends = below.cut || below.last;
            // A key that is cut names no member yet.
            let half_key = below.kind == Kind::Missing && !below.last;
            if !ends || half_key || !node.cut {
                break;
            }
            if node.kind == Kind::Object {
                push_segment(&mut pointer, self.key(child));
            } else {
                push_segment(&mut pointer, &index.to_string());
            }
            id = child;
        }
        pointer
    }
}

/// Parses a JSON number as `serde_json` does. Returns `None` if it is out of range.
pub(in crate::reading) fn number(text: &str) -> Option<Number> {
    if text.len() < 18 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse::<u64>().ok().map(Number::from);
    }
    serde_json::from_str(text).ok()
}

/// Iterates over the children of a node.
pub(in crate::reading) struct Children<'a> {
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
