//! A reply of given text in each protocol, whole and in events.

use extract_core::wire::Protocol;
use serde_json::{Value, json};

/// A reply in one protocol.
pub(crate) struct Saying {
    /// The body of the reply that is not streamed.
    pub(crate) body: String,
    /// The media type of the streamed reply.
    pub(crate) media_type: &'static str,
    /// The events of the streamed reply, framed.
    pub(crate) events: Vec<Vec<u8>>,
    /// The index of the event with the first piece of the text.
    pub(crate) first: usize,
}

/// Returns an event of a stream of server-sent events.
pub(crate) fn sse(event: &Value) -> Vec<u8> {
    format!("data: {event}\n\n").into_bytes()
}

/// The events before the pieces of the text, those with the pieces, and those after them.
type Parts = [Vec<Vec<u8>>; 3];

/// Returns a reply whose text comes in these pieces.
pub(crate) fn saying(protocol: Protocol, pieces: &[&str]) -> Saying {
    let text = pieces.concat();
    let (body, media_type, parts) = match protocol {
        Protocol::Chat => chat(&text, pieces),
        Protocol::Responses => responses(&text, pieces),
        Protocol::Anthropic => anthropic(&text, pieces),
        Protocol::Gemini => gemini(&text, pieces),
        Protocol::Interactions => interactions(&text, pieces),
        Protocol::Cohere => cohere(&text, pieces),
        Protocol::Bedrock => bedrock(&text, pieces),
        _ => ollama(&text, pieces),
    };
    let first = parts[0].len();
    Saying { body, media_type, events: parts.into_iter().flatten().collect(), first }
}

const SSE: &str = "text/event-stream";

fn chat(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let usage = json!({"prompt_tokens": 3, "completion_tokens": 2});
    let body = json!({"model": "m", "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": usage});
    let last = pieces.len() - 1;
    let chunks = pieces.iter().enumerate().map(|(at, piece)| {
        let mut choice = json!({"index": 0, "delta": {"content": piece}});
        if at == 0 {
            choice["delta"]["role"] = json!("assistant");
        }
        if at == last {
            choice["finish_reason"] = json!("stop");
        }
        sse(&json!({"model": "m", "choices": [choice]}))
    });
    let end = sse(&json!({"model": "m", "choices": [], "usage": usage}));
    (body.to_string(), SSE, [Vec::new(), chunks.collect(), vec![end, b"data: [DONE]\n\n".to_vec()]])
}

fn responses(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let message = |content: Value| json!({"type": "message", "id": "msg_1", "role": "assistant", "content": content});
    let whole = json!([message(json!([{"type": "output_text", "text": text}]))]);
    let response = json!({"status": "completed", "model": "m", "output": whole,
        "usage": {"input_tokens": 3, "output_tokens": 2}});
    let deltas = pieces.iter().map(|piece| {
        sse(&json!({"type": "response.output_text.delta", "item_id": "msg_1", "delta": piece}))
    });
    let before = [
        json!({"type": "response.created", "response": {"status": "in_progress", "model": "m"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": message(json!([]))}),
    ];
    let end = sse(&json!({"type": "response.completed", "response": response}));
    (response.to_string(), SSE, [before.iter().map(sse).collect(), deltas.collect(), vec![end]])
}

fn anthropic(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let body = json!({"type": "message", "model": "m", "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 2}});
    let before = [
        json!({"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 3, "output_tokens": 1}}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ];
    let deltas = pieces.iter().map(|piece| {
        sse(&json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}))
    });
    let after = [
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}),
        json!({"type": "message_stop"}),
    ];
    (
        body.to_string(),
        SSE,
        [before.iter().map(sse).collect(), deltas.collect(), after.iter().map(sse).collect()],
    )
}

fn gemini(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let chunk = |text: &str, stop: Option<&str>| {
        json!({"candidates": [{"index": 0, "finishReason": stop,
            "content": {"role": "model", "parts": [{"text": text}]}}], "modelVersion": "m",
            "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 2}})
    };
    let last = pieces.len() - 1;
    let chunks = pieces.iter().enumerate().map(|(at, piece)| {
        let event = chunk(piece, (at == last).then_some("STOP"));
        format!("data: {event}\r\n\r\n").into_bytes()
    });
    let body = chunk(text, Some("STOP")).to_string();
    (body, SSE, [Vec::new(), chunks.collect(), Vec::new()])
}

fn interactions(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let usage = json!({"total_input_tokens": 3, "total_output_tokens": 2});
    let output = json!({"type": "model_output", "content": [{"type": "text", "text": text}]});
    let body = json!({"id": "i1", "object": "interaction", "status": "completed", "model": "m",
        "steps": [output], "usage": usage});
    let before = [
        json!({"event_type": "interaction.created", "interaction": {"id": "i1", "status": "in_progress", "model": "m"}}),
        json!({"event_type": "step.start", "index": 0, "step": {"type": "model_output"}}),
    ];
    let deltas = pieces.iter().map(|piece| {
        sse(&json!({"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": piece}}))
    });
    let after = [
        sse(&json!({"event_type": "step.stop", "index": 0})),
        sse(&json!({"event_type": "interaction.completed",
            "interaction": {"id": "i1", "status": "completed", "usage": usage}})),
        b"data: [DONE]\n\n".to_vec(),
    ];
    (body.to_string(), SSE, [before.iter().map(sse).collect(), deltas.collect(), after.into()])
}

fn cohere(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let usage = json!({"tokens": {"input_tokens": 3, "output_tokens": 2}});
    let body = json!({"message": {"content": [{"type": "text", "text": text}]},
        "finish_reason": "COMPLETE", "usage": usage});
    let before = vec![sse(&json!({"type": "message-start"}))];
    let deltas = pieces.iter().map(|piece| {
        sse(&json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}}))
    });
    let end = sse(
        &json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}),
    );
    (body.to_string(), SSE, [before, deltas.collect(), vec![end]])
}

fn bedrock(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let usage = json!({"inputTokens": 3, "outputTokens": 2});
    let body = json!({"output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "end_turn", "usage": usage});
    let event = |name: &str, data: Value| amazon_event(name, &data.to_string());
    let deltas = pieces.iter().map(|piece| {
        event("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": piece}}))
    });
    let before = vec![event("messageStart", json!({"role": "assistant"}))];
    let after = vec![
        event("contentBlockStop", json!({"contentBlockIndex": 0})),
        event("messageStop", json!({"stopReason": "end_turn"})),
        event("metadata", json!({"usage": usage})),
    ];
    (body.to_string(), "application/vnd.amazon.eventstream", [before, deltas.collect(), after])
}

fn ollama(text: &str, pieces: &[&str]) -> (String, &'static str, Parts) {
    let body = json!({"model": "m", "message": {"content": text}, "done": true, "done_reason": "stop",
        "prompt_eval_count": 3, "eval_count": 2});
    let lines = pieces.iter().map(|piece| {
        format!("{}\n", json!({"model": "m", "message": {"content": piece}, "done": false}))
            .into_bytes()
    });
    let end = json!({"model": "m", "done": true, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 2});
    let end = vec![format!("{end}\n").into_bytes()];
    (body.to_string(), "application/x-ndjson", [Vec::new(), lines.collect(), end])
}

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
