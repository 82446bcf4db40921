//! A server that plays a script of bytes and pauses on each connection, plain or with TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::support::server::read_request;

/// One step of the server on a connection.
#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Reads the request.
    Read,
    /// Writes these bytes.
    Write(Vec<u8>),
    /// Writes these bytes again and again, with a pause after each time, until the client closes.
    Repeat(Vec<u8>, Duration),
    /// Does nothing for this time.
    Pause(Duration),
    /// Does nothing until the client closes.
    Hang,
    /// Resets the connection.
    Reset,
    /// Closes the connection without the end of TLS.
    Cut,
}

/// The steps of a connection. After the last one, the server closes it.
pub(super) type Script = Vec<Step>;

/// Returns the runtime of the servers. They answer in time whatever their clients do.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
    })
}

/// Returns a listener on an unused port of this machine, and the port.
pub(super) fn listen() -> (std::net::TcpListener, u16) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A server that counts its connections.
pub(super) struct ScriptServer {
    pub(super) port: u16,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl ScriptServer {
    /// Starts a server that plays the next script for each connection, and repeats the last one.
    /// Connections have TLS from this number on.
    pub(super) fn start(scripts: Vec<Script>, tls: Option<(usize, Arc<ServerConfig>)>) -> Self {
        let (listener, port) = listen();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let task = runtime().spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let script = scripts[number.min(scripts.len() - 1)].clone();
                let tls = tls.as_ref().filter(|(from, _)| number >= *from);
                let acceptor = tls.map(|(_, config)| TlsAcceptor::from(Arc::clone(config)));
                tokio::spawn(async move {
                    match acceptor {
                        None => play(socket, script).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(socket).await {
                                play(stream, script).await;
                            }
                        }
                    }
                });
            }
        });
        Self { port, connections, task }
    }

    pub(super) fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for ScriptServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection, plain or with TLS.
trait Connection: AsyncRead + AsyncWrite + Unpin {
    fn tcp(&mut self) -> &mut TcpStream;
}

impl Connection for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Connection for TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

async fn play(mut connection: impl Connection, script: Script) {
    for step in script {
        match step {
            Step::Read => {
                read_request(&mut connection).await;
            }
            Step::Write(bytes) => {
                if connection.write_all(&bytes).await.is_err() || connection.flush().await.is_err()
                {
                    return;
                }
            }
            Step::Repeat(bytes, pause) => {
                while connection.write_all(&bytes).await.is_ok() && connection.flush().await.is_ok()
                {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
            Step::Pause(pause) => tokio::time::sleep(pause).await,
            Step::Hang => return until_closed(&mut connection).await,
            Step::Reset => {
                let _ = connection.tcp().set_zero_linger();
                return;
            }
            Step::Cut => {
                let _ = connection.tcp().shutdown().await;
                return until_closed(connection.tcp()).await;
            }
        }
    }
    let _ = connection.shutdown().await;
    // A socket that is closed with unread bytes is reset.
    until_closed(&mut connection).await;
}

async fn until_closed(connection: &mut (impl AsyncRead + Unpin)) {
    let mut rest = [0; 1024];
    while connection.read(&mut rest).await.is_ok_and(|read| read > 0) {}
}
