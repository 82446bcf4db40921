//! A minimal HTTP/1.1 client to query a server on this machine: one GET, bounded in size and time.
//! It does not interpret the answers.

use std::io::{self, ErrorKind, Read, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// The maximum size of a response in bytes. A list of models has a few kilobytes.
const LARGEST_RESPONSE: u64 = 1 << 20;

/// Returns a URL as it may appear in an error. A URL with a user, a query or a fragment is replaced
/// by "…", because it may contain a password or a key. Such URLs are not supported here.
pub(crate) fn shown(url: &str) -> &str {
    if url.contains(['@', '?', '#']) { "…" } else { url }
}

/// A parsed base URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    host: String,
    port: u16,
    path: String,
}

impl Base {
    /// Parses `http://host[:port][/path]`. The path defaults to `/v1`. Fails with a description of
    /// the expected form.
    pub(crate) fn parse(url: &str) -> Result<Self, &'static str> {
        const EXPECTED: &str = "a base URL such as http://127.0.0.1:1234/v1";
        let url = url.trim();
        if url.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")) {
            return Err(
                "a plain http:// URL (a server behind TLS is reached as a provider with a base URL)",
            );
        }
        let rest = match url.get(..7) {
            Some(scheme) if scheme.eq_ignore_ascii_case("http://") => &url[7..],
            _ => return Err(EXPECTED),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| EXPECTED)?)
            }
            _ => (authority, 80),
        };
        let bracketed = host.starts_with('[') && host.ends_with(']');
        let odd = |c: char| c.is_whitespace() || c.is_control() || "@?#\\".contains(c);
        if host.is_empty() || port == 0 || url.contains(odd) || (host.contains(':') && !bracketed) {
            return Err(EXPECTED);
        }
        let path = match path.trim_end_matches('/') {
            "" => "/v1",
            path => path,
        };
        Ok(Self { host: host.to_owned(), port, path: path.to_owned() })
    }

    /// Returns `http://127.0.0.1:port/v1`.
    pub(crate) fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, path: "/v1".to_owned() }
    }

    /// Returns the URL without a trailing slash.
    pub(crate) fn url(&self) -> String {
        format!("http://{}:{}{}", self.host, self.port, self.path)
    }

    /// Sends a GET for a path below the base. Fails on an I/O error, at the timeout, or for a
    /// malformed or too large response.
    pub(crate) fn get(&self, below: &str, timeout: Duration) -> io::Result<Response> {
        self.get_path(&format!("{}{below}", self.path), timeout)
    }

    /// Sends a GET for a path of the server, without the base's path. Fails like [`Self::get`].
    pub(crate) fn get_path(&self, path: &str, timeout: Duration) -> io::Result<Response> {
        let deadline = Instant::now() + timeout;
        let mut stream = connect(&self.resolve(timeout)?, deadline)?;
        stream.set_write_timeout(Some(left(deadline)?))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {}:{}\r\nAccept: application/json\r\nConnection: close\r\n\r\n",
            self.host, self.port
        );
        stream.write_all(request.as_bytes())?;
        let mut raw = Vec::new();
        let mut chunk = [0; 8192];
        loop {
            stream.set_read_timeout(Some(left(deadline)?))?;
            let read = match stream.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(too_late()),
                Err(error) => return Err(error),
            };
            raw.extend_from_slice(&chunk[..read]);
            if raw.len() as u64 > LARGEST_RESPONSE {
                return Err(odd("the response is larger than 1 MB"));
            }
            if complete(&raw) {
                break;
            }
        }
        Response::read(&raw)
    }

    /// Resolves the host. A name is resolved on a separate thread, because the resolver has no
    /// timeout.
    fn resolve(&self, timeout: Duration) -> io::Result<Vec<SocketAddr>> {
        let host = self.host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = self.port;
        if let Ok(address) = host.parse::<std::net::IpAddr>() {
            return Ok(vec![SocketAddr::new(address, port)]);
        }
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().name("extract-local-resolve".into()).spawn(move || {
            let found = (host.as_str(), port).to_socket_addrs().map(Vec::from_iter);
            let _ = sender.send(found); // the receiver may have timed out
        })?;
        receiver.recv_timeout(timeout).unwrap_or_else(|_| Err(too_late()))
    }
}

