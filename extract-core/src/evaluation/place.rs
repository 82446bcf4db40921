//! [`Place`]: the schemas that may hold for one position in a value.

use serde_json::Value;

use crate::schema::{Kinds, NodeId, OtherMembers, Plain, Tree};

/// The formats of texts in which the case counts.
const CASE_COUNTS: [&str; 7] =
    ["uri", "uri-reference", "uri-template", "iri", "iri-reference", "regex", "json-pointer"];

/// The schemas that may hold for one position in a value: the alternatives of a union, without `null`.
#[derive(Debug, Clone)]
pub(super) struct Place<'t> {
    tree: &'t Tree,
    plains: Vec<&'t Plain>,
}

/// The name of a member in the pointer of a field.
pub(super) enum Segment<'n> {
    /// The schema lists the member, or describes nothing.
    Name(&'n str),
    /// The member is an entry of a map.
    Entry,
}

impl<'t> Place<'t> {
    pub(super) fn new(tree: &'t Tree, node: NodeId) -> Self {
        Self { tree, plains: Vec::new() }.and(Some(node))
    }

    /// Adds the alternatives of nodes.
    fn and(mut self, nodes: impl IntoIterator<Item = NodeId>) -> Self {
        for node in nodes {
            let alternatives = self.tree.alternatives(node);
            for plain in alternatives.into_iter().filter_map(|id| self.tree.plain(id)) {
                let is_null = plain.implied_kinds() == Some(Kinds::NULL);
                if !is_null && !self.plains.iter().any(|known| std::ptr::eq(*known, plain)) {
                    self.plains.push(plain);
                }
            }
        }
        self
    }

    fn empty(&self) -> Self {
        Self { tree: self.tree, plains: Vec::new() }
    }

    /// Whether no schema describes the values.
    fn is_open(&self) -> bool {
        self.plains.is_empty() || self.plains.iter().any(|plain| plain.is_anything())
    }

