//! The part of a decoder's state that all protocols share, and the deltas that end a reply.

use serde_json::Value;

use super::decoder::EndState;
use crate::conversation::{Delta, ProviderError, ProviderState, StopReason, StreamEnd, Usage, Usd};

/// The facts about a reply that every protocol reports.
#[derive(Debug, Default)]
pub(super) struct ReplyState {
    /// The number of tool calls so far.
    pub(super) calls: usize,
    /// The usage in the provider's form.
    pub(super) usage: Option<Value>,
    /// The price, if the provider states it.
    pub(super) cost: Option<Usd>,
    /// The provider's reason to stop.
    pub(super) raw_stop: Option<String>,
    /// The model that answered.
    pub(super) model: Option<String>,
    /// The provider's id of the request.
    pub(super) request_id: Option<String>,
    /// Whether the protocol's end marker has come.
    pub(super) ended: bool,
    /// Whether content came after a reason to stop. The reasons of such a server end nothing.
    pub(super) continued: bool,
}

impl ReplyState {
    /// Begins the next tool call and returns its index.
    pub(super) fn begin_call(
        &mut self,
        id: impl Into<String>,
        name: impl Into<String>,
        deltas: &mut Vec<Delta>,
    ) -> usize {
        let index = self.calls;
        self.calls += 1;
        deltas.push(Delta::ToolCall { index, id: id.into(), name: name.into() });
        index
    }

    /// Appends a tool call whose arguments are complete.
    pub(super) fn whole_call(
        &mut self,
        id: Option<String>,
        name: Option<String>,
        arguments: String,
        deltas: &mut Vec<Delta>,
    ) {
        let index = self.begin_call(id.unwrap_or_default(), name.unwrap_or_default(), deltas);
        deltas.push(Delta::Arguments { index, fragment: arguments });
    }

    /// Returns whether the events so far end the reply, for protocols with an end marker.
    pub(super) fn end_state(&self) -> EndState {
        if self.ended {
            EndState::Marked
        } else if self.raw_stop.is_some() && self.usage.is_some() && !self.continued {
            EndState::Stated
        } else {
            EndState::Open
        }
    }

    /// Returns the reason to stop. `known` maps the provider's names.
    ///
    /// # Errors
    /// `known` does not know the name. The reply may then have ended anywhere.
    pub(super) fn stop(
        &self,
        known: impl FnOnce(&str) -> Option<StopReason>,
    ) -> Result<StopReason, ProviderError> {
        let Some(raw) = self.raw_stop.as_deref() else { return Ok(StopReason::Unstated) };
        known(raw).ok_or_else(|| ProviderError::unnatural_end(raw))
    }

    /// Appends the deltas that end the reply: its usage, the state to replay, and the end itself.
    pub(super) fn finish(
        &mut self,
        usage_of: fn(&Value) -> Usage,
        stop: StopReason,
        replay: Option<ProviderState>,
        deltas: &mut Vec<Delta>,
    ) {
        if let Some(raw) = self.usage.take() {
            deltas.push(Delta::Usage { usage: usage_of(&raw), cost: self.cost, raw });
        }
        deltas.extend(replay.map(Delta::State));
        deltas.push(Delta::Done(StreamEnd {
            stop,
            raw_stop: self.raw_stop.take(),
            model: self.model.take(),
            request_id: self.request_id.take(),
            transport_retries: 0,
        }));
    }
}

/// Replaces a value if there is a newer one.
pub(super) fn update<T>(slot: &mut Option<T>, newer: Option<T>) {
    if newer.is_some() {
        *slot = newer;
    }
}
