//! The untyped content of a [`Partial`](super::Partial): the value so far, and its seed. The code that
//! fills, compares or writes partial values works on nodes, whatever the type, so that it is compiled
//! once.

use serde_json::{Number, Value};

use super::PartialFields;

/// The progress of a value that is still arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing can be shown yet. The default.
    #[default]
    Pending,
    /// The value has begun, and more of it may arrive.
    Incomplete,
    /// The value is complete.
    Complete,
}

/// The part of one value that has arrived.
#[derive(Debug, Clone, Default)]
#[doc(hidden)]
pub struct PartialNode {
    pub(crate) store: NodeValue,
    pub(crate) state: State,
    /// Whether the node is visible. A value with required fields is not before these have arrived.
    pub(crate) shown: bool,
}

/// The value so far, under the names and in the forms of its JSON.
#[derive(Debug, Clone, Default)]
pub(crate) enum NodeValue {
    #[default]
    Nothing,
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    /// A value whose parts are not shown one by one.
    Json(Box<Value>),
    Parts(Box<dyn PartialFields>),
}

/// The initial state of the partial form of a type.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum Seed {
    /// The value appears when it is whole.
    Whole,
    /// The value grows as text.
    Text,
    /// The value has parts that appear one by one. The function makes the empty parts.
    Parts(fn() -> Box<dyn PartialFields>),
}

impl PartialNode {
    /// A pending node.
    pub const NEW: Self = Self { store: NodeValue::Nothing, state: State::Pending, shown: false };

    /// Returns how much has arrived; [`State::Pending`] while the node is hidden.
    #[inline]
    pub(crate) fn state(&self) -> State {
        if self.shown { self.state } else { State::Pending }
    }

    /// Returns the parts. Returns `None` if they are hidden, do not exist or are not of type `P`.
    #[doc(hidden)]
    pub fn parts<P: PartialFields>(&self) -> Option<&P> {
        match &self.store {
            NodeValue::Parts(parts) if self.shown => parts.any().downcast_ref(),
            _ => None,
        }
    }

    /// Returns the parts, whether or not they are shown; `None` if the node has none.
    pub(crate) fn parts_mut(&mut self) -> Option<&mut Box<dyn PartialFields>> {
        match &mut self.store {
            NodeValue::Parts(parts) => Some(parts),
            _ => None,
        }
    }

    /// Makes the empty parts or the empty text that the seed asks for, if the node is still empty.
    pub(crate) fn start(&mut self, seed: Seed) {
        match (seed, &self.store) {
            (Seed::Parts(begin), NodeValue::Nothing) => self.store = NodeValue::Parts(begin()),
            (Seed::Text, NodeValue::Nothing) => self.store = NodeValue::Text(String::new()),
            _ => {}
        }
    }

    /// Whether the node shows a value other than `null`.
    pub(crate) fn has_value(&self) -> bool {
        self.state() != State::Pending && !matches!(self.store, NodeValue::Null)
    }
}
