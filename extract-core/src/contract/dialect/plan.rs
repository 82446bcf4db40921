//! How values change between a type's own shape and the shape that is sent: one plan, read in both
//! directions, so that they cannot drift apart.

use std::collections::BTreeMap;

use crate::schema::{Kinds, NodeId};

/// The index of a step in its plan.
pub(crate) type StepId = usize;

/// The step that changes nothing.
pub(crate) const SAME: StepId = 0;

/// What happens to a value of one schema.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Same,
    /// The step of a definition.
    Definition(usize),
    Object {
        members: BTreeMap<String, Member>,
        /// Names that are sent otherwise, by the name that is sent.
        renamed: BTreeMap<String, String>,
        rest: OtherSteps,
    },
    Array {
        first: Vec<StepId>,
        items: StepId,
    },
    /// A map, sent as a list of `{key, value}` objects.
    Pairs {
        values: StepId,
    },
    /// A list, sent as an object with the members `"0"`, `"1"`, …, and `rest` for what follows.
    Tuple {
        first: Vec<StepId>,
        rest: Option<StepId>,
    },
    /// A value, sent as a string that holds JSON text.
    Text {
        /// Whether null is sent as text too, not as null.
        null: bool,
    },
    /// One more value of a recursive definition, sent as a string that holds JSON text.
    Cut(usize),
    Union(Vec<Branch>),
    /// Any value, sent as the only member of an object.
    Wrapped {
        key: String,
        inner: StepId,
    },
}

/// A property that has a schema of its own.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) sent: String,
    pub(crate) step: StepId,
    /// Whether `null` is sent where the property is left out.
    pub(crate) filled: bool,
    /// Whether `null` means left out, for the property's own type does not accept it.
    pub(crate) null_is_absent: bool,
}

/// What happens to properties that have no schema of their own.
#[derive(Debug, Clone)]
pub(crate) enum OtherSteps {
    Members(StepId),
    /// Sent as a list of pairs under this name.
    Pairs {
        sent: String,
        values: StepId,
    },
}

/// One branch of a union: the values of these kinds that fit a node of the type's own schema.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) node: NodeId,
    pub(crate) kinds: Kinds,
    pub(crate) step: StepId,
}

/// The member names of a pair.
pub(crate) const KEY: &str = "key";
pub(crate) const VALUE: &str = "value";

/// The member of a tuple object that holds what follows its fixed places.
pub(crate) const TUPLE_REST: &str = "rest";

/// The steps of a whole schema.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) definitions: Vec<StepId>,
    pub(crate) root: StepId,
}

impl Plan {
    /// Whether every value stays as it is.
    pub(crate) fn is_identity(&self) -> bool {
        self.steps.iter().all(|step| match step {
            Step::Same | Step::Definition(_) | Step::Array { .. } | Step::Union(_) => true,
            Step::Object { members, renamed, rest } => {
                renamed.is_empty()
                    && matches!(rest, OtherSteps::Members(_))
                    && members.values().all(|member| !member.filled && !member.null_is_absent)
            }
            Step::Pairs { .. }
            | Step::Tuple { .. }
            | Step::Text { .. }
            | Step::Cut(_)
            | Step::Wrapped { .. } => false,
        })
    }
}
