//! The plan read step by step, for a value that is still arriving: what stays in its place can be
//! followed, what changes its shape is turned back when it is whole.

use serde_json::Value;

use super::lowered::Lowered;
use super::plan::{Rest, SAME, Step, StepId};
use super::turn::Turner;

/// The step of a value that is arriving.
pub(crate) type Follow = StepId;

/// A member of an object that is arriving.
pub(crate) struct Arriving<'a> {
    /// Its own name.
    pub(crate) name: &'a str,
    pub(crate) step: Follow,
    /// A null here says that it is left out.
    pub(crate) null_is_absent: bool,
}

impl Lowered {
    /// The step of the whole value.
    pub(crate) fn first(&self) -> Follow {
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

    /// Whether an object keeps its members where they are, or a list its elements.
    pub(crate) fn in_place(&self, step: Follow, list: bool) -> bool {
        match self.plan.steps.get(step) {
            None | Some(Step::Same) => true,
            Some(Step::Array { .. }) => list,
            Some(Step::Object { rest, .. }) => !list && matches!(rest, Rest::Members(_)),
            _ => false,
        }
    }

    /// Whether nothing at all is changed here, whatever the value.
    pub(crate) fn is_same(step: Follow) -> bool {
        step == SAME
    }

    /// The member that was sent under this name.
    pub(crate) fn member<'a>(&'a self, step: Follow, sent: &'a str) -> Arriving<'a> {
        let unchanged = |step| Arriving { name: sent, step, null_is_absent: false };
        let Some(Step::Object { members, renamed, rest }) = self.plan.steps.get(step) else {
            return unchanged(SAME);
        };
        let name = renamed.get(sent).map_or(sent, String::as_str);
        match (members.get(name), rest) {
            (Some(member), _) => Arriving {
                name,
                step: self.resolved(member.step),
                null_is_absent: member.null_is_absent,
            },
            (None, Rest::Members(step)) => Arriving { name, ..unchanged(self.resolved(*step)) },
            (None, Rest::Pairs { .. }) => unchanged(SAME),
        }
    }

    /// The element of this index.
    pub(crate) fn element(&self, step: Follow, index: usize) -> Follow {
        match self.plan.steps.get(step) {
            Some(Step::Array { first, items }) => {
                self.resolved(first.get(index).copied().unwrap_or(*items))
            }
            _ => SAME,
        }
    }

    /// A part that is whole, in the type's own shape.
    pub(crate) fn raise_part(&self, step: Follow, value: Value) -> Value {
        if step == SAME {
            return value;
        }
        Turner::new(&self.plan, &self.own, &self.schema, &value).raise(step, value)
    }
}
