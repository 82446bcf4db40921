//! Faults between a provider and its server, over real sockets: the number of requests sent, the
//! resulting error or reply, and that a truncated reply never passes for a whole one.

use std::time::{Duration, Instant};

use extract_core::conversation::{
    Delta, Feature, Message, Mode, Output, Part, ProviderErrorKind as Kind, Request, Tool, Tools,
};
use extract_core::model::{Model, Provider};
use extract_core::wire::Protocol;
use futures_util::StreamExt;
use serde_json::json;

use crate::support::exchanges::{KEY, OVER, hello, options, provider, request, respond, stream};
use crate::support::server::{Act, Server, answer, chunked, stream_head};

#[tokio::test]
async fn whole_and_streamed_are_the_same_reply_over_every_protocol() {
    for (protocol, model) in OVER {
        let (body, media_type, events) = hello(protocol);
        let server = Server::start([
            answer(200, "content-type: application/json\r\nx-request-id: req-7\r\n", &body),
            Act::Answer(chunked(media_type, &events, true)),
        ])
        .await;
        let provider = provider(&server, model);
        let whole = respond(&provider).await.unwrap();
        assert_eq!(whole.text(), "Hello", "{protocol}");
        assert_eq!(whole.usage.unwrap().total_tokens(), 5, "{protocol}");
        assert_eq!(whole.request_id.as_deref(), Some("req-7"));
        let mut streamed = stream(&provider).await.unwrap();
        streamed.raw_usage.clone_from(&whole.raw_usage);
        assert_eq!(streamed, whole, "{protocol}");
    }
}

#[tokio::test]
async fn a_whole_reply_to_a_stream_request_is_read() {
    let (body, ..) = hello(Protocol::Chat);
    let server = Server::start([answer(200, "content-type: application/json\r\n", &body)]).await;
    let reply = stream(&provider(&server, "openai/m")).await.unwrap();
    assert_eq!(reply.text(), "Hello");
}

#[tokio::test]
async fn the_api_key_is_sent_in_the_header_of_each_protocol() {
    for (protocol, model) in OVER {
        let (body, ..) = hello(protocol);
        let server = Server::start([answer(200, "", &body)]).await;
        respond(&provider(&server, model)).await.unwrap();
        let head = server.requests()[0].to_ascii_lowercase();
        let expected = match protocol {
            Protocol::Anthropic => format!("x-api-key: {KEY}"),
            Protocol::Gemini | Protocol::Interactions => format!("x-goog-api-key: {KEY}"),
            _ => format!("authorization: bearer {KEY}"),
        };
        assert!(head.contains(&expected), "{head}");
        assert_eq!(head.contains("anthropic-version"), protocol == Protocol::Anthropic);
    }
}

fn error_body(protocol: Protocol, message: &str) -> String {
    match protocol {
        Protocol::Anthropic => {
            json!({"type": "error", "error": {"type": "api_error", "message": message}}).to_string()
        }
        Protocol::Cohere => json!({"id": "1", "message": message}).to_string(),
        Protocol::Ollama => json!({"error": message}).to_string(),
        _ => json!({"error": {"message": message}}).to_string(),
    }
}

#[tokio::test]
async fn transient_failures_are_retried() {
    for (protocol, model) in OVER {
        let (body, media_type, events) = hello(protocol);
        for status in [408, 429, 500, 502, 503, 504, 529] {
            let bad = answer(status, "retry-after-ms: 1\r\n", &error_body(protocol, "busy"));
            // Messages marks a busy 429 by its error type.
            let bad = if status == 429 {
                answer(status, "retry-after: 0.001\r\n", &error_body(Protocol::Cohere, "busy"))
            } else {
                bad
            };
            let server = Server::start([bad.clone(), answer(200, "", &body)]).await;
            let reply = respond(&provider(&server, model)).await.unwrap();
            assert_eq!(
                (reply.text().as_str(), server.count()),
                ("Hello", 2),
                "{protocol} {status}"
            );

            let server =
                Server::start([bad, Act::Answer(chunked(media_type, &events, true))]).await;
            let reply = stream(&provider(&server, model)).await.unwrap();
            assert_eq!(
                (reply.text().as_str(), server.count()),
                ("Hello", 2),
                "{protocol} {status}"
            );
        }
    }
}

