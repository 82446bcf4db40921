//! Servers that do not speak HTTP or TLS, break off, or never finish an error: the kind of the error, its
//! text, and the number of connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use extract_core::conversation::{Message, ProviderError, ProviderErrorKind as Kind, Request};
use extract_core::http::reqwest;
use extract_core::model::{Model, Provider, ProviderOptions, RetryPolicy, collect};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::server::{Act, Server, answer};
#[cfg(feature = "rustls-tls")]
use crate::support::tls::server_config;

const KEY: &str = "sk-0123456789abcdef";

/// A server that counts its connections.
struct Peer {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Peer {
    /// Starts a server that writes these bytes to each connection and closes it. A server with a banner
    /// writes before it has read anything.
    async fn start(bytes: &[u8], banner: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let connections = Arc::new(AtomicUsize::new(0));
        let (counted, bytes) = (Arc::clone(&connections), bytes.to_vec());
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let mut head = [0; 4096];
                if !banner {
                    let _ = socket.read(&mut head).await;
                }
                let _ = socket.write_all(&bytes).await;
                let _ = socket.shutdown().await;
                while socket.read(&mut head).await.is_ok_and(|read| read > 0) {}
            }
        });
        Self { address, connections }
    }

    fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn options(url: String) -> ProviderOptions {
    let mut options = ProviderOptions::default();
    options.model = "openai/m".into();
    options.base_url = Some(url);
    options.key = Some(KEY.to_owned().into());
    options.retry = RetryPolicy::times(2).first_wait(Duration::from_millis(1));
    options
}

fn request() -> Request {
    Request::new(vec![Message::user("Say hello.")])
}

async fn respond(options: ProviderOptions) -> ProviderError {
    Provider::new(options).unwrap().respond(&request()).await.unwrap_err()
}

/// Returns the errors of a whole and of a streamed request.
async fn both(url: &str) -> [ProviderError; 2] {
    let whole = respond(options(url.to_owned())).await;
    let provider = Provider::new(options(url.to_owned())).unwrap();
    let request = request();
    let streamed = match provider.stream(&request).await {
        Ok(deltas) => collect(deltas).await.unwrap_err(),
        Err(error) => error,
    };
    [whole, streamed]
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http_is_named_and_not_retried() {
    let long = [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &vec![b'a'; 1 << 20]].concat();
    let cases: [(&[u8], bool); 10] = [
        (b"SSH-2.0-OpenSSH_9.6\r\n", true),
        (b"SSH-2.0-OpenSSH_9.6\r\n", false),
        (b"220 mail.example ESMTP\r\n", true),
        (b"220 mail.example ESMTP\r\n", false),
        // A server with TLS answers a plain request with an alert.
        (b"\x15\x03\x03\x00\x02\x02\x46", false),
        (b"-ERR unknown command 'POST'\r\n", false),
        (b"HTTP/1.1 OK\r\n\r\n", false),
        (b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n{}", false),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n{}", false),
        (&long, false),
    ];
    for (bytes, banner) in cases {
        let peer = Peer::start(bytes, banner).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        for error in both(&format!("http://{}", peer.address)).await {
            assert_eq!(error.kind, Kind::Malformed, "{shown:?} {banner}: {error}");
            assert!(error.message.contains(&peer.address), "{error}");
            assert!(error.message.contains("valid HTTP"), "{error}");
            assert!(error.message.contains("base URL"), "{error}");
        }
        assert_eq!(peer.count(), 2, "{shown:?} {banner}: one connection for each request");
    }
}

#[tokio::test]
async fn broken_framing_is_named_and_not_retried() {
    let head =
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    let event = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
    let whole = format!("{:x}\r\n{event}\r\n", event.len());
    for broken in ["xyz\r\n", "-1\r\n", "ffffffffffffffffff\r\n", "5\r\nhello!!\r\n"] {
        for before in ["", whole.as_str()] {
            let peer = Peer::start(format!("{head}{before}{broken}").as_bytes(), false).await;
            for error in both(&format!("http://{}", peer.address)).await {
                assert_eq!(error.kind, Kind::Malformed, "{broken:?}: {error}");
                assert_eq!(error.status, Some(200));
                assert!(error.message.contains("chunk"), "{error}");
            }
            assert_eq!(peer.count(), 2, "{broken:?}: one connection for each request");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_retried() {
    let cases: [(&[u8], Kind); 4] = [
        (b"", Kind::Interrupted),
        (b"HTTP/1.1 200 OK\r\ncontent-", Kind::Interrupted),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}", Kind::Interrupted),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{}", Kind::Interrupted),
    ];
    for (bytes, kind) in cases {
        let peer = Peer::start(bytes, false).await;
        let error = respond(options(format!("http://{}", peer.address))).await;
        assert_eq!((error.kind, error.transport_retries), (kind, 2), "{error}");
        assert_eq!(peer.count(), 3, "{error}");
    }
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = respond(options(format!("http://{unused}"))).await;
    assert_eq!((error.kind, error.transport_retries), (Kind::Connect, 2), "{error}");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_tls_is_named_and_not_retried() {
    let cases: [(&[u8], &str); 3] = [
        (b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", "does not speak TLS"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak TLS"),
        // An alert: no common version.
        (b"\x15\x03\x03\x00\x02\x02\x46", "TLS handshake"),
    ];
    for (bytes, named) in cases {
        let peer = Peer::start(bytes, false).await;
        for error in both(&format!("https://{}", peer.address)).await {
            assert_eq!((error.kind, error.is_retryable()), (Kind::Connect, false), "{error}");
            assert!(error.message.contains(named), "{error}");
            assert!(error.message.contains(&peer.address), "{error}");
        }
        assert_eq!(peer.count(), 2, "one connection for each request");
    }
    // A handshake that breaks off may pass the next time.
    let peer = Peer::start(b"", false).await;
    let error = respond(options(format!("https://{}", peer.address))).await;
    assert_eq!((error.kind, peer.count()), (Kind::Connect, 3), "{error}");
}

/// Starts a TLS server with a certificate that signs itself, and returns its port and the number of its connections. It
/// answers nothing.
#[cfg(feature = "rustls-tls")]
fn tls_server(requires_certificate: bool) -> (u16, Arc<AtomicUsize>) {
    let config = server_config(requires_certificate, &[]);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut session = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut socket = socket.unwrap();
            while session.is_handshaking() && session.complete_io(&mut socket).is_ok() {}
            let _ = socket.shutdown(std::net::Shutdown::Write);
            let _ = std::io::copy(&mut socket, &mut std::io::sink());
        }
    });
    (port, connections)
}

