//! Nodes: all that is said of one place of a value.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::Kinds;
use super::constants::Constant;
use super::pattern::Pattern;
use super::written::{Annotations, WrittenId};

/// The maker of a schema, which decides what an object without members means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A Rust type: it has no members, for a type says so where it takes members of any name.
    Type,
    /// Anybody: it may have any members, as JSON Schema means it.
    Given,
}

/// The index of a node.
pub(crate) type NodeId = u32;

/// All that is said of one place of a value.
#[derive(Debug)]
pub(crate) struct Node {
    /// The JSON pointer of the schema that it was read from, or of the first of several.
    pub(crate) pointer: String,
    pub(crate) notes: Annotations,
    pub(crate) is: NodeKind,
    pub(super) seeds: Vec<SetMember>,
}

/// A schema as it is written, as a part of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct SetMember {
    pub(super) id: WrittenId,
    /// Only what it says itself, without its alternatives, its annotations, and what it refers to.
    pub(super) alone: bool,
}

#[derive(Debug)]
pub(crate) enum NodeKind {
    /// Nothing fits, for this reason.
    Never(Cow<'static, str>),
    /// Whatever another node is, which has a name of its own.
    Reference(NodeId),
    /// Alternatives. `exclusive` says that exactly one may fit.
    Union {
        exclusive: bool,
        branches: Vec<NodeId>,
    },
    Plain(Box<Plain>),
}

/// Constraints that all hold, none of them an alternative.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    /// The kinds that `type` names; `None` where it is not said.
    pub(crate) kinds: Option<Kinds>,
    pub(crate) constants: Option<Vec<Constant>>,
    /// The constant is that of `const`.
    pub(crate) is_const: bool,
    /// Keywords that hold no schema, by their names.
    pub(crate) constraints: Map<String, Value>,
    /// Keywords that come a second time, with a value that cannot be merged with the first.
    pub(crate) also: Vec<(String, Value)>,
    /// Keywords whose schemas say nothing of the shape of a value, as they stand.
    pub(crate) verbatim: Vec<(String, Value)>,
    pub(crate) members: Vec<Member>,
    pub(crate) others: OtherMembers,
    /// Nothing is said of the members of an object, so that it may be any.
    pub(crate) is_any_object: bool,
    pub(crate) patterns: Vec<(Arc<Pattern>, NodeId)>,
    /// The schema of the names of members.
    pub(crate) names: Option<NodeId>,
    /// The elements that have a schema of their own, in order.
    pub(crate) first: Vec<NodeId>,
    /// All elements behind them; `None` where nothing is said.
    pub(crate) rest: Option<NodeId>,
}

/// A member that is named.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) node: NodeId,
    pub(crate) required: bool,
}

/// Members that are not named.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherMembers {
    /// Nothing is said of them.
    #[default]
    Unsaid,
    /// There may be none.
    Closed,
    Open(NodeId),
}

impl Node {
    /// Calls `visit` with each node that this one is made of, and with whether a value can do
    /// without it.
    pub(super) fn each(&self, visit: &mut dyn FnMut(NodeId, bool)) {
        match &self.is {
            NodeKind::Never(_) => {}
            NodeKind::Reference(to) => visit(*to, false),
            NodeKind::Union { branches, .. } => branches.iter().for_each(|&id| visit(id, false)),
            NodeKind::Plain(plain) => {
                for member in &plain.members {
                    visit(member.node, !member.required);
                }
                let others =
                    if let OtherMembers::Open(id) = plain.others { Some(id) } else { None };
                let patterns = plain.patterns.iter().map(|(_, id)| *id);
                others.into_iter().chain(patterns).for_each(|id| visit(id, false));
                plain.first.iter().chain(&plain.rest).for_each(|&id| visit(id, false));
                plain.names.iter().for_each(|&id| visit(id, false));
            }
        }
    }
}

impl Plain {
    /// Whether everything fits.
    pub(crate) fn is_anything(&self) -> bool {
        let Self { kinds, constants, is_const: _, constraints, also, verbatim, members, .. } = self;
        kinds.is_none_or(|kinds| kinds == Kinds::ALL)
            && constants.is_none()
            && constraints.is_empty()
            && also.is_empty()
            && verbatim.is_empty()
            && members.is_empty()
            && self.others == OtherMembers::Unsaid
            && self.patterns.is_empty()
            && self.names.is_none()
            && self.first.is_empty()
            && self.rest.is_none()
    }

    /// The kinds that `type` and the constants leave.
    pub(super) fn possible(&self) -> Kinds {
        let said = self.kinds.unwrap_or(Kinds::ALL);
        match &self.constants {
            None => said,
            Some(values) => {
                let of = values.iter().map(|one| Kinds::of(&one.value));
                said.and(of.fold(Kinds::NONE, Kinds::or))
            }
        }
    }

    /// The kinds that the schema is about: those that `type` names, those of the constants, or else
    /// those that the other keywords belong to. `None` where any value will do.
    pub(crate) fn about(&self) -> Option<Kinds> {
        if self.kinds.is_some() || self.constants.is_some() {
            return Some(self.possible());
        }
        let has = |words: &[&str]| words.iter().any(|word| self.constraints.contains_key(*word));
        let verbatim = |word: &str| self.verbatim.iter().any(|(known, _)| known == word);
        let mut about = Kinds::NONE;
        for (kind, holds) in [
            (
                Kinds::OBJECT,
                !self.members.is_empty()
                    || self.others != OtherMembers::Unsaid
                    || !self.patterns.is_empty()
                    || self.names.is_some()
                    || has(&["minProperties", "maxProperties"]),
            ),
            (
                Kinds::ARRAY,
                !self.first.is_empty()
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

    /// The listed values, where nothing else is said of a value than its type.
    pub(crate) fn only_constants(&self) -> Option<&[Constant]> {
        let is_else = !self.constraints.is_empty()
            || !self.also.is_empty()
            || !self.verbatim.is_empty()
            || !self.members.is_empty()
            || self.others != OtherMembers::Unsaid
            || self.rest.is_some();
        self.constants.as_deref().filter(|_| !is_else)
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    /// The node of a member of this name; whether it is named itself. `None` where nothing is said of
    /// it, or there may be none.
    pub(crate) fn member_of(&self, name: &str) -> Option<(NodeId, bool)> {
        if let Some(member) = self.member(name) {
            return Some((member.node, true));
        }
        if let Some((_, id)) = self.patterns.iter().find(|(pattern, _)| pattern.matches(name)) {
            return Some((*id, false));
        }
        if let OtherMembers::Open(id) = self.others { Some((id, false)) } else { None }
    }

    /// The node of the element at a place of a list; `None` where nothing is said of it.
    pub(crate) fn element(&self, index: usize) -> Option<NodeId> {
        self.first.get(index).copied().or(self.rest)
    }

    /// A constraint that counts something.
    pub(crate) fn count(&self, keyword: &str) -> Option<u64> {
        let value = self.constraints.get(keyword)?;
        value.as_u64().or_else(|| {
            // `2.0` is an integer to JSON Schema.
            let number = value.as_f64().filter(|number| number.fract() == 0.0 && *number >= 0.0)?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
            Some(number as u64)
        })
    }

    /// A constraint that is a number.
    pub(crate) fn number(&self, keyword: &str) -> Option<f64> {
        self.constraints.get(keyword).and_then(Value::as_f64)
    }

    /// A constraint that is a text.
    pub(crate) fn text(&self, keyword: &str) -> Option<&str> {
        self.constraints.get(keyword).and_then(Value::as_str)
    }
}

pub(super) const BOUNDS: &[&str] =
    &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
