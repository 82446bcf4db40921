//! Streams over real sockets that break, hang, or are dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use extract_llm::conversation::ProviderErrorKind as Kind;
use extract_llm::{Client, Error, ErrorKind};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::server::{Act, Server, chunked, read_request, stream_head};

fn client(url: &str) -> Client {
    Client::builder()
        .base_url(url)
        .model("m")
        .api_key("sk-0123456789abcdef")
        .mode(extract_llm::Mode::JsonObject)
        .transport_retries(0)
        .build()
        .unwrap()
}

/// Returns a Chat Completions stream of these pieces of text, without its end.
fn pieces(texts: &[&str]) -> Vec<u8> {
    let event = |text: &&str| {
        let event = json!({"model": "m", "choices": [{"index": 0, "delta": {"content": text}}]});
        format!("data: {event}\n\n")
    };
    texts.iter().map(event).collect::<String>().into_bytes()
}

const END: &[u8] =
    b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

fn stream(body: &[u8]) -> Vec<u8> {
    [stream_head("text/event-stream").as_slice(), body].concat()
}

/// Reads elements until an error, and returns both. Panics if the stream ends without one.
async fn elements(url: &str) -> (Vec<u8>, Error) {
    let mut numbers = client(url).extract::<Vec<u8>>("…").items();
    let mut seen = Vec::new();
    loop {
        match numbers.next().await {
            Some(Ok(number)) => seen.push(number),
            Some(Err(error)) => return (seen, error),
            None => panic!("{seen:?} passed for the whole"),
        }
    }
}

fn kind(error: &Error) -> Kind {
    let ErrorKind::Provider(error) = error.kind() else { panic!("{error}") };
    error.kind
}

#[tokio::test]
async fn a_whole_stream_gives_its_elements_and_its_value() {
    let body = [pieces(&["{\"value\": [1, ", "2]}"]), END.to_vec()].concat();
    let server = Server::start([Act::Answer(stream(&body))]).await;
    let mut numbers = client(&server.url()).extract::<Vec<u8>>("…").items();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    assert_eq!(numbers.next().await.unwrap().unwrap(), 2);
    assert!(numbers.next().await.is_none());
    assert_eq!(numbers.finish().await.unwrap(), [1, 2]);
}

#[tokio::test]
async fn a_truncated_stream_is_an_error_after_its_elements() {
    let whole = pieces(&["{\"value\": [1, 2, ", "3]}"]);
    let cuts = [
        ("the end marker is missing", Act::Answer(stream(&whole))),
        ("cut inside", Act::Answer(stream(&pieces(&["{\"value\": [1, 2, "])))),
        ("a chunk is missing", Act::Answer(chunked("text/event-stream", &whole, false))),
    ];
    for (how, act) in cuts {
        let server = Server::start([act]).await;
        let (seen, error) = elements(&server.url()).await;
        assert_eq!(kind(&error), Kind::Interrupted, "{how}: {error}");
        assert_eq!(seen[..1], [1], "{how}");
        assert!(error.is_retryable(), "{how}");
        let attempt = &error.ledger().attempts[0];
        assert!(attempt.reply.starts_with("{\"value\": [1, 2, "), "{how}: {:?}", attempt.reply);
    }
}

#[tokio::test]
async fn an_error_event_in_a_stream_is_a_provider_error() {
    let error =
        json!({"error": {"message": "Overloaded", "type": "overloaded_error", "code": 529}});
    let mut body = pieces(&["{\"value\": [1, 2, "]);
    body.extend(format!("data: {error}\n\n").into_bytes());
    let server = Server::start([Act::Answer(stream(&body))]).await;
    let (seen, error) = elements(&server.url()).await;
    assert_eq!(seen, [1]);
    assert_eq!(kind(&error), Kind::Overloaded, "{error}");
}

#[tokio::test]
async fn a_hanging_stream_times_out() {
    let silent = Server::start([Act::Hang(stream(b""))]).await;
    let extraction = client(&silent.url()).extract::<Vec<u8>>("…");
    let error = extraction
        .first_token_timeout(Duration::from_millis(50))
        .items()
        .finish()
        .await
        .unwrap_err();
    assert_eq!(kind(&error), Kind::Timeout);
    assert!(error.to_string().contains("first_token_timeout"), "{error}");
    silent.closed(1).await;

    let stuck = Server::start([Act::Hang(stream(&pieces(&["{\"value\": [1, 2, "])))]).await;
    let extraction = client(&stuck.url()).extract::<Vec<u8>>("…");
    let mut numbers = extraction.idle_timeout(Duration::from_millis(50)).items();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    let error = numbers.next().await.unwrap().unwrap_err();
    assert!(error.to_string().contains("idle_timeout"), "{error}");
    stuck.closed(1).await;
}

