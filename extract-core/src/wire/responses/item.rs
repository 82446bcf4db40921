//! The items of a reply: messages, tool calls and reasoning.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::conversation::{Delta, ProviderError};
use crate::wire::{lenient, parse};

/// The protocol's name in [`ProviderState`](crate::conversation::ProviderState).
pub(super) const STATE: &str = "responses";

/// An item as the server sends it.
#[derive(Deserialize)]
pub(super) struct Item {
    #[serde(default, deserialize_with = "lenient::text")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    role: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    phase: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) call_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "lenient::arguments")]
    arguments: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    input: Option<String>,
    content: Option<Value>,
    summary: Option<Value>,
    encrypted_content: Option<Value>,
}

impl Item {
    /// Parses an item.
    pub(super) fn parse(raw: &RawValue) -> Result<Self, ProviderError> {
        parse::element(raw, "an item of a response")
    }

    /// Returns the type of the item.
    fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }

    /// Whether this is a call of a function or of a custom tool.
    pub(super) fn is_call(&self) -> bool {
        matches!(self.kind(), "function_call" | "custom_tool_call")
    }

    /// Whether this is a message of the model. `responses/compact` repeats messages of the user.
    fn is_answer(&self) -> bool {
        self.kind() == "message" && self.role.as_deref().unwrap_or("assistant") == "assistant"
    }

    /// Whether this message is not part of the answer.
    pub(super) fn is_commentary(&self) -> bool {
        self.phase.as_deref().is_some_and(|phase| phase != "final_answer")
    }

    /// Returns the complete texts of the item.
    pub(super) fn texts(&self) -> Vec<(TextKind, String)> {
        if self.is_call() {
            let arguments = self.arguments.as_ref().or(self.input.as_ref());
            return vec![(TextKind::Arguments, arguments.cloned().unwrap_or_default())];
        }
        if self.is_answer() {
            return vec![
                (TextKind::Text, joined(self.content.as_ref(), "text", "")),
                (TextKind::Refusal, joined(self.content.as_ref(), "refusal", "")),
            ];
        }
        if self.is_reasoning() {
            let summary = joined(self.summary.as_ref(), "text", "\n\n");
            let content = || joined(self.content.as_ref(), "text", "");
            let text = if summary.is_empty() { content() } else { summary };
            return vec![(TextKind::Reasoning, text)];
        }
        Vec::new()
    }

    /// Returns the lists of log-probabilities of an answer, one for each part with text.
    pub(super) fn logprobs(&self) -> impl Iterator<Item = &Value> {
        let parts = self.content.as_ref().filter(|_| self.is_answer()).and_then(Value::as_array);
        parts.into_iter().flatten().filter_map(|part| part.get("logprobs"))
    }

    fn is_reasoning(&self) -> bool {
        self.kind() == "reasoning"
    }

    /// Whether this is reasoning without the encrypted content that makes it replayable.
    pub(super) fn is_unreadable(&self) -> bool {
        let encrypted = self.encrypted_content.as_ref().and_then(Value::as_str);
        self.is_reasoning() && encrypted.is_none_or(str::is_empty)
    }

    /// Whether the turn has to be replayed because of this item.
    pub(super) fn needs_replay(&self) -> bool {
        !(self.is_call() || (self.is_answer() && self.phase.is_none()))
    }
}

/// Joins the texts of a list of parts. A string instead of the list is the text itself.
fn joined(list: Option<&Value>, key: &str, between: &str) -> String {
    match list {
        Some(Value::String(text)) if key == "text" => text.clone(),
        Some(Value::Array(parts)) => {
            let texts = parts.iter().filter_map(|part| part.get(key)?.as_str());
            texts.collect::<Vec<_>>().join(between)
        }
        _ => String::new(),
    }
}

/// The kinds of text that an item holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    Text,
    Refusal,
    Reasoning,
    Arguments,
}

/// The state of an item that an event announced.
#[derive(Debug, Default)]
pub(super) struct ItemState {
    pub(super) id: String,
    pub(super) output_index: Option<String>,
    pub(super) commentary: bool,
    /// The index of the call, if it is one.
    pub(super) call: Option<usize>,
    /// What was sent of each kind of text.
    text: Sent,
    refusal: Sent,
    reasoning: Sent,
    arguments: Sent,
    /// Whether the complete item has come.
    pub(super) done: bool,
    /// Whether the complete item differs from its deltas.
    pub(super) differs: bool,
}

/// The text of one kind that was sent: its bytes, and their checksum.
#[derive(Debug, Default)]
struct Sent {
    length: usize,
    checksum: crc32fast::Hasher,
}

impl ItemState {
    /// Creates the state of an item. No text of it has been sent.
    pub(super) fn new(id: Option<String>, output_index: Option<String>) -> Self {
        Self { id: id.unwrap_or_default(), output_index, ..Self::default() }
    }

    fn sent(&self, kind: TextKind) -> &Sent {
        match kind {
            TextKind::Text => &self.text,
            TextKind::Refusal => &self.refusal,
            TextKind::Reasoning => &self.reasoning,
            TextKind::Arguments => &self.arguments,
        }
    }

    /// Whether text of this kind was sent.
    pub(super) fn has_sent(&self, kind: TextKind) -> bool {
        self.sent(kind).length > 0
    }

    /// Returns the part of the complete text that was not sent. `None` if the text does not begin with
    /// the text that was sent.
    pub(super) fn rest<'t>(&self, kind: TextKind, complete: &'t str) -> Option<&'t str> {
        let known = self.sent(kind);
        let (sent, rest) = complete.split_at_checked(known.length)?;
        (crc32fast::hash(sent.as_bytes()) == known.checksum.clone().finalize()).then_some(rest)
    }

    /// Counts more text and returns its delta. `None` for empty text.
    pub(super) fn push(&mut self, kind: TextKind, text: &str) -> Option<Delta> {
        if text.is_empty() {
            return None;
        }
        let sent = match kind {
            TextKind::Text => &mut self.text,
            TextKind::Refusal => &mut self.refusal,
            TextKind::Reasoning => &mut self.reasoning,
            TextKind::Arguments => &mut self.arguments,
        };
        sent.length += text.len();
        sent.checksum.update(text.as_bytes());
        let text = text.to_owned();
        Some(match kind {
            TextKind::Text if self.commentary => Delta::Commentary(text),
            TextKind::Text => Delta::Text(text),
            TextKind::Refusal => Delta::Refusal(text),
            TextKind::Reasoning => Delta::Reasoning(text),
            TextKind::Arguments => Delta::Arguments { index: self.call?, fragment: text },
        })
    }
}
