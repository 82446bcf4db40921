//! The replies in a script.

use std::time::Duration;

use serde_json::{Value, json};

/// One reply of a script. See [`reply`] for how to write them.
#[derive(Debug, Clone)]
pub struct ScriptedReply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
}

impl ScriptedReply {
    /// Waits so long before answering.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Says what the reply cost, in input and output tokens.
    pub fn usage(mut self, input_tokens: u64, output_tokens: u64) -> Self {
        if let Ok(mut body) = serde_json::from_slice::<Value>(&self.body) {
            body["usage"] = json!({
                "prompt_tokens": input_tokens,
                "completion_tokens": output_tokens,
                "total_tokens": input_tokens.saturating_add(output_tokens),
            });
            self.body = body.to_string().into_bytes();
        }
        self
    }
}

/// Stands in a scripted call for the name of the tool that the request asked for.
pub(super) const ASKED_TOOL: &str = "\u{0}asked";
