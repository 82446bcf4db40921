//! Every setting that is a time: the longest duration is no limit, and with zero nothing is sent. What no
//! content comes with is no progress. The defaults stand in `docs/time.md`.

use std::time::Duration;

use extract_core::conversation::{Mode, ProviderErrorKind as Kind};
use extract_core::extraction::{ClientBuilder, ErrorKind};
use extract_core::http::TransportOptions;
use extract_core::model::RetryPolicy;
use extract_core::{Client, Error};

use crate::support::server::{Act, Server, answer, chunked};

const MILLIS: Duration = Duration::from_millis(1);

/// A setting, and how it is set on a client.
type Setting = (&'static str, fn(ClientBuilder, Duration) -> ClientBuilder);

/// The timeouts of a whole call.
const TIMEOUTS: [Setting; 3] = [
    ("timeout", |client, time| client.timeout(time)),
    ("connect_timeout", |client, time| client.connect_timeout(time)),
    ("read_timeout", |client, time| {
        client.transport(TransportOptions::default().read_timeout(time))
    }),
];

/// The timeouts that only streams have.
const STREAM_TIMEOUTS: [Setting; 2] = [
    ("first_token_timeout", |client, time| client.first_token_timeout(time)),
    ("idle_timeout", |client, time| client.idle_timeout(time)),
];

const DEADLINE: Setting = ("deadline", |client, time| client.deadline(time));

/// The waits. A wait of zero is none.
const WAITS: [Setting; 4] = [
    ("first_wait", |client, time| client.retry_policy(RetryPolicy::times(1).first_wait(time))),
    ("longest_wait", |client, time| client.retry_policy(RetryPolicy::times(1).longest_wait(time))),
    ("patience", |client, time| client.retry_policy(RetryPolicy::times(1).patience(time))),
    ("max_limit_wait", |client, time| client.max_limit_wait(time)),
];

fn client(server: &Server, setting: Setting, time: Duration) -> Client {
    let builder = Client::builder().base_url(server.url()).model("m").mode(Mode::Text);
    setting.1(builder, time).build().unwrap()
}

async fn call(client: &Client, streamed: bool) -> Result<u8, Error> {
    let extraction = client.extract::<u8>("Seven.");
    if streamed {
        extraction.stream().report().await.map(|done| done.value)
    } else {
        extraction.await
    }
}

fn chunk(delta: &str, more: &str) -> Vec<u8> {
    format!(
        "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{delta}\"}}{more}}}]}}\n\n"
    )
    .into_bytes()
}

/// An answer in both forms.
fn seven(streamed: bool) -> Act {
    if streamed {
        let end = chunk("", ",\"finish_reason\":\"stop\"");
        let events = [chunk("{\\\"value\\\": 7}", ""), end, b"data: [DONE]\n\n".to_vec()].concat();
        Act::Answer(chunked("text/event-stream", &events, true))
    } else {
        let content =
            r#"{"choices":[{"message":{"content":"{\"value\": 7}"},"finish_reason":"stop"}]}"#;
        answer(200, "content-type: application/json\r\n", content)
    }
}

#[tokio::test]
async fn the_longest_duration_is_no_limit() {
    for setting in TIMEOUTS.into_iter().chain(STREAM_TIMEOUTS).chain(WAITS).chain([DEADLINE]) {
        for streamed in [false, true] {
            let server = Server::start([seven(streamed)]).await;
            let value = call(&client(&server, setting, Duration::MAX), streamed).await;
            let value = value.unwrap_or_else(|error| panic!("{}: {error}", setting.0));
            assert_eq!(value, 7, "{}, streamed: {streamed}", setting.0);
        }
    }
}

#[tokio::test]
async fn with_a_timeout_of_zero_nothing_is_sent() {
    for (setting, streamed) in TIMEOUTS
        .into_iter()
        .flat_map(|setting| [(setting, false), (setting, true)])
        .chain(STREAM_TIMEOUTS.map(|setting| (setting, true)))
    {
        let server = Server::start([seven(streamed)]).await;
        let error = call(&client(&server, setting, Duration::ZERO), streamed).await.unwrap_err();
        let error = error.provider_error().unwrap();
        assert_eq!(error.kind, Kind::Timeout, "{}: {error}", setting.0);
        let told = format!("`{}` is zero, so nothing was sent", setting.0);
        assert!(error.message.contains(&told), "{error}");
        assert_eq!((error.transport_retries, server.count()), (0, 0), "{}", setting.0);
    }
}

#[tokio::test]
async fn whole_calls_do_not_use_the_timeouts_of_streams() {
    for setting in STREAM_TIMEOUTS {
        let server = Server::start([seven(false)]).await;
        assert_eq!(call(&client(&server, setting, Duration::ZERO), false).await.unwrap(), 7);
    }
}

#[tokio::test]
async fn with_a_deadline_of_zero_nothing_is_sent() {
    for streamed in [false, true] {
        let server = Server::start([seven(streamed)]).await;
        let error = call(&client(&server, DEADLINE, Duration::ZERO), streamed).await.unwrap_err();
        let ErrorKind::Deadline { deadline: Duration::ZERO, request: None, .. } = error.kind()
        else {
            panic!("{error}")
        };
        assert!(error.ledger().attempts.is_empty());
        assert_eq!(server.count(), 0);
        assert!(error.to_string().starts_with("the deadline of 0ns passed"), "{error}");
    }
}

#[tokio::test]
async fn waits_of_zero_are_none() {
    for setting in WAITS {
        for streamed in [false, true] {
            let broken = answer(500, "", r#"{"error":{"message":"Broken."}}"#);
            let server = Server::start([broken, seven(streamed)]).await;
            let value = call(&client(&server, setting, Duration::ZERO), streamed).await;
            assert_eq!(value.unwrap_or_else(|error| panic!("{}: {error}", setting.0)), 7);
        }
    }
}

#[tokio::test]
async fn with_no_patience_a_refusal_is_final_and_with_no_wait_in_the_limits_it_is_a_retry() {
    let refusal = || answer(429, "retry-after: 1\r\n", r#"{"error":{"message":"Slow down."}}"#);
    let server = Server::start([refusal(), seven(false)]).await;
    let error = call(&client(&server, WAITS[2], Duration::ZERO), false).await.unwrap_err();
    let error = error.provider_error().unwrap();
    assert_eq!((error.kind, server.count()), (Kind::RateLimited, 1), "{error}");

    let server = Server::start([refusal(), seven(false)]).await;
    let value = call(&client(&server, WAITS[3], Duration::ZERO), false).await.unwrap();
    assert_eq!((value, server.count()), (7, 2));
}

/// Returns the error of a stream that begins with `before` and then repeats an event for long.
async fn endless(
    before: &[u8],
    event: &[u8],
    set: impl Fn(ClientBuilder) -> ClientBuilder,
) -> String {
    let start = chunked("text/event-stream", before, false);
    let chunk = format!("{:x}\r\n{}\r\n", event.len(), String::from_utf8_lossy(event)).into_bytes();
    let pieces = [start].into_iter().chain(std::iter::repeat_n(chunk, 3_000)).collect();
    let server = Server::start([Act::Slow(pieces, 10 * MILLIS)]).await;
    let builder = Client::builder().base_url(server.url()).model("m").mode(Mode::Text);
    let error = call(&set(builder).build().unwrap(), true).await.unwrap_err();
    let provider_error = error.provider_error().unwrap();
    assert_eq!(provider_error.kind, Kind::Timeout, "{error}");
    provider_error.message.clone()
}

#[tokio::test]
async fn events_without_content_are_no_progress() {
    let empty = [
        b": ping\n\n".to_vec(),
        chunk("", ""),
        b"data: {\"choices\":[{\"index\":0,\"delta\":{}}],\"usage\":{\"prompt_tokens\":3}}\n\n"
            .to_vec(),
        b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n".to_vec(),
    ];
    let begun = chunk("{\\\"value\\\"", "");
    let limit = 300 * MILLIS;
    for event in &empty {
        let told = endless(&begun, event, |client| client.idle_timeout(limit)).await;
        assert!(told.contains("`idle_timeout`"), "{told}");
        let told = endless(b"", event, |client| client.first_token_timeout(limit)).await;
        assert!(told.contains("`first_token_timeout`"), "{told}");
        let read_timeout = |client: ClientBuilder| {
            let transport = TransportOptions::default().read_timeout(limit);
            client.transport(transport).transport_retries(0)
        };
        for before in [&begun[..], b""] {
            let told = endless(before, event, read_timeout).await;
            assert!(told.contains("`read_timeout` sets this limit"), "{told}");
        }
    }
}
