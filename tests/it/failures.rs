//! The content of a failed extraction's error: the step that was running, the partial reply, the
//! cost, and the best value so far.

use std::error::Error as _;
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind as Kind;
use extract_llm::extraction::{BadItems, ClientBuilder, Outcome};
use extract_llm::model::Protocol;
use extract_llm::scripted::{Scripted, reply};
use extract_llm::{Client, Error, ErrorKind, Extract, Mode};
use serde_json::{Value, json};

use crate::support::server::{Act, Server, answer, chunked, stream_head};

const KEY: &str = "sk-0123456789abcdef";

fn builder(url: &str, protocol: Protocol) -> ClientBuilder {
    Client::builder()
        .base_url(url)
        .model("m-1")
        .protocol(protocol)
        .api_key(KEY)
        .mode(Mode::JsonObject)
        .transport_retries(1)
        .idle_timeout(Duration::from_secs(20))
}

fn client_of(url: &str, protocol: Protocol) -> Client {
    builder(url, protocol).build().unwrap()
}

fn client(url: &str) -> Client {
    client_of(url, Protocol::Chat)
}

/// Returns a 429 that asks for a wait of this many seconds.
fn busy(seconds: &str) -> Act {
    let headers = format!("retry-after: {seconds}\r\nx-request-id: req-429\r\n");
    let body = json!({"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}});
    answer(429, &headers, &body.to_string())
}

/// Returns the first events of a list in each protocol, and the input tokens reported by then.
fn begun(protocol: Protocol) -> (Vec<u8>, Option<u64>) {
    let (events, input) = match protocol {
        Protocol::Anthropic => (
            vec![
                json!({"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 11, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
                json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "{\"value\": [2, 1, "}}),
            ],
            Some(11),
        ),
        Protocol::Gemini => (
            vec![
                json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": "{\"value\": [2, 1, "}]}}],
                "usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 2}}),
            ],
            Some(11),
        ),
        Protocol::Responses => (
            vec![
                json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "message", "id": "msg_1", "role": "assistant", "content": []}}),
                json!({"type": "response.output_text.delta", "item_id": "msg_1", "delta": "{\"value\": [2, 1, "}),
            ],
            None,
        ),
        _ => (
            vec![
                json!({"model": "m-1", "choices": [{"index": 0, "delta": {"content": "{\"value\": [2, 1, "}}],
                "usage": {"prompt_tokens": 11, "completion_tokens": 2}}),
            ],
            Some(11),
        ),
    };
    let body = events.iter().map(|event| format!("data: {event}\n\n")).collect::<Vec<_>>().concat();
    (chunked("text/event-stream", body.as_bytes(), false), input)
}

const PROTOCOLS: [Protocol; 4] =
    [Protocol::Chat, Protocol::Anthropic, Protocol::Gemini, Protocol::Responses];

