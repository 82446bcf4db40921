//! [`Merge`]: how the answers about the chunks of a document become one value.

use crate::contract::Contract;
use crate::extraction::InputError;
use crate::schema::{Combination, Kinds, NodeId, Tree, segments};

/// The segment of a pattern that stands for any index or entry.
const ANY: &str = "*";

/// How the answers about the chunks become one value: which elements of lists are the same, and which of
/// several values a field takes.
///
/// Without settings:
/// - The elements of a list stand in the order of the document. Elements of different chunks, or passes, are
///   one element if their JSON is equal apart from white space. Elements with [quotes](crate::grounding::Quote) are one
///   element only if the quotes overlap in the document. Then a quote may be longer in one of them, and a field
///   may be null in one of them.
/// - Objects and maps are merged member by member.
/// - Every other field takes the value that most chunks give; of equals, the first one in the document.
///
/// Pointers are JSON pointers into the value. `*` stands for every index or entry: `/parts/*/items`.
///
/// ```
/// use extract_llm::document::Merge;
///
/// let merge = Merge::new()
///     .key("/parties", "/name") // parties of one name are one party
///     .keep_all("/payments") // equal payments are two payments
///     .first("/title")
///     .last("/status");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Merge {
    keys: Vec<(String, String)>,
    keep_all: Vec<String>,
    fields: Vec<(String, FieldRule)>,
}

/// Which of several values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum FieldRule {
    /// The most frequent one; of equals, the first.
    #[default]
    Agree,
    First,
    Last,
    /// The only one. Several are a problem of the field.
    Unanimous,
}

/// What makes elements of a list the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity<'m> {
    /// Equal JSON, and the same place in the document where it is known.
    Equal,
    /// Equal values at these pointers.
    Keys(Vec<&'m str>),
    /// No two elements are the same.
    None,
}

impl Merge {
    /// Creates the default rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes elements of the list at `list` the same if their values at `key` are, apart from white space. Several
    /// keys of a list together make an element. Elements without the key, or with null there, are compared as
    /// without a rule.
    ///
    /// The members of elements that are the same are merged; different values are a
    /// [conflict](crate::document::Conflict). A key that the type does not have is an error of the extraction
    /// ([`InputError::MergeRule`]).
    pub fn key(mut self, list: impl Into<String>, key: impl Into<String>) -> Self {
        self.keys.push((list.into(), key.into()));
        self
    }

    /// Keeps all elements of the list at `list`, for lists in which equal elements are different things. What
    /// stands in an overlap is then found twice, unless the elements have quotes; so are the elements that a
    /// later pass repeats.
    pub fn keep_all(mut self, list: impl Into<String>) -> Self {
        self.keep_all.push(list.into());
        self
    }

    /// Lets the field at `pointer`, and those inside it, take the value that most chunks give; of equals, the first
    /// one in the document. This is the default.
    pub fn agree(self, pointer: impl Into<String>) -> Self {
        self.field(pointer, FieldRule::Agree)
    }

    /// Lets the field at `pointer`, and those inside it, take the first value in the document.
    pub fn first(self, pointer: impl Into<String>) -> Self {
        self.field(pointer, FieldRule::First)
    }

    /// Lets the field at `pointer`, and those inside it, take the last value in the document.
    pub fn last(self, pointer: impl Into<String>) -> Self {
        self.field(pointer, FieldRule::Last)
    }

    /// Makes different values of the field at `pointer`, and of those inside it, a problem of the merged value. The
    /// model is asked for the field again, and if the chunks do not agree then either, the extraction fails.
    pub fn unanimous(self, pointer: impl Into<String>) -> Self {
        self.field(pointer, FieldRule::Unanimous)
    }

    fn field(mut self, pointer: impl Into<String>, rule: FieldRule) -> Self {
        self.fields.push((pointer.into(), rule));
        self
    }

    /// Returns the rule for the field at a pointer: of several, that of the longest pointer.
    pub(super) fn field_rule(&self, pointer: &str) -> FieldRule {
        let matching = self.fields.iter().filter(|(pattern, _)| covers(pattern, pointer));
        let longest = matching.max_by_key(|(pattern, _)| segments(pattern).count());
        longest.map_or(FieldRule::default(), |(_, rule)| *rule)
    }