fn connect(addresses: &[SocketAddr], deadline: Instant) -> io::Result<TcpStream> {
    let mut last = odd("the host has no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Returns the remaining time, which is never zero. Fails after the deadline.
fn left(deadline: Instant) -> io::Result<Duration> {
    match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(too_late()),
        left => Ok(left),
    }
}

fn too_late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "no answer in time")
}

fn odd(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// The status and the body of a response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Response {
    fn read(raw: &[u8]) -> io::Result<Self> {
        let (head, body) = split(raw).ok_or_else(|| odd("the answer is not HTTP"))?;
        let status = head
            .strip_prefix("HTTP/1.")
            .and_then(|rest| rest.split(' ').nth(1))
            .and_then(|status| status.trim().parse().ok())
            .ok_or_else(|| odd("the answer is not HTTP"))?;
        let body = if chunked(head) {
            dechunk(body).ok_or_else(|| odd("the answer is cut short"))?
        } else {
            match content_length(head) {
                Some(length) if body.len() < length => return Err(odd("the answer is cut short")),
                Some(length) => body[..length].to_vec(),
                None => body.to_vec(),
            }
        };
        Ok(Self { status, body })
    }
}

/// Returns whether the announced body is complete, for servers that keep the connection open.
fn complete(raw: &[u8]) -> bool {
    split(raw).is_some_and(|(head, body)| {
        if chunked(head) {
            body.ends_with(b"0\r\n\r\n") && dechunk(body).is_some()
        } else {
            content_length(head).is_some_and(|length| body.len() >= length)
        }
    })
}

fn split(raw: &[u8]) -> Option<(&str, &[u8])> {
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n")?;
    Some((std::str::from_utf8(&raw[..end]).ok()?, &raw[end + 4..]))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| key.trim().eq_ignore_ascii_case(name).then(|| value.trim()))
}

fn chunked(head: &str) -> bool {
    header(head, "transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
}

fn content_length(head: &str) -> Option<usize> {
    header(head, "content-length")?.parse().ok()
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let start = end + 2;
        body.extend_from_slice(rest.get(start..start.checked_add(size)?)?);
        rest = rest.get(start + size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls() {
        let url = |text| Base::parse(text).map(|base| base.url());
        assert_eq!(url("http://localhost:1234/v1/"), Ok("http://localhost:1234/v1".into()));
        assert_eq!(url("HTTP://[::1]:8080"), Ok("http://[::1]:8080/v1".into()));
        assert_eq!(url("http://box/api/openai/v1"), Ok("http://box:80/api/openai/v1".into()));
        for wrong in [
            "",
            "localhost:1234",
            "ftp://x/",
            "http://",
            "http://:80",
            "http://a:b/",
            "http://a:0/v1",
            "http://a:99999/v1",
            "http://u:p@a/v1",
            "http://a b/v1",
            "http://::1/v1",
            "https://a/v1",
            "http://a/v1?x=1",
        ] {
            assert_eq!(url(wrong).is_err(), wrong != "http://é", "{wrong}");
        }
    }

    #[test]
    fn responses() {
        let read = |text: &str| Response::read(text.as_bytes()).map(|r| (r.status, r.body));
        let plain = "HTTP/1.1 200 OK\r\ncontent-LENGTH: 2\r\n\r\n{}trailing";
        assert_eq!(read(plain).unwrap(), (200, b"{}".to_vec()));
        let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
        assert_eq!(read(chunks).unwrap(), (200, b"abcd".to_vec()));
        assert!(complete(chunks.as_bytes()));
        assert!(!complete(&chunks.as_bytes()[..chunks.len() - 3]));
        assert_eq!(read("HTTP/1.0 503 Loading\r\n\r\nwait").unwrap(), (503, b"wait".to_vec()));
        for wrong in [
            "",
            "SSH-2.0-OpenSSH_9.2\r\n\r\n",
            "HTTP/1.1 nine\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
