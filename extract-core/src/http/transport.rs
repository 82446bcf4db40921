//! HTTP exchanges with bounded responses, which are read as they arrive.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::paused_timeout::within;
use super::runtime::{timer, with_io};
use crate::conversation::{ProviderError, ProviderErrorKind, redacted_url};

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
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// Timeout of one exchange, from the first byte sent to the last byte received. For a streamed
    /// exchange, it covers the time until the response headers only. Default: 10 minutes.
    pub timeout: Duration,
    /// Timeout between two chunks of a response body. Only time in which the body is polled counts. A
    /// reasoning model may send nothing for a long time. Default: 5 minutes.
    pub read_timeout: Duration,
    /// Timeout of the connection's setup. Default: 10 seconds.
    pub connect_timeout: Duration,
    /// The maximum size of a reply, in bytes. For a streamed reply, the text in its events counts.
    /// Default: 32 MiB.
    pub max_reply_bytes: usize,
    /// Whether to use the proxy of the system or of the environment variables. Default: `true`.
    pub proxy: bool,
    /// The HTTP client to use. Its timeouts apply in addition to these. Default: `None`, a new client.
    pub client: Option<reqwest::Client>,
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
            client: None,
        }
    }
}

impl TransportOptions {
    /// Sets the timeout of one exchange. The default is 10 minutes.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the timeout between two chunks of a response body. The default is 5 minutes.
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
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

    /// Sets the HTTP client. Its timeouts apply in addition to these. The default is a new client.
    pub fn client(mut self, client: reqwest::Client) -> Self {
        self.client = Some(client);
        self
    }
}

/// A request to send.
#[non_exhaustive]
pub struct HttpRequest {
    /// The URL.
    pub url: reqwest::Url,
    /// The headers. Headers with keys are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the response is streamed. The [timeout](TransportOptions::timeout) then ends with the
    /// response headers. Default: `false`.
    pub streamed: bool,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("url", &redacted_url(self.url.as_str()))
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .field("streamed", &self.streamed)
            .finish()
    }
}

impl HttpRequest {
    /// Returns a POST request that is not streamed.
    pub fn post(url: reqwest::Url, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { url, headers, body: body.into(), streamed: false }
    }
}

/// A response whose body is read as it arrives. Dropping it closes the connection.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
    /// Host and port of the server.
    from: String,
    sent: Instant,
    timeout: Duration,
    read_timeout: Duration,
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
        let next = within(self.read_timeout, Duration::default, self.response.chunk());
        let Some(read) = next.await? else {
            let message = format!(
                "no data from {} for {:?}; `read_timeout` sets this limit",
                self.from, self.read_timeout
            );
            return Err(self.with_status(ProviderError::new(ProviderErrorKind::Timeout, message)));
        };
        match read {
            Ok(Some(bytes)) => {
                self.received = self.received.saturating_add(bytes.len());
                if self.received > self.limit { Err(self.too_large()) } else { Ok(Some(bytes)) }
            }
            Ok(None) => Ok(None),
            Err(error) => {
                let mut error = failure(&error, &self.from, self.sent.elapsed());
                if error.kind == ProviderErrorKind::Connect {
                    error.kind = ProviderErrorKind::Interrupted;
                }
                Err(self.with_status(error))
            }
        }
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

    /// Reads the rest of a body that nobody needs, on a task of its own, so that the connection can be
    /// used again. Closes the connection after a second, or after 64 KiB.
    pub(crate) fn finish_apart(mut self) {
        const LIMIT: usize = 64 * 1024;
        const TIME: Duration = Duration::from_secs(1);
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        self.limit = self.received.saturating_add(LIMIT);
        runtime.spawn(async move {
            let rest = async { while let Ok(Some(_)) = self.chunk().await {} };
            let _ = within(TIME, Duration::default, rest).await;
        });
    }

    /// Reads the rest of the body without the timeout of the exchange.
    async fn read_rest(&mut self) -> Result<Bytes, ProviderError> {
        let stated = self.response.content_length().unwrap_or(0);
        if stated > self.limit as u64 {
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
#[derive(Debug, Clone)]
pub struct Transport {
    client: reqwest::Client,
    timeout: Duration,
    read_timeout: Duration,
    max_reply_bytes: usize,
}

impl Transport {
    /// Creates a transport. No connection is made.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(options: TransportOptions) -> Result<Self, reqwest::Error> {
        let client = match options.client {
            Some(client) => client,
            None => {
                install_crypto();
                // A redirect would send the key to another server, and turn a POST into a GET.
                let builder = reqwest::Client::builder()
                    .connect_timeout(options.connect_timeout)
                    .redirect(reqwest::redirect::Policy::none());
                if options.proxy { builder } else { builder.no_proxy() }.build()?
            }
        };
        Ok(Self {
            client,
            timeout: options.timeout,
            read_timeout: options.read_timeout,
            max_reply_bytes: options.max_reply_bytes,
        })
    }

    /// Returns the maximum size of a reply, in bytes.
    pub fn max_reply_bytes(&self) -> usize {
        self.max_reply_bytes
    }

    /// Sends a request and returns the response after its headers. A response with any status is `Ok`.
    ///
    /// # Errors
    /// The server cannot be reached, the connection breaks, or the
    /// [timeout](TransportOptions::timeout) ends before the headers come. There is no tokio runtime, or it
    /// has no timers or no I/O.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
        let from = host(&request.url);
        let started = Instant::now();
        let mut sending = self.client.post(request.url).headers(request.headers).body(request.body);
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
        let headers = std::mem::take(response.headers_mut());
        Ok(HttpResponse {
            status: response.status(),
            headers,
            response,
            from,
            sent: started,
            timeout: self.timeout,
            read_timeout: self.read_timeout,
            received: 0,
            limit: self.max_reply_bytes,
        })
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

/// Returns the error of an exchange that took too long.
fn timeout_error(from: &str, after: Duration) -> ProviderError {
    let message =
        format!("no complete response from {from} after {after:.1?}; `timeout` sets this limit");
    ProviderError::new(ProviderErrorKind::Timeout, message)
}

/// Classifies an error of reqwest. The message holds the chain of causes. It names the host only,
/// because the URL may hold keys.
fn failure(error: &reqwest::Error, from: &str, after: Duration) -> ProviderError {
    let kind = if error.is_timeout() {
        ProviderErrorKind::Timeout
    } else if error.is_connect() {
        ProviderErrorKind::Connect
    } else if error.is_builder() {
        ProviderErrorKind::Encode
    } else if error.is_request() || error.is_body() || error.is_decode() {
        ProviderErrorKind::Interrupted
    } else {
        ProviderErrorKind::Other
    };
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        causes.push(inner.to_string());
        cause = inner.source();
    }
    let causes = if causes.is_empty() { describe_kind(error) } else { causes.join(": ") };
    let message = match kind {
        ProviderErrorKind::Timeout if error.is_connect() => {
            format!("no connection to {from} after {after:.1?}: {causes}")
        }
        ProviderErrorKind::Timeout => return timeout_error(from, after),
        ProviderErrorKind::Connect => format!("{from} cannot be reached: {causes}"),
        _ => causes,
    };
    ProviderError::new(kind, message)
}

/// Describes an error without a cause, without its URL.
fn describe_kind(error: &reqwest::Error) -> String {
    match error.url() {
        Some(_) => String::from("the exchange failed"),
        None => error.to_string(),
    }
}

/// Installs ring as the cryptography of rustls, unless the process has chosen another provider.
fn install_crypto() {
    #[cfg(feature = "rustls-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // It fails if another thread has just installed a provider, which is fine as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
