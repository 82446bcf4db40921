//! The timeouts of a stream count only the time in which the caller polls it. A 200 without a
//! stream is reported as such.

use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind as Kind;
use extract_llm::extraction::{ClientBuilder, ExtractionStream, Items};
use extract_llm::model::Protocol;
use extract_llm::{Client, Error, ErrorKind, Mode};
use serde_json::json;

use crate::support::server::{Act, Server, answer, stream_head};

fn builder(url: &str) -> ClientBuilder {
    let builder = Client::builder().base_url(url).model("m").api_key("sk-0123456789abcdef");
    builder.mode(Mode::JsonObject).transport_retries(2)
}

fn client(url: &str) -> Client {
    builder(url).build().unwrap()
}

/// Returns a piece of text of a Chat Completions stream.
fn piece(text: &str) -> Vec<u8> {
    let event = json!({"model": "m", "choices": [{"index": 0, "delta": {"content": text}}]});
    format!("data: {event}\n\n").into_bytes()
}

const END: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// Returns a list that arrives in pieces, each followed by an event without content.
fn slow(pause: Duration) -> Act {
    let mut pieces = vec![stream_head("text/event-stream")];
    for text in ["{\"value\": [1", ", 2", ", 3", ", 4", ", 5", "]}"] {
        pieces.push(piece(text));
        pieces.push(b": keep-alive\n\n".to_vec());
    }
    pieces.push(END.to_vec());
    Act::Slow(pieces, pause)
}

/// Reads a list with calls of `next` that are dropped for other work, which takes `elsewhere`.
async fn read_between(
    mut numbers: ExtractionStream<Vec<u8>, Items<u8>>,
    each: Duration,
    elsewhere: Duration,
) -> Result<Vec<u8>, Error> {
    loop {
        tokio::select! {
            number = numbers.next() => match number {
                Some(number) => drop(number?),
                None => return numbers.finish().await,
            },
            () = tokio::time::sleep(each) => tokio::time::sleep(elsewhere).await,
        }
    }
}

/// The first bytes that arrive during the other work have no content. There is nothing to show when
/// the caller is back, and the timeout has long passed.
#[tokio::test]
async fn time_that_the_caller_does_not_poll_does_not_count() {
    let (head, first) = (stream_head("text/event-stream"), piece("{\"value\": [1, 2"));
    let nothing = b": keep-alive\n\n".to_vec();
    let rest = [piece(", 3]}"), END.to_vec()].concat();
    let streams = [
        ("first_token_timeout", vec![head.clone(), nothing.clone(), first.clone(), rest.clone()]),
        ("idle_timeout", vec![[head, first].concat(), nothing.clone(), nothing, rest]),
    ];
    for (which, pieces) in streams {
        let server = Server::start([Act::Slow(pieces, Duration::from_millis(80))]).await;
        let asked = client(&server.url()).extract::<Vec<u8>>("…");
        let most = Duration::from_millis(400);
        let limited = asked.first_token_timeout(most).idle_timeout(most).items();
        let (each, elsewhere) = (Duration::from_millis(30), Duration::from_millis(600));
        let numbers = read_between(limited, each, elsewhere).await;
        assert_eq!(numbers.unwrap_or_else(|error| panic!("{which}: {error}")), [1, 2, 3]);
    }
}

#[tokio::test]
async fn a_hanging_stream_times_out_in_spite_of_pauses_of_the_caller() {
    let begun = [stream_head("text/event-stream"), piece("{\"value\": [1, ")].concat();
    let server = Server::start([Act::Hang(begun)]).await;
    let asked = client(&server.url()).extract::<Vec<u8>>("…");
    let limited = asked.idle_timeout(Duration::from_millis(100)).items();
    let (each, elsewhere) = (Duration::from_millis(20), Duration::from_millis(40));
    let reading = read_between(limited, each, elsewhere);
    let ended = tokio::time::timeout(Duration::from_secs(20), reading).await;
    let error = ended.expect("it ends").unwrap_err();
    assert!(error.to_string().contains("`idle_timeout` of 100ms"), "{error}");
}

