//! A server on a loopback socket that answers from a list, byte for byte, and records its requests.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// The server's action for one connection.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes these bytes and closes the connection.
    Answer(Vec<u8>),
    /// Writes these bytes and keeps the connection open.
    Hang(Vec<u8>),
    /// Writes these bytes and resets the connection.
    #[allow(dead_code, reason = "only the tests of the engine use it")]
    Reset(Vec<u8>),
    /// Writes these pieces with a pause after each, and closes the connection.
    Slow(Vec<Vec<u8>>, Duration),
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    /// The number of hanging connections that the client has closed.
    closed: Arc<Mutex<usize>>,
}

impl Server {
    /// Starts a server that performs the next act for each connection, and repeats the last one.
    pub(crate) async fn start(acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(Mutex::new(0));
        let (kept, counted) = (Arc::clone(&requests), Arc::clone(&closed));
        let acts: Vec<Act> = acts.into_iter().collect();
        tokio::spawn(async move {
            for number in 0.. {
                let (mut socket, _) = listener.accept().await.unwrap();
                let request = read_request(&mut socket).await;
                kept.lock().unwrap().push(request);
                match acts[number.min(acts.len() - 1)].clone() {
                    Act::Answer(bytes) => {
                        let _ = socket.write_all(&bytes).await;
                        let _ = socket.shutdown().await;
                    }
                    Act::Slow(pieces, pause) => {
                        tokio::spawn(async move {
                            for piece in pieces {
                                if socket.write_all(&piece).await.is_err() {
                                    return;
                                }
                                tokio::time::sleep(pause).await;
                            }
                            let _ = socket.shutdown().await;
                        });
                    }
                    Act::Reset(bytes) => {
                        tokio::spawn(async move {
                            let _ = socket.write_all(&bytes).await;
                            // A reset discards what the client has not read.
                            tokio::time::sleep(Duration::from_millis(150)).await;
                            let _ = socket.set_zero_linger();
                        });
                    }
                    Act::Hang(bytes) => {
                        let _ = socket.write_all(&bytes).await;
                        let counted = Arc::clone(&counted);
                        tokio::spawn(async move {
                            let mut rest = [0; 64];
                            while socket.read(&mut rest).await.is_ok_and(|read| read > 0) {}
                            *counted.lock().unwrap() += 1;
                        });
                    }
                }
            }
        });
        Self { address, requests, closed }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the head and body of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    /// Waits until the client has closed this many hanging connections.
    pub(crate) async fn closed(&self, expected: usize) {
        for _ in 0..500 {
            if *self.closed.lock().unwrap() >= expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a connection is still open");
    }
}

pub(crate) async fn read_request(socket: &mut (impl AsyncRead + Unpin)) -> String {
    let mut request = Vec::new();
    let mut piece = [0; 8192];
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match socket.read(&mut piece).await {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return text,
        }
    }
}

/// Returns an answer with a content length.
pub(crate) fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Answer(
        format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
            .into_bytes(),
    )
}

/// Returns the head of a stream that ends when the connection closes.
pub(crate) fn stream_head(media_type: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\nconnection: close\r\n\r\n")
        .into_bytes()
}

/// Returns one chunk of a chunked body.
pub(crate) fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend_from_slice(bytes);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// Returns a chunked stream, whole or without its last chunk.
pub(crate) fn chunked(media_type: &str, body: &[u8], whole: bool) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ntransfer-encoding: chunked\r\nx-request-id: req-7\r\n\r\n"
    );
    let mut bytes = head.into_bytes();
    for piece in body.chunks(37) {
        bytes.extend(chunk(piece));
    }
    if whole {
        bytes.extend_from_slice(b"0\r\n\r\n");
    }
    bytes
}
