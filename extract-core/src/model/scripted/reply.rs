//! Functions that create the replies of a script.
//!
//! ```
//! use extract_llm::scripted::{Scripted, reply};
//! use serde_json::json;
//!
//! let model = Scripted::new([
//!     reply::text("Here you are: ```json\n{\"n\": 1}\n```"),
//!     reply::tool(json!({"n": 1})),
//!     reply::refusal("I cannot help with that."),
//!     reply::status(429),
//! ]);
//! ```

#![expect(clippy::needless_pass_by_value, reason = "so that `json!` can stand in the call")]

use std::time::Duration;

use serde_json::{Value, json};

use super::scripted_reply::{ASKED_TOOL, ScriptedReply};

/// Returns a reply with this message.
fn message(message: &Value, finish_reason: &str) -> ScriptedReply {
    body(json!({
        "id": "chatcmpl-scripted",
        "object": "chat.completion",
        "model": "scripted",
        "choices": [{"index": 0, "message": message, "finish_reason": finish_reason}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    }))
}

/// Returns a reply of text.
pub fn text(text: impl Into<String>) -> ScriptedReply {
    message(&json!({"role": "assistant", "content": text.into()}), "stop")
}

/// Returns a reply whose text is this JSON.
pub fn json(value: Value) -> ScriptedReply {
    text(value.to_string())
}

/// Returns a call of the tool that the request asks for, whatever its name is. If every variant of an
/// enum is a tool, `{"Variant": …}` selects one. [`call`] names a tool.
pub fn tool(arguments: Value) -> ScriptedReply {
    tool_text(arguments.to_string())
}

/// Returns the same call as [`tool`], with arguments that need not be valid JSON.
pub fn tool_text(arguments: impl Into<String>) -> ScriptedReply {
    tools([arguments.into()])
}

/// Returns several such calls in one reply, with the arguments of each.
pub fn tools(arguments: impl IntoIterator<Item = String>) -> ScriptedReply {
    let call = |arguments| (String::from(ASKED_TOOL), arguments);
    tool_calls(arguments.into_iter().map(call).collect())
}

/// Returns a call of the tool of this name.
pub fn call(name: impl Into<String>, arguments: Value) -> ScriptedReply {
    calls([(name.into(), arguments)])
}

/// Returns calls of several tools in one reply, by name and arguments.
///
/// ```
/// use extract_llm::scripted::reply;
/// use serde_json::json;
///
/// let both = reply::calls([("Book", json!({"id": 1})), ("Cancel", json!({"id": 2}))]);
/// ```
pub fn calls<N: Into<String>>(calls: impl IntoIterator<Item = (N, Value)>) -> ScriptedReply {
    let calls = calls.into_iter().map(|(name, arguments)| (name.into(), arguments.to_string()));
    tool_calls(calls.collect())
}

/// Returns a reply with calls, by name and arguments.
fn tool_calls(calls: Vec<(String, String)>) -> ScriptedReply {
    let calls: Vec<Value> = calls
        .into_iter()
        .enumerate()
        .map(|(index, (name, arguments))| {
            json!({
                "id": format!("call_{index}"),
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            })
        })
        .collect();
    message(&json!({"role": "assistant", "content": null, "tool_calls": calls}), "tool_calls")
}

/// Returns a refusal.
pub fn refusal(words: impl Into<String>) -> ScriptedReply {
    let words = words.into();
    message(&json!({"role": "assistant", "content": null, "refusal": words}), "stop")
}

/// Returns a text that is cut off at the limit of tokens.
pub fn truncated(text: impl Into<String>) -> ScriptedReply {
    message(&json!({"role": "assistant", "content": text.into()}), "length")
}

/// Returns a reply that the provider's content filter stopped.
pub fn filtered() -> ScriptedReply {
    message(&json!({"role": "assistant", "content": ""}), "content_filter")
}

/// Returns an HTTP status with an error body of OpenAI's shape.
pub fn status(status: u16) -> ScriptedReply {
    let message = format!("scripted status {status}");
    failure(status, json!({"error": {"message": message, "type": null, "code": null}}))
}

/// Returns an HTTP status with any error body.
pub fn failure(status: u16, error: Value) -> ScriptedReply {
    let mut reply = body(error);
    reply.status = status;
    reply
}

/// Returns any body of the Chat Completions protocol, with status 200.
pub fn body(body: Value) -> ScriptedReply {
    ScriptedReply { status: 200, body: body.to_string().into_bytes(), delay: Duration::ZERO }
}