#[tokio::test]
async fn the_timeout_of_an_exchange_does_not_bound_the_reading_of_a_stream() {
    // The server is slow, or the caller is slow.
    for (pause, elsewhere) in [(60, 0), (0, 200)] {
        let server = Server::start([slow(Duration::from_millis(pause))]).await;
        let client = builder(&server.url()).timeout(Duration::from_millis(400)).build().unwrap();
        let mut numbers = client.extract::<Vec<u8>>("…").items();
        while let Some(number) = numbers.next().await {
            number.unwrap();
            tokio::time::sleep(Duration::from_millis(elsewhere)).await;
        }
        assert_eq!(numbers.finish().await.unwrap(), [1, 2, 3, 4, 5]);
    }
}

#[tokio::test]
async fn the_timeout_of_an_exchange_bounds_the_wait_for_a_stream() {
    let quick = |url: &str| {
        let builder = builder(url).timeout(Duration::from_millis(200)).transport_retries(0);
        builder.build().unwrap().extract::<Vec<u8>>("…")
    };
    let whole = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"choices\": ".to_vec();
    let acts = [("no head", Vec::new()), ("a body that does not stream", whole)];
    for (what, bytes) in acts {
        let server = Server::start([Act::Hang(bytes)]).await;
        let error = quick(&server.url()).items().finish().await.unwrap_err();
        let ErrorKind::Provider(error) = error.kind() else { panic!("{what}: {error}") };
        assert_eq!(error.kind, Kind::Timeout, "{what}: {error}");
        assert!(error.message.contains(&server.address.to_string()), "{what}: {error}");
    }
    // Without streaming it bounds the whole call.
    let server = Server::start([slow(Duration::from_millis(60))]).await;
    let error = quick(&server.url()).await.unwrap_err();
    assert_eq!(error.provider_error().unwrap().kind, Kind::Timeout, "{error}");
}

#[tokio::test]
async fn a_200_that_is_not_a_stream_is_reported_as_such() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03packed";
    let page = b"<html>\n<body>Sign in</body>\n</html>\n".as_slice();
    let protocols = [Protocol::Chat, Protocol::Anthropic, Protocol::Ollama, Protocol::Bedrock];
    let bodies = [
        ("text/html; charset=utf-8", "", page, "<html>"),
        ("text/event-stream", "content-encoding: gzip\r\n", GZIP, "packed"),
        ("application/json", "content-encoding: gzip\r\n", GZIP, "packed"),
        ("text/plain", "", b"busy", "busy"),
    ];
    for protocol in protocols {
        for (kind, more, body, beginning) in bodies {
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{more}\r\n",
                body.len()
            );
            let server = Server::start([Act::Answer([head.as_bytes(), body].concat())]).await;
            let client = builder(&server.url()).protocol(protocol).build().unwrap();
            let error = client.extract::<Vec<u8>>("…").items().finish().await.unwrap_err();
            let failure = error.provider_error().unwrap();
            let what = format!("{protocol}, {kind}: {error}");
            assert_eq!(failure.kind, Kind::Malformed, "{what}");
            assert!(!error.is_retryable(), "{what}");
            assert_eq!(server.count(), 1, "{what}");
            assert!(failure.message.contains(beginning), "{what}");
            let told = if more.is_empty() { kind } else { "content encoding gzip" };
            assert!(failure.message.contains(told), "{what}");
        }
    }
}

#[tokio::test]
async fn a_stream_is_read_with_any_content_type() {
    let body = [b"\n: hello\n\n".to_vec(), piece("{\"value\": [1, 2]}"), END.to_vec()].concat();
    for kind in ["", "content-type: text/plain\r\n", "content-type: application/json\r\n"] {
        let server = Server::start([answer(200, kind, std::str::from_utf8(&body).unwrap())]).await;
        let asked = client(&server.url()).extract::<Vec<u8>>("…");
        assert_eq!(asked.items().finish().await.unwrap(), [1, 2], "{kind}");
    }
}

#[tokio::test]
async fn an_empty_stream_and_one_of_comments_are_retried() {
    for begun in [&b""[..], b": hello\n\n", b"eve", b"\xef\xbb\xbfdata: {\"cho"] {
        let whole = [piece("{\"value\": [1, 2]}"), END.to_vec()].concat();
        let acts = [begun.to_vec(), whole]
            .map(|body| Act::Answer([stream_head("text/event-stream"), body].concat()));
        let server = Server::start(acts).await;
        let asked = client(&server.url()).extract::<Vec<u8>>("…");
        assert_eq!(asked.items().finish().await.unwrap(), [1, 2]);
        assert_eq!(server.count(), 2);
    }
}