#[tokio::test]
async fn permanent_failures_are_not_retried() {
    let openai = |kind: &str, code: &str| {
        json!({"error": {"message": "m", "type": kind, "code": code}}).to_string()
    };
    let cases = [
        (401, "", openai("x", "invalid_api_key"), Kind::Authentication),
        (403, "", openai("x", "y"), Kind::Permission),
        (404, "", openai("x", "model_not_found"), Kind::NotFound),
        (400, "", openai("invalid_request_error", "y"), Kind::InvalidRequest),
        (400, "", openai("x", "content_filter"), Kind::ContentFiltered),
        (400, "", openai("x", "context_length_exceeded"), Kind::ContextTooLong),
        (429, "", openai("insufficient_quota", "insufficient_quota"), Kind::QuotaExceeded),
        (429, "x-should-retry: true\r\n", openai("x", "insufficient_quota"), Kind::QuotaExceeded),
        (500, "x-should-retry: false\r\n", openai("x", "y"), Kind::Server),
        (429, "retry-after: 3600\r\n", openai("x", "rate_limit_exceeded"), Kind::RateLimited),
    ];
    for (status, headers, body, kind) in cases {
        let server = Server::start([answer(status, headers, &body)]).await;
        for error in [
            respond(&provider(&server, "openai/m")).await.unwrap_err(),
            stream(&provider(&server, "openai/m")).await.unwrap_err(),
        ] {
            assert_eq!(error.kind, kind, "{status} {body}");
            assert_eq!(error.status, Some(status));
        }
        assert_eq!(server.count(), 2, "{status} {body}: each sent once");
    }
}

#[tokio::test]
async fn the_retry_delay_in_googles_error_body_is_honoured() {
    let busy = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED",
        "message": "You exceeded your current quota, please check your plan and billing details. Please retry in 0.2s.",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}]}});
    let (body, ..) = hello(Protocol::Gemini);
    let server = Server::start([answer(429, "", &busy.to_string()), answer(200, "", &body)]).await;
    let begun = Instant::now();
    respond(&provider(&server, "google/m")).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(200), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn when_retries_are_used_up_the_last_error_is_returned() {
    let server = Server::start([answer(503, "", &error_body(Protocol::Chat, KEY))]).await;
    let error = respond(&provider(&server, "openai/m")).await.unwrap_err();
    assert_eq!((error.kind, server.count(), error.transport_retries), (Kind::Overloaded, 3, 2));
    assert!(!error.to_string().contains(KEY) && !format!("{error:?}").contains(KEY), "{error}");
}

#[tokio::test]
async fn a_truncated_stream_is_an_error_and_retried_only_before_content() {
    for (protocol, model) in OVER {
        let (_, media_type, events) = hello(protocol);
        let whole = Act::Answer(chunked(media_type, &events, true));
        // No content has arrived yet.
        for silent in [stream_head(media_type), chunked(media_type, b"", false)] {
            let server = Server::start([Act::Answer(silent), whole.clone()]).await;
            let reply = stream(&provider(&server, model)).await.unwrap();
            assert_eq!((reply.text().as_str(), server.count()), ("Hello", 2), "{protocol}");
        }
        // Some content has arrived.
        let text = String::from_utf8_lossy(&events).into_owned();
        let said = text.find("Hel").unwrap();
        let after = said + text[said..].find('\n').unwrap() + 2;
        for whole_body in [true, false] {
            let cut = Act::Answer(chunked(media_type, &events[..after], whole_body));
            let server = Server::start([cut, whole.clone()]).await;
            let error = stream(&provider(&server, model)).await.unwrap_err();
            assert_eq!((error.kind, server.count()), (Kind::Interrupted, 1), "{protocol}");
        }
    }
}

