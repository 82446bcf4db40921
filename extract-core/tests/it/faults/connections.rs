//! The connections themselves: those that calls share, those that the server closes while they are idle, and
//! those that pings keep open.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use extract_core::Error;
use extract_core::conversation::{Mode, ProviderErrorKind};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::case::{Case, head, repeats};
use super::http2::{Http2, Http2Server};
use super::row::Trust;
use super::server::ScriptServer;
use super::{Person, client, transport};
use crate::support::server::read_request;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parallel_calls_share_connections_over_http2() {
    let case = Case { index: 0, streamed: false };
    let server = Http2Server::start(vec![Http2::Answer(case.media_type(), case.body())]);
    let url = format!("https://localhost:{}", server.port);
    let client = client(case, url, Mode::Text, transport(false, Some(Trust::Trusted)));
    client.extract::<Person>("Ida is 41.").await.unwrap();
    let calls = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.extract::<Person>("Ida is 41.").await })
    });
    for call in futures_util::future::join_all(calls).await {
        call.unwrap().unwrap();
    }
    assert_eq!((server.requests(), server.connections()), (101, 1));
}

/// All calls begin at once, before the client knows that the server speaks HTTP/2.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn first_calls_in_parallel_share_connections_over_http2() {
    let case = Case { index: 0, streamed: false };
    let server = Http2Server::start(vec![Http2::Answer(case.media_type(), case.body())]);
    let url = format!("https://localhost:{}", server.port);
    let client = client(case, url, Mode::Text, transport(false, Some(Trust::Trusted)));
    let calls = (0..100).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.extract::<Person>("Ida is 41.").await })
    });
    for call in futures_util::future::join_all(calls).await {
        call.unwrap().unwrap();
    }
    assert_eq!(server.requests(), 100);
    assert!(server.connections() <= 4, "{} connections", server.connections());
}

/// The server closes each connection after one reply, when the next request is already on its way.
#[tokio::test]
async fn an_idle_connection_that_the_server_closes_is_no_failure() {
    let case = Case { index: 0, streamed: false };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let closed = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&closed);
    let body = case.body();
    let serving = tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let (body, counted) = (body.clone(), Arc::clone(&counted));
            tokio::spawn(async move {
                read_request(&mut socket).await;
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
                socket.write_all(&[head.into_bytes(), body].concat()).await.unwrap();
                if !read_request(&mut socket).await.is_empty() {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    let client = client(case, url, Mode::Text, transport(false, None));
    for _ in 0..40 {
        client.extract::<Person>("Ida is 41.").await.unwrap();
    }
    let closed = closed.load(Ordering::SeqCst);
    assert!(closed >= 19, "{closed} requests came on a connection that was then closed");
    serving.abort();
}

/// Extracts a person from a stream of these events, after which pings come without an end.
async fn pings_after(case: Case, events: &[u8]) -> Result<Person, Error> {
    let headers = format!("content-type: {}\r\n", case.media_type());
    let pause = Duration::from_millis(50);
    let script = repeats([&head(200, &headers), events].concat(), case.ping(), pause);
    let server = ScriptServer::start(vec![script], None);
    let transport = transport(false, None).read_timeout(Duration::from_secs(1));
    let url = format!("http://127.0.0.1:{}", server.port);
    let client = client(case, url, Mode::Text, transport);
    client.extract::<Person>("Ida is 41.").stream().report().await.map(|done| done.value)
}

#[tokio::test]
async fn pings_do_not_restart_the_read_timeout() {
    for case in Case::all().filter(|case| case.streamed) {
        let error = pings_after(case, &case.body()[..case.after_first_piece()]).await.unwrap_err();
        let error = error.provider_error().unwrap();
        assert_eq!(error.kind, ProviderErrorKind::Timeout, "{case:?}: {error}");
        assert!(error.message.contains("no content from"), "{case:?}: {error}");
        assert!(error.message.contains("`read_timeout` sets this limit"), "{case:?}: {error}");
    }
}

/// The usage and the reason to stop have come, and only the end marker is missing.
#[tokio::test]
async fn pings_do_not_keep_a_whole_reply_waiting() {
    let case = Case { index: 0, streamed: true };
    let mut events = case.saying().events;
    assert_eq!(events.pop().as_deref(), Some(b"data: [DONE]\n\n".as_slice()));
    let events = events.concat();
    let reading = pings_after(case, &events);
    let read = tokio::time::timeout(Duration::from_secs(20), reading).await;
    assert_eq!(read.expect("no end").unwrap().age, 41);
}
