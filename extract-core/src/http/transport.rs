//! HTTP exchanges with bounded responses, which are read as they arrive.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::body::{Body, ReadFailure};
use super::exchange_error::{failure, silence_error, timeout_error};
use super::forbid::check_allowed;
use super::paused_timeout::within;
use super::pools::Pools;
use super::request::HttpRequest;
use super::runtime::{timer, with_io};
use super::tape::{RecordedExchange, Recording, SharedTape};
use crate::conversation::{ProviderError, ProviderErrorKind};

/// The maximum size of the body of an error response, in bytes. The rest is not read.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// Timeout for the body of an error response. The status alone tells most, so a server that stalls does
/// not delay the error for long.
const ERROR_BODY_TIMEOUT: Duration = Duration::from_secs(5);

/// Options of a [`Transport`].
///
/// ```
/// use std::time::Duration;
/// use extract_llm::model::TransportOptions;
///
/// let options = TransportOptions::default()
///     .timeout(Duration::from_secs(30))
///     .max_reply_bytes(1 << 20);
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// Timeout of one exchange, from the first byte sent to the last byte received. For a streamed
    /// exchange, it covers the time until the response headers only. Default: 10 minutes.
    /// [`Duration::MAX`] is no limit; with zero, every request fails and none is sent.
    pub timeout: Duration,
    /// Timeout between two chunks of a response body. In a stream, events without content, such as comments
    /// and pings, do not count as chunks. Only time in which the body is polled counts. A reasoning model
    /// may send nothing for a long time. Default: 5 minutes. [`Duration::MAX`] is no limit; with zero,
    /// every request fails and none is sent.
    pub read_timeout: Duration,
    /// Timeout of the connection's setup, the lookup of the name included. Default: 10 seconds.
    /// [`Duration::MAX`] is no limit; with zero, every request fails and none is sent.
    pub connect_timeout: Duration,
    /// The maximum size of a reply, in bytes. For a streamed reply, the text in its events counts.
    /// Default: 32 MiB.
    pub max_reply_bytes: usize,
    /// Whether to use the proxy of the system or of the environment variables. Default: `true`.
    pub proxy: bool,
    /// Whether a key may go over HTTP without encryption to another machine. Default: `false`; such a base
    /// URL is refused.
    pub allow_plain_http: bool,
    /// Whether all URLs are without TLS, so that no certificates are needed.
    pub(crate) is_plain: bool,
    /// The user's changes to the HTTP client.
    pub(crate) configure: Option<Configure>,
    /// The recording of the exchanges.
    pub(crate) tape: Option<SharedTape>,
}

/// A function that changes the builder of the HTTP client.
type Configure = Arc<dyn Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync>;

impl fmt::Debug for TransportOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportOptions")
            .field("timeout", &self.timeout)
            .field("read_timeout", &self.read_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("max_reply_bytes", &self.max_reply_bytes)
            .field("proxy", &self.proxy)
            .field("allow_plain_http", &self.allow_plain_http)
            .finish_non_exhaustive()
    }
}

impl Default for TransportOptions {
    /// Timeouts of 10 minutes for an exchange, 5 minutes between chunks and 10 seconds to connect, and
    /// 32 MiB for a reply. Ten minutes is also the default of the providers' client libraries, because
    /// a reasoning model may take that long.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(600),
            read_timeout: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(10),
            max_reply_bytes: 32 * 1024 * 1024,
            proxy: true,
            allow_plain_http: false,
            is_plain: false,
            configure: None,
            tape: None,
        }
    }
}

