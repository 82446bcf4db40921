//! Functions that create the replies of a script. An answer is written in the protocol of the
//! [provider](super::Scripted::provider) that the script plays; the default is Chat Completions.
//!
//! ```
//! use extract_llm::scripted::{Scripted, reply};
//! use serde_json::json;
//!
//! let model = Scripted::new([
//!     reply::text("Here you are: ```json\n{\"n\": 1}\n```"),
//!     reply::tool(json!({"n": 1})),
//!     reply::refusal("I cannot help with that."),
//!     reply::status(429).header("retry-after", "1"),
//!     reply::tool(json!({"n": 1})).cut_at(90),
//! ]);
//! ```

#![expect(clippy::needless_pass_by_value, reason = "so that `json!` can stand in the call")]

use serde_json::Value;

use super::answer::{ASKED_TOOL, Answer, End};
use super::scripted_reply::{ReplyContent, ScriptedReply};

/// Returns a reply with this answer.
fn answer(answer: Answer) -> ScriptedReply {
    ScriptedReply::new(ReplyContent::Answer(answer))
}

/// Returns a reply of text.
pub fn text(text: impl Into<String>) -> ScriptedReply {
    answer(Answer::of_text(Some(text.into())))
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

/// Returns the same call as [`tool`], with arguments that need not be valid JSON. The protocols of Anthropic,
/// Google, Bedrock and Ollama carry such arguments in streams only, or not at all; the request then fails.
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

/// Returns the same call as [`call`], with arguments that need not be valid JSON. It has the limits of
/// [`tool_text`].
///
/// ```
/// use extract_llm::scripted::reply;
///
/// let cut = reply::call_text("Book", r#"{"guest": "Mar"#).truncated();
/// ```
pub fn call_text(name: impl Into<String>, arguments: impl Into<String>) -> ScriptedReply {
    tool_calls(vec![(name.into(), arguments.into())])
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
    answer(Answer { calls, ..Answer::of_text(None) })
}

/// Returns a refusal. A protocol without refusals (those of Google, Cohere and Ollama) gets it as text.
pub fn refusal(words: impl Into<String>) -> ScriptedReply {
    answer(Answer { refusal: Some(words.into()), ..Answer::of_text(None) })
}

/// Returns a text that is cut off at the limit of tokens.
pub fn truncated(text: impl Into<String>) -> ScriptedReply {
    answer(Answer { end: End::Length, ..Answer::of_text(Some(text.into())) })
}

/// Returns a reply that the provider's content filter stopped. With Anthropic, that is a refusal without
/// text. Ollama and Google's Interactions have no filter; the request then fails.
pub fn filtered() -> ScriptedReply {
    answer(Answer { end: End::Filter, ..Answer::of_text(Some(String::new())) })
}

/// Returns an HTTP status with an error body in the provider's shape.
pub fn status(status: u16) -> ScriptedReply {
    ScriptedReply::new(ReplyContent::Failure(format!("scripted status {status}"))).status(status)
}

/// Returns an HTTP status with any error body.
pub fn failure(status: u16, error: Value) -> ScriptedReply {
    body(error).status(status)
}

/// Returns any JSON body, with status 200. It must be that of the provider's protocol. If the request is
/// streamed, the server answers it whole.
pub fn body(body: Value) -> ScriptedReply {
    bytes(body.to_string())
}

/// Returns a body of any bytes, with status 200, such as a web page. If the request is streamed, the server
/// answers it whole.
pub fn bytes(body: impl Into<Vec<u8>>) -> ScriptedReply {
    ScriptedReply::new(ReplyContent::Body(body.into()))
}

/// Returns the bytes of a stream of the provider's protocol, with status 200. If the request is not
/// streamed, it fails, because a stream is no reply to it.
///
/// ```
/// use extract_llm::scripted::reply;
///
/// let stream = reply::events("data: {\"choices\": [{\"delta\": {\"content\": \"7\"}}]}\n\n").chunks_of(5);
/// ```
pub fn events(stream: impl Into<Vec<u8>>) -> ScriptedReply {
    ScriptedReply::new(ReplyContent::Events(stream.into()))
}
