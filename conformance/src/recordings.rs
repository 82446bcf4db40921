//! Reads recorded exchanges with providers through the same decoding as live replies. One exchange
//! is one line of JSON with `path`, `status`, `response_headers`, and the answer as
//! `response_body`, `sse_body`, `response_text` or `response_body_base64`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use extract_core::conversation::{Assembly, Block, ProviderError, Reply};
use extract_core::model::{DeltaReader, read_failure};
use extract_core::wire::Protocol;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value, json};

/// The maximum size in bytes of one event of a recorded stream.
const LIMIT: usize = 64 << 20;

/// The result of decoding an exchange.
#[derive(Debug)]
pub enum Outcome {
    /// A reply.
    Reply(Reply),
    /// A failure.
    Failure(ProviderError),
    /// The exchange asks no model, for example it counts tokens.
    Other(Value),
}

/// The body of a recorded answer.
#[derive(Debug)]
pub enum Body {
    /// In one piece.
    Whole(Vec<u8>),
    /// A stream of events.
    Stream(Vec<u8>),
}

/// Returns the protocol of an exchange, or `None` if its path is unknown.
pub fn protocol(exchange: &Value) -> Option<Protocol> {
    let text = |key: &str| exchange[key].as_str().unwrap_or_default();
    let path = text("path").split('?').next().unwrap_or_default().trim_end_matches('/');
    let (method, api) = (text("method"), text("api"));
    let mut segments = path.rsplit('/');
    let last = segments.next().unwrap_or_default();
    if method == "GET" && segments.next() == Some("responses") {
        return Some(Protocol::Responses);
    }
    let failed = exchange["status"].as_u64().is_some_and(|status| status >= 400);
    if !matches!(method, "POST" | "") && !failed {
        return None;
    }
    Some(match last {
        "converse" | "converse-stream" => Protocol::Bedrock,
        "messages" => Protocol::Anthropic,
        "responses" => Protocol::Responses,
        "completions" => Protocol::Chat,
        "interactions" => Protocol::Interactions,
        "chat" if path.ends_with("/api/chat") => Protocol::Ollama,
        "chat" => Protocol::Cohere,
        _ if last.ends_with(":generateContent") || last.ends_with(":streamGenerateContent") => {
            Protocol::Gemini
        }
        // Error responses come from any path.
        _ if failed => match api {
            "messages" => Protocol::Anthropic,
            "responses" => Protocol::Responses,
            "generate" => Protocol::Gemini,
            "interactions" => Protocol::Interactions,
            "converse" => Protocol::Bedrock,
            "cohere-chat" => Protocol::Cohere,
            _ => Protocol::Chat,
        },
        _ => return None,
    })
}

/// Returns the answer's bytes as they were on the wire.
pub fn body(exchange: &Value) -> Body {
    let text = |key: &str| exchange[key].as_str();
    let amazon = exchange["response_headers"].as_object().is_some_and(|headers| {
        headers.iter().any(|(name, value)| {
            name.eq_ignore_ascii_case("content-type")
                && value.to_string().contains("vnd.amazon.eventstream")
        })
    });
    if let Some(sse) = text("sse_body") {
        return Body::Stream(sse.as_bytes().to_vec());
    }
    let encoded = text("response_body_base64")
        .or_else(|| exchange.pointer("/response_body/base64")?.as_str())
        .or_else(|| text("response_text").filter(|_| amazon));
    if let Some(bytes) = encoded.and_then(|encoded| STANDARD.decode(encoded.trim()).ok()) {
        return if amazon { Body::Stream(bytes) } else { Body::Whole(bytes) };
    }
    match &exchange["response_body"] {
        Value::Null => Body::Whole(text("response_text").unwrap_or_default().as_bytes().to_vec()),
        value => Body::Whole(value.to_string().into_bytes()),
    }
}

/// Decodes an exchange.
pub fn replay(exchange: &Value) -> Outcome {
    match body(exchange) {
        Body::Stream(bytes) => replay_stream(exchange, &[&bytes]),
        Body::Whole(bytes) => replay_whole(exchange, &bytes),
    }
}

