//! The deltas of a reply that arrives, and their assembly. Replies that arrive whole and replies that are
//! streamed go through the same [`Assembly`].

use std::collections::BTreeMap;

use serde_json::Value;

use super::reply::{Block, Reply, StopReason};
use super::{ProviderError, ProviderErrorKind, ProviderState, TokenLogprob, ToolCall, Usage, Usd};

/// A fragment of a reply.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// More text of the answer.
    Text(String),
    /// More text that accompanies the answer but is not part of it.
    Commentary(String),
    /// More reasoning.
    Reasoning(String),
    /// More of a refusal.
    Refusal(String),
    /// A tool call begins.
    ToolCall {
        /// The index of the call in the reply, from 0.
        index: usize,
        /// The provider's id of the call; empty if it has none.
        id: String,
        /// The tool's name.
        name: String,
    },
    /// More of a tool call's arguments, as JSON text.
    Arguments {
        /// The index of the call in the reply, from 0.
        index: usize,
        /// The next part of the JSON text.
        fragment: String,
    },
    /// All blocks of the reply. They replace the blocks assembled from the deltas before. Sent if the
    /// provider's final form of the reply differs from its deltas.
    Blocks(Vec<Block>),
    /// The usage and cost of the reply so far. The last one replaces the others.
    Usage {
        /// The tokens so far.
        usage: Usage,
        /// The price, if the provider reports it.
        cost: Option<Usd>,
        /// The usage as the provider reports it.
        raw: Value,
    },
    /// More tokens of the answer's text, with their log-probabilities. They may come before or after the
    /// text.
    Logprobs(Vec<TokenLogprob>),
    /// The turn in the provider's format, to be sent back in later requests.
    State(ProviderState),
    /// The reply is complete. A stream that ends without it was interrupted.
    Done(StreamEnd),
}

impl Delta {
    /// Whether the delta brings the reply forward. Counts, empty texts and keep-alive events do not: a server
    /// may send them forever.
    pub(crate) fn is_progress(&self) -> bool {
        match self {
            Self::Text(text)
            | Self::Commentary(text)
            | Self::Reasoning(text)
            | Self::Refusal(text)
            | Self::Arguments { fragment: text, .. } => !text.is_empty(),
            Self::ToolCall { .. } | Self::Blocks(_) | Self::Done(_) => true,
            Self::Usage { .. } | Self::Logprobs(_) | Self::State(_) => false,
        }
    }
}

/// The end of a reply, with the model and the request that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamEnd {
    /// The reason why the reply ended.
    pub stop: StopReason,
    /// The reason in the provider's spelling, if it reports one.
    pub raw_stop: Option<String>,
    /// The name of the model that answered, if the provider reports it.
    pub model: Option<String>,
    /// The provider's id of the request, if it reports one.
    pub request_id: Option<String>,
    /// The number of transport retries before this reply. The default is 0.
    pub transport_retries: u32,
}

impl StreamEnd {
    /// Creates an end with a reason and nothing else.
    pub fn new(stop: StopReason) -> Self {
        Self { stop, raw_stop: None, model: None, request_id: None, transport_retries: 0 }
    }
}

const WITHOUT_END: &str = "the reply ended without its end marker";
const WITHOUT_REASON: &str = "the stream ended without the provider's reason to stop";

/// Creates an error of the kind [`Interrupted`](ProviderErrorKind::Interrupted).
fn interrupted(message: &str) -> ProviderError {
    ProviderError::new(ProviderErrorKind::Interrupted, message)
}

/// Assembles a [`Reply`] from its [`Delta`]s.
///
/// ```
/// use extract_core::conversation::Assembly;
/// use extract_llm::conversation::{Delta, StopReason, StreamEnd};
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
    /// The index in `blocks` of each tool call, by the index of the call.
    calls: BTreeMap<usize, usize>,
    usage: Option<(Usage, Option<Usd>, Value)>,
    logprobs: Vec<TokenLogprob>,
    state: Option<ProviderState>,
    ending: Option<StreamEnd>,
}

impl Assembly {
    /// Returns the error of a stream that ended without the provider's stop reason: it may have been
    /// interrupted at any point, even if the text looks complete. Returns `None` if there is a stop
    /// reason.
    pub(crate) fn interruption(&self) -> Option<ProviderError> {
        match self.ending.as_ref().map(|ending| &ending.stop) {
            None => Some(interrupted(WITHOUT_END)),
            Some(StopReason::Unstated) => Some(interrupted(WITHOUT_REASON)),
            Some(_) => None,
        }
    }

    /// Creates an empty assembly.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next delta.
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
                if let Some(call) = self.call(index) {
                    (call.id, call.name) = (id, name);
                }
            }
            Delta::Arguments { index, fragment } => {
                if let Some(call) = self.call(index) {
                    call.arguments.push_str(&fragment);
                }
            }
            Delta::Blocks(blocks) => {
                let calls = blocks.iter().enumerate();
                let calls = calls.filter(|(_, block)| matches!(block, Block::ToolCall(_)));
                self.calls = calls.map(|(at, _)| at).enumerate().collect();
                self.blocks = blocks;
            }
            Delta::Usage { usage, cost, raw } => self.usage = Some((usage, cost, raw)),
            Delta::Logprobs(more) => self.logprobs.extend(more),
            Delta::State(state) => self.state = Some(state),
            Delta::Done(ending) => self.ending = Some(ending),
        }
    }

    /// Returns the reply. Fails with the kind [`Interrupted`](ProviderErrorKind::Interrupted) if there
    /// was no [`Delta::Done`].
    pub fn finish(self) -> Result<Reply, ProviderError> {
        let Some(ending) = self.ending else { return Err(interrupted(WITHOUT_END)) };
        let mut reply = Reply::new(self.blocks, ending.stop);
        reply.raw_stop = ending.raw_stop;
        reply.model = ending.model;
        reply.request_id = ending.request_id;
        reply.transport_retries = ending.transport_retries;
        reply.logprobs = self.logprobs;
        reply.state = self.state;
        if let Some((usage, cost, raw)) = self.usage {
            reply.usage = Some(usage);
            reply.cost = cost;
            reply.raw_usage = Some(raw);
        }
        Ok(reply)
    }

    /// Returns the blocks so far.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Returns the tokens so far, or `None` if the provider has not reported any.
    pub fn usage(&self) -> Option<Usage> {
        self.usage.as_ref().map(|(usage, ..)| *usage)
    }

    /// Whether there are no blocks yet.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Adds a block, unless its text is empty.
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

    /// Returns the tool call with this index, and adds it if it is new.
    fn call(&mut self, index: usize) -> Option<&mut ToolCall> {
        let next = self.blocks.len();
        let at = *self.calls.entry(index).or_insert(next);
        if at == next {
            self.blocks.push(Block::ToolCall(ToolCall::new("", "", "")));
        }
        match self.blocks.get_mut(at)? {
            Block::ToolCall(call) => Some(call),
            _ => None,
        }
    }
}

impl Reply {
    /// Splits the reply into deltas that assemble to the same reply.
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
        if !self.logprobs.is_empty() {
            deltas.push(Delta::Logprobs(self.logprobs));
        }
        deltas.extend(self.state.map(Delta::State));
        deltas.push(Delta::Done(StreamEnd {
            stop: self.stop,
            raw_stop: self.raw_stop,
            model: self.model,
            request_id: self.request_id,
            transport_retries: self.transport_retries,
        }));
        deltas
    }
}
