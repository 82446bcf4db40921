//! The end of a streamed reply over real sockets: after the end marker, or after the reason to stop with
//! its usage, an open or broken connection changes nothing.

use std::time::{Duration, Instant};

use extract_core::conversation::{ProviderErrorKind as Kind, StopReason};
use extract_core::model::{Model, Provider, collect};
use extract_core::wire::Protocol;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::exchanges::{
    OVER, amazon_event, hello, options, provider, request, respond, stream,
};
use crate::support::server::{Act, Server, chunked, read_request};

/// The maximum time until a reply ends whose end has come.
const SOON: Duration = Duration::from_secs(5);

fn sse(events: &[&str]) -> Vec<u8> {
    events.iter().flat_map(|event| format!("data: {event}\n\n").into_bytes()).collect()
}

/// Returns the two kinds of connections that do not end with the body.
fn unended(media_type: &str, events: &[u8]) -> [(&'static str, Act); 2] {
    let bytes = chunked(media_type, events, false);
    [("open", Act::Hang(bytes.clone())), ("reset", Act::Reset(bytes))]
}

#[tokio::test]
async fn the_end_marker_ends_the_reply_of_every_protocol() {
    for (protocol, model) in OVER {
        let (body, media_type, events) = hello(protocol);
        let server = Server::start([crate::support::server::answer(200, "", &body)]).await;
        let whole = respond(&provider(&server, model)).await.unwrap();
        for (connection, act) in unended(media_type, &events) {
            let server = Server::start([act]).await;
            let started = Instant::now();
            let reply = stream(&provider(&server, model)).await;
            let mut reply =
                reply.unwrap_or_else(|error| panic!("{protocol} {connection}: {error}"));
            assert!(started.elapsed() < SOON, "{protocol} {connection}: {:?}", started.elapsed());
            assert_eq!(server.count(), 1, "{protocol} {connection}");
            reply.raw_usage.clone_from(&whole.raw_usage);
            reply.request_id.clone_from(&whole.request_id);
            assert_eq!(reply, whole, "{protocol} {connection}");
            if connection == "open" {
                server.closed(1).await;
            }
        }
    }
}

#[tokio::test]
async fn a_message_of_bedrock_is_whole_with_and_without_its_usage() {
    let message: Vec<u8> = [
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("messageStop", r#"{"stopReason":"end_turn"}"#),
    ]
    .iter()
    .flat_map(|(name, data)| amazon_event(name, data))
    .collect();
    let usage = amazon_event("metadata", r#"{"usage":{"inputTokens":3,"outputTokens":2}}"#);
    for events in [message.clone(), [message, usage].concat()] {
        for (connection, act) in unended("application/vnd.amazon.eventstream", &events) {
            let server = Server::start([act]).await;
            let started = Instant::now();
            let reply = stream(&provider(&server, "bedrock/m")).await;
            let reply = reply.unwrap_or_else(|error| panic!("{connection}: {error}"));
            assert!(started.elapsed() < SOON, "{connection}: {:?}", started.elapsed());
            assert_eq!((reply.text().as_str(), &reply.stop), ("Hello", &StopReason::Stop));
        }
    }
}

const STOP: &str =
    r#"{"choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":"stop"}]}"#;
const USAGE: &str = r#"{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#;

#[tokio::test]
async fn a_reason_with_its_usage_ends_a_reply_without_a_marker() {
    let anthropic = [
        r#"{"type":"message_start","message":{"usage":{"input_tokens":3}}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hello"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":2}}"#,
    ];
    let cases = [("openai/m", sse(&[STOP, USAGE])), ("anthropic/m", sse(&anthropic))];
    for (model, events) in cases {
        for (connection, act) in unended("text/event-stream", &events) {
            let server = Server::start([act]).await;
            let started = Instant::now();
            let reply = stream(&provider(&server, model)).await;
            let reply = reply.unwrap_or_else(|error| panic!("{model} {connection}: {error}"));
            assert!(started.elapsed() < SOON, "{model} {connection}: {:?}", started.elapsed());
            assert_eq!(reply.text(), "Hello", "{model} {connection}");
        }
    }
}

#[tokio::test]
async fn a_reply_whose_end_has_not_come_is_an_error() {
    let more = r#"{"choices":[{"index":0,"delta":{"content":" you"},"finish_reason":"stop"}]}"#;
    let candidate = |text: &str| {
        format!(
            r#"{{"candidates":[{{"finishReason":"STOP","content":{{"parts":[{{"text":"{text}"}}]}}}}],"usageMetadata":{{"promptTokenCount":3}}}}"#
        )
    };
    let responses = r#"{"type":"response.output_text.delta","item_id":"a","delta":"Hello"}"#;
    let cases = [
        ("a reason without its usage", "openai/m", sse(&[STOP])),
        ("a reason in every chunk", "openai/m", sse(&[STOP, USAGE, more])),
        ("a reason in every chunk", "google/m", sse(&[&candidate("Hel"), &candidate("lo")])),
        ("an end marker without an end", "openai-responses/m", sse(&[responses, "[DONE]"])),
        (
            "an end marker without a reason",
            "anthropic/m",
            sse(&[
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hel"}}"#,
                "[DONE]",
            ]),
        ),
    ];
    for (case, model, events) in cases {
        for (connection, act) in unended("text/event-stream", &events) {
            let server = Server::start([act]).await;
            let mut options = options(&server, model);
            options.transport.read_timeout = Duration::from_secs(2);
            let error = stream(&Provider::new(options).unwrap()).await.unwrap_err();
            assert!(matches!(error.kind, Kind::Interrupted | Kind::Timeout), "{case}: {error}");
            assert_eq!(server.count(), 1, "{case} {connection}");
            if case.starts_with("an end marker") {
                assert_eq!(error.kind, Kind::Interrupted, "{case} {connection}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn the_marker_of_chat_needs_no_blank_line() {
    let events = format!("data: {STOP}\n\ndata: [DONE]\n");
    let server =
        Server::start([Act::Hang(chunked("text/event-stream", events.as_bytes(), false))]).await;
    let started = Instant::now();
    assert_eq!(stream(&provider(&server, "openai/m")).await.unwrap().text(), "Hello");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
}

#[tokio::test]
async fn events_after_the_end_marker_are_ignored() {
    let late = r#"{"error":{"message":"the connection was idle","code":408}}"#;
    let more = r#"{"choices":[{"index":0,"delta":{"content":" again"}}]}"#;
    for late in [late, more, "no JSON"] {
        let events = sse(&[STOP, "[DONE]", late]);
        for pieces in [vec![events.clone()], events.chunks(7).map(<[u8]>::to_vec).collect()] {
            let mut bytes = vec![chunked("text/event-stream", b"", false)];
            for piece in pieces {
                let head = format!("{:x}\r\n", piece.len()).into_bytes();
                bytes.push([head, piece, b"\r\n".to_vec()].concat());
            }
            let server = Server::start([Act::Slow(bytes, Duration::from_millis(2))]).await;
            let reply = stream(&provider(&server, "openai/m")).await.unwrap();
            assert_eq!(reply.text(), "Hello", "{late}");
        }
    }
}

/// The end of the body may come after the end marker.
#[tokio::test]
async fn a_connection_is_used_again_after_the_end_marker() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, media_type, events) = hello(Protocol::Chat);
    let bytes = chunked(media_type, &events, false);
    let served = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        for _ in 0..2 {
            assert!(read_request(&mut socket).await.starts_with("POST"));
            socket.write_all(&bytes).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
            socket.write_all(b"0\r\n\r\n").await.unwrap();
        }
    });
    let server = Server::start([Act::Answer(Vec::new())]).await;
    let mut options = options(&server, "openai/m");
    options.base_url = Some(format!("http://{address}"));
    options.transport.timeout = Duration::from_secs(3);
    let provider = Provider::new(options).unwrap();
    for _ in 0..2 {
        let request = request();
        let reply = collect(provider.stream(&request).await.unwrap()).await.unwrap();
        assert_eq!(reply.text(), "Hello");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    served.await.unwrap();
}