/// Decodes an exchange whose answer is a stream, delivered in these pieces.
pub fn replay_stream(exchange: &Value, pieces: &[&[u8]]) -> Outcome {
    let status = status(exchange);
    if status >= 400 {
        return replay_whole(exchange, &pieces.concat());
    }
    let Some(protocol) = protocol(exchange) else {
        return Outcome::Other(Value::Null);
    };
    let mut reader = DeltaReader::new(protocol, LIMIT);
    let mut assembly = Assembly::new();
    let mut deltas = Vec::new();
    let mut read = Ok(());
    for piece in pieces {
        read = read.and_then(|()| reader.push(piece, &mut deltas));
    }
    let read = read.and_then(|()| reader.end(&mut deltas));
    for delta in deltas {
        assembly.push(delta);
    }
    match read.and_then(|()| assembly.finish()) {
        Ok(reply) => Outcome::Reply(reply),
        Err(error) => Outcome::Failure(error),
    }
}

fn replay_whole(exchange: &Value, bytes: &[u8]) -> Outcome {
    let status = status(exchange);
    if status >= 400 {
        return Outcome::Failure(read_failure(status, &headers(exchange), bytes));
    }
    match protocol(exchange) {
        None => Outcome::Other(serde_json::from_slice(bytes).unwrap_or_default()),
        Some(protocol) => match protocol.decode(bytes) {
            Ok(reply) => Outcome::Reply(reply),
            Err(error) => Outcome::Failure(error),
        },
    }
}

fn status(exchange: &Value) -> u16 {
    exchange["status"].as_u64().and_then(|status| status.try_into().ok()).unwrap_or(200)
}

fn headers(exchange: &Value) -> HeaderMap {
    let recorded = exchange["response_headers"].as_object();
    let pairs = recorded.into_iter().flatten().filter_map(|(name, value)| {
        let value = match value {
            Value::Array(values) => values.first()?.as_str()?,
            value => value.as_str()?,
        };
        Some((HeaderName::try_from(name.as_str()).ok()?, HeaderValue::from_str(value).ok()?))
    });
    pairs.collect()
}

/// Returns the outcome of an exchange as one JSON object, for comparison by other programs.
pub fn line(exchange: &Value, outcome: &Outcome) -> Value {
    let mut line = Map::new();
    line.insert(String::from("id"), exchange["id"].clone());
    line.insert(String::from("kind"), exchange["kind"].clone());
    let more = match outcome {
        Outcome::Reply(reply) => reply_fields(reply),
        Outcome::Failure(error) => json!({"error": {
            "class": error.kind.name(),
            "retryable": error.is_retryable(),
            "wait_s": error.retry_after.map(|wait| wait.as_secs_f64()),
            "message": error.message,
            "code": error.code,
            "status": error.status,
        }}),
        Outcome::Other(body) => json!({
            "text": "", "tool_calls": [], "stop": null,
            "usage": body.get("usage").cloned().unwrap_or_else(|| match body.get("input_tokens") {
                Some(tokens) => json!({"input_tokens": tokens}),
                None => json!({}),
            }),
            "not_a_reply": true,
        }),
    };
    if let Value::Object(more) = more {
        line.extend(more);
    }
    Value::Object(line)
}

fn reply_fields(reply: &Reply) -> Value {
    let mut text = String::new();
    let mut reasoning = String::new();
    let mut refusal = None;
    for block in &reply.blocks {
        match block {
            Block::Text(more) | Block::Commentary(more) => text.push_str(more),
            Block::Reasoning(more) => reasoning.push_str(more),
            Block::Refusal(words) => refusal = Some(words),
            _ => {}
        }
    }
    let calls: Vec<Value> = reply
        .tool_calls()
        .map(|call| {
            // Truncated arguments are not JSON and stay a string.
            let arguments = serde_json::from_str(&call.arguments)
                .unwrap_or_else(|_| Value::String(call.arguments.clone()));
            json!({"id": call.id, "name": call.name, "arguments": arguments})
        })
        .collect();
    json!({
        "text": text,
        "tool_calls": calls,
        "stop": reply.stop.to_string(),
        "raw_stop": reply.raw_stop,
        "usage": reply.usage.map(|usage| json!({
            "input_tokens": usage.input_tokens,
            "cached_input_tokens": usage.cached_input_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "output_tokens": usage.output_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        })),
        "raw_usage": reply.raw_usage,
        "reasoning": reasoning,
        "refusal": refusal,
        "model": reply.model,
    })
}
