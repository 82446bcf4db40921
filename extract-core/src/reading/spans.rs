//! The byte ranges of a text that the values of a reading were read from. The text is scanned once more, so a
//! reading without use for the ranges costs nothing.
//!
//! A value has a range only if its source is certain: the written value is equal, or a recorded repair
//! explains the difference. All others have none.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_json::Value;

use super::candidates;
use super::report::{Reading, RepairKind};
use super::scan::Limits;
use super::thinking;
use super::tree::{Kind, NONE, NodeId, Tree};
use crate::contract::shape::{Shape, normal_name};
use crate::schema::push_segment;

/// The byte range of each scalar and of each empty container, by its JSON pointer in the reading. The range of
/// a string includes its quotation marks.
pub(crate) type Spans = HashMap<String, Range<usize>>;

/// Returns the byte ranges of the values of a reading of this text. `None` if the place of the answer in the
/// text is not certain.
pub(crate) fn spans(text: &str, shape: &Shape, reading: &Reading) -> Option<Spans> {
    let limits = Limits::default();
    if text.len() > limits.bytes {
        return None;
    }
    let start = text.len() - text.trim_start().len();
    let tree = || Tree::with_capacity(text.len()).knowing(shape);
    let (whole, scanned) = candidates::scan_whole(text, start, tree(), limits, &mut 1);
    if let Ok(candidate) = scanned {
        let rest = text.get(candidate.end..).unwrap_or_default();
        if candidate.root != NONE && rest.trim().is_empty() {
            let aligned = Alignment::of(&whole, candidate.root, reading);
            if !aligned.spans.is_empty() {
                return Some(aligned.spans);
            }
        }
    }
    let answer = thinking::answer(text).ok()?;
    let shown = text.get(..answer.end)?;
    let (tree, found) = candidates::bracketed(shown, answer.start, tree(), limits, false);
    let found = found.ok()?;
    let aligned = |root: NodeId| Alignment::of(&tree, root, reading);
    if let [only] = found.as_slice() {
        return Some(aligned(only.root).spans);
    }
    // Of several values, the answer is known only if no other one says the same.
    let mut complete = found.iter().map(|one| aligned(one.root)).filter(Alignment::is_complete);
    let first = complete.next()?;
    complete.next().is_none().then_some(first.spans)
}

/// Compares a value with the tree of the text that it was read from.
struct Alignment<'a> {
    tree: &'a Tree,
    /// The pointers of scalars that a conversion has changed.
    converted: HashSet<&'a str>,
    /// The pointers of members whose name was written in another spelling, with that spelling.
    renamed: HashMap<&'a str, &'a str>,
    /// The pointer of the current value.
    pointer: String,
    spans: Spans,
    /// The number of values without a range.
    missing: usize,
}

impl<'a> Alignment<'a> {
    fn of(tree: &'a Tree, root: NodeId, reading: &'a Reading) -> Self {
        let mut aligned = Self {
            tree,
            converted: HashSet::new(),
            renamed: HashMap::new(),
            pointer: String::new(),
            spans: Spans::new(),
            missing: 0,
        };
        for repair in &reading.repairs {
            match repair.kind {
                RepairKind::StringToNumber
                | RepairKind::ToBool
                | RepairKind::ToText
                | RepairKind::ToInteger
                | RepairKind::ToNull
                | RepairKind::EnumMatched
                | RepairKind::NumberForm
                | RepairKind::Literal => {
                    aligned.converted.insert(&repair.pointer);
                }
                RepairKind::KeyMatched => {
                    aligned.renamed.insert(&repair.pointer, &repair.before);
                }
                _ => {}
            }
        }
        aligned.align(&reading.value, root);
        aligned
    }

    fn is_complete(&self) -> bool {
        self.missing == 0 && !self.spans.is_empty()
    }

    fn align(&mut self, value: &Value, node: NodeId) {
        let written = self.tree.node(node);
        match (value, written.kind) {
            (Value::Object(members), Kind::Object) if members.is_empty() => {
                self.record(node, written.first == NONE);
            }
            (Value::Array(items), Kind::List) if items.is_empty() => {
                self.record(node, written.first == NONE);
            }
            (Value::Object(members), Kind::Object) => {
                let children = self.members(node);
                for (name, value) in members {
                    self.within(name, |it| match it.member(&children, name) {
                        Some(child) => it.align(value, child),
                        None => it.missing += 1,
                    });
                }
            }
            (Value::Array(items), Kind::List) => {
                let children: Vec<NodeId> = self.tree.children(node).collect();
                // Elements that were left out shift the others.
                if children.len() != items.len() {
                    self.missing += items.len();
                    return;
                }
                for (index, (value, child)) in items.iter().zip(children).enumerate() {
                    self.within(&index.to_string(), |it| it.align(value, child));
                }
            }
            // A value without the object or the list around it.
            (Value::Object(members), _) if members.len() == 1 => {
                for (name, value) in members {
                    self.within(name, |it| it.align(value, node));
                }
            }
            (Value::Array(items), _) if items.len() == 1 => {
                for value in items {
                    self.within("0", |it| it.align(value, node));
                }
            }
            (Value::Object(_) | Value::Array(_), _)
            | (_, Kind::Object | Kind::List | Kind::Missing) => self.missing += 1,
            (scalar, _) => {
                let is_same = self.tree.value(node) == *scalar
                    || self.converted.contains(self.pointer.as_str());
                self.record(node, is_same);
            }
        }
    }

