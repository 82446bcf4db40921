//! The class of a failure: the status first, then the code, then the words. Answers that the provider
//! marks as unusable.

use std::time::Duration;

use extract_core::conversation::{Message, ProviderError, ProviderErrorKind as Kind, Request};
use extract_core::model::{Limits, Model, Provider, ProviderOptions, RetryPolicy, collect};
use extract_core::wire::Protocol;
use serde_json::{Value, json};

use crate::support::server::{Act, Server, answer, chunked};

fn provider(server: &Server, model: &str) -> Provider {
    let mut options = ProviderOptions::default();
    options.model = model.into();
    options.base_url = Some(server.url());
    options.key = Some("sk-0123456789abcdef".to_owned().into());
    // Refusals are transport retries here, as all other failures are.
    options.limits = Limits::off();
    options.retry = RetryPolicy::times(1).first_wait(Duration::from_millis(1));
    Provider::new(options).unwrap()
}

fn request() -> Request {
    Request::new(vec![Message::user("Say hello.")])
}

fn typed(kind: &str, code: Option<&str>, message: &str) -> Value {
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

/// Returns the error of a server that answers with this status and body, and the number of requests.
async fn failed(status: u16, body: &str) -> (ProviderError, usize) {
    let server = Server::start([answer(status, "", body)]).await;
    let error = provider(&server, "openai/m").respond(&request()).await.unwrap_err();
    (error, server.count())
}

#[tokio::test]
async fn a_settled_status_is_its_class_whatever_the_body_says() {
    let statuses = [
        (401, Kind::Authentication),
        (402, Kind::QuotaExceeded),
        (404, Kind::NotFound),
        (407, Kind::Authentication),
        (408, Kind::Timeout),
        (409, Kind::Overloaded),
        (410, Kind::NotFound),
        (425, Kind::Overloaded),
        (503, Kind::Overloaded),
        (504, Kind::Timeout),
        (524, Kind::Timeout),
        (529, Kind::Overloaded),
    ];
    let bodies = [
        typed("invalid_request_error", None, "Invalid URL (POST /v1/chat)").to_string(),
        typed("invalid_request_error", Some("invalid_request_error"), "try later").to_string(),
        typed("api_error", None, "Incorrect API key provided to the upstream").to_string(),
        typed("rate_limit_error", None, "model not found").to_string(),
        json!({"detail": "The content filter of the safety system"}).to_string(),
        String::from("<html>context length</html>"),
        String::new(),
    ];
    for (status, kind) in statuses {
        for body in &bodies {
            let (error, sent) = failed(status, body).await;
            assert_eq!((error.kind, error.status), (kind, Some(status)), "{status} {body}");
            assert_eq!(sent, if kind.is_retryable() { 2 } else { 1 }, "{status} {body}");
        }
    }
}

#[tokio::test]
async fn an_ambiguous_status_is_settled_by_its_code_and_then_by_its_words() {
    let invalid = |message| typed("invalid_request_error", None, message);
    let cases = [
        (429, invalid("Rate limit reached"), Kind::RateLimited),
        (429, typed("invalid_request_error", Some("rate_limit_exceeded"), "m"), Kind::RateLimited),
        (429, typed("x", None, "Your API key is missing from the plan"), Kind::RateLimited),
        (
            429,
            json!({"message": "Too many tokens, please wait before trying again."}),
            Kind::RateLimited,
        ),
        (429, typed("insufficient_quota", Some("insufficient_quota"), "m"), Kind::QuotaExceeded),
        (
            429,
            invalid("You exceeded your current quota, please check your plan"),
            Kind::QuotaExceeded,
        ),
        (
            429,
            typed("tokens", Some("rate_limit_exceeded"), "Request too large for m"),
            Kind::ContextTooLong,
        ),
        (429, typed("engine_overloaded_error", None, "m"), Kind::Overloaded),
        (500, invalid("The upstream server did not accept the API key: invalid"), Kind::Server),
        (500, typed("server_error", Some("invalid_api_key"), "Incorrect API key"), Kind::Server),
        (500, invalid("model not found on this replica"), Kind::Server),
        (500, typed("x", None, "the content filter crashed"), Kind::Server),
        (502, typed("invalid_request_error", None, "insufficient balance"), Kind::Server),
        (
            500,
            typed("server_error", None, "the request exceeds the available context size"),
            Kind::ContextTooLong,
        ),
        (500, typed("overloaded_error", None, "m"), Kind::Overloaded),
        (
            424,
            json!({"error": "Request failed during generation", "error_type": "generation"}),
            Kind::Server,
        ),
        (
            501,
            typed("not_supported_error", None, "This server does not support embeddings"),
            Kind::Unsupported,
        ),
        (403, typed("x", None, "m"), Kind::Permission),
        (403, typed("invalid_request_error", Some("invalid_api_key"), "m"), Kind::Authentication),
        (403, typed("authentication_error", None, "m"), Kind::Authentication),
        (403, typed("insufficient_quota", None, "m"), Kind::QuotaExceeded),
        (403, typed("invalid_request_error", Some("model_not_found"), "m"), Kind::NotFound),
        (
            403,
            typed("request_forbidden", Some("unsupported_country_region_territory"), "m"),
            Kind::Permission,
        ),
        (403, typed("x", Some("content_filter"), "m"), Kind::ContentFiltered),
        (403, typed("rate_limit_error", None, "m"), Kind::RateLimited),
        (403, invalid("insufficient credits"), Kind::QuotaExceeded),
        (400, invalid("Incorrect API key provided: x"), Kind::Authentication),
        (400, invalid("API key not valid. Please pass a valid API key."), Kind::Authentication),
        (400, invalid("No api key passed in."), Kind::Authentication),
        // A field of the schema, not the key.
        (
            400,
            invalid("Invalid value: 'required' has to list every key. Missing 'api_key'."),
            Kind::InvalidRequest,
        ),
        (400, invalid("The field api_key has an invalid description"), Kind::InvalidRequest),
        (400, typed("api_error", None, "no such option"), Kind::InvalidRequest),
        (422, typed("x", Some("context_length_exceeded"), "m"), Kind::ContextTooLong),
        (
            413,
            typed("tokens", Some("rate_limit_exceeded"), "Request too large for m"),
            Kind::ContextTooLong,
        ),
        (413, json!("Payload Too Large"), Kind::InvalidRequest),
        (405, json!({"detail": "Method Not Allowed"}), Kind::NotFound),
    ];
    for (status, body, kind) in cases {
        let (error, sent) = failed(status, &body.to_string()).await;
        assert_eq!((error.kind, error.status), (kind, Some(status)), "{status} {body}: {error}");
        assert_eq!(sent, if kind.is_retryable() { 2 } else { 1 }, "{status} {body}");
    }
}

#[tokio::test]
async fn a_failure_without_a_status_is_its_code() {
    let cases = [
        (json!({"error": {"type": "overloaded_error", "message": "m"}}), Kind::Overloaded),
        (json!({"error": {"code": "rate_limit_exceeded", "message": "m"}}), Kind::RateLimited),
        (json!({"error": {"code": "insufficient_quota", "message": "m"}}), Kind::QuotaExceeded),
        (json!({"error": {"code": "server_error", "message": "m"}}), Kind::Server),
        (json!({"error": {"type": "invalid_request_error", "message": "m"}}), Kind::InvalidRequest),
        (json!({"error": {"message": "Incorrect API key provided"}}), Kind::Authentication),
        (
            json!({"error": {"code": 503, "type": "invalid_request_error", "message": "m"}}),
            Kind::Overloaded,
        ),
        (json!({"error": {"message": "m"}}), Kind::Server),
    ];
    for (body, kind) in cases {
        let event = format!("data: {body}\n\n");
        let stream = Act::Answer(chunked("text/event-stream", event.as_bytes(), true));
        let server = Server::start([stream]).await;
        let provider = provider(&server, "openai/m");
        let error = provider.stream(&request()).await.map(|_| ()).unwrap_err();
        assert_eq!(error.kind, kind, "{body}: {error}");
    }
}

/// Returns whole replies that end with a reason for an unusable answer: the protocol, a model of it, the
/// body, the reason and the text that the error shows.
fn unusable() -> Vec<(Protocol, &'static str, Value, &'static str, &'static str)> {
    let gemini = |reason: &str, message: Option<&str>| {
        json!({"candidates": [{"finishReason": reason, "finishMessage": message, "index": 0}],
            "usageMetadata": {"promptTokenCount": 3}})
    };
    let bedrock =
        |reason: &str| json!({"output": {"message": {"content": []}}, "stopReason": reason});
    let model = "google/m";
    let (google, amazon) = (Protocol::Gemini, Protocol::Bedrock);
    vec![
        (
            google,
            model,
            gemini("MALFORMED_FUNCTION_CALL", Some("Malformed function call: print(P(")),
            "MALFORMED_FUNCTION_CALL",
            "Malformed function call: print(P(",
        ),
        (
            google,
            model,
            gemini("MALFORMED_FUNCTION_CALL", None),
            "MALFORMED_FUNCTION_CALL",
            "the model wrote a malformed tool call",
        ),
        (
            google,
            model,
            gemini("MALFORMED_RESPONSE", Some(" ")),
            "MALFORMED_RESPONSE",
            "the model wrote a malformed answer",
        ),
        (
            google,
            model,
            gemini("UNEXPECTED_TOOL_CALL", None),
            "UNEXPECTED_TOOL_CALL",
            "the model called a tool that was not offered",
        ),
        (
            amazon,
            "",
            bedrock("malformed_tool_use"),
            "malformed_tool_use",
            "the model wrote a malformed tool call",
        ),
        (
            amazon,
            "",
            bedrock("malformed_model_output"),
            "malformed_model_output",
            "the model wrote a malformed answer",
        ),
    ]
}

#[test]
fn an_unusable_answer_is_an_error_with_its_reason() {
    for (protocol, _, body, reason, shown) in unusable() {
        let error = protocol.decode(body.to_string().as_bytes()).unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (Kind::RejectedAnswer, Some(reason)));
        assert_eq!(error.message, shown, "{reason}");
        assert!(error.is_retryable());
    }
    // A call before it does not make the answer whole.
    let call = json!({"functionCall": {"name": "t", "args": {}}});
    let body = json!({"candidates": [{"content": {"parts": [call]}, "finishReason": "MALFORMED_FUNCTION_CALL"}]});
    let error = Protocol::Gemini.decode(body.to_string().as_bytes()).unwrap_err();
    assert_eq!(error.kind, Kind::RejectedAnswer);
}

#[tokio::test]
async fn an_unusable_answer_is_asked_for_again() {
    let hello = json!({"candidates": [{"finishReason": "STOP",
        "content": {"role": "model", "parts": [{"text": "Hello"}]}}]});
    let event = |body: &Value| {
        Act::Answer(chunked("text/event-stream", format!("data: {body}\r\n\r\n").as_bytes(), true))
    };
    for (_, model, body, reason, _) in unusable().into_iter().filter(|case| !case.1.is_empty()) {
        let whole = Server::start([
            answer(200, "", &body.to_string()),
            answer(200, "", &hello.to_string()),
        ])
        .await;
        let reply = provider(&whole, model).respond(&request()).await.unwrap();
        assert_eq!((reply.text().as_str(), whole.count()), ("Hello", 2), "{reason}");

        let streamed = Server::start([event(&body), event(&hello)]).await;
        let provider = provider(&streamed, model);
        let request = request();
        let reply = collect(provider.stream(&request).await.unwrap()).await.unwrap();
        assert_eq!((reply.text().as_str(), streamed.count()), ("Hello", 2), "{reason}");
    }
}
