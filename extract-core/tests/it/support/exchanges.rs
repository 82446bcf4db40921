//! Providers of every protocol over a loopback server, and the reply "Hello" in each protocol.

use std::time::Duration;

use extract_core::conversation::{Message, ProviderError, Reply, Request};
use extract_core::model::{Model, Provider, ProviderOptions, RetryPolicy, collect};
use extract_core::wire::Protocol;
use serde_json::json;

use super::server::Server;

/// The key of every provider.
pub(crate) const KEY: &str = "sk-0123456789abcdef";

pub(crate) fn options(server: &Server, model: &str) -> ProviderOptions {
    let mut options = ProviderOptions::default();
    options.model = model.into();
    options.base_url = Some(server.url());
    options.key = Some(KEY.to_owned().into());
    options.retry = RetryPolicy::times(2);
    options.retry.first_wait = Duration::from_millis(5);
    options.transport.timeout = Duration::from_secs(10);
    options
}

pub(crate) fn provider(server: &Server, model: &str) -> Provider {
    Provider::new(options(server, model)).unwrap()
}

pub(crate) fn request() -> Request {
    Request::new(vec![Message::user("Say hello.")])
}

pub(crate) async fn respond(provider: &Provider) -> Result<Reply, ProviderError> {
    provider.respond(&request()).await
}

pub(crate) async fn stream(provider: &Provider) -> Result<Reply, ProviderError> {
    collect(provider.stream(&request()).await?).await
}

/// Returns the reply "Hello" in a protocol: the whole body, the stream's media type, and the
/// stream's bytes.
pub(crate) fn hello(protocol: Protocol) -> (String, &'static str, Vec<u8>) {
    let sse = |events: &[&str]| -> Vec<u8> {
        events.iter().flat_map(|event| format!("data: {event}\n\n").into_bytes()).collect()
    };
    match protocol {
        Protocol::Chat => (
            json!({"model": "m", "choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 2}})
            .to_string(),
            "text/event-stream",
            sse(&[
                r#"{"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Hel"}}]}"#,
                r#"{"model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}"#,
                r#"{"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
                "[DONE]",
            ]),
        ),
        Protocol::Responses => {
            let output = json!([{"type": "message", "id": "msg_1", "role": "assistant",
                "content": [{"type": "output_text", "text": "Hello"}]}]);
            let response = json!({"status": "completed", "model": "m", "output": output,
                "usage": {"input_tokens": 3, "output_tokens": 2}});
            (
                response.to_string(),
                "text/event-stream",
                sse(&[
                    r#"{"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"msg_1","role":"assistant","content":[]}}"#,
                    r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"Hello"}"#,
                    &json!({"type": "response.completed", "response": response}).to_string(),
                ]),
            )
        }
        Protocol::Anthropic => (
            json!({"type": "message", "model": "m", "content": [{"type": "text", "text": "Hello"}],
                "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}})
            .to_string(),
            "text/event-stream",
            sse(&[
                r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":3,"output_tokens":1}}}"#,
                r#"{"type":"ping"}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
                r#"{"type":"content_block_stop","index":0}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
                r#"{"type":"message_stop"}"#,
            ]),
        ),
        Protocol::Gemini => {
            let chunk = |text: &str, stop: Option<&str>| {
                json!({"candidates": [{"index": 0, "finishReason": stop,
                    "content": {"role": "model", "parts": [{"text": text}]}}], "modelVersion": "m",
                    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}})
                .to_string()
            };
            let (one, two) = (chunk("Hel", None), chunk("lo", Some("STOP")));
            let stream = format!("data: {one}\r\n\r\ndata: {two}\r\n\r\n");
            (chunk("Hello", Some("STOP")), "text/event-stream", stream.into_bytes())
        }
        Protocol::Interactions => {
            let usage = json!({"total_input_tokens": 3, "total_output_tokens": 2});
            let output = json!({"type": "model_output", "content": [{"type": "text", "text": "Hello"}]});
            (
                json!({"id": "i1", "object": "interaction", "status": "completed", "model": "m",
                    "steps": [output], "usage": usage})
                .to_string(),
                "text/event-stream",
                sse(&[
                    r#"{"event_type":"interaction.created","interaction":{"id":"i1","status":"in_progress","model":"m"}}"#,
                    r#"{"event_type":"step.start","index":0,"step":{"type":"model_output"}}"#,
                    r#"{"event_type":"step.delta","index":0,"delta":{"type":"text","text":"Hel"}}"#,
                    r#"{"event_type":"step.delta","index":0,"delta":{"type":"text","text":"lo"}}"#,
                    r#"{"event_type":"step.stop","index":0}"#,
                    &json!({"event_type": "interaction.completed",
                        "interaction": {"id": "i1", "status": "completed", "usage": usage}})
                    .to_string(),
                    "[DONE]",
                ]),
            )
        }
        Protocol::Cohere => (
            json!({"message": {"content": [{"type": "text", "text": "Hello"}]},
                "finish_reason": "COMPLETE",
                "usage": {"tokens": {"input_tokens": 3, "output_tokens": 2}}})
            .to_string(),
            "text/event-stream",
            sse(&[
                r#"{"type":"message-start"}"#,
                r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hello"}}}}"#,
                r#"{"type":"message-end","delta":{"finish_reason":"COMPLETE","usage":{"tokens":{"input_tokens":3,"output_tokens":2}}}}"#,
            ]),
        ),
        _ => (
            json!({"model": "m", "message": {"content": "Hello"}, "done": true, "done_reason": "stop",
                "prompt_eval_count": 3, "eval_count": 2})
            .to_string(),
            "application/x-ndjson",
            b"{\"model\":\"m\",\"message\":{\"content\":\"Hello\"},\"done\":false}\n{\"model\":\"m\",\"done\":true,\"done_reason\":\"stop\",\"prompt_eval_count\":3,\"eval_count\":2}\n".to_vec(),
        ),
    }
}

/// The protocols whose events are text, with a model of a provider that speaks them.
pub(crate) const OVER: [(Protocol, &str); 7] = [
    (Protocol::Chat, "openai/m"),
    (Protocol::Responses, "openai-responses/m"),
    (Protocol::Anthropic, "anthropic/m"),
    (Protocol::Gemini, "google/m"),
    (Protocol::Interactions, "google-interactions/m"),
    (Protocol::Cohere, "cohere/m"),
    (Protocol::Ollama, "ollama-native/m"),
];

/// Returns a message of Amazon's binary event stream.
pub(crate) fn amazon_event(name: &str, payload: &str) -> Vec<u8> {
    let mut headers = Vec::new();
    for (name, value) in [(":message-type", "event"), (":event-type", name)] {
        headers.push(u8::try_from(name.len()).unwrap());
        headers.extend_from_slice(name.as_bytes());
        headers.push(7);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let total = 16 + headers.len() + payload.len();
    let mut message = u32::try_from(total).unwrap().to_be_bytes().to_vec();
    message.extend_from_slice(&u32::try_from(headers.len()).unwrap().to_be_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload.as_bytes());
    message.extend_from_slice(&crc32fast::hash(&message).to_be_bytes());
    message
}