    /// Returns what makes elements of the list at a pointer the same.
    pub(super) fn identity(&self, list: &str) -> Identity<'_> {
        let keys = self.keys.iter().filter(|(pattern, _)| is_at(pattern, list));
        let keys: Vec<&str> = keys.map(|(_, key)| key.as_str()).collect();
        if !keys.is_empty() {
            Identity::Keys(keys)
        } else if self.keep_all.iter().any(|pattern| is_at(pattern, list)) {
            Identity::None
        } else {
            Identity::Equal
        }
    }

    /// Checks that the type has the places of the rules.
    pub(super) fn check(&self, contract: &Contract) -> Result<(), InputError> {
        let tree = contract.tree();
        let root = contract.node();
        let wrong = |pointer: &str, expected| {
            Err(InputError::MergeRule { pointer: pointer.to_owned(), expected })
        };
        let lists = self.keys.iter().map(|(list, _)| list).chain(&self.keep_all);
        for list in lists {
            let is_list = match Place::find(tree, root, list) {
                Place::Node(node) => matches!(tree.combination(node), Combination::List(_)),
                Place::Undescribed => true,
                Place::None => false,
            };
            if !is_list {
                return wrong(list, "list");
            }
        }
        for (list, key) in &self.keys {
            let Place::Node(node) = Place::find(tree, root, list) else { continue };
            let Combination::List(Some(element)) = tree.combination(node) else { continue };
            if !key.starts_with('/') || Place::find(tree, element, key) == Place::None {
                return wrong(&format!("{list}/{ANY}{key}"), "field");
            }
        }
        for (pointer, _) in &self.fields {
            if Place::find(tree, root, pointer) == Place::None {
                return wrong(pointer, "field");
            }
        }
        Ok(())
    }
}

/// The place that a pattern stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Node(NodeId),
    /// A place that the schema allows and does not describe, or that one of several alternatives may have.
    Undescribed,
    /// No value can be there.
    None,
}

impl Place {
    /// Returns the place of a pattern below a node.
    fn find(tree: &Tree, from: NodeId, pattern: &str) -> Self {
        if !(pattern.is_empty() || pattern.starts_with('/')) {
            return Self::None;
        }
        let mut place = Self::Node(from);
        for name in segments(pattern) {
            place = match place {
                Self::Node(node) => Self::inside(tree, node, &name),
                other => return other,
            };
        }
        place
    }

    /// Returns the place of a member or element of a node.
    fn inside(tree: &Tree, node: NodeId, name: &str) -> Self {
        match tree.combination(node) {
            Combination::Object(plain) => match plain.member_of(name) {
                Some((member, _)) => Self::Node(member),
                None if plain.is_any_object => Self::Undescribed,
                None => Self::None,
            },
            Combination::List(Some(element)) if name == ANY => Self::Node(element),
            Combination::List(None) if name == ANY => Self::Undescribed,
            Combination::Single if tree.kinds(node).meets(Kinds::PARTED) => Self::Undescribed,
            Combination::List(_) | Combination::Single => Self::None,
        }
    }
}

/// Whether a pattern stands for exactly this pointer.
fn is_at(pattern: &str, pointer: &str) -> bool {
    segments(pattern).count() == segments(pointer).count() && covers(pattern, pointer)
}

/// Whether a pattern stands for this pointer, or for one around it.
fn covers(pattern: &str, pointer: &str) -> bool {
    let mut inside = segments(pointer);
    segments(pattern).all(|name| inside.next().is_some_and(|other| name == ANY || name == other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_pattern_decides() {
        let merge = Merge::new().last("").first("/a").agree("/a/*/b").key("/a/*/c", "/id");
        assert_eq!(merge.field_rule("/z"), FieldRule::Last);
        assert_eq!(merge.field_rule("/a/0/c"), FieldRule::First);
        assert_eq!(merge.field_rule("/a/0/b"), FieldRule::Agree);
        assert_eq!(merge.identity("/a/7/c"), Identity::Keys(vec!["/id"]));
        assert_eq!(merge.identity("/a/7"), Identity::Equal);
    }

    #[test]
    fn a_rule_for_a_place_that_the_type_does_not_have_is_an_error() {
        let contract = Contract::from_schema(json!({
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "parties": {"type": "array", "items": {
                    "type": "object",
                    "properties": {"name": {"type": "string"}},
                    "additionalProperties": false,
                }},
            },
            "additionalProperties": false,
        }))
        .unwrap();
        let pointer = |merge: Merge| match merge.check(&contract) {
            Err(InputError::MergeRule { pointer, .. }) => pointer,
            other => panic!("{other:?}"),
        };
        assert!(Merge::new().key("/parties", "/name").first("/title").check(&contract).is_ok());
        assert!(Merge::new().last("/parties/*/name").check(&contract).is_ok());
        assert_eq!(pointer(Merge::new().key("/partys", "/name")), "/partys");
        assert_eq!(pointer(Merge::new().key("/title", "/name")), "/title");
        assert_eq!(pointer(Merge::new().key("/parties", "/nmae")), "/parties/*/nmae");
        assert_eq!(pointer(Merge::new().key("/parties", "name")), "/parties/*name");
        assert_eq!(pointer(Merge::new().first("/titel")), "/titel");
        assert_eq!(pointer(Merge::new().keep_all("parties")), "parties");
    }
}
