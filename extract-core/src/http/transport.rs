//! One HTTP exchange with a bounded reply, which is read as it arrives.

use std::fmt;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use super::paused_timeout::within;
use crate::conversation::{ProviderError, ProviderErrorKind, redacted_url};

/// What a [`Transport`] is built from.
///
/// ```
/// use std::time::Duration;
/// use extract_llm::http::TransportOptions;
///
/// let mut options = TransportOptions::default();
/// options.timeout = Duration::from_secs(30);
/// options.max_reply_bytes = 1 << 20;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// For one exchange, from the first byte sent to the last received. Of a streamed one, to the
    /// head of its answer: how long the rest takes is for whoever reads it, too, to say.
    pub timeout: Duration,
    /// For the silence between two pieces of a reply, while somebody waits for them. A model that
    /// thinks may say nothing for long.
    pub idle_timeout: Duration,
    /// For the connection alone.
    pub connect_timeout: Duration,
    /// The largest reply that is received, in bytes: of a body, or, where it is streamed, of what its
    /// events say.
    pub max_reply_bytes: usize,
    /// Whether the proxy that the system or the environment names is used.
    pub proxy: bool,
    /// A client to use instead of one of our own; its own timeouts hold beside ours.
    pub client: Option<reqwest::Client>,
}

impl Default for TransportOptions {
    /// Ten minutes for an exchange (what the providers' own clients allow: a reasoning model may
    /// think that long), five minutes of silence, ten seconds to connect, 32 MiB.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(600),
            idle_timeout: Duration::from_secs(300),
            connect_timeout: Duration::from_secs(10),
            max_reply_bytes: 32 * 1024 * 1024,
            proxy: true,
            client: None,
        }
    }
}

/// A request to send.
#[non_exhaustive]
pub struct HttpRequest {
    /// Where to.
    pub url: reqwest::Url,
    /// With these headers; those that hold keys are marked as sensitive.
    pub headers: HeaderMap,
    /// And this body.
    pub body: Bytes,
    /// Whether the answer is read as it arrives: the [timeout](TransportOptions::timeout) then ends
    /// with its head.
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
    /// A POST of a body.
    pub fn post(url: reqwest::Url, headers: HeaderMap, body: impl Into<Bytes>) -> Self {
        Self { url, headers, body: body.into(), streamed: false }
    }
}

/// An answer whose body is still arriving. Dropping it closes the connection.
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    response: reqwest::Response,
    /// Where it comes from.
    from: String,
    sent: Instant,
    timeout: Duration,
    idle: Duration,
    /// How much has come, and how much may.
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
    /// The next piece of the body; nothing at its end.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ProviderError> {
        let next = within(self.idle, Duration::default, self.response.chunk());
        let Some(read) = next.await else {
            let message = format!("nothing came from {} for {:?}", self.from, self.idle);
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

    /// All of the body that has not been received, within the [timeout](TransportOptions::timeout) of
    /// the exchange.
    pub async fn rest(&mut self) -> Result<Bytes, ProviderError> {
        let left = self.timeout.saturating_sub(self.sent.elapsed());
        if let Ok(read) = tokio::time::timeout(left, self.read_rest()).await {
            return read;
        }
        Err(self.with_status(timeout_error(&self.from, self.sent.elapsed())))
    }

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

    fn too_large(&self) -> ProviderError {
        self.with_status(ProviderError::new(ProviderErrorKind::TooLarge, too_large(self.limit)))
    }

    /// The body is a stream of events: these are many times as long as what they say, of which its
    /// reader keeps count.
    pub(crate) fn allow_event_overhead(&mut self) {
        /// What an event takes that says a single byte.
        const EVENT: usize = 1024;
        self.limit = self.limit.saturating_mul(EVENT);
    }

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
    idle_timeout: Duration,
    max_reply_bytes: usize,
}

impl Transport {
    /// A transport with these options.
    pub fn new(options: TransportOptions) -> Result<Self, reqwest::Error> {
        let client = match options.client {
            Some(client) => client,
            None => {
                install_crypto();
                // A redirect would take the key to wherever it points, and turn a POST into a GET.
                let builder = reqwest::Client::builder()
                    .connect_timeout(options.connect_timeout)
                    .redirect(reqwest::redirect::Policy::none());
                if options.proxy { builder } else { builder.no_proxy() }.build()?
            }
        };
        Ok(Self {
            client,
            timeout: options.timeout,
            idle_timeout: options.idle_timeout,
            max_reply_bytes: options.max_reply_bytes,
        })
    }

    /// The largest reply that is received, in bytes.
    pub fn max_reply_bytes(&self) -> usize {
        self.max_reply_bytes
    }

    /// Sends a request, and gives the answer as soon as its head is there. Any status is an answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
        let from = host(&request.url);
        let started = Instant::now();
        let mut sending = self.client.post(request.url).headers(request.headers).body(request.body);
        if !request.streamed {
            sending = sending.timeout(self.timeout);
        }
        let sent = within(self.timeout, Duration::default, sending.send()).await;
        let mut response = match sent {
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
            idle: self.idle_timeout,
            received: 0,
            limit: self.max_reply_bytes,
        })
    }
}

/// That a reply is larger than it may be.
pub(crate) fn too_large(limit: usize) -> String {
    format!("more than {limit} bytes; raise `max_reply_bytes` if it is right")
}

/// Where a request goes: host and port, and nothing else of the URL, in which there may be keys.
fn host(url: &reqwest::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn timeout_error(from: &str, after: Duration) -> ProviderError {
    let message = format!("{from} had not answered in full after {after:.1?}");
    ProviderError::new(ProviderErrorKind::Timeout, message)
}

/// The class of what reqwest says, and its causes down to the cause. Of the URL nothing but the host
/// is told: some providers take keys in it.
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
            format!("{from} was not connected to after {after:.1?}: {causes}")
        }
        ProviderErrorKind::Timeout => return timeout_error(from, after),
        ProviderErrorKind::Connect => format!("{from} cannot be reached: {causes}"),
        _ => causes,
    };
    ProviderError::new(kind, message)
}

fn describe_kind(error: &reqwest::Error) -> String {
    match error.url() {
        Some(_) => String::from("the exchange failed"),
        None => error.to_string(),
    }
}

/// rustls takes its cryptography from whoever the process chose; where nobody did, ours is ring.
fn install_crypto() {
    #[cfg(feature = "rustls-tls")]
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says that another thread was faster, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