#[tokio::test]
async fn an_error_inside_a_stream_is_an_error() {
    let begun = r#"data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}"#;
    let cases = [
        (r#"data: {"error":{"message":"boom","code":502}}"#, Kind::Server),
        (r#"data: {"error":{"code":500,"message":"boom"},"choices":[]}"#, Kind::Server),
        ("event: error\ndata: {\"error\":{\"message\":\"boom\",\"code\":429}}", Kind::RateLimited),
        (r#"data: {"object":"error","message":"boom","code":"1"}"#, Kind::Server),
        (r#"{"error":{"message":"boom","type":"overloaded_error"}}"#, Kind::Overloaded),
        ("data: {\"choices\": [{\"delta\"", Kind::Interrupted),
    ];
    for (failure, kind) in cases {
        let body = format!("{begun}\n\n{failure}\n\n");
        let server =
            Server::start([Act::Answer(chunked("text/event-stream", body.as_bytes(), true))]).await;
        let provider = provider(&server, "openai/m");
        let request = request();
        let mut stream = provider.stream(&request).await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("Hel".into()));
        let error = loop {
            match stream.next().await.expect("an error") {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        if kind == Kind::Interrupted {
            assert!(matches!(error.kind, Kind::Interrupted | Kind::Malformed), "{error}");
        } else {
            assert_eq!(error.kind, kind, "{failure}");
            assert!(error.message.contains("boom"), "{error}");
        }
        assert!(stream.next().await.is_none(), "an event follows the error");
    }
}

#[tokio::test]
async fn an_error_instead_of_a_stream_is_retried() {
    let (_, media_type, events) = hello(Protocol::Anthropic);
    let busy = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n\
        event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let server = Server::start([
        Act::Answer(chunked(media_type, busy.as_bytes(), true)),
        Act::Answer(chunked(media_type, &events, true)),
    ])
    .await;
    let reply = stream(&provider(&server, "anthropic/m")).await.unwrap();
    assert_eq!((reply.text().as_str(), server.count(), reply.transport_retries), ("Hello", 2, 1));
}

#[tokio::test]
async fn a_silent_stream_times_out() {
    let begun = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let server = Server::start([Act::Hang(chunked("text/event-stream", begun, false))]).await;
    let mut options = options(&server, "openai/m");
    options.transport.read_timeout = Duration::from_millis(100);
    let error = stream(&Provider::new(options).unwrap()).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (Kind::Timeout, 1));
    server.closed(1).await;
}

#[tokio::test]
async fn dropping_a_stream_closes_its_connection() {
    let begun = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let server = Server::start([Act::Hang(chunked("text/event-stream", begun, false))]).await;
    let provider = provider(&server, "openai/m");
    let request = request();
    let mut stream = provider.stream(&request).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), Delta::Text("Hel".into()));
    drop(stream);
    server.closed(1).await;
}

#[tokio::test]
async fn the_reply_limit_counts_content_and_not_event_framing() {
    let line = b"data: {\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\
        \"choices\":[{\"index\":0,\"delta\":{\"content\":\"0123456789\"}}]}\n\n";
    let mut body = line.repeat(2000);
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    body.extend_from_slice(format!("{end}data: [DONE]\n\n").as_bytes());
    let answer = || Act::Answer(chunked("text/event-stream", &body, true));
    let server = Server::start([answer(), answer()]).await;
    let mut options = options(&server, "openai/m");

    options.transport.max_reply_bytes = 10_000;
    let error = stream(&Provider::new(options.clone()).unwrap()).await.unwrap_err();
    assert_eq!(error.kind, Kind::TooLarge);
    assert!(error.message.contains("more than 10000 bytes"), "{error}");

    options.transport.max_reply_bytes = 20_000;
    let reply = stream(&Provider::new(options).unwrap()).await.unwrap();
    assert_eq!(reply.text().len(), 20_000);
}

fn asked(output: Output) -> Request {
    let mut asked = request();
    asked.output = output;
    asked
}

#[tokio::test]
async fn an_unsupported_mode_is_distinguished_from_a_bad_request() {
    let tool = || std::sync::Arc::new(Tool::new("t", json!({"type": "object"})));
    let (tools, schema) = (Output::Tools(Tools::one(tool())), Output::JsonSchema(tool()));
    let mode = |mode| Some(Feature::Mode(mode));
    let cases = [
        (
            tools.clone(),
            json!({"type": "error", "error": {"type": "invalid_request_error", "message":
                "tool_choice: type \"tool\" and \"any\" are not supported for this model."}}),
            mode(Mode::Tools),
        ),
        (
            tools.clone(),
            json!({"error": {"message": "Function tools with reasoning_effort are not supported for gpt-5.6-sol in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.", "param": "reasoning_effort", "code": null, "type": "invalid_request_error"}}),
            mode(Mode::Tools),
        ),
        (
            tools.clone(),
            json!({"error": {"message": "Thinking mode does not support this tool_choice"}}),
            mode(Mode::Tools),
        ),
        (
            schema.clone(),
            json!({"error": {"message": "This model does not support response format `json_schema`."}}),
            mode(Mode::JsonSchema),
        ),
        (
            schema.clone(),
            json!({"error": {"message": "Invalid schema for response_format 't': In context=(), 'additionalProperties' is required to be supplied and to be false.", "param": "response_format"}}),
            Some(Feature::Schema(Mode::JsonSchema)),
        ),
        (
            Output::JsonObject,
            json!({"error": {"message": "'response_format' of type 'json_object' is not supported with this model."}}),
            mode(Mode::JsonObject),
        ),
        (
            schema.clone(),
            json!({"error": {"message": "Unsupported value: 'temperature' does not support 0.2 with this model.", "param": "temperature", "code": "unsupported_value"}}),
            Some(Feature::Setting("temperature".into())),
        ),
        (
            tools,
            json!({"error": {"message": "temperature: Extra inputs are not permitted"}}),
            Some(Feature::Setting("temperature".into())),
        ),
        (schema, json!({"error": {"message": "messages: field must not be empty"}}), None),
    ];
    for (output, body, expected) in cases {
        let server = Server::start([answer(400, "", &body.to_string())]).await;
        let provider = provider(&server, "openai/m");
        let error = provider.respond(&asked(output)).await.unwrap_err();
        assert_eq!(error.unsupported, expected, "{body}");
        let kind = if expected.is_some() { Kind::Unsupported } else { Kind::InvalidRequest };
        assert_eq!((error.kind, server.count()), (kind, 1), "{body}");
    }
}

#[tokio::test]
async fn unsupported_parts_and_settings_are_refused_before_sending() {
    let server = Server::start([answer(200, "", "{}")]).await;
    let image = Part::image_bytes(b"GIF89a").unwrap();
    let look = Request::new(vec![Message::user(image)]);
    let error = provider(&server, "deepseek/m").respond(&look).await.unwrap_err();
    assert!(matches!(error.unsupported, Some(Feature::Media(_))), "{error}");

    let mut sampled = request();
    sampled.settings.temperature = Some(0.2);
    let error = provider(&server, "anthropic/claude-opus-5-5").respond(&sampled).await.unwrap_err();
    assert_eq!(error.unsupported, Some(Feature::Setting("temperature".into())));
    assert_eq!(server.count(), 0);
}

#[tokio::test]
async fn an_answer_that_the_provider_rejected_is_kept_in_the_error() {
    let body = json!({"error": {"code": "tool_use_failed", "failed_generation": "{\"a\": 1}",
        "message": "Tool call validation failed", "type": "invalid_request_error"}});
    let server = Server::start([answer(400, "", &body.to_string())]).await;
    let error = respond(&provider(&server, "groq/m")).await.unwrap_err();
    assert_eq!(error.kind, Kind::RejectedAnswer);
    assert_eq!(error.generation.as_deref(), Some("{\"a\": 1}"));
}