    /// Returns the place of a member, and its name in pointers.
    pub(super) fn member<'n>(&self, name: &'n str) -> (Self, Segment<'n>) {
        let found: Vec<(NodeId, bool)> =
            self.plains.iter().filter_map(|plain| plain.member_of(name)).collect();
        let is_listed = found.is_empty() || found.iter().any(|(_, is_listed)| *is_listed);
        let segment = if is_listed { Segment::Name(name) } else { Segment::Entry };
        (self.empty().and(found.into_iter().map(|(node, _)| node)), segment)
    }

    /// Returns the place of the element at an index.
    pub(super) fn element(&self, index: usize) -> Self {
        self.empty().and(self.plains.iter().filter_map(|plain| plain.element(index)))
    }

    /// Returns the place of all elements.
    pub(super) fn elements(&self) -> Self {
        self.empty().and(self.plains.iter().filter_map(|plain| plain.rest))
    }

    /// Returns the number of elements that have schemas of their own.
    pub(super) fn tuple_length(&self) -> usize {
        self.plains.iter().map(|plain| plain.prefix_items.len()).max().unwrap_or(0)
    }

    /// Returns the names of the members that the schemas list, in their order.
    pub(super) fn names(&self) -> Vec<&'t str> {
        let members = self.plains.iter().flat_map(|plain| &plain.members);
        members.map(|member| member.name.as_str()).collect()
    }

    /// Returns the place at a segment of a rule's pointer. `None` if no value can be there.
    pub(super) fn inside(&self, segment: &str) -> Option<Self> {
        if self.is_open() {
            return Some(self.empty());
        }
        if segment == "*" {
            let entries = self.plains.iter().filter_map(|plain| match plain.other_members {
                OtherMembers::Open(node) => Some(node),
                _ => None,
            });
            let patterns = self.plains.iter().flat_map(|plain| &plain.patterns);
            let nodes = entries.chain(patterns.map(|(_, node)| *node));
            let all = self.elements().and(nodes);
            let has_any = |plain: &&Plain| {
                plain.is_any_object || plain.list().is_some_and(|list| list.element.is_none())
            };
            let is_any = self.plains.iter().copied().any(|plain| has_any(&plain));
            return (is_any || !all.plains.is_empty()).then_some(all);
        }
        let tuple = segment.parse().ok().filter(|index| *index < self.tuple_length());
        if let Some(index) = tuple {
            return Some(self.element(index));
        }
        let found: Vec<NodeId> = self
            .plains
            .iter()
            .filter_map(|plain| plain.member_of(segment).map(|(node, _)| node))
            .collect();
        let is_any = self.plains.iter().any(|plain| plain.is_any_object);
        (is_any || !found.is_empty()).then(|| self.empty().and(found))
    }

    pub(super) fn may_be_list(&self) -> bool {
        self.is_open() || self.kinds().meets(Kinds::ARRAY)
    }

    /// Returns the kinds of the values, without null.
    fn kinds(&self) -> Kinds {
        let of = self.plains.iter().map(|plain| plain.implied_kinds().unwrap_or(Kinds::ALL));
        of.fold(Kinds::NONE, Kinds::or)
    }

    /// Whether the values are those of an enum, or booleans.
    pub(super) fn is_label(&self) -> bool {
        let is_boolean = |kinds: Kinds| kinds.without(Kinds::NULL) == Kinds::BOOLEAN;
        let is_label = |plain: &&Plain| {
            plain.constants.is_some() || plain.implied_kinds().is_some_and(is_boolean)
        };
        !self.plains.is_empty() && self.plains.iter().copied().all(|plain| is_label(&plain))
    }

    /// Returns the format of texts.
    pub(super) fn format(&self) -> Option<&'t str> {
        self.plains.iter().find_map(|plain| plain.text("format"))
    }

    /// Whether the case counts in texts.
    pub(super) fn keeps_case(&self) -> bool {
        self.format().is_some_and(|format| CASE_COUNTS.contains(&format))
            || self.plains.iter().any(|plain| plain.encoding().is_some())
    }

    /// Whether an object without members is a value here, as that of a variant without fields is.
    pub(super) fn is_empty_object(&self) -> bool {
        self.plains.iter().any(|plain| plain.is_empty_object())
    }

    /// Returns the name of the variant that a value is, in a union whose variants are named by their only member.
    pub(super) fn variant<'v>(&self, value: &'v Value) -> Option<&'v str> {
        let named: Vec<&str> =
            self.plains.iter().filter_map(|plain| Some(plain.only_member()?.0)).collect();
        if named.is_empty() || self.plains.len() < 2 {
            return None;
        }
        match value {
            Value::Object(members) if members.len() == 1 => {
                let name = members.keys().next()?;
                named.contains(&name.as_str()).then_some(name.as_str())
            }
            Value::String(text) => {
                let mut listed =
                    self.plains.iter().filter_map(|plain| plain.string_constants()).flatten();
                listed.any(|constant| constant == text).then_some(text.as_str())
            }
            _ => None,
        }
    }

    /// Returns what is wrong with an expected value, apart from the values inside it: the kind or the name of
    /// the enum. `None` if nothing is.
    pub(super) fn fault(&self, value: &Value) -> Option<String> {
        if self.is_open() || value.is_null() {
            return None;
        }
        let kinds = self.kinds();
        if !kinds.meets(Kinds::of(value)) {
            return Some(kinds.describe());
        }
        let all: Option<Vec<_>> =
            self.plains.iter().map(|plain| plain.constants.as_ref()).collect();
        let listed: Vec<&Value> = all?.into_iter().flatten().map(|one| &one.value).collect();
        if listed.iter().any(|one| crate::schema::json_equal(one, value)) {
            return None;
        }
        let texts: Vec<String> = listed.iter().take(20).map(ToString::to_string).collect();
        Some(format!("one of {}", texts.join(", ")))
    }

    /// Whether a member of this name can be there.
    pub(super) fn takes_member(&self, name: &str) -> bool {
        self.is_open()
            || self.plains.iter().any(|plain| {
                plain.member_of(name).is_some()
                    || plain.is_any_object
                    || plain.other_members == OtherMembers::Unspecified
                        && plain.implied_kinds().is_none_or(|kinds| kinds.meets(Kinds::OBJECT))
                        && self.tree.origin() == crate::schema::Origin::Document
            })
    }
}
