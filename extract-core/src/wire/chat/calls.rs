//! Tool calls, which arrive in pieces.

use serde::Deserialize;

use crate::conversation::{Delta, ProviderError};
use crate::wire::{lenient, parse};

/// A call, or a piece of one.
#[derive(Deserialize)]
pub(super) struct CallDelta {
    /// The index of the call, if the server sends one.
    #[serde(default, deserialize_with = "lenient::index")]
    pub(super) index: Option<usize>,
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
    function: Option<Function>,
    custom: Option<Custom>,
}

/// The name of a function and its arguments.
#[derive(Deserialize)]
pub(super) struct Function {
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    /// JSON text; some servers send the object itself.
    #[serde(default, deserialize_with = "lenient::arguments")]
    arguments: Option<String>,
}

/// A call of a custom tool, whose input is plain text.
#[derive(Deserialize)]
struct Custom {
    #[serde(default, deserialize_with = "lenient::text")]
    name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    input: Option<String>,
}

impl CallDelta {
    /// Returns the delta of a call in the older form, of which there is at most one.
    pub(super) fn function(function: Function) -> Self {
        Self { index: Some(0), id: None, function: Some(function), custom: None }
    }
}

/// The calls of a reply so far.
#[derive(Debug, Default)]
pub(super) struct Calls(Vec<CallState>);

/// The state of one call.
#[derive(Debug, Default)]
struct CallState {
    /// The index in the server's numbering.
    wire_index: usize,
    id: String,
    /// The name; empty until it comes.
    name: String,
    arguments: ValueEnd,
}

/// Finds the end of an object or a list in JSON text that arrives in fragments.
#[derive(Debug, Default)]
struct ValueEnd {
    /// The number of open brackets.
    depth: usize,
    in_string: bool,
    escaped: bool,
    /// Whether the outermost bracket was closed.
    closed: bool,
}

impl ValueEnd {
    /// Reads the next fragment.
    fn push(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed |= self.depth == 0;
                }
                _ => {}
            }
        }
    }
}

impl Calls {
    /// Appends a piece to its call, or begins a call. Servers differ in the fields that they repeat: some
    /// send the index alone, some the id alone, some the same index for several calls with different
    /// ids, and some the name alone. `position` is the position of the piece in its chunk.
    ///
    /// # Errors
    /// The reply has too many calls.
    pub(super) fn push(
        &mut self,
        call: CallDelta,
        position: usize,
        deltas: &mut Vec<Delta>,
    ) -> Result<(), ProviderError> {
        let (name, fragment) = match (call.function, call.custom) {
            (Some(function), _) => (function.name, function.arguments),
            (None, Some(custom)) => (custom.name, custom.input),
            (None, None) => (None, None),
        };
        let id = call.id.unwrap_or_default();
        let name = name.unwrap_or_default();
        let same_id = |state: &CallState| id.is_empty() || state.id.is_empty() || state.id == id;
        let known = match call.index {
            Some(index) => self.0.iter().rposition(|state| {
                state.wire_index == index && (same_id(state) || name.is_empty())
            }),
            None if id.is_empty() && name.is_empty() => self.0.len().checked_sub(1),
            // The name alone continues a call whose arguments are not complete.
            None if id.is_empty() => self.0.len().checked_sub(1).filter(|_| {
                let continues = |last: &CallState| last.name == name && !last.arguments.closed;
                position == 0 && self.0.last().is_some_and(continues)
            }),
            None => self.0.iter().rposition(|state| state.id == id),
        };
        let index = known.unwrap_or_else(|| {
            let wire_index = call.index.unwrap_or(self.0.len() + position);
            self.0.push(CallState { wire_index, ..CallState::default() });
            self.0.len() - 1
        });
        parse::check_parts(self.0.len())?;
        let Some(entry) = self.0.get_mut(index) else { return Ok(()) };
        if entry.id.is_empty() {
            entry.id.clone_from(&id);
        }
        if known.is_none() || (entry.name.is_empty() && !name.is_empty()) {
            entry.name.clone_from(&name);
            deltas.push(Delta::ToolCall { index, id: entry.id.clone(), name });
        }
        if let Some(fragment) = fragment.filter(|fragment| !fragment.is_empty()) {
            entry.arguments.push(&fragment);
            deltas.push(Delta::Arguments { index, fragment });
        }
        Ok(())
    }
}
