//! The connections themselves: how many calls share, and those that the server closes while they are idle.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use extract_core::conversation::Mode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use super::case::Case;
use super::http2::{Http2, Http2Server};
use super::row::Trust;
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
