//! Applies the lowering plan step by step to a value that is still arriving. Values in place, pairs,
//! tuples sent as objects and the branches of a tagged enum can be followed. A value sent as JSON text is
//! restored when it is whole.

use serde_json::Value;

use crate::contract::dialect::Lowered;
use crate::contract::dialect::plan::{Branch, KEY, OtherSteps, SAME, Step, StepId, VALUE};

/// The index of the plan's step for a value that is arriving.
pub(crate) type StreamStep = StepId;

/// A member of an object that is arriving.
pub(crate) struct ArrivingMember<'a> {
    /// The member's name in the type's shape.
    pub(crate) name: &'a str,
    pub(crate) step: StreamStep,
    /// Whether `null` means that the member is absent.
    pub(crate) null_is_absent: bool,
    /// Whether the member is the list of pairs that holds the other members of the object.
    pub(crate) entries: bool,
}

/// The position of the parts in a container that is arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsLayout {
    /// The same position as in the type's shape.
    InPlace,
    /// For a map: a list of pairs.
    Pairs,
    /// For a tuple: an object, under the indices of the elements.
    TupleObject,
    /// For an enum: one of several branches, chosen by its key or tag.
    Branches,
}

/// The text that names the variant of an enum.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VariantTag<'a> {
    /// The key of the variant's data, as sent.
    Key(&'a str),
    /// The name and the value of the tag.
    Tag(&'a str, &'a str),
}

/// Returns the key of a pair as text, or `None` if it is neither a string nor a number nor a boolean.
pub(crate) fn key_of(value: Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// Splits a whole pair into key and value. Returns `None` if the object has other members or lacks one of
/// these.
pub(crate) fn pair_of(value: Value) -> Option<(String, Value)> {
    let Value::Object(mut pair) = value else { return None };
    let (Some(key), Some(value), 0) =
        (pair.shift_remove(KEY), pair.shift_remove(VALUE), pair.len())
    else {
        return None;
    };
    Some((key_of(key)?, value))
}

/// Returns whether a member of a pair is its key; `None` if it is neither the key nor the value.
pub(crate) fn is_key(sent: &str) -> Option<bool> {
    [KEY, VALUE].contains(&sent).then_some(sent == KEY)
}

impl Lowered {
    /// Returns the step of the root value.
    pub(crate) fn root_step(&self) -> StreamStep {
        self.resolved(self.plan.root)
    }

    /// Follows references to definitions, and returns the step behind them.
    fn resolved(&self, mut step: StepId) -> StepId {
        // A chain of definitions is short, but may be cyclic.
        for _ in 0..16 {
            match self.plan.steps.get(step) {
                Some(Step::Definition(index)) => {
                    step = self.plan.definitions.get(*index).copied().unwrap_or(SAME);
                }
                _ => break,
            }
        }
        step
    }

    /// Returns the position of the parts of an object, or of a list if `list` is set. Returns `None` if
    /// the value can be restored only when it is whole.
    pub(crate) fn layout(&self, step: StreamStep, list: bool) -> Option<PartsLayout> {
        match self.plan.steps.get(step) {
            None | Some(Step::Same) => Some(PartsLayout::InPlace),
            Some(Step::Array { .. }) => list.then_some(PartsLayout::InPlace),
            Some(Step::Object { .. }) => (!list).then_some(PartsLayout::InPlace),
            Some(Step::Pairs { .. }) => list.then_some(PartsLayout::Pairs),
            Some(Step::Tuple { .. }) => (!list).then_some(PartsLayout::TupleObject),
            Some(Step::Union(_)) => (!list).then_some(PartsLayout::Branches),
            _ => None,
        }
    }

    /// Returns the step of the branch with this tag, for the object of its variant. Returns `None` if no
    /// branch or more than one has the tag, or if this cannot be decided.
    pub(crate) fn branch(&self, step: StreamStep, tag: VariantTag<'_>) -> Option<StreamStep> {
        let Some(Step::Union(branches)) = self.plan.steps.get(step) else {
            return matches!(self.layout(step, false), Some(PartsLayout::InPlace)).then_some(step);
        };
        let mut found = None;
        for branch in branches {
            let step = self.resolved(branch.step);
            if self.has_tag(branch, step, tag)? && found.replace(step).is_some() {
                return None;
            }
        }
        // A key that no changed branch has belongs to a branch that stays the same.
        found.or(matches!(tag, VariantTag::Key(_)).then_some(SAME))
    }

    /// Returns whether a branch has this tag; `None` if this cannot be decided.
    fn has_tag(&self, branch: &Branch, step: StepId, told: VariantTag<'_>) -> Option<bool> {
        match (self.plan.steps.get(step)?, told) {
            (Step::Object { members, renamed, .. }, VariantTag::Key(sent)) => {
                let own = renamed.get(sent).map_or(sent, String::as_str);
                Some(members.get(own).is_some_and(|member| member.sent == sent))
            }
            (Step::Same, VariantTag::Key(_)) => Some(false),
            (Step::Same | Step::Object { .. }, VariantTag::Tag(tag, name)) => {
                let plain = self.tree.plain(branch.node)?;
                let own = match self.plan.steps.get(step) {
                    Some(Step::Object { renamed, .. }) => {
                        renamed.get(tag).map_or(tag, String::as_str)
                    }
                    _ => tag,
                };
                let constants = self.tree.plain(plain.member(own)?.node)?.constants.as_deref()?;
                let [constant] = constants else { return None };
                Some(constant.value == name)
            }
            _ => None,
        }
    }

    /// Whether the step changes no value at all.
    pub(crate) fn is_same(step: StreamStep) -> bool {
        step == SAME
    }

    /// Returns the member that was sent under this name.
    pub(crate) fn member<'a>(&'a self, step: StreamStep, sent: &'a str) -> ArrivingMember<'a> {
        let unchanged =
            |step| ArrivingMember { name: sent, step, null_is_absent: false, entries: false };
        let Some(Step::Object { members, renamed, rest }) = self.plan.steps.get(step) else {
            return unchanged(SAME);
        };
        let name = renamed.get(sent).map_or(sent, String::as_str);
        match (members.get(name), rest) {
            (Some(member), _) => ArrivingMember {
                name,
                step: self.resolved(member.step),
                null_is_absent: member.null_is_absent,
                entries: false,
            },
            (None, OtherSteps::Members(step)) => {
                ArrivingMember { name, ..unchanged(self.resolved(*step)) }
            }
            (None, OtherSteps::Pairs { sent: pairs, values }) => {
                ArrivingMember { entries: pairs == sent, ..unchanged(self.resolved(*values)) }
            }
        }
    }

    /// Returns the step of the element at `index`, or of the value of each pair.
    pub(crate) fn element(&self, step: StreamStep, index: usize) -> StreamStep {
        match self.plan.steps.get(step) {
            Some(Step::Array { first, items }) => {
                self.resolved(first.get(index).copied().unwrap_or(*items))
            }
            Some(Step::Tuple { first, .. }) => {
                self.resolved(first.get(index).copied().unwrap_or(SAME))
            }
            Some(Step::Pairs { values }) => self.resolved(*values),
            _ => SAME,
        }
    }
}
