//! Limits in front of the socket: many extractions against servers with rate limits, shared waits,
//! deadlines, streams and dropped calls.

use std::time::Duration;

use extract_core::Client;
use extract_core::conversation::{Mode, ProviderErrorKind as Kind};
use extract_core::extraction::{ClientBuilder, ErrorKind, Ledger};
use extract_core::model::{Limits, RetryPolicy};
use futures_util::StreamExt;
use futures_util::stream;
use serde_json::json;

use crate::support::limited::{Counts, LimitedServer, Rules, Says};
use crate::support::server::{Act, Server, answer, chunked};

const MILLIS: Duration = Duration::from_millis(1);

fn builder(url: &str) -> ClientBuilder {
    Client::builder().base_url(url).model("m").mode(Mode::Text)
}

fn rules(limit: u32, window: Duration, says: Says) -> Rules {
    Rules { limits: vec![(limit, window)], says, latency: MILLIS * 3, faults: false }
}

/// Runs extractions of the numbers from 0, and checks that each has its value.
async fn run(client: &Client, count: u32, in_flight: usize) {
    let extractions = stream::iter(0..count).map(|item| async move {
        let value = client.extract::<u32>(format!("item-{item}")).await;
        assert_eq!(value.unwrap_or_else(|error| panic!("{item}: {error}")), item);
    });
    extractions.buffer_unordered(in_flight).collect::<()>().await;
}

