//! The untyped inside of a [`Partial`](super::Partial): what has come of one value, and how it
//! begins. Everything that fills, compares or writes partial values works on places, whatever the
//! type, so that it is compiled once.

use serde_json::{Number, Value};

use super::PartialFields;

/// How far a value has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum State {
    /// Nothing can be shown yet.
    #[default]
    Pending,
    /// It has begun, and more may come.
    Incomplete,
    /// It has come to its end.
    Complete,
}

/// What has come of one value.
#[derive(Debug, Clone, Default)]
#[doc(hidden)]
pub struct PartialNode {
    pub(crate) store: NodeValue,
    pub(crate) state: State,
    /// Nothing that it is required to have is missing.
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
    /// What is not followed into its parts.
    Json(Box<Value>),
    Parts(Box<dyn PartialFields>),
}

/// How the partial form of a type begins.
#[derive(Debug, Clone, Copy)]
#[doc(hidden)]
pub enum Seed {
    /// It appears when it is whole.
    Whole,
    /// It grows as text.
    Text,
    /// It has parts that appear one by one.
    Parts(fn() -> Box<dyn PartialFields>),
}

impl PartialNode {
    /// Nothing has come.
    pub const NEW: Self = Self { store: NodeValue::Nothing, state: State::Pending, shown: false };

    /// How far it has come, as far as it is shown.
    #[inline]
    pub(crate) fn state(&self) -> State {
        if self.shown { self.state } else { State::Pending }
    }

    /// Its parts, if they are shown and of this kind.
    #[doc(hidden)]
    pub fn parts<P: PartialFields>(&self) -> Option<&P> {
        match &self.store {
            NodeValue::Parts(parts) if self.shown => parts.any().downcast_ref(),
            _ => None,
        }
    }

    pub(crate) fn parts_mut(&mut self) -> Option<&mut Box<dyn PartialFields>> {
        match &mut self.store {
            NodeValue::Parts(parts) => Some(parts),
            _ => None,
        }
    }

    /// Makes the parts, if there are to be any and none are there.
    pub(crate) fn start(&mut self, seed: Seed) {
        match (seed, &self.store) {
            (Seed::Parts(begin), NodeValue::Nothing) => self.store = NodeValue::Parts(begin()),
            (Seed::Text, NodeValue::Nothing) => self.store = NodeValue::Text(String::new()),
            _ => {}
        }
    }

    /// Whether it has a value other than null that is shown.
    pub(crate) fn has_value(&self) -> bool {
        self.state() != State::Pending && !matches!(self.store, NodeValue::Null)
    }
}
