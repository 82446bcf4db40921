//! Where in the value the reply is: the containers that are open and followed, and the spot that the
//! next value goes to.

use serde_json::{Map, Value};

use super::stream_transform::StreamStep;
use crate::contract::shape::ShapeId;
use crate::partial::value::{Seed, Tagging, VariantContent};

/// Where a value goes that is about to come. Its place is at the end of the path.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueTarget {
    pub(super) seed: Seed,
    pub(super) shape: ShapeId,
    pub(super) step: StreamStep,
    /// It is shown only when it is complete.
    pub(super) whole: bool,
    /// A null here says that it is left out.
    pub(super) null_is_absent: bool,
    pub(super) role: ParentRole,
}

/// What a value is to the container that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ParentRole {
    /// A part with a place of its own.
    Part,
    /// The wrapping of the whole value.
    Wrapping,
    /// What the variant holds whose enum is at the end of the path.
    Content(VariantContent),
    /// The name of the variant.
    Tag,
    /// A member that belongs to the flattened fields.
    Flat,
    /// A list of pairs that belong to the flattened fields.
    Entries,
    /// One pair of a map that is sent as a list.
    Pair,
    /// The key of a pair.
    Key,
    /// Nothing that is shown.
    Passed,
}

impl ValueTarget {
    pub(super) const PASSED: Self = Self {
        seed: Seed::Whole,
        shape: 0,
        step: 0,
        whole: false,
        null_is_absent: false,
        role: ParentRole::Passed,
    };
}

/// A container that is followed.
#[derive(Debug)]
pub(super) struct OpenContainer {
    /// How long the path is to the place of the value,
    pub(super) base: usize,
    /// and to the place with the parts: further in where newtypes are around them.
    pub(super) depth: usize,
    pub(super) inside: ContainerKind,
    /// Where the value went, to start over with it.
    pub(super) spot: ValueTarget,
    /// The shape that its members are looked up in.
    pub(super) shape: ShapeId,
    pub(super) step: StreamStep,
    /// The member or element that is expected next: in the schema,
    pub(super) expected: usize,
    /// and among the parts.
    pub(super) hint: usize,
    /// It is not shown before it has what it is required to have.
    pub(super) waits: bool,
    /// Members that are no fields belong to a flattened one.
    pub(super) flat: bool,
    /// Where it began in the source.
    pub(super) at: usize,
    /// The members of its flattened fields.
    pub(super) rest: Option<Box<Map<String, Value>>>,
}

/// What a followed container is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContainerKind {
    Wrapping,
    Fields,
    Positions,
    List,
    Map,
    /// A map that is sent as a list of pairs,
    Pairs,
    /// and one of these. Its entry is at the end of the path once the key is known.
    Pair,
    /// Positions that are sent as an object.
    Places,
    External,
    /// The variant's name is the member of this name; its fields are the others.
    Internal(&'static str),
    /// The variant's name, and what it holds, are the members of these names.
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

/// What becomes of the string that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) enum TextTarget {
    Passed,
    Key,
    /// It is shown as it grows. Its place begins this deep in the path.
    Grows(usize),
    /// It is converted when it is whole.
    Held(ValueTarget),
}