#[tokio::test]
async fn the_deadline_bounds_a_stream_and_keeps_its_elements() {
    let server = Server::start([Act::Hang(stream(&pieces(&["{\"value\": [1, 2, "])))]).await;
    let extraction = client(&server.url()).extract::<Vec<u8>>("…");
    let error = extraction.deadline(Duration::from_millis(200)).items().finish().await.unwrap_err();
    let ErrorKind::Deadline { .. } = error.kind() else { panic!("{error}") };
    let ledger = error.ledger();
    assert_eq!(ledger.attempts[0].reply, "{\"value\": [1, 2, ");
    server.closed(1).await;
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let server = Server::start([Act::Hang(stream(&pieces(&["{\"value\": [1, 2, "])))]).await;
    let mut numbers = client(&server.url()).extract::<Vec<u8>>("…").items();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    drop(numbers);
    server.closed(1).await;
}

#[tokio::test]
async fn dropping_a_call_of_next_loses_nothing() {
    let body = [pieces(&["{\"value\": [1, ", "2]}"]), END.to_vec()].concat();
    let server = Server::start([Act::Answer(stream(&body))]).await;
    let mut numbers = client(&server.url()).extract::<Vec<u8>>("…").items();
    let mut seen = Vec::new();
    for _ in 0..10_000 {
        match tokio::time::timeout(Duration::ZERO, numbers.next()).await {
            Ok(None) => break,
            Ok(Some(number)) => seen.push(number.unwrap()),
            Err(_) => tokio::task::yield_now().await,
        }
    }
    assert_eq!(seen, [1, 2]);
}

/// Any byte of a reply may be the last to arrive. Before the end marker none of these prefixes is a
/// value, and the partial value is never more than the sent text.
#[tokio::test]
async fn a_stream_truncated_at_any_byte_is_never_a_value() {
    let body = pieces(&["{\"value\": [\"one\", ", "\"two\"]", "}"]);
    let whole = [body.clone(), END.to_vec()].concat();
    let marked = body.len() + END.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let acts = (0..=whole.len()).map(|cut| Act::Answer(stream(&whole[..cut])));
    let server = Server::start(acts).await;
    let client = client(&server.url());
    for cut in 0..=whole.len() {
        let mut texts = client.extract::<Vec<String>>("…").stream();
        let mut last = Vec::new();
        let mut failure = None;
        while let Some(partial) = texts.next().await {
            match partial {
                Ok(partial) => last = partial.iter().map(|text| text.to_string()).collect(),
                Err(error) => failure = Some(error),
            }
        }
        let right = ["one", "two"];
        assert!(last.iter().zip(right).all(|(seen, right)| right.starts_with(seen)), "{last:?}");
        match failure {
            Some(error) => {
                assert_eq!(kind(&error), Kind::Interrupted, "cut at {cut}: {error}");
                assert!(cut < whole.len(), "{error}");
            }
            None => {
                assert!(cut >= marked, "a value from {cut} bytes of {marked}");
                assert_eq!(texts.finish().await.unwrap(), right);
            }
        }
    }
}

/// Back-pressure: if the caller stops polling, the library reads no more of a long reply than the
/// buffers of two sockets hold.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_stops_when_the_consumer_stops() {
    const LONG: usize = 256 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        read_request(&mut socket).await;
        socket.write_all(&stream(&pieces(&["{\"value\": [1, 1"]))).await.unwrap();
        let more = pieces(&[&", 1".repeat(10_000)]);
        while count.load(Ordering::SeqCst) < LONG {
            if socket.write_all(&more).await.is_err() {
                return;
            }
            count.fetch_add(more.len(), Ordering::SeqCst);
        }
    });
    let url = format!("http://{address}");
    let mut numbers = client(&url).extract::<Vec<u8>>("…").items();
    assert_eq!(numbers.next().await.unwrap().unwrap(), 1);
    let mut before = usize::MAX;
    // Wait until the server cannot write any more.
    while before != written.load(Ordering::SeqCst) {
        before = written.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert!(before < LONG / 4, "{before} bytes were read ahead");
}
