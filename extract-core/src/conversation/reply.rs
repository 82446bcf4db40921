//! The reply of a model.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Message, Part, ProviderState, Role, TokenLogprob, ToolCall, Usage, Usd};

/// A block of a [`Reply`]. The answer need not be the first block: see [`Reply::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Text of the answer.
    Text(String),
    /// Text that accompanies the answer but is not part of it.
    Commentary(String),
    /// A tool call.
    ToolCall(ToolCall),
    /// Reasoning that the provider shows.
    Reasoning(String),
    /// The text of the model's refusal to answer.
    Refusal(String),
}

/// The reason why a reply ended, with the same values for all providers.
///
/// ```
/// use extract_llm::conversation::StopReason;
///
/// assert_eq!(StopReason::Length.to_string(), "length");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The model finished its answer.
    Stop,
    /// The model called a tool.
    ToolCalls,
    /// The reply was cut off at a limit of output tokens.
    Length,
    /// The reply was cut off because the conversation and the reply fill the model's context window.
    ContextWindow,
    /// The provider's content filter stopped the reply.
    ContentFilter,
    /// The model refused to answer.
    Refusal,
    /// The provider reported no reason.
    Unstated,
    /// Any other reason, in the provider's spelling.
    Other(String),
}

impl std::fmt::Display for StopReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Stop => "stop",
            Self::ToolCalls => "tool_calls",
            Self::Length => "length",
            Self::ContextWindow => "context_window",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Unstated => "unstated",
            Self::Other(raw) => raw,
        })
    }
}

/// A complete reply.
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
    /// The blocks, in order.
    pub blocks: Vec<Block>,
    /// The reason why the reply ended.
    pub stop: StopReason,
    /// The reason in the provider's spelling, if it reports one.
    pub raw_stop: Option<String>,
    /// The tokens, if the provider reports them.
    pub usage: Option<Usage>,
    /// The usage as the provider reports it.
    pub raw_usage: Option<Value>,
    /// The price, if the provider reports it.
    pub cost: Option<Usd>,
    /// The name of the model that answered. It may differ from the requested one.
    pub model: Option<String>,
    /// The provider's id of the request, for its support.
    pub request_id: Option<String>,
    /// The number of transport retries before this reply. The default is 0.
    pub transport_retries: u32,
    /// The tokens of the text with their log-probabilities, if they were
    /// [asked for](super::Settings::logprobs) and the server sends them. Otherwise empty.
    pub logprobs: Vec<TokenLogprob>,
    /// The turn in the provider's format, if it contains data that must be sent back.
    pub state: Option<ProviderState>,
}

impl Reply {
    /// Creates a reply from blocks and a stop reason, with nothing else set.
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
            logprobs: Vec::new(),
            state: None,
        }
    }

    /// Returns the concatenation of all text blocks.
    pub fn text(&self) -> String {
        self.blocks
            .iter()
            .filter_map(|block| match block {
                Block::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect()
    }

    /// Returns the tool calls, in order.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        self.blocks.iter().filter_map(|block| match block {
            Block::ToolCall(call) => Some(call),
            _ => None,
        })
    }

    /// Returns the text of the refusal, or `None` if the model did not refuse.
    pub fn refusal(&self) -> Option<&str> {
        self.blocks.iter().find_map(|block| match block {
            Block::Refusal(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Returns the reply as a message, for a re-ask that appends to it: text and tool calls in order, and
    /// the provider's state. Reasoning and refusals are left out.
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