impl TransportOptions {
    /// Sets the timeout of one exchange. The default is 10 minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout between two chunks of a response body. The default is 5 minutes. In a stream, events
    /// without content, such as comments and pings, do not count as chunks.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Lets a key go over HTTP without encryption to another machine, such as a server of a private
    /// network. By default, such a base URL is refused.
    ///
    /// ```
    /// use extract_llm::Client;
    /// use extract_llm::model::TransportOptions;
    ///
    /// let builder = || {
    ///     Client::builder().base_url("http://models.example/v1").model("m").api_key("key-1")
    /// };
    /// assert!(builder().build().is_err());
    /// let allowed = TransportOptions::default().allow_plain_http();
    /// assert!(builder().transport(allowed).build().is_ok());
    /// ```
    pub fn allow_plain_http(mut self) -> Self {
        self.allow_plain_http = true;
        self
    }

    /// Sets the timeout of the connection's setup. The default is 10 seconds.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets the maximum size of a reply, in bytes. The default is 32 MiB.
    pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
        self.max_reply_bytes = bytes;
        self
    }

    /// Sets whether to use the proxy of the system or of the environment variables. The default is `true`.
    pub fn proxy(mut self, proxy: bool) -> Self {
        self.proxy = proxy;
        self
    }

    /// Changes the HTTP client, such as its proxies and certificates. The default is a client without
    /// changes. The client never follows a redirect, because that would send the key to another server.
    ///
    /// ```
    /// use extract_llm::model::TransportOptions;
    ///
    /// let options = TransportOptions::default().http_client(|client| client.user_agent("mine/1"));
    /// ```
    pub fn http_client(
        mut self,
        configure: impl Fn(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + Sync + 'static,
    ) -> Self {
        self.configure = Some(Arc::new(configure));
        self
    }
}

/// A response whose body is read as it arrives. Dropping it closes the connection.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Body,
    /// Host and port of the server.
    from: String,
    sent: Instant,
    timeout: Duration,
    read_timeout: Duration,
    /// The time waited since the last chunk with content.
    idle: Duration,
    /// The bytes received so far, and their limit.
    received: usize,
    limit: usize,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

