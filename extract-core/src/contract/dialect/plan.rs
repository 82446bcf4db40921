//! The plan that converts values between the type's shape and the sent shape. Both directions read the
//! same plan, so they cannot differ.

use std::collections::BTreeMap;

use crate::schema::{Kinds, NodeId};

/// The index of a step in its plan.
pub(crate) type StepId = usize;

/// The step that changes nothing.
pub(crate) const SAME: StepId = 0;

/// The conversion of the values of one schema.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// The value is sent unchanged.
    Same,
    /// The step of the definition with this index.
    Definition(usize),
    /// An object with named properties.
    Object {
        members: BTreeMap<String, Member>,
        /// The properties that are sent under another name: the type's name by the sent name.
        renamed: BTreeMap<String, String>,
        rest: OtherSteps,
    },
    /// A list, sent as a list.
    Array { first: Vec<StepId>, items: StepId },
    /// A map, sent as a list of `{key, value}` objects.
    Pairs { values: StepId },
    /// A list, sent as an object with the members `"0"`, `"1"`, …, and `rest` for all later elements.
    Tuple { first: Vec<StepId>, rest: Option<StepId> },
    /// A value, sent as a string that holds JSON text.
    Text {
        /// Whether null is sent as text, too.
        null: bool,
    },
    /// A value of a recursive definition below the depth that is written out, sent as a string that
    /// holds JSON text.
    Cut(usize),
    /// A value of one of these branches.
    Union(Vec<Branch>),
    /// Any value, sent as the only member of an object.
    Wrapped { key: String, inner: StepId },
}

/// A named property.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    /// The name that is sent.
    pub(crate) sent: String,
    pub(crate) step: StepId,
    /// Whether `null` is sent for a missing property.
    pub(crate) filled: bool,
    /// Whether `null` in the reply means that the property is missing.
    pub(crate) null_is_absent: bool,
}

/// The conversion of properties that are not named.
#[derive(Debug, Clone)]
pub(crate) enum OtherSteps {
    /// Sent as properties, with this step for their values.
    Members(StepId),
    /// Sent as a list of pairs under the name `sent`.
    Pairs { sent: String, values: StepId },
}

/// One branch of a union: the values of these kinds that fit a node of the type's schema.
#[derive(Debug, Clone)]
pub(crate) struct Branch {
    pub(crate) node: NodeId,
    pub(crate) kinds: Kinds,
    pub(crate) step: StepId,
}

/// The member names of a pair.
pub(crate) const KEY: &str = "key";
pub(crate) const VALUE: &str = "value";

/// The member of a tuple object that holds the elements after the fixed ones.
pub(crate) const TUPLE_REST: &str = "rest";

/// The steps of a whole schema.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// The steps of the definitions, by their index.
    pub(crate) definitions: Vec<StepId>,
    pub(crate) root: StepId,
}

impl Plan {
    /// Returns whether every value is sent unchanged.
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
