//! The plan read step by step, for a value that is still arriving: what stays in its place can be
//! followed, and so can pairs, places and the branches of a tagged enum; what becomes text is turned
//! back when it is whole.

use serde_json::Value;

use crate::contract::dialect::Lowered;
use crate::contract::dialect::plan::{Branch, KEY, OtherSteps, SAME, Step, StepId, VALUE};

/// The step of a value that is arriving.
pub(crate) type StreamStep = StepId;

/// A member of an object that is arriving.
pub(crate) struct ArrivingMember<'a> {
    /// Its own name.
    pub(crate) name: &'a str,
    pub(crate) step: StreamStep,
    /// A null here says that it is left out.
    pub(crate) null_is_absent: bool,
    /// It is the list of pairs that hold the other members of the object.
    pub(crate) entries: bool,
}

/// Where the parts of a container are found that is arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartsLayout {
    /// Where they are in the type's own shape.
    InPlace,
    /// A map: in a list of pairs.
    Pairs,
    /// A tuple: in an object, under the numbers of their places.
    Places,
    /// In one of the branches of an enum, told by its name or tag.
    Branches,
}

/// What tells the variant of an enum.
#[derive(Debug, Clone, Copy)]
pub(crate) enum VariantTag<'a> {
    /// The key that its data was sent under.
    Key(&'a str),
    /// The member that was sent under the first name, which says the second.
    Tag(&'a str, &'a str),
}

/// The key of a pair, once it has come.
pub(crate) fn key_of(value: Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

/// A pair that is whole.
pub(crate) fn pair_of(value: Value) -> Option<(String, Value)> {
    let Value::Object(mut pair) = value else { return None };
    let (Some(key), Some(value), 0) =
        (pair.shift_remove(KEY), pair.shift_remove(VALUE), pair.len())
    else {
        return None;
    };
    Some((key_of(key)?, value))
}

/// Whether a member of a pair is its key; none where it is neither that nor the value.
pub(crate) fn is_key(sent: &str) -> Option<bool> {
    [KEY, VALUE].contains(&sent).then_some(sent == KEY)
}

impl Lowered {
    /// The step of the whole value.
    pub(crate) fn root_step(&self) -> StreamStep {
        self.resolved(self.plan.root)
    }

    fn resolved(&self, mut step: StepId) -> StepId {
        // A chain of definitions is short, and may be a loop.
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

    /// Where the parts of an object or a list are found; none where it is turned back when it is
    /// whole.
    pub(crate) fn layout(&self, step: StreamStep, list: bool) -> Option<PartsLayout> {
        match self.plan.steps.get(step) {
            None | Some(Step::Same) => Some(PartsLayout::InPlace),
            Some(Step::Array { .. }) => list.then_some(PartsLayout::InPlace),
            Some(Step::Object { .. }) => (!list).then_some(PartsLayout::InPlace),
            Some(Step::Pairs { .. }) => list.then_some(PartsLayout::Pairs),
            Some(Step::Tuple { .. }) => (!list).then_some(PartsLayout::Places),
            Some(Step::Union(_)) => (!list).then_some(PartsLayout::Branches),
            _ => None,
        }
    }

    /// The branch of an enum that was told, as what it is in the end: an object of the variant.
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
        // What is under no branch that changes is in one that does not.
        found.or(matches!(tag, VariantTag::Key(_)).then_some(SAME))
    }

    /// Whether it is this branch; none where that cannot be said.
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

    /// Whether nothing at all is changed here, whatever the value.
    pub(crate) fn is_same(step: StreamStep) -> bool {
        step == SAME
    }

    /// The member that was sent under this name.
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

    /// The element of this index, or the value of each pair.
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