impl HttpResponse {
    /// Returns the next chunk of the body. `None` at its end.
    ///
    /// # Errors
    /// The connection failed, nothing came within the
    /// [read timeout](TransportOptions::read_timeout), or the body is too large.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ProviderError> {
        self.content_came();
        self.chunk_of_events().await
    }

    /// Returns the next chunk of a stream of events. The read timeout goes on until
    /// [`content_came`](Self::content_came) is called, because a server may send pings forever.
    pub(crate) async fn chunk_of_events(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let left = self.read_timeout.saturating_sub(self.idle);
        let started = Instant::now();
        let Some(read) = within(left, Duration::default, self.body.chunk()).await? else {
            let lack = if self.idle.is_zero() { "data" } else { "content" };
            return Err(self.with_status(silence_error(lack, &self.from, self.read_timeout)));
        };
        let waited = started.elapsed();
        // The body was not polled for a part of a longer wait.
        self.idle = if waited < left { self.idle + waited } else { Duration::ZERO };
        match read {
            Ok(Some(bytes)) => {
                self.received = self.received.saturating_add(bytes.len());
                if self.received > self.limit { Err(self.too_large()) } else { Ok(Some(bytes)) }
            }
            Ok(None) => Ok(None),
            Err(ReadFailure::Cut) => {
                let message = "the recording ends before the reply does";
                Err(self.with_status(ProviderError::new(ProviderErrorKind::Interrupted, message)))
            }
            Err(ReadFailure::Network(error)) => {
                let mut error = failure(&error, &self.from, self.sent.elapsed());
                if error.kind == ProviderErrorKind::Connect {
                    error.kind = ProviderErrorKind::Interrupted;
                }
                Err(self.with_status(error))
            }
        }
    }

    /// Returns the time waited since the last chunk with content.
    pub(crate) fn idle(&self) -> Duration {
        self.idle
    }

    /// Restarts the read timeout of [`chunk_of_events`](Self::chunk_of_events).
    pub(crate) fn content_came(&mut self) {
        self.idle = Duration::ZERO;
    }

    /// Returns the rest of the body.
    ///
    /// # Errors
    /// The same as [`chunk`](Self::chunk), and if the body is not complete within the
    /// [timeout](TransportOptions::timeout) of the exchange.
    pub async fn rest(&mut self) -> Result<Bytes, ProviderError> {
        let left = self.timeout.saturating_sub(self.sent.elapsed());
        let reading = self.read_rest();
        if let Ok(read) = timer(|| tokio::time::timeout(left, reading))?.await {
            return read;
        }
        Err(self.with_status(timeout_error(&self.from, self.sent.elapsed())))
    }

    /// Returns the body of an error response as far as it comes: at most [`MAX_ERROR_BYTES`], within
    /// [`ERROR_BODY_TIMEOUT`]. The second value describes why the body is not whole; `None` if it is.
    pub(crate) async fn error_body(&mut self) -> (Bytes, Option<String>) {
        let mut body = BytesMut::new();
        let limit = ERROR_BODY_TIMEOUT.min(self.timeout.saturating_sub(self.sent.elapsed()));
        let reading = async {
            while let Some(bytes) = self.chunk().await? {
                let room = MAX_ERROR_BYTES.saturating_sub(body.len());
                body.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                if body.len() == MAX_ERROR_BYTES {
                    return Ok(Some(format!("it is longer than {MAX_ERROR_BYTES} bytes")));
                }
            }
            Ok(None)
        };
        let cut = match within(limit, Duration::default, reading).await {
            Ok(Some(Ok(cut))) => cut,
            Ok(Some(Err(error))) | Err(error) => Some(error.message),
            Ok(None) => Some(format!("its end did not come within {limit:.1?}")),
        };
        (body.freeze(), cut)
    }

    /// Reads the rest of a body that nobody needs, on a task of its own, so that the connection can be
    /// used again. Closes the connection after a second, or after 64 KiB.
    pub(crate) fn finish_apart(mut self) {
        const LIMIT: usize = 64 * 1024;
        const TIME: Duration = Duration::from_secs(1);
        self.body.end_recording();
        if matches!(self.body, Body::Recorded(..)) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.limit = self.received.saturating_add(LIMIT);
        runtime.spawn(async move {
            let rest = async { while let Ok(Some(_)) = self.chunk().await {} };
            let _ = within(TIME, Duration::default, rest).await;
        });
    }

    /// Reads the rest of the body without the timeout of the exchange.
    async fn read_rest(&mut self) -> Result<Bytes, ProviderError> {
        if self.body.stated_length() > self.limit as u64 {
            return Err(self.too_large());
        }
        let mut body = BytesMut::new();
        while let Some(bytes) = self.chunk().await? {
            body.extend_from_slice(&bytes);
        }
        Ok(body.freeze())
    }

    /// Returns the error for a body above the limit.
    fn too_large(&self) -> ProviderError {
        self.with_status(ProviderError::new(ProviderErrorKind::TooLarge, too_large(self.limit)))
    }

    /// Lifts the limit for a body that is written to a file.
    pub(crate) fn lift_limit(&mut self) {
        self.limit = usize::MAX;
    }

    /// Raises the limit for a body that is a stream of events. Events are much longer than the text in
    /// them; the reader of the stream limits the text.
    pub(crate) fn allow_event_overhead(&mut self) {
        /// The assumed size of an event that carries one byte of text, in bytes.
        const EVENT: usize = 1024;
        self.limit = self.limit.saturating_mul(EVENT);
    }

    /// Adds the status to an error.
    fn with_status(&self, mut error: ProviderError) -> ProviderError {
        error.status = Some(self.status.as_u16());
        error
    }
}

/// Sends requests over a pool of connections. Cheap to clone.
#[derive(Clone)]
pub struct Transport {
    pools: Arc<Pools>,
    tape: Option<SharedTape>,
    timeout: Duration,
    read_timeout: Duration,
    /// The name of a timeout that is zero.
    without_time: Option<&'static str>,
    max_reply_bytes: usize,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("pools", &self.pools).finish_non_exhaustive()
    }
}

