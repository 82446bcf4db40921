//! Nodes of the [`Tree`](super::Tree): everything that a schema says about one position in a value.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Kinds;
use super::constants::Constant;
use super::pattern::Pattern;
use super::written::{Annotations, WrittenId};

/// The source of a schema. It decides the meaning of an object without members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A Rust type. An object without members takes none: a type states explicitly that it takes
    /// members of any name.
    Type,
    /// Any other source. An object that does not list members takes members of any name, as in JSON
    /// Schema.
    Document,
}

/// The index of a node in its [`Tree`](super::Tree).
pub(crate) type NodeId = u32;

/// Everything that a schema says about one position in a value.
#[derive(Debug)]
pub(crate) struct Node {
    /// The JSON pointer of the schema that the node was read from; of several schemas, the first. Empty
    /// if there is none.
    pub(crate) pointer: String,
    /// Title, description, default and the other annotations.
    pub(crate) annotations: Annotations,
    pub(crate) kind: NodeKind,
    /// The written schemas that all hold here, without those reached through their `$ref` and `allOf`.
    pub(super) sources: Vec<WrittenPart>,
}

/// A written schema as an element of the set that a node is merged from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct WrittenPart {
    pub(super) id: WrittenId,
    /// Whether only the schema's direct constraints count, without its alternatives, annotations,
    /// `$ref` and `allOf`.
    pub(super) alone: bool,
}

/// The form of a node.
#[derive(Debug)]
pub(crate) enum NodeKind {
    /// No value fits. The text is the reason.
    Never(Cow<'static, str>),
    /// The same values as another node, which is the target of a `$ref`.
    Reference(NodeId),
    /// Alternatives. `exclusive` means that exactly one may fit.
    Union { exclusive: bool, branches: Vec<NodeId> },
    /// Constraints without alternatives.
    Plain(Box<Plain>),
}

/// Constraints that all hold. None of them is a union.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// The kinds that `type` lists; `None` without `type`.
    pub(crate) kinds: Option<Kinds>,
    /// The values that `const` and `enum` allow; `None` without both.
    pub(crate) constants: Option<Vec<Constant>>,
    /// Whether a `const` is among the sources of `constants`.
    pub(crate) is_const: bool,
    /// The keywords whose value holds no schema, by name.
    pub(crate) constraints: Map<String, Value>,
    /// Keywords that occur again with a value that cannot be merged with the first.
    pub(crate) also: Vec<(String, Value)>,
    /// The keywords whose schemas do not shape a value (`not`, `if`, `contains`, …), as they are
    /// written.
    pub(crate) non_shaping: Vec<(String, Value)>,
    pub(crate) members: Vec<Member>,
    /// The rule for members that are not in `members`.
    pub(crate) other_members: OtherMembers,
    /// Whether this is an object whose members the schema does not mention, so that any are allowed.
    pub(crate) is_any_object: bool,
    /// The nodes of `patternProperties`, by pattern.
    pub(crate) patterns: Vec<(Arc<Pattern>, NodeId)>,
    /// The node of the member names (`propertyNames`).
    pub(crate) names: Option<NodeId>,
    /// The nodes of the first elements (`prefixItems`), in order.
    pub(crate) prefix_items: Vec<NodeId>,
    /// The node of all later elements (`items`); `None` without that keyword.
    pub(crate) rest: Option<NodeId>,
}

/// A member that the schema names.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) node: NodeId,
    pub(crate) required: bool,
}

/// The rule for members that the schema does not name.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherMembers {
    /// The schema does not mention them.
    #[default]
    Unspecified,
    /// They are not allowed.
    Closed,
    /// They are allowed, and their values fit this node.
    Open(NodeId),
}

impl Node {
    /// Calls `visit` with every node that this one refers to or consists of. The flag is true for a
    /// member that is not required.
    pub(super) fn for_each_child(&self, visit: &mut dyn FnMut(NodeId, bool)) {
        match &self.kind {
            NodeKind::Never(_) => {}
            NodeKind::Reference(to) => visit(*to, false),
            NodeKind::Union { branches, .. } => branches.iter().for_each(|&id| visit(id, false)),
            NodeKind::Plain(plain) => {
                for member in &plain.members {
                    visit(member.node, !member.required);
                }
                let others =
                    if let OtherMembers::Open(id) = plain.other_members { Some(id) } else { None };
                let patterns = plain.patterns.iter().map(|(_, id)| *id);
                others.into_iter().chain(patterns).for_each(|id| visit(id, false));
                plain.prefix_items.iter().chain(&plain.rest).for_each(|&id| visit(id, false));
                plain.names.iter().for_each(|&id| visit(id, false));
            }
        }
    }
}

