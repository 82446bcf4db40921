//! The entry of a cache: a reply that an extraction accepted, as JSON.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conversation::{
    Block, ProviderState, Reply, StopReason, TokenLogprob, ToolCall, Usage, Usd,
};

/// The largest entry, in bytes. Larger ones are neither stored nor read.
pub(super) const MAX_ENTRY: usize = 8 * 1024 * 1024;

/// A reply with the time at which it was stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Milliseconds since 1970.
    written: u64,
    #[serde(with = "StoredReply")]
    pub(crate) reply: Reply,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "Reply")]
struct StoredReply {
    #[serde(with = "blocks")]
    blocks: Vec<Block>,
    stop: StopReason,
    raw_stop: Option<String>,
    usage: Option<Usage>,
    raw_usage: Option<Value>,
    cost: Option<Usd>,
    model: Option<String>,
    request_id: Option<String>,
    #[serde(skip)]
    transport_retries: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    logprobs: Vec<TokenLogprob>,
    #[serde(default, with = "state")]
    state: Option<ProviderState>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredBlock {
    Text(String),
    Commentary(String),
    ToolCall { id: String, name: String, arguments: String },
    Reasoning(String),
    Refusal(String),
}

impl From<&Block> for StoredBlock {
    fn from(block: &Block) -> Self {
        match block.clone() {
            Block::Text(text) => Self::Text(text),
            Block::Commentary(text) => Self::Commentary(text),
            Block::ToolCall(ToolCall { id, name, arguments }) => {
                Self::ToolCall { id, name, arguments }
            }
            Block::Reasoning(text) => Self::Reasoning(text),
            Block::Refusal(text) => Self::Refusal(text),
        }
    }
}

impl From<StoredBlock> for Block {
    fn from(block: StoredBlock) -> Self {
        match block {
            StoredBlock::Text(text) => Self::Text(text),
            StoredBlock::Commentary(text) => Self::Commentary(text),
            StoredBlock::ToolCall { id, name, arguments } => {
                Self::ToolCall(ToolCall::new(id, name, arguments))
            }
            StoredBlock::Reasoning(text) => Self::Reasoning(text),
            StoredBlock::Refusal(text) => Self::Refusal(text),
        }
    }
}

mod blocks {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Block, StoredBlock};

    pub(super) fn serialize<S: Serializer>(blocks: &[Block], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(blocks.iter().map(StoredBlock::from))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Block>, D::Error> {
        Ok(Vec::<StoredBlock>::deserialize(from)?.into_iter().map(Block::from).collect())
    }
}

mod state {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::ProviderState;

    #[expect(clippy::ref_option, reason = "serde passes the field")]
    pub(super) fn serialize<S: Serializer>(
        state: &Option<ProviderState>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        state.as_ref().map(|state| (&*state.protocol, &*state.json)).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<ProviderState>, D::Error> {
        let state = Option::<(String, String)>::deserialize(from)?;
        Ok(state.map(|(protocol, json)| ProviderState::new(protocol, json)))
    }
}

impl Entry {
    /// Creates the entry of a reply, and dates it to now.
    pub(crate) fn new(reply: Reply) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self { written: u64::try_from(now.as_millis()).unwrap_or(u64::MAX), reply }
    }

    /// Returns the entry as JSON. `None` if it is too large.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(self).ok().filter(|bytes| bytes.len() <= MAX_ENTRY)
    }

    /// Reads an entry. `None` if it is none, is too large, or holds a reply that no extraction would have
    /// accepted.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > MAX_ENTRY {
            return None;
        }
        let entry: Self = serde_json::from_slice(bytes).ok()?;
        let ended = matches!(
            entry.reply.stop,
            StopReason::Stop | StopReason::ToolCalls | StopReason::Unstated
        );
        (ended && entry.reply.refusal().is_none()).then_some(entry)
    }

    /// Returns the time since the entry was stored. A time in the future counts as now.
    pub(crate) fn age(&self) -> Duration {
        let written = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.written));
        written.and_then(|written| written.elapsed().ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::TokenAlternative;

    fn full_reply() -> Reply {
        let mut reply = Reply::new(
            vec![
                Block::Reasoning("Hm.".into()),
                Block::Commentary("I call it.".into()),
                Block::ToolCall(ToolCall::new("c1", "Answer", r#"{"value":7}"#)),
                Block::Text("Seven.".into()),
            ],
            StopReason::ToolCalls,
        );
        reply.raw_stop = Some("tool_use".into());
        reply.usage = Some(Usage::new(10, 5));
        reply.raw_usage = Some(serde_json::json!({"in": 10}));
        reply.cost = Some(Usd(0.25));
        reply.model = Some("m-1".into());
        reply.request_id = Some("req_1".into());
        let other = TokenAlternative::new("Six", -3.0);
        let half = TokenLogprob::new([0xC3], -0.5);
        reply.logprobs = vec![TokenLogprob::new("Seven.", -0.1).alternatives([other]), half];
        reply.state = Some(ProviderState::new("anthropic", "[]"));
        reply
    }

    #[test]
    fn a_reply_comes_back_as_it_was() {
        let bytes = Entry::new(full_reply()).to_bytes().unwrap();
        assert_eq!(Entry::from_bytes(&bytes).unwrap().reply, full_reply());
    }

    #[test]
    fn what_no_extraction_accepts_is_no_entry() {
        for stop in [StopReason::Length, StopReason::Refusal, StopReason::Other("?".into())] {
            let bytes = Entry::new(Reply::new(Vec::new(), stop)).to_bytes().unwrap();
            assert_eq!(Entry::from_bytes(&bytes), None);
        }
        let refusal = Reply::new(vec![Block::Refusal("No.".into())], StopReason::Stop);
        assert_eq!(Entry::from_bytes(&Entry::new(refusal).to_bytes().unwrap()), None);
        let deep = format!(r#"{{"written":1,"reply":{}"#, "[".repeat(100_000));
        for bytes in [&b""[..], b"{}", b"\xff\x00", b"null", deep.as_bytes()] {
            assert_eq!(Entry::from_bytes(bytes), None);
        }
    }

    #[test]
    fn a_large_reply_is_not_stored() {
        let block = Block::Text("x".repeat(MAX_ENTRY));
        assert_eq!(Entry::new(Reply::new(vec![block], StopReason::Stop)).to_bytes(), None);
    }

    #[test]
    fn a_time_in_the_future_is_now() {
        let mut entry = Entry::new(full_reply());
        entry.written = u64::MAX;
        assert_eq!(entry.age(), Duration::ZERO);
        entry.written = 0;
        assert!(entry.age() > Duration::from_secs(365 * 24 * 60 * 60));
    }
}