impl Transport {
    /// Creates a transport. No connection is made.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(options: TransportOptions) -> Result<Self, reqwest::Error> {
        let (timeout, read_timeout) = (options.timeout, options.read_timeout);
        let max_reply_bytes = options.max_reply_bytes;
        let without_time = [
            ("timeout", timeout),
            ("read_timeout", read_timeout),
            ("connect_timeout", options.connect_timeout),
        ];
        let without_time = without_time.iter().find(|(_, limit)| limit.is_zero());
        let without_time = without_time.map(|(setting, _)| *setting);
        let tape = options.tape.clone();
        let pools = Arc::new(Pools::new(options)?);
        Ok(Self { pools, tape, timeout, read_timeout, without_time, max_reply_bytes })
    }

    /// Returns the maximum size of a reply, in bytes.
    pub fn max_reply_bytes(&self) -> usize {
        self.max_reply_bytes
    }

    /// Returns whether requests are answered from a recording, and never sent.
    pub(crate) fn replays(&self) -> bool {
        self.tape.as_ref().is_some_and(|tape| tape.replays())
    }

    /// Sends a request and returns the response after its headers. A response with any status is `Ok`.
    ///
    /// # Errors
    /// The server cannot be reached, the connection breaks, or the
    /// [timeout](TransportOptions::timeout) ends before the headers come. There is no tokio runtime, or it
    /// has no timers or no I/O. Real calls are [forbidden](super::forbid_real_calls), or the recording has no
    /// such exchange.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
        let from = host(&request.url);
        if let Some(setting) = self.without_time {
            return Err(ProviderError::without_time(setting));
        }
        let started = Instant::now();
        let mut recording: Option<Box<dyn Recording>> = None;
        if let Some(tape) = &self.tape {
            if tape.replays() {
                let RecordedExchange { status, headers, chunks, is_cut } = tape.replay(&request)?;
                let body = Body::Recorded(chunks, is_cut);
                return Ok(self.response(status, headers, body, from, started));
            }
            recording = Some(tape.record(&request)?);
        }
        check_allowed(&request.url)?;
        let client = self.pools.client().map_err(|error| failure(&error, &from, Duration::ZERO))?;
        let mut sending =
            client.request(request.method, request.url).headers(request.headers).body(request.body);
        if !request.streamed {
            sending = sending.timeout(self.timeout);
        }
        // reqwest creates its timers in `send`, so it is called inside of the timeout.
        let exchange = with_io(async move { sending.send().await });
        let sent = within(self.timeout, Duration::default, exchange).await?;
        let mut response = match sent.transpose()? {
            Some(Ok(response)) => response,
            Some(Err(error)) => return Err(failure(&error, &from, started.elapsed())),
            None => return Err(timeout_error(&from, started.elapsed())),
        };
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        if let Some(recording) = &mut recording {
            recording.answered(status, &headers);
        }
        let body = Body::Network(Box::new(response), recording);
        Ok(self.response(status, headers, body, from, started))
    }

    /// Returns a response whose body has not been read.
    fn response(
        &self,
        status: StatusCode,
        headers: HeaderMap,
        body: Body,
        from: String,
        sent: Instant,
    ) -> HttpResponse {
        HttpResponse {
            status,
            headers,
            body,
            from,
            sent,
            timeout: self.timeout,
            read_timeout: self.read_timeout,
            idle: Duration::ZERO,
            received: 0,
            limit: self.max_reply_bytes,
        }
    }
}

/// Returns the message for a reply above the limit, which names the setting that changes it.
pub(crate) fn too_large(limit: usize) -> String {
    format!("more than {limit} bytes; raise `max_reply_bytes` to accept it")
}

/// Returns host and port of a URL for error messages. Other parts of the URL may hold keys.
fn host(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}
