//! A server over HTTP/2 that resets streams and says goodbye.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::server::{listen, runtime};
use crate::support::tls::server_config;

/// The server's action for one request.
#[derive(Clone, Debug)]
pub(super) enum Http2 {
    /// Answers with this media type and body.
    Answer(&'static str, Vec<u8>),
    /// Resets the stream before the head of the response.
    Reset(Reason),
    /// Sends the head and these bytes, and resets the stream.
    ResetAfter(&'static str, Vec<u8>, Reason),
    /// Sends GOAWAY and closes the connection, without a response.
    GoAway(Reason),
    /// Sends the head and these bytes, then GOAWAY, and closes the connection.
    GoAwayAfter(&'static str, Vec<u8>, Reason),
    /// Sends GOAWAY, answers with this media type and body, and closes the connection.
    AnswerLast(&'static str, Vec<u8>),
    /// Closes the connection.
    Close,
    /// Never answers.
    Hang,
}

/// A server that counts its connections and requests.
pub(super) struct Http2Server {
    pub(super) port: u16,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    /// The connections that carried a request.
    connections: AtomicUsize,
}

impl Http2Server {
    /// Starts a server that performs the next act for each request, and repeats the last one.
    pub(super) fn start(acts: Vec<Http2>) -> Self {
        let (listener, port) = listen();
        let counts = Arc::new(Counts::default());
        let counted = Arc::clone(&counts);
        let acceptor = TlsAcceptor::from(server_config(false, &["h2"]));
        let acts: Arc<[Http2]> = acts.into();
        let task = runtime().spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (acceptor, acts) = (acceptor.clone(), Arc::clone(&acts));
                tokio::spawn(serve(acceptor, socket, acts, Arc::clone(&counted)));
            }
        });
        Self { port, counts, task }
    }

    pub(super) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    /// Returns the number of connections that carried a request.
    pub(super) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Http2Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(acceptor: TlsAcceptor, socket: TcpStream, acts: Arc<[Http2]>, counts: Arc<Counts>) {
    let Ok(stream) = acceptor.accept(socket).await else { return };
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    let mut is_first = true;
    while let Some(Ok((request, mut response))) = connection.accept().await {
        let number = counts.requests.fetch_add(1, Ordering::SeqCst);
        if std::mem::take(&mut is_first) {
            counts.connections.fetch_add(1, Ordering::SeqCst);
        }
        let mut body = request.into_body();
        match acts[number.min(acts.len() - 1)].clone() {
            Http2::Close => return,
            Http2::GoAway(reason) => connection.abrupt_shutdown(reason),
            Http2::GoAwayAfter(media_type, bytes, reason) => {
                let sent = send(&mut response, media_type, bytes, false);
                // The connection is driven until the client has the bytes.
                let pause = Duration::from_millis(150);
                let _ = tokio::time::timeout(pause, connection.accept()).await;
                connection.abrupt_shutdown(reason);
                drop(sent);
            }
            Http2::AnswerLast(media_type, bytes) => {
                connection.graceful_shutdown();
                send(&mut response, media_type, bytes, true);
            }
            act => {
                tokio::spawn(async move {
                    while let Some(Ok(bytes)) = body.data().await {
                        let _ = body.flow_control().release_capacity(bytes.len());
                    }
                    respond(response, act).await;
                });
            }
        }
    }
}

/// Sends a head and a body. Returns the open stream, unless this is its end.
fn send(
    response: &mut SendResponse<Bytes>,
    media_type: &str,
    bytes: Vec<u8>,
    ends: bool,
) -> Option<h2::SendStream<Bytes>> {
    let head = http::Response::builder().header("content-type", media_type).body(()).unwrap();
    let mut stream = response.send_response(head, false).ok()?;
    let _ = stream.send_data(bytes.into(), ends);
    (!ends).then_some(stream)
}

async fn respond(mut response: SendResponse<Bytes>, act: Http2) {
    match act {
        Http2::Answer(media_type, bytes) => {
            send(&mut response, media_type, bytes, true);
        }
        Http2::Reset(reason) => response.send_reset(reason),
        Http2::ResetAfter(media_type, bytes, reason) => {
            if let Some(mut stream) = send(&mut response, media_type, bytes, false) {
                tokio::time::sleep(Duration::from_millis(150)).await;
                stream.send_reset(reason);
            }
        }
        _ => std::future::pending().await,
    }
}