impl Plain {
    /// Returns whether every value fits.
    pub(crate) fn is_anything(&self) -> bool {
        let Self {
            kinds,
            constants,
            is_const: _,
            constraints,
            also,
            non_shaping: verbatim,
            members,
            ..
        } = self;
        kinds.is_none_or(|kinds| kinds == Kinds::ALL)
            && constants.is_none()
            && constraints.is_empty()
            && also.is_empty()
            && verbatim.is_empty()
            && members.is_empty()
            && self.other_members == OtherMembers::Unspecified
            && self.patterns.is_empty()
            && self.names.is_none()
            && self.prefix_items.is_empty()
            && self.rest.is_none()
    }

    /// Returns the kinds that both `type` and the constants allow.
    pub(super) fn allowed_kinds(&self) -> Kinds {
        let text = self.kinds.unwrap_or(Kinds::ALL);
        match &self.constants {
            None => text,
            Some(values) => {
                let of = values.iter().map(|one| Kinds::of(&one.value));
                text.and(of.fold(Kinds::NONE, Kinds::or))
            }
        }
    }

    /// Returns the kinds that the schema is about: those of `type` and the constants, or else those
    /// that the other keywords apply to. Returns `None` if no keyword names or implies a kind.
    pub(crate) fn implied_kinds(&self) -> Option<Kinds> {
        if self.kinds.is_some() || self.constants.is_some() {
            return Some(self.allowed_kinds());
        }
        let has = |words: &[&str]| words.iter().any(|word| self.constraints.contains_key(*word));
        let verbatim = |word: &str| self.non_shaping.iter().any(|(known, _)| known == word);
        let mut about = Kinds::NONE;
        for (kind, holds) in [
            (
                Kinds::OBJECT,
                !self.members.is_empty()
                    || self.other_members != OtherMembers::Unspecified
                    || !self.patterns.is_empty()
                    || self.names.is_some()
                    || has(&["minProperties", "maxProperties"]),
            ),
            (
                Kinds::ARRAY,
                !self.prefix_items.is_empty()
                    || self.rest.is_some()
                    || verbatim("contains")
                    || has(&["minItems", "maxItems", "uniqueItems", "minContains", "maxContains"]),
            ),
            (
                Kinds::STRING,
                has(&["minLength", "maxLength", "pattern", "contentEncoding", "contentMediaType"]),
            ),
            (Kinds::NUMBER, has(BOUNDS)),
        ] {
            if holds {
                about = about.or(kind);
            }
        }
        if about.is_none() && has(&["format"]) {
            about = Kinds::STRING;
        }
        (!about.is_none()).then_some(about)
    }

    /// Returns the listed values if nothing but the type constrains them further.
    pub(crate) fn only_constants(&self) -> Option<&[Constant]> {
        let is_else = !self.constraints.is_empty()
            || !self.also.is_empty()
            || !self.non_shaping.is_empty()
            || !self.members.is_empty()
            || self.other_members != OtherMembers::Unspecified
            || self.rest.is_some();
        self.constants.as_deref().filter(|_| !is_else)
    }

    /// Returns the member that the schema lists under `name`.
    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// Returns the node of the member `name`, and whether the schema lists that name. Returns `None` if
    /// no schema applies to the member or it is not allowed.
    pub(crate) fn member_of(&self, name: &str) -> Option<(NodeId, bool)> {
        if let Some(member) = self.member(name) {
            return Some((member.node, true));
        }
        if let Some((_, id)) = self.patterns.iter().find(|(pattern, _)| pattern.matches(name)) {
            return Some((*id, false));
        }
        if let OtherMembers::Open(id) = self.other_members { Some((id, false)) } else { None }
    }

    /// Returns the node of the element at `index`; `None` if no schema applies to it.
    pub(crate) fn element(&self, index: usize) -> Option<NodeId> {
        self.prefix_items.get(index).copied().or(self.rest)
    }

    /// Returns the value of a keyword that holds a count; `None` if it is absent or not a whole number.
    pub(crate) fn count(&self, keyword: &str) -> Option<u64> {
        let value = self.constraints.get(keyword)?;
        value.as_u64().or_else(|| {
            // `2.0` is an integer in JSON Schema.
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Some(number as u64)
        })
    }

    /// Returns the value of a keyword that holds a number; `None` if it is absent or no number.
    pub(crate) fn number(&self, keyword: &str) -> Option<f64> {
        self.constraints.get(keyword).and_then(Value::as_f64)
    }

    /// Returns the value of a keyword that holds a string; `None` if it is absent or no string.
    pub(crate) fn text(&self, keyword: &str) -> Option<&str> {
        self.constraints.get(keyword).and_then(Value::as_str)
    }
}

/// The keywords that limit a number.
pub(super) const BOUNDS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
