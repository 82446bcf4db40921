//! A reply as it arrives, and the one place where its pieces are put together: a reply that came
//! whole and one that came in pieces go through the same [`Assembly`].

use serde_json::Value;

use super::reply::{Block, Reply, StopReason};
use super::{ProviderError, ProviderErrorKind, ProviderState, ToolCall, Usage, Usd};

/// A piece of a reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// More text.
    Text(String),
    /// More text that is said on the way and is not the answer.
    Commentary(String),
    /// More thinking.
    Reasoning(String),
    /// More of a refusal.
    Refusal(String),
    /// A tool call begins.
    ToolCall {
        /// Which call of the reply, from 0.
        index: usize,
        /// The provider's id of it; empty where the provider gives none.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a tool call's arguments, as JSON text.
    Arguments {
        /// Which call of the reply, from 0.
        index: usize,
        /// The text.
        fragment: String,
    },
    /// What the reply cost so far; the last one counts.
    Usage {
        /// The tokens.
        usage: Usage,
        /// The price, where the provider states it.
        cost: Option<Usd>,
        /// The usage as the provider wrote it.
        raw: Value,
    },
    /// The turn in the provider's own form, to be replayed.
    State(ProviderState),
    /// The reply is whole. A stream that ends without it was cut.
    Done(StreamEnd),
}

/// How a reply ended, and who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamEnd {
    /// Why it ended.
    pub stop: StopReason,
    /// The provider's own word for why.
    pub raw_stop: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// How often the request was sent again before this reply came.
    pub resent: u32,
}

impl StreamEnd {
    /// An ending of which only the reason is known.
    pub fn new(stop: StopReason) -> Self {
        Self { stop, raw_stop: None, model: None, request_id: None, resent: 0 }
    }
}

const WITHOUT_END: &str = "the reply ended without its end marker";
const WITHOUT_REASON: &str = "the stream ended without the provider's reason to stop";

fn interrupted(message: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Interrupted, message)
}

/// Puts a [`Reply`] together from its [`Delta`]s.
///
/// ```
/// use extract_llm::conversation::{Assembly, Delta, StreamEnd, StopReason};
///
/// let mut assembly = Assembly::new();
/// assembly.push(Delta::Text(String::from("Hel")));
/// assembly.push(Delta::Text(String::from("lo")));
/// assert!(assembly.clone().finish().is_err(), "the end is missing");
///
/// assembly.push(Delta::Done(StreamEnd::new(StopReason::Stop)));
/// assert_eq!(assembly.finish()?.text(), "Hello");
/// # Ok::<(), extract_llm::conversation::ProviderError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Assembly {
    blocks: Vec<Block>,
    /// Where the call of each index stands in `blocks`.
    calls: Vec<(usize, usize)>,
    usage: Option<(Usage, Option<Usd>, Value)>,
    state: Option<ProviderState>,
    ending: Option<StreamEnd>,
}

impl Assembly {
    /// The error of a stream that is over without the provider's reason to stop: it may have been cut
    /// off anywhere, however whole it looks.
    pub(crate) fn interruption(&self) -> Option<ProviderError> {
        match self.ending.as_ref().map(|ending| &ending.stop) {
            None => Some(interrupted(WITHOUT_END)),
            Some(StopReason::Unstated) => Some(interrupted(WITHOUT_REASON)),
            Some(_) => None,
        }
    }

    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in the next piece.
    pub fn push(&mut self, delta: Delta) {
        match delta {
            Delta::Text(more) => match self.blocks.last_mut() {
                Some(Block::Text(text)) => text.push_str(&more),
                _ => self.begin(Block::Text(more)),
            },
            Delta::Commentary(more) => match self.blocks.last_mut() {
                Some(Block::Commentary(text)) => text.push_str(&more),
                _ => self.begin(Block::Commentary(more)),
            },
            Delta::Reasoning(more) => match self.blocks.last_mut() {
                Some(Block::Reasoning(text)) => text.push_str(&more),
                _ => self.begin(Block::Reasoning(more)),
            },
            Delta::Refusal(more) => match self.blocks.last_mut() {
                Some(Block::Refusal(text)) => text.push_str(&more),
                _ => self.begin(Block::Refusal(more)),
            },
            Delta::ToolCall { index, id, name } => {
                let call = self.call(index);
                call.id = id;
                call.name = name;
            }
            Delta::Arguments { index, fragment } => {
                self.call(index).arguments.push_str(&fragment);
            }
            Delta::Usage { usage, cost, raw } => self.usage = Some((usage, cost, raw)),
            Delta::State(state) => self.state = Some(state),
            Delta::Done(ending) => self.ending = Some(ending),
        }
    }

    /// The reply, which must have ended.
    pub fn finish(self) -> Result<Reply, ProviderError> {
        let Some(ending) = self.ending else { return Err(interrupted(WITHOUT_END)) };
        let mut reply = Reply::new(self.blocks, ending.stop);
        reply.raw_stop = ending.raw_stop;
        reply.model = ending.model;
        reply.request_id = ending.request_id;
        reply.transport_retries = ending.resent;
        reply.state = self.state;
        if let Some((usage, cost, raw)) = self.usage {
            reply.usage = Some(usage);
            reply.cost = cost;
            reply.raw_usage = Some(raw);
        }
        Ok(reply)
    }

    /// What was said so far.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The tokens so far, where the provider counts them on the way.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(|(usage, ..)| *usage)
    }

    /// Whether anything was said so far.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A block that says nothing is none.
    fn begin(&mut self, block: Block) {
        let empty = match &block {
            Block::Text(text)
            | Block::Commentary(text)
            | Block::Reasoning(text)
            | Block::Refusal(text) => text.is_empty(),
            Block::ToolCall(_) => false,
        };
        if !empty {
            self.blocks.push(block);
        }
    }

    fn call(&mut self, index: usize) -> &mut ToolCall {
        let known = self.calls.iter().find(|(known, _)| *known == index).map(|(_, at)| *at);
        let at = known.unwrap_or_else(|| {
            self.calls.push((index, self.blocks.len()));
            self.blocks.push(Block::ToolCall(ToolCall::new("", "", "")));
            self.blocks.len() - 1
        });
        match &mut self.blocks[at] {
            Block::ToolCall(call) => call,
            _ => unreachable!("`calls` points at tool calls only"),
        }
    }
}

impl Reply {
    /// The reply as the deltas it could have come in.
    pub fn into_deltas(self) -> Vec<Delta> {
        let mut deltas = Vec::with_capacity(self.blocks.len() + 3);
        let mut calls = 0;
        for block in self.blocks {
            match block {
                Block::Text(text) => deltas.push(Delta::Text(text)),
                Block::Commentary(text) => deltas.push(Delta::Commentary(text)),
                Block::Reasoning(text) => deltas.push(Delta::Reasoning(text)),
                Block::Refusal(text) => deltas.push(Delta::Refusal(text)),
                Block::ToolCall(call) => {
                    deltas.push(Delta::ToolCall { index: calls, id: call.id, name: call.name });
                    deltas.push(Delta::Arguments { index: calls, fragment: call.arguments });
                    calls += 1;
                }
            }
        }
        if let Some(usage) = self.usage {
            let raw = self.raw_usage.unwrap_or_default();
            deltas.push(Delta::Usage { usage, cost: self.cost, raw });
        }
        deltas.extend(self.state.map(Delta::State));
        deltas.push(Delta::Done(StreamEnd {
            stop: self.stop,
            raw_stop: self.raw_stop,
            model: self.model,
            request_id: self.request_id,
            resent: self.transport_retries,
        }));
        deltas
    }
}