fn assert_each_once(counts: &Counts, count: usize) {
    assert_eq!(counts.answers.len(), count);
    assert!(counts.answers.values().all(|answers| *answers == 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn under_an_enforced_limit_every_extraction_has_its_value() {
    let server = LimitedServer::start(rules(10, MILLIS * 200, Says::Millis)).await;
    run(&builder(&server.url()).build().unwrap(), 150, 100).await;
    let counts = server.counts();
    assert_each_once(&counts, 150);
    assert!(counts.refused > 0, "the limit was reached");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_states_no_wait_costs_waiting_but_no_failure() {
    let server = LimitedServer::start(rules(40, MILLIS * 300, Says::Nothing)).await;
    let client = builder(&server.url()).transport_retries(1).build().unwrap();
    run(&client, 200, 100).await;
    assert_each_once(&server.counts(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_teach_the_limit_before_the_first_refusal() {
    let server = LimitedServer::start(rules(40, MILLIS * 700, Says::All)).await;
    run(&builder(&server.url()).build().unwrap(), 120, 8).await;
    let counts = server.counts();
    assert_each_once(&counts, 120);
    assert!(counts.refused <= 8, "{} refused", counts.refused);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_share_limits_share_the_places() {
    let server = LimitedServer::start(rules(1_000, MILLIS * 100, Says::Nothing)).await;
    let limits = Limits::default().concurrency(3);
    let one = builder(&server.url()).limits(limits.clone()).build().unwrap();
    let other = builder(&server.url()).limits(limits).build().unwrap();
    futures_util::future::join(run(&one, 40, 20), run(&other, 40, 20)).await;
    assert_eq!(server.counts().most_running, 3);

    let free = builder(&server.url()).limits(Limits::off()).build().unwrap();
    run(&free, 40, 40).await;
    assert!(server.counts().most_running > 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_all_kinds_end_in_a_value() {
    let mut rules = rules(100_000, MILLIS * 100, Says::Nothing);
    rules.faults = true;
    let server = LimitedServer::start(rules).await;
    let client = builder(&server.url())
        .retry_policy(RetryPolicy::times(4).first_wait(MILLIS))
        .build()
        .unwrap();
    run(&client, 300, 100).await;
    let counts = server.counts();
    assert_eq!(counts.answers.len(), 300);
    assert!(counts.faults >= 20);
}

/// Returns a failure with this status that asks for a wait.
fn busy(status: u16, headers: &str) -> Act {
    let body = json!({"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}});
    answer(status, headers, &body.to_string())
}

fn good() -> Act {
    answer(200, "", &reply().to_string())
}

fn reply() -> serde_json::Value {
    json!({"model": "m", "choices": [{"message": {"content": "{\"value\": 7}"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 50, "completion_tokens": 5}})
}

#[tokio::test]
async fn refusals_are_no_transport_retries() {
    for status in [429, 503, 529] {
        let act = || busy(status, "retry-after-ms: 5\r\n");
        let server = Server::start([act(), act(), act(), act(), good()]).await;
        let policy = RetryPolicy::times(1).first_wait(MILLIS).longest_wait(MILLIS * 10);
        let client = builder(&server.url()).retry_policy(policy).build().unwrap();
        let done = client.extract::<u8>("…").report().await.unwrap();
        let attempt = &done.ledger.attempts[0];
        assert_eq!((done.value, attempt.transport_retries, server.count()), (7, 4, 5));
        assert!(attempt.limit_wait >= MILLIS * 20, "{:?}", attempt.limit_wait);
        assert!(attempt.waited >= attempt.limit_wait && attempt.latency >= attempt.waited);
    }
}

#[tokio::test]
async fn without_retries_a_refusal_is_the_error() {
    let server = Server::start([busy(429, "retry-after-ms: 1\r\n"), good()]).await;
    let client = builder(&server.url()).transport_retries(0).build().unwrap();
    let error = client.extract::<u8>("…").await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().kind, Kind::RateLimited);
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn with_the_limits_off_refusals_count_as_transport_retries() {
    let server = Server::start([busy(429, "retry-after-ms: 1\r\n")]).await;
    let client = builder(&server.url()).limits(Limits::off()).transport_retries(3).build().unwrap();
    let error = client.extract::<u8>("…").await.unwrap_err();
    assert_eq!(server.count(), 4);
    assert_eq!(error.ledger().attempts[0].limit_wait, Duration::ZERO);
}

#[tokio::test]
async fn an_overload_without_a_stated_wait_counts_as_a_transport_retry() {
    let server = Server::start([busy(503, "")]).await;
    let policy = RetryPolicy::times(2).first_wait(MILLIS);
    let client = builder(&server.url()).retry_policy(policy).build().unwrap();
    client.extract::<u8>("…").await.unwrap_err();
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn refusals_end_after_the_longest_wait() {
    let server = Server::start([busy(429, "")]).await;
    let policy = RetryPolicy::times(1).first_wait(MILLIS).longest_wait(MILLIS * 10);
    let client = builder(&server.url()).retry_policy(policy).max_limit_wait(MILLIS * 200);
    let error = client.build().unwrap().extract::<u8>("…").await.unwrap_err();
    let refusal = error.provider_error().unwrap();
    assert_eq!((refusal.kind, refusal.status), (Kind::RateLimited, Some(429)));
    assert!(server.count() > 3, "{}", server.count());
    assert_eq!(refusal.transport_retries as usize, server.count() - 1);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_fails_at_once_for_all_calls() {
    for streamed in [false, true] {
        let server = Server::start([busy(429, "retry-after: 30\r\nx-request-id: req-1\r\n")]).await;
        let client = builder(&server.url()).build().unwrap();
        for (call, text) in [(1, "after this: rate limited"), (2, "waiting 30.0s to be sent")] {
            let asked = client.extract::<Vec<u8>>("…").deadline(Duration::from_secs(20));
            let error = if streamed { asked.items().finish().await } else { asked.await };
            let error = error.unwrap_err();
            let ErrorKind::Deadline { request: Some(request), .. } = error.kind() else {
                panic!("{error}")
            };
            let wait = request.waiting.unwrap();
            assert!(wait > Duration::from_secs(25) && wait <= Duration::from_secs(30), "{wait:?}");
            assert!(request.exceeds_deadline);
            assert_eq!(error.provider_error().is_some(), call == 1);
            assert!(error.to_string().contains("the deadline of 20s is too short"), "{error}");
            assert!(error.to_string().contains(text), "{error}");
            assert!(error.is_retryable());
            assert_eq!(server.count(), 1, "only the first call was sent");
        }
    }
}

#[tokio::test]
async fn with_the_limits_off_a_deadline_passes_during_the_wait() {
    for streamed in [false, true] {
        let server = Server::start([busy(429, "retry-after: 30\r\nx-request-id: req-1\r\n")]).await;
        let client = builder(&server.url()).limits(Limits::off()).build().unwrap();
        let asked = client.extract::<Vec<u8>>("…").deadline(MILLIS * 600);
        let error = if streamed { asked.items().finish().await } else { asked.await }.unwrap_err();
        let ErrorKind::Deadline { request: Some(request), .. } = error.kind() else {
            panic!("{error}")
        };
        assert_eq!(request.waiting, Some(Duration::from_secs(30)));
        assert!(request.waited > Duration::ZERO && request.waited < Duration::from_secs(20));
        assert!(!request.exceeds_deadline);
        let attempt = &error.ledger().attempts[0];
        assert!(attempt.latency >= MILLIS * 500, "{:?}", attempt.latency);
        assert_eq!(attempt.waited, request.waited);
        assert_eq!(attempt.request_id.as_deref(), Some("req-1"));
    }
}

#[tokio::test]
async fn a_used_up_quota_is_not_waited_for() {
    let body = json!({"error": {"message": "m", "code": "insufficient_quota"}}).to_string();
    let server = Server::start([answer(429, "retry-after: 5\r\n", &body)]).await;
    let client = builder(&server.url()).build().unwrap();
    for count in [1, 2] {
        let error = client.extract::<u8>("…").await.unwrap_err();
        assert_eq!(error.provider_error().unwrap().kind, Kind::QuotaExceeded);
        assert_eq!(server.count(), count, "and nobody waits because of it");
    }
}

#[tokio::test]
async fn a_stream_holds_its_place_until_it_has_ended_or_is_dropped() {
    let event = |content: &str, end: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{content}\"}}{end}}}]}}\n\n"
        )
    };
    let (begun, rest) =
        (event(r#"{\"value\": [7, "#, ""), event("8]}", ",\"finish_reason\":\"stop\""));
    let whole = format!("{begun}{rest}data: [DONE]\n\n");
    let server = Server::start([
        Act::Hang(chunked("text/event-stream", begun.as_bytes(), false)),
        Act::Answer(chunked("text/event-stream", whole.as_bytes(), true)),
        good(),
    ])
    .await;
    let client = builder(&server.url()).concurrency(1).build().unwrap();
    let mut open = client.extract::<Vec<u8>>("…").stream();
    open.next().await.unwrap().unwrap();
    let refused = client.extract::<u8>("…").deadline(MILLIS * 50).await.unwrap_err();
    assert!(refused.to_string().contains("waiting for its turn in the limits"), "{refused}");
    assert_eq!(server.count(), 1);
    drop(open);
    assert_eq!(client.extract::<Vec<u8>>("…").stream().finish().await.unwrap(), [7, 8]);
    assert_eq!(client.extract::<u8>("…").await.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_dropped_anywhere_free_their_places() {
    let mut rules = rules(60, MILLIS * 50, Says::Millis);
    rules.faults = true;
    let server = LimitedServer::start(rules).await;
    let client = builder(&server.url()).concurrency(4).build().unwrap();
    let calls = stream::iter(0..300_u64).map(|item| {
        let client = &client;
        async move {
            let call = async { client.extract::<u32>(format!("item-{item}")).await };
            tokio::time::timeout(Duration::from_micros(item * 211 % 20_000), call).await.is_ok()
        }
    });
    let ended: Vec<bool> = calls.buffer_unordered(50).collect().await;
    assert!(ended.contains(&false));
    run(&client, 40, 20).await;
}

#[tokio::test]
async fn the_ledger_has_the_wait_of_each_attempt_and_their_sum() {
    let server = Server::start([busy(429, "retry-after-ms: 20\r\n"), good()]).await;
    let done = builder(&server.url()).build().unwrap().extract::<u8>("…").report().await.unwrap();
    let json = serde_json::to_value(&done.ledger).unwrap();
    let sum = json["limit_wait"].as_f64().unwrap();
    assert!(sum >= 0.02, "{sum}");
    assert_eq!(json["attempts"][0]["limit_wait"], json["limit_wait"]);
    let read: Ledger = serde_json::from_value(json).unwrap();
    assert_eq!(read.limit_wait(), done.ledger.limit_wait());
}
