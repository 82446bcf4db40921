//! One reply of a script.

use std::time::Duration;

use serde_json::{Value, json};

/// One reply of a script. The functions in [`reply`](super::reply) create them.
#[derive(Debug, Clone)]
pub struct ScriptedReply {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    pub(super) delay: Duration,
}

impl ScriptedReply {
    /// Sets the delay before the reply. The default is none.
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the usage of the reply, in input and output tokens. The default is 10 and 5.
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

/// The placeholder in a scripted call for the name of the tool that the request asks for.
pub(super) const ASKED_TOOL: &str = "\u{0}asked";
