//! The blocks of a streamed reply that have begun and not ended, and the input of their tool calls.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::conversation::Delta;

/// Blocks by the index that the server gives them.
#[derive(Debug)]
pub(super) struct OpenBlocks<B>(BTreeMap<u64, B>);

impl<B> Default for OpenBlocks<B> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<B> OpenBlocks<B> {
    /// Opens a block.
    pub(super) fn open(&mut self, index: u64, block: B) {
        self.0.insert(index, block);
    }

    /// Returns the open block of this index.
    pub(super) fn get_mut(&mut self, index: u64) -> Option<&mut B> {
        self.0.get_mut(&index)
    }

    /// Removes and returns the open block of this index.
    pub(super) fn close(&mut self, index: u64) -> Option<B> {
        self.0.remove(&index)
    }

    /// Removes and returns all open blocks, in the order of their indices.
    pub(super) fn close_all(&mut self) -> Vec<B> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}

/// The input of a tool call that arrives in fragments of JSON text.
#[derive(Debug, Default)]
pub(super) struct ToolInput {
    /// The index of the call in the reply. `None` for calls that the server answers itself: their
    /// input is collected and not passed on.
    pub(super) call: Option<usize>,
    text: String,
}

impl ToolInput {
    /// Starts the input of a call.
    pub(super) fn of(call: Option<usize>) -> Self {
        Self { call, text: String::new() }
    }

    /// Appends a fragment and its delta.
    pub(super) fn push(&mut self, fragment: &str, deltas: &mut Vec<Delta>) {
        self.text.push_str(fragment);
        if let (Some(index), false) = (self.call, fragment.is_empty()) {
            deltas.push(Delta::Arguments { index, fragment: fragment.to_owned() });
        }
    }

    /// Completes the input of a call that had no fragments: with `whole`, or else with an empty
    /// object. Returns whether it did.
    pub(super) fn complete(&mut self, whole: Option<String>, deltas: &mut Vec<Delta>) -> bool {
        let lacking = self.call.is_some() && self.text.is_empty();
        if lacking {
            self.push(&whole.unwrap_or_else(|| String::from("{}")), deltas);
        }
        lacking
    }

    /// Returns the input so far as an object. `None` if it is not one.
    pub(super) fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.text).ok()
    }

    /// Whether no fragment has come.
    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}