#[cfg(feature = "rustls-tls")]
#[tokio::test]
async fn a_bad_certificate_is_named_and_not_retried() {
    let (port, connections) = tls_server(false);
    for error in both(&format!("https://localhost:{port}")).await {
        assert_eq!((error.kind, error.is_retryable()), (Kind::Connect, false), "{error}");
        let named = format!("the certificate of localhost:{port} was not accepted");
        assert!(error.message.contains(&named), "{error}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 2, "one connection for each request");
}

#[cfg(feature = "rustls-tls")]
#[tokio::test]
async fn a_server_that_requires_a_certificate_is_named_and_not_retried() {
    let (port, connections) = tls_server(true);
    let mut options = options(format!("https://localhost:{port}"));
    options.transport =
        options.transport.http_client(|client| client.tls_danger_accept_invalid_certs(true));
    let error = respond(options).await;
    assert_eq!((error.kind, error.is_retryable()), (Kind::Connect, false), "{error}");
    assert!(error.message.contains("the TLS handshake with localhost"), "{error}");
    assert_eq!(connections.load(Ordering::SeqCst), 1, "{error}");
}

#[tokio::test]
async fn a_proxy_without_credentials_is_named_and_not_retried() {
    let refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n";
    for scheme in ["http", "https"] {
        let peer = Peer::start(refusal, false).await;
        let proxy = reqwest::Proxy::all(format!("http://{}", peer.address)).unwrap();
        let mut options = options(format!("{scheme}://models.example"));
        options.transport =
            options.transport.http_client(move |client| client.proxy(proxy.clone()));
        options.transport.allow_plain_http = true;
        let error = respond(options).await;
        assert_eq!((error.kind, error.status), (Kind::Authentication, Some(407)), "{error}");
        assert!(error.to_string().contains("the proxy"), "{error}");
        assert!(!error.to_string().contains("API key"), "{error}");
        assert_eq!(peer.count(), 1, "{error}");
    }
}

#[tokio::test]
async fn an_error_body_that_does_not_end_keeps_the_status_and_what_came() {
    let begun =
        r#"{"error": {"code": "insufficient_quota", "message": "The account is empty. Please"#;
    let head = "HTTP/1.1 429 X\r\nx-request-id: req-7\r\n";
    let stalled = Act::Hang(format!("{head}content-length: 9999\r\n\r\n{begun}").into_bytes());
    let cut = Act::Answer(format!("{head}content-length: 9999\r\n\r\n{begun}").into_bytes());
    let broken = Act::Answer(
        format!("{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{begun}\r\nxyz\r\n", begun.len())
            .into_bytes(),
    );
    let slow = vec![format!("{head}connection: close\r\n\r\n{begun}").into_bytes()];
    let slow = slow.into_iter().chain(vec![b" ".to_vec(); 400]).collect();
    let slow = Act::Slow(slow, Duration::from_millis(20));
    for act in [stalled, cut, broken, slow] {
        let server = Server::start([act]).await;
        let mut options = options(server.url());
        options.transport.read_timeout = Duration::from_millis(100);
        let started = Instant::now();
        let error = respond(options).await;
        assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
        assert_eq!((error.kind, error.status), (Kind::QuotaExceeded, Some(429)), "{error}");
        assert_eq!(error.request_id.as_deref(), Some("req-7"));
        assert!(error.message.starts_with("The account is empty."), "{error}");
        assert!(error.message.contains("the body is cut off"), "{error}");
        assert_eq!(server.count(), 1, "{error}");
    }
}

#[tokio::test]
async fn an_endless_error_body_is_read_up_to_a_limit() {
    let mut long = b"HTTP/1.1 403 X\r\nconnection: close\r\n\r\nBlocked by the firewall. ".to_vec();
    long.resize(8 << 20, b'a');
    let server = Server::start([Act::Hang(long)]).await;
    let error = respond(options(server.url())).await;
    assert_eq!((error.kind, error.status), (Kind::Permission, Some(403)), "{error}");
    assert!(error.message.contains("Blocked by the firewall."), "{error}");
    assert!(error.message.contains("it is longer than 1048576 bytes"), "{error}");
    assert!(error.message.len() < 1000, "{error}");
    server.closed(1).await;
}

#[tokio::test]
async fn a_transient_status_with_a_stalled_body_is_retried() {
    let stalled = Act::Hang(b"HTTP/1.1 503 X\r\ncontent-length: 99\r\n\r\nupstream".to_vec());
    let reply = json!({"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]});
    let server = Server::start([stalled, answer(200, "", &reply.to_string())]).await;
    let mut options = options(server.url());
    options.transport.read_timeout = Duration::from_millis(100);
    let reply = Provider::new(options).unwrap().respond(&request()).await.unwrap();
    assert_eq!((reply.text().as_str(), reply.transport_retries), ("Hello", 1));
}

#[tokio::test]
async fn the_404_of_a_wrong_url_names_the_url_without_its_secrets() {
    let pages = ["404 page not found", "<html>Not Found</html>", r#"{"detail":"Not Found"}"#, ""];
    for page in pages {
        let server = Server::start([answer(404, "", page)]).await;
        let error = respond(options(format!("{}/v2?key={KEY}", server.url()))).await;
        assert_eq!((error.kind, server.count()), (Kind::NotFound, 1), "{error}");
        assert!(error.message.contains("check the model and the base URL"), "{error}");
        assert!(error.message.contains("/v2/chat/completions"), "{error}");
        assert!(!error.to_string().contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn a_key_that_is_cut_does_not_appear_in_errors() {
    let quoted = format!("Bad request {}{KEY} and more", " ".repeat(180));
    let long = json!({"error": {"message": format!("{}{KEY} and more", "a".repeat(1988))}});
    let bodies = [quoted, long.to_string()];
    let mut acts: Vec<Act> = bodies.iter().map(|body| answer(400, "", body)).collect();
    for left in [8, KEY.len() - 1, KEY.len()] {
        let body = format!(r#"{{"error": {{"message": "Bad key {}"#, &KEY[..left]);
        let head = "HTTP/1.1 400 X\r\ncontent-length: 9999\r\n\r\n";
        acts.push(Act::Answer(format!("{head}{body}").into_bytes()));
    }
    for act in acts {
        let server = Server::start([act]).await;
        let error = respond(options(server.url())).await;
        assert!(!error.to_string().contains(&KEY[..8]), "{error}");
        assert!(error.message.contains("[secret]"), "{error}");
    }
}
