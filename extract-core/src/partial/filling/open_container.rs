//! The position in the value: the open containers that are followed, and the target of the next value.

use serde_json::{Map, Value};

use super::stream_transform::StreamStep;
use crate::contract::shape::ShapeId;
use crate::partial::value::{Seed, Tagging, VariantContent};

/// The target of a value that is about to begin. Its node is at the end of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueTarget {
    pub(super) seed: Seed,
    pub(super) shape: ShapeId,
    pub(super) step: StreamStep,
    /// Whether the value is shown only when it is complete.
    pub(super) whole: bool,
    /// Whether `null` means that the member is absent.
    pub(super) null_is_absent: bool,
    pub(super) role: ParentRole,
}

/// The role of a value in its container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParentRole {
    /// A part with its node at the end of the path.
    Part,
    /// The wrapper object of the whole value.
    Wrapping,
    /// The data of the chosen variant of the enum at the end of the path.
    Content(VariantContent),
    /// The tag of an enum.
    Tag,
    /// A member that belongs to the flattened fields.
    Flat,
    /// A list of pairs that are members of the flattened fields.
    Entries,
    /// A pair of a map that is sent as a list.
    Pair,
    /// The key of a pair.
    Key,
    /// The value is skipped.
    Passed,
}

impl ValueTarget {
    /// A target that skips the value.
    pub(super) const PASSED: Self = Self {
        seed: Seed::Whole,
        shape: 0,
        step: 0,
        whole: false,
        null_is_absent: false,
        role: ParentRole::Passed,
    };
}

/// An open container that is followed.
#[derive(Debug)]
pub(super) struct OpenContainer {
    /// The length of the path to the container's node.
    pub(super) base: usize,
    /// The length of the path to the node with the parts: more than `base` inside newtypes.
    pub(super) depth: usize,
    pub(super) inside: ContainerKind,
    /// The target of the container, to gather it from its beginning if it cannot be followed.
    pub(super) target: ValueTarget,
    /// The shape in which its members are looked up.
    pub(super) shape: ShapeId,
    pub(super) step: StreamStep,
    /// The index in the schema of the member or element that is expected next.
    pub(super) expected: usize,
    /// The index among the parts of the member that is expected next.
    pub(super) expected_part: usize,
    /// Whether the container is hidden until its required fields have arrived.
    pub(super) waits: bool,
    /// Whether members without a field belong to a flattened field.
    pub(super) flat: bool,
    /// The byte offset of its beginning in the source.
    pub(super) at: usize,
    /// The members of its flattened fields so far.
    pub(super) rest: Option<Box<Map<String, Value>>>,
}

/// The kind of a followed container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerKind {
    Wrapping,
    Fields,
    Positions,
    List,
    Map,
    /// A map that is sent as a list of pairs.
    Pairs,
    /// A pair of such a list. Its entry is at the end of the path once the key has arrived.
    Pair,
    /// A tuple that is sent as an object.
    TupleObject,
    External,
    /// An enum: the member of this name is the tag, the others are the variant's fields.
    Internal(&'static str),
    /// An enum: the members of these names are the tag and the variant's data.
    Adjacent(&'static str, &'static str),
}

impl From<Tagging> for ContainerKind {
    fn from(tagging: Tagging) -> Self {
        match tagging {
            Tagging::External => Self::External,
            Tagging::Internal(tag) => Self::Internal(tag),
            Tagging::Adjacent(tag, content) => Self::Adjacent(tag, content),
        }
    }
}

/// The destination of the string that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum TextTarget {
    /// The string is skipped.
    Passed,
    /// The string is a key.
    Key,
    /// The string is shown while it grows. Holds the length of the path to its outermost node.
    Grows(usize),
    /// The string is converted when it is whole.
    Held(ValueTarget),
}
