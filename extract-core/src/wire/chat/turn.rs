//! The fields of the model's turn that some servers want back: reasoning text, reasoning details and
//! content chunks.

use serde_json::{Map, Value, json};

use crate::conversation::{Delta, ProviderError, ProviderState};
use crate::wire::{lenient, parse};

/// The protocol's name in [`ProviderState`].
pub(super) const STATE: &str = "chat";

/// The fields so far.
#[derive(Debug, Default)]
pub(super) struct Turn {
    reasoning_content: String,
    reasoning_details: Vec<Value>,
    /// The content, if the server sends it as a list of chunks.
    chunks: Vec<Value>,
    has_thinking_chunks: bool,
}

impl Turn {
    /// Adds reasoning text.
    pub(super) fn push_reasoning(&mut self, text: &str) {
        self.reasoning_content.push_str(text);
    }

    /// Adds a reasoning detail, or a piece of one.
    ///
    /// # Errors
    /// The reply has too many of them.
    pub(super) fn push_detail(&mut self, detail: Value) -> Result<(), ProviderError> {
        merge_detail(&mut self.reasoning_details, detail);
        parse::check_parts(self.reasoning_details.len())
    }

    /// Adds text. Only text after a thinking chunk has to be kept.
    pub(super) fn push_text(&mut self, text: &str) {
        if self.has_thinking_chunks {
            self.chunks.push(json!({"type": "text", "text": text}));
        }
    }

    /// Adds a content chunk.
    pub(super) fn push_chunk(&mut self, chunk: Value) {
        self.has_thinking_chunks |= lenient::text_at(&chunk, "/type") == Some("thinking");
        self.chunks.push(chunk);
    }

    /// Takes the fields out, as the state to keep in the reply. `None` if there are none.
    pub(super) fn state(&mut self) -> Option<ProviderState> {
        let mut turn = Map::new();
        if !self.reasoning_content.is_empty() {
            let text = std::mem::take(&mut self.reasoning_content);
            turn.insert(String::from("reasoning_content"), text.into());
        }
        if !self.reasoning_details.is_empty() {
            let details = std::mem::take(&mut self.reasoning_details);
            turn.insert(String::from("reasoning_details"), details.into());
        }
        if self.has_thinking_chunks {
            let mut chunks: Vec<Value> = Vec::new();
            for chunk in std::mem::take(&mut self.chunks) {
                merge_chunk(&mut chunks, chunk);
            }
            turn.insert(String::from("content"), chunks.into());
        }
        (!turn.is_empty()).then(|| ProviderState::new(STATE, Value::Object(turn).to_string()))
    }
}

/// Returns the delta of a content chunk. `None` if it holds neither text nor thinking.
pub(super) fn chunk_delta(chunk: &Value) -> Option<Delta> {
    if let Some(thinking) = chunk.get("thinking") {
        let text: String = match thinking {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()
            }
            _ => return None,
        };
        return (!text.is_empty()).then_some(Delta::Reasoning(text));
    }
    lenient::non_empty_at(chunk, "/text").map(Delta::Text)
}

/// Merges a piece of a reasoning detail into the detail of the same index and type, or adds it.
fn merge_detail(details: &mut Vec<Value>, detail: Value) {
    let same = |known: &Value| {
        known.get("index").is_some_and(|index| detail.get("index") == Some(index))
            && known.get("type") == detail.get("type")
    };
    let Some(known) = details.iter_mut().rev().find(|known| same(known)) else {
        details.push(detail);
        return;
    };
    let (Value::Object(known), Value::Object(detail)) = (known, detail) else { return };
    for (key, value) in detail {
        match (known.get_mut(&key), value) {
            (Some(Value::String(text)), Value::String(more))
                if matches!(key.as_str(), "text" | "summary" | "data") =>
            {
                text.push_str(&more);
            }
            (_, Value::Null) => {}
            (_, value) => {
                known.insert(key, value);
            }
        }
    }
}

/// Adds a content chunk. It is merged with the last one if both are of the same kind.
fn merge_chunk(chunks: &mut Vec<Value>, chunk: Value) {
    let kind = lenient::text_at(&chunk, "/type").unwrap_or("text").to_owned();
    if let Some(last) = chunks.last_mut() {
        if lenient::text_at(last, "/type") == Some(kind.as_str()) {
            if let (Some(Value::String(text)), Some(Value::String(more))) =
                (last.get_mut("text"), chunk.get("text"))
            {
                text.push_str(more);
                return;
            }
            if let (Some(Value::Array(parts)), Some(Value::Array(more))) =
                (last.get_mut("thinking"), chunk.get("thinking"))
            {
                for part in more {
                    merge_chunk(parts, part.clone());
                }
                return;
            }
        }
    }
    chunks.push(chunk);
}
