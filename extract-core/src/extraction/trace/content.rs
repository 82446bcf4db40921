//! [`TraceContent`]: the texts of requests and replies in traces.

use std::fmt;
use std::sync::Arc;

use super::names;
use crate::conversation::{Message, Part, Request};

/// Changes a text before it is traced.
type Redact = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Puts the texts of requests and replies into traces, for
/// [`trace_content`](crate::Extraction::trace_content). They are personal data in most programs, so the default is
/// not to. Each becomes an event of the level `DEBUG` in the span of its attempt, with the field
/// `gen_ai.input.messages` or `gen_ai.output.messages` as JSON text.
///
/// ```
/// use extract_llm::Client;
/// use extract_llm::extraction::TraceContent;
///
/// let content = TraceContent::up_to(4_096).redact(|text| text.replace("Maria Lopez", "[name]"));
/// let client = Client::builder().base_url("http://127.0.0.1:8000/v1").model("m").trace_content(content).build()?;
/// # Ok::<(), extract_llm::Error>(())
/// ```
#[derive(Clone)]
pub struct TraceContent {
    bytes: usize,
    redact: Option<Redact>,
}

impl fmt::Debug for TraceContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TraceContent").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl TraceContent {
    /// Traces texts up to this number of bytes each. The rest is cut off, and marked with `…`.
    pub fn up_to(bytes: usize) -> Self {
        Self { bytes, redact: None }
    }

    /// Changes each text before it is cut and traced, for example to remove names and numbers. A second call
    /// replaces the first. The default is no change.
    pub fn redact(mut self, redact: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Writes the messages of a request.
    pub(super) fn write_input(&self, request: &Request) {
        tracing::debug!(
            target: names::TARGET,
            message = "request",
            { names::INPUT_MESSAGES } = self.messages(&request.messages)
        );
    }

    /// Writes a reply.
    pub(super) fn write_output(&self, reply: &str) {
        let parts = serde_json::json!([{"type": "text", "content": self.bounded(reply)}]);
        let message = serde_json::json!([{"role": "assistant", "parts": parts}]);
        tracing::debug!(
            target: names::TARGET,
            message = "reply",
            { names::OUTPUT_MESSAGES } = message.to_string()
        );
    }

    fn messages(&self, messages: &[Message]) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => {
                serde_json::json!({"type": "text", "content": self.bounded(text)})
            }
            Part::Media(media) => serde_json::json!({"type": media.kind.to_string()}),
            Part::ToolCall(call) => serde_json::json!({
                "type": "tool_call", "name": call.name, "arguments": self.bounded(&call.arguments),
            }),
            Part::ToolResult(result) => serde_json::json!({
                "type": "tool_call_response", "response": self.bounded(&result.content),
            }),
            _ => serde_json::json!({"type": "other"}),
        };
        let message = |message: &Message| {
            let parts: Vec<serde_json::Value> = message.parts.iter().map(part).collect();
            let role = format!("{:?}", message.role).to_lowercase();
            serde_json::json!({"role": role, "parts": parts})
        };
        serde_json::json!(messages.iter().map(message).collect::<Vec<_>>()).to_string()
    }

    /// Returns a text without what is not to be traced, and not longer than allowed.
    fn bounded(&self, text: &str) -> String {
        let mut text = match &self.redact {
            Some(redact) => redact(text),
            None => text.to_owned(),
        };
        if text.len() > self.bytes {
            let end = (0..=self.bytes).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            text.truncate(end);
            text.push('…');
        }
        text
    }
}