    /// Records the range of the node for the current value, if it is the source of the value.
    fn record(&mut self, node: NodeId, is_source: bool) {
        let written = self.tree.node(node);
        if is_source && !written.cut && !written.unclear {
            let range = written.start as usize..written.end as usize;
            self.spans.insert(self.pointer.clone(), range);
        } else {
            self.missing += 1;
        }
    }

    /// Returns the members of a node by their keys. A key that occurs twice has `None`.
    fn members(&self, node: NodeId) -> HashMap<&'a str, Option<NodeId>> {
        let mut members = HashMap::new();
        for child in self.tree.children(node) {
            let key = self.tree.key(child);
            members.entry(key).and_modify(|known| *known = None).or_insert(Some(child));
        }
        members
    }

    /// Returns the node of the member of this name, which the current pointer ends with.
    fn member(&self, members: &HashMap<&'a str, Option<NodeId>>, name: &str) -> Option<NodeId> {
        if let Some(found) = members.get(name) {
            return *found;
        }
        let before = self.renamed.get(self.pointer.as_str())?.trim_matches(['"', '\'', '`']);
        if let Some(found) = members.get(before) {
            return *found;
        }
        let normal = normal_name(name);
        let mut alike = members.iter().filter(|(key, _)| normal_name(key) == normal);
        let (_, found) = alike.next()?;
        found.filter(|_| alike.next().is_none())
    }

    /// Appends a segment to the pointer for a while.
    fn within(&mut self, segment: &str, align: impl FnOnce(&mut Self)) {
        let here = self.pointer.len();
        push_segment(&mut self.pointer, segment);
        align(self);
        self.pointer.truncate(here);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Level, read};
    use super::*;

    /// Reads a text, and returns the source of each value.
    fn sources(schema: &Value, text: &str) -> Vec<(String, String)> {
        let shape = Shape::compile(schema).unwrap();
        let reading = read(text, &shape, Level::Lenient).unwrap();
        let spans = spans(text, &shape, &reading).unwrap_or_default();
        let mut found: Vec<(String, String)> =
            spans.into_iter().map(|(pointer, range)| (pointer, text[range].to_owned())).collect();
        found.sort();
        found
    }

    #[test]
    fn each_value_has_the_range_that_it_was_read_from() {
        let schema = json!({
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "total": {"type": "number"},
                "paid": {"type": "boolean"},
                "tags": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["name", "total"],
        });
        let all: &[(&str, &[(&str, &str)])] = &[
            (
                r#"{"name": "Zoë", "total": 12.5, "paid": true, "tags": []}"#,
                &[("/name", "\"Zoë\""), ("/paid", "true"), ("/tags", "[]"), ("/total", "12.5")],
            ),
            (
                "Sure:\n```json\n{'name': 'A', Total: \"7\", \"tags\": [\"x\", \"y\"],}\n```",
                &[
                    ("/name", "'A'"),
                    ("/tags/0", "\"x\""),
                    ("/tags/1", "\"y\""),
                    ("/total", "\"7\""),
                ],
            ),
            // Two equal values: it is not certain which one is the answer.
            (r#"{"name": "A", "total": 1} or {"name": "A", "total": 1}"#, &[]),
            // A key that occurs twice.
            (r#"{"name": "A", "name": "A", "total": 1}"#, &[("/total", "1")]),
        ];
        for (text, expected) in all {
            let expected: Vec<(String, String)> =
                expected.iter().map(|(at, text)| ((*at).into(), (*text).into())).collect();
            assert_eq!(sources(&schema, text), expected, "{text}");
        }
    }

    #[test]
    fn elements_that_were_left_out_leave_the_others_without_a_range() {
        let schema = json!({"type": "array", "items": {"type": "integer"}});
        let shape = Shape::compile(&schema).unwrap();
        let text = "[1, \"two\", 3]";
        let reading = read(text, &shape, Level::Salvage).unwrap();
        assert_eq!(reading.value, json!([1, 3]));
        assert_eq!(spans(text, &shape, &reading), Some(Spans::new()));
    }
}
