//! What a model answered.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Message, Part, ProviderState, Role, ToolCall, Usage, Usd};

/// A piece of a [`Reply`]. The answer is never "the first block": see [`Reply::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Text that is meant for the caller.
    Text(String),
    /// Text that is said on the way to the answer and is not part of it.
    Commentary(String),
    /// A tool call.
    ToolCall(ToolCall),
    /// Thinking that the provider shows.
    Reasoning(String),
    /// The model says that it will not answer.
    Refusal(String),
}

/// Why a reply ended, normalised over providers.
///
/// ```
/// use extract_llm::conversation::StopReason;
///
/// assert_eq!(StopReason::Length.to_string(), "length");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The model was done.
    Stop,
    /// The model called a tool.
    ToolCalls,
    /// The reply was cut off at a limit on its length.
    Length,
    /// The provider's content filter cut in.
    ContentFilter,
    /// The model refused.
    Refusal,
    /// The provider gave none.
    Unstated,
    /// A reason that has no name here, as the provider wrote it.
    Other(String),
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stop => "stop",
            Self::ToolCalls => "tool_calls",
            Self::Length => "length",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Unstated => "unstated",
            Self::Other(raw) => raw,
        })
    }
}

/// A whole reply.
///
/// ```
/// use extract_llm::conversation::{Block, Reply, StopReason};
///
/// let blocks = vec![Block::Reasoning("Hm.".into()), Block::Text("Seven.".into())];
/// let reply = Reply::new(blocks, StopReason::Stop);
/// assert_eq!(reply.text(), "Seven.");
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reply {
    /// What was said, in order.
    pub blocks: Vec<Block>,
    /// Why it ended.
    pub stop: StopReason,
    /// The provider's own word for why it ended.
    pub raw_stop: Option<String>,
    /// Tokens, where the provider counts them.
    pub usage: Option<Usage>,
    /// The usage as the provider wrote it.
    pub raw_usage: Option<Value>,
    /// The price, where the provider states it.
    pub cost: Option<Usd>,
    /// The model that answered, which may be another than was asked.
    pub model: Option<String>,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
    /// How often the request was sent again before this reply came.
    pub transport_retries: u32,
    /// The turn in the provider's own form, where it holds what must be replayed.
    pub state: Option<ProviderState>,
}

impl Reply {
    /// A reply of these blocks.
    pub fn new(blocks: Vec<Block>, stop: StopReason) -> Self {
        Self {
            blocks,
            stop,
            raw_stop: None,
            usage: None,
            raw_usage: None,
            cost: None,
            model: None,
            request_id: None,
            transport_retries: 0,
            state: None,
        }
    }

    /// All text blocks, joined.
    pub fn text(&self) -> String {
        self.blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The tool calls, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.blocks.iter().filter_map(|block| match block {
            Block::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// The words of a refusal, if the model refused.
    pub fn refusal(&self) -> Option<&str> {
        self.blocks.iter().find_map(|block| match block {
            Block::Refusal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The turn of the conversation that this reply is, for a re-ask that appends to it: its blocks
    /// in their order, and the provider's state.
    pub fn to_message(&self) -> Message {
        let parts = self.blocks.iter().filter_map(|block| match block {
            Block::Text(text) | Block::Commentary(text) => {
                Some(Part::Text(Arc::from(text.as_str())))
            }
            Block::ToolCall(call) => Some(Part::ToolCall(call.clone())),
            Block::Reasoning(_) | Block::Refusal(_) => None,
        });
        let state = self.state.clone().map(Part::State);
        Message::new(Role::Assistant, parts.chain(state))
    }
}
