//! The lease on the managed server: one connection that stays open as long as the server is used.
//! The operating system closes it when this process ends for any reason, and the server notices
//! that.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A busy server may need seconds to answer; a hanging server must not block the caller.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(15);
const LONGEST_ANSWER: usize = 512;
const LARGEST_STATE: u64 = 4096;

/// The content of the server's state file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub(crate) struct State {
    /// Distinguishes this server from another one that may listen on its port by now.
    pub(crate) token: String,
    lease_port: u16,
}

impl State {
    /// Reads the state file. Returns `None` if the file is missing, incomplete or invalid.
    pub(crate) fn read(path: &Path) -> Option<Self> {
        let mut text = String::new();
        fs::File::open(path).ok()?.take(LARGEST_STATE).read_to_string(&mut text).ok()?;
        let state: Self = serde_json::from_str(&text).ok()?;
        let plain =
            state.token.len() <= 64 && state.token.bytes().all(|b| b.is_ascii_alphanumeric());
        (plain && !state.token.is_empty() && state.lease_port != 0).then_some(state)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.lease_port))
    }
}

/// A granted lease.
#[derive(Debug)]
pub(crate) struct Lease {
    stream: TcpStream,
    pub(crate) pid: u32,
    pub(crate) base_url: String,
    pub(crate) model: String,
}

impl Lease {
    /// Requests a lease from the server of this state file. The server keeps running for `linger`
    /// after the lease ends. Fails if the server does not answer or refuses.
    pub(crate) fn take(state: &State, linger: Duration) -> io::Result<Self> {
        let mut stream = TcpStream::connect_timeout(&state.address(), CONNECT_TIMEOUT)?;
        stream.set_write_timeout(Some(CONNECT_TIMEOUT))?;
        stream.write_all(format!("lease 1 {} {}\n", state.token, linger.as_secs()).as_bytes())?;
        let answer = read_line(&mut stream)?;
        match answer.split(' ').collect::<Vec<_>>()[..] {
            ["ok", pid, base_url, model] if base_url.starts_with("http://127.0.0.1:") => {
                let pid = pid.parse().map_err(|_| refused(&answer))?;
                Ok(Self { stream, pid, base_url: base_url.to_owned(), model: model.to_owned() })
            }
            _ => Err(refused(&answer)),
        }
    }

    /// Returns whether the server still holds its end of the connection.
    pub(crate) fn holds(&self) -> bool {
        let peek = || {
            self.stream.set_nonblocking(true)?;
            self.stream.peek(&mut [0])
        };
        // The server sends nothing after its answer, so any result but "would block" means that it
        // ended.
        matches!(peek(), Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

fn read_line(stream: &mut TcpStream) -> io::Result<String> {
    let deadline = Instant::now() + ANSWER_TIMEOUT;
    let mut line = Vec::new();
    while !line.ends_with(b"\n") {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(
                ErrorKind::TimedOut,
                "no answer to the lease request in time",
            ));
        }
        stream.set_read_timeout(Some(left))?;
        let mut byte = [0];
        match stream.read(&mut byte) {
            Ok(0) => {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the lease was not answered"));
            }
            Ok(_) if line.len() >= LONGEST_ANSWER => {
                return Err(refused("a line that does not end"));
            }
            Ok(_) => line.push(byte[0]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {} // the loop checks the deadline
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

fn refused(answer: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("the lease was answered with {answer:?}"))
}