#[tokio::test]
async fn a_wait_beyond_the_deadline_names_its_reason_at_once() {
    for streamed in [false, true] {
        let server = Server::start([busy("30")]).await;
        let asked =
            client(&server.url()).extract::<Vec<u8>>("…").deadline(Duration::from_millis(600));
        let error = if streamed { asked.items().finish().await } else { asked.await }.unwrap_err();
        let ErrorKind::Deadline { request: reached, .. } = error.kind() else { panic!("{error}") };
        let ledger = error.ledger();
        let reached = reached.as_ref().unwrap();
        assert_eq!(reached.waiting, Some(Duration::from_secs(30)));
        assert!(reached.exceeds_deadline && reached.waited < Duration::from_secs(20));
        let failure = error.provider_error().unwrap();
        assert_eq!((failure.kind, failure.status), (Kind::RateLimited, Some(429)));
        assert_eq!(failure.message, "Rate limit reached");
        let attempt = &ledger.attempts[0];
        assert_eq!(attempt.request_id.as_deref(), Some("req-429"));
        assert_eq!(attempt.waited, reached.waited);
        for words in [error.to_string(), ledger.to_string()] {
            for part in ["waiting 30s", "HTTP 429", "Rate limit reached", "req-429", "m-1"] {
                assert!(words.contains(part), "{part:?} is not in {words:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_deadline_after_a_retry_names_the_reason_of_the_retry() {
    let server = Server::start([busy("0"), Act::Hang(Vec::new())]).await;
    let asked = client(&server.url()).extract::<u8>("…").deadline(Duration::from_millis(500));
    let error = asked.await.unwrap_err();
    assert_eq!(server.count(), 2);
    let attempt = &error.ledger().attempts[0];
    assert_eq!(attempt.transport_retries, 1);
    assert_eq!(attempt.request_id.as_deref(), Some("req-429"));
    assert!(error.to_string().contains("not answered yet, after this: rate limited"), "{error}");
}

#[tokio::test]
async fn a_first_token_timeout_during_a_retry_delay_names_the_delay() {
    let server = Server::start([busy("30")]).await;
    let asked = client(&server.url()).extract::<Vec<u8>>("…");
    let asked = asked.first_token_timeout(Duration::from_millis(300)).items();
    let error = asked.finish().await.unwrap_err();
    let ErrorKind::Provider(failure) = error.kind() else { panic!("{error}") };
    let ledger = error.ledger();
    assert_eq!((failure.kind, failure.status), (Kind::Timeout, Some(429)));
    assert_eq!(failure.retry_after, Some(Duration::from_secs(30)));
    assert_eq!(ledger.attempts[0].request_id.as_deref(), Some("req-429"));
    let words = error.to_string();
    assert!(!words.contains("silent"), "{words}");
    for part in ["first_token_timeout` of 300ms", "waiting 30s", "Rate limit reached"] {
        assert!(words.contains(part), "{part:?} is not in {words:?}");
    }
}

#[derive(Extract)]
struct Bit(#[extract(range(max = 1))] u8);

/// Returns the error that ends a stream of bits at the first element that is not one.
async fn stopped(client: &Client) -> Error {
    let mut items = client.extract::<Vec<Bit>>("…").bad_items(BadItems::Stop).items();
    loop {
        match items.next().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => return error,
            None => panic!("it has an element that is none"),
        }
    }
}

/// However a stream ends early, the id of its request and the tokens reported so far are kept.
#[tokio::test]
async fn a_stream_that_ends_early_keeps_its_id_and_its_tokens() {
    for protocol in PROTOCOLS {
        let (bytes, input) = begun(protocol);
        let (soon, hang) = (Duration::from_millis(100), Act::Hang(bytes.clone()));
        for how in ["cut", "idle", "deadline", "stop"] {
            let act = if how == "cut" { Act::Answer(bytes.clone()) } else { hang.clone() };
            let server = Server::start([act]).await;
            let client = client_of(&server.url(), protocol);
            let asked = client.extract::<Vec<u8>>("…");
            let error = match how {
                "stop" => stopped(&client).await,
                "idle" => asked.idle_timeout(soon).items().finish().await.unwrap_err(),
                "deadline" => asked.deadline(soon * 4).items().finish().await.unwrap_err(),
                _ => asked.items().finish().await.unwrap_err(),
            };
            let attempt = &error.ledger().attempts[0];
            assert_eq!(attempt.request_id.as_deref(), Some("req-7"), "{protocol} {how}: {error}");
            assert_eq!(attempt.reply, "{\"value\": [2, 1, ", "{protocol} {how}");
            let known = attempt.usage.map(|usage| usage.input_tokens);
            assert_eq!(known, input, "{protocol} {how}: {error}");
            match how {
                "idle" => assert!(error.to_string().contains("100ms"), "{error}"),
                "deadline" => {
                    assert!(error.to_string().contains("being answered"), "{error}");
                    assert!(attempt.latency >= soon, "{:?}", attempt.latency);
                }
                "stop" => assert_eq!(attempt.outcome, Outcome::Rejected, "{error}"),
                _ => {}
            }
        }
    }
}

/// Tokens reported before any content were spent too.
#[tokio::test]
async fn tokens_reported_before_any_content_are_kept() {
    let start = json!({"type": "message_start", "message": {"model": "m-1", "usage": {"input_tokens": 11, "output_tokens": 1}}});
    let bytes =
        [stream_head("text/event-stream"), format!("data: {start}\n\n").into_bytes()].concat();
    let server = Server::start([Act::Hang(bytes)]).await;
    let asked = client_of(&server.url(), Protocol::Anthropic).extract::<Vec<u8>>("…");
    let asked = asked.first_token_timeout(Duration::from_millis(200)).items();
    let error = asked.finish().await.unwrap_err();
    assert!(error.to_string().contains("being answered"), "{error}");
    assert_eq!(error.ledger().usage().input_tokens, 11, "{error}");
}

#[tokio::test]
async fn a_deadline_in_a_check_leaves_the_reply_in_the_ledger() {
    let client = Client::with_model(Scripted::new([reply::tool(json!({"value": 1}))]));
    let asked = client.extract::<u8>("…").check(async |_, _| {
        tokio::time::sleep(Duration::from_secs(30)).await;
        Ok::<(), &str>(())
    });
    let error = asked.deadline(Duration::from_millis(100)).await.unwrap_err();
    let ErrorKind::Deadline { request: reached, .. } = error.kind() else { panic!("{error}") };
    let ledger = error.ledger();
    assert!(reached.is_none(), "no request was running");
    assert_eq!(ledger.attempts[0].outcome, Outcome::Unchecked);
}

#[tokio::test]
async fn every_error_carries_the_best_value_so_far() {
    let rows: Vec<Value> =
        (0..200).map(|n| if n == 57 { json!("many") } else { json!(n) }).collect();
    let endings = [
        ("provider", reply::status(401)),
        ("refused", reply::refusal("No.")),
        ("filtered", reply::filtered()),
        ("cut off", reply::truncated("[1, 2")),
        ("deadline", reply::tool(json!({"value": 57})).after(Duration::from_secs(30))),
        ("invalid", reply::tool(json!({"value": ["many", "few"]}))),
    ];
    for (how, ending) in endings {
        let replies = [reply::tool(json!({"value": rows})), ending];
        let client = Client::with_model(Scripted::new(replies));
        let asked = client.extract::<Vec<u8>>("…").validation_retries(1);
        let error = asked.deadline(Duration::from_millis(800)).await.unwrap_err();
        let best = error.best().unwrap_or_else(|| panic!("{how}: {error}"));
        assert_eq!(best.value.as_array().map(Vec::len), Some(200), "{how}");
        let problems = error.problems().unwrap();
        assert_eq!(problems.len(), 1, "{how}");
        assert_eq!(problems.iter().next().unwrap().pointer, "/57", "{how}");
    }
}

#[tokio::test]
async fn a_failure_before_any_answer_has_no_best_value() {
    let client = Client::with_model(Scripted::new([reply::refusal("No.")]));
    let error = client.extract::<u8>("…").await.unwrap_err();
    assert_eq!((error.best(), error.problems().is_some()), (None, false));
}

#[tokio::test]
async fn an_unreachable_server_is_named_without_secrets() {
    let client = |url: &str| {
        let builder = Client::builder().base_url(url).model("m-1").api_key(KEY);
        builder.connect_timeout(Duration::from_secs(5)).transport_retries(0).build().unwrap()
    };
    // Nothing listens on this port any more.
    let port = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let places = [
        ("http", format!("127.0.0.1:{port}")),
        ("https", String::from("no-such-host.invalid:443")),
    ];
    for (scheme, place) in places {
        let error = client(&format!("{scheme}://{place}/v1")).extract::<u8>("…").await.unwrap_err();
        let words = error.to_string();
        assert!(words.contains(&place), "{words}");
        assert!(words.contains("m-1"), "{words}");
        assert!(!words.contains(KEY) && !words.contains("/v1"), "{words}");
        assert!(error.ledger().to_string().contains("m-1"), "{words}");
    }
}

#[tokio::test]
async fn a_retry_delay_above_the_limit_is_reported() {
    let server = Server::start([busy("300")]).await;
    let error = client(&server.url()).extract::<u8>("…").await.unwrap_err();
    assert_eq!(server.count(), 1);
    let words = error.to_string();
    assert!(words.contains("asks to wait 300s, longer than the 60s of patience"), "{words}");
    let failure = error.provider_error().unwrap();
    assert_eq!(failure.max_retry_after, Some(Duration::from_secs(60)));

    let server = Server::start([busy("0"), busy("0")]).await;
    let client = builder(&server.url(), Protocol::Chat).max_limit_wait(Duration::ZERO);
    let error = client.build().unwrap().extract::<u8>("…").await.unwrap_err();
    assert!(error.to_string().contains("sent 2 times"), "{error}");
    assert_eq!(error.provider_error().unwrap().max_retry_after, None);
}

#[tokio::test]
async fn an_error_does_not_repeat_the_message_of_its_source() {
    let server = Server::start([busy("300")]).await;
    let provider = client(&server.url()).extract::<u8>("…").await.unwrap_err();
    let checked = Client::with_model(Scripted::new([reply::tool(json!({"value": 1}))]));
    let failing = |_: &u8, _: extract_llm::check::Context<'_>| {
        Err(extract_llm::check::CheckError::failed("the table is gone"))
    };
    let check = checked.extract::<u8>("…").validate(failing).await.unwrap_err();
    assert!(check.to_string().contains("the table is gone"), "{check}");
    for error in [provider, check] {
        let mut cause = error.source();
        while let Some(inner) = cause {
            assert!(!error.to_string().contains(&inner.to_string()), "{error} / {inner}");
            cause = inner.source();
        }
    }
}

#[tokio::test]
async fn many_problems_are_summarised_in_the_message_and_kept_in_full() {
    let rows = vec![json!("many"); 2000];
    let client = Client::with_model(Scripted::new([reply::tool(json!({"value": rows}))]));
    let error = client.extract::<Vec<u8>>("…").validation_retries(0).await.unwrap_err();
    let problems = error.problems().unwrap();
    assert!(problems.len() > 100, "{}", problems.len());
    let more = format!("and {} more", problems.len() - 10);
    for words in [error.to_string(), error.ledger().to_string()] {
        assert!(words.len() < 1500, "{} bytes", words.len());
        assert!(words.contains("/0: ") && words.contains("/9: "), "{words}");
        assert!(words.contains(&more), "{words}");
    }
}

#[tokio::test]
async fn a_report_distinguishes_unknown_usage_from_zero() {
    let silent = reply::tool(json!({"value": 7})).without_usage();
    let counted = reply::tool(json!({"value": 7})).usage(0, 0);
    let client = Client::with_model(Scripted::new([silent, counted]));
    let done = client.extract::<u8>("…").report().await.unwrap();
    assert_eq!((done.ledger.usage().total_tokens(), done.ledger.known_usage()), (0, None));
    let done = client.extract::<u8>("…").report().await.unwrap();
    assert_eq!(done.ledger.known_usage().map(|usage| usage.total_tokens()), Some(0));
}

/// A whole value is in each of these replies, and none of them says that it has ended.
#[tokio::test]
async fn a_reply_without_a_natural_end_is_no_answer() {
    let text = r#"{"value": 7}"#;
    let cases = [
        (
            Protocol::Anthropic,
            "pause_turn",
            json!({"type": "message", "role": "assistant", "content": [{"type": "text", "text": text}],
                "stop_reason": "pause_turn", "usage": {"input_tokens": 9, "output_tokens": 5}}),
        ),
        (
            Protocol::Gemini,
            "MISSING_THOUGHT_SIGNATURE",
            json!({"candidates": [{"content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": "MISSING_THOUGHT_SIGNATURE"}]}),
        ),
        (
            Protocol::Chat,
            "something_new",
            json!({"choices": [{"message": {"role": "assistant", "content": text},
                "finish_reason": "something_new"}]}),
        ),
    ];
    for (protocol, reason, body) in cases {
        let server = Server::start([answer(200, "", &body.to_string())]).await;
        let client = Client::builder().base_url(server.url()).model("m-1").protocol(protocol);
        let client = client.api_key(KEY).mode(Mode::Text).build().unwrap();
        let error = client.extract::<u8>("seven").await.unwrap_err();
        let failure = error.provider_error().unwrap_or_else(|| panic!("{protocol}: {error}"));
        assert_eq!((failure.kind, error.is_retryable()), (Kind::Interrupted, false), "{error}");
        assert!(error.to_string().contains(reason), "{error}");
        assert!(!error.to_string().contains("connection"), "{error}");
        assert_eq!(error.ledger().attempts[0].outcome, Outcome::Failed, "{error}");
        assert_eq!(server.count(), 1, "{error}");
    }
}
