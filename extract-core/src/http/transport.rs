//! One HTTP exchange with a bounded reply.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};

use crate::conversation::{ProviderError, ProviderErrorKind};

/// What a [`Transport`] is built from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportOptions {
    /// For one exchange, from the first byte sent to the last received.
    pub timeout: Duration,
    /// For the connection alone.
    pub connect_timeout: Duration,
    /// The largest reply that is taken, in bytes.
    pub max_reply_bytes: usize,
    /// Whether the proxy that the system or the environment names is used.
    pub proxy: bool,
    /// A client to use instead of one of our own; its own timeouts hold beside ours.
    pub client: Option<reqwest::Client>,
}

impl Default for TransportOptions {
    /// Ten minutes for an exchange (what the providers' own clients allow: a reasoning model may
    /// think that long), ten seconds to connect, 32 MiB.
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(10),
            max_reply_bytes: 32 * 1024 * 1024,
            proxy: true,
            client: None,
        }
    }
}

/// A request to send.
#[derive(Debug)]
#[non_exhaustive]
pub struct HttpRequest {
    /// Where to.
    pub url: reqwest::Url,
    /// With these headers; those that hold keys are marked as sensitive.
    pub headers: HeaderMap,
    /// And this body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// A POST of a body.
    pub fn post(url: reqwest::Url, headers: HeaderMap, body: Vec<u8>) -> Self {
        Self { url, headers, body }
    }
}

/// What came back, whatever its status.
#[derive(Debug)]
#[non_exhaustive]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Sends requests over a pool of connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Transport {
    client: reqwest::Client,
    timeout: Duration,
    max_reply_bytes: usize,
}

impl Transport {
    /// A transport with these options.
    pub fn new(options: TransportOptions) -> Result<Self, reqwest::Error> {
        let client = match options.client {
            Some(client) => client,
            None => {
                install_crypto();
                let builder = reqwest::Client::builder().connect_timeout(options.connect_timeout);
                if options.proxy { builder } else { builder.no_proxy() }.build()?
            }
        };
        Ok(Self { client, timeout: options.timeout, max_reply_bytes: options.max_reply_bytes })
    }

    /// Sends a request and takes the whole reply. Any status is a reply; an error is what kept
    /// one from arriving whole.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderError> {
        let sent = self
            .client
            .post(request.url)
            .headers(request.headers)
            .timeout(self.timeout)
            .body(request.body)
            .send()
            .await;
        let mut response = sent.map_err(|error| failure(&error))?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let too_large = || {
            let limit = self.max_reply_bytes;
            let message =
                format!("more than {limit} bytes; raise `max_reply_bytes` if it is right");
            let mut error = ProviderError::new(ProviderErrorKind::TooLarge, message);
            error.status = Some(status.as_u16());
            error
        };
        let stated = response.content_length().unwrap_or(0);
        if stated > self.max_reply_bytes as u64 {
            return Err(too_large());
        }
        let mut body = BytesMut::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() > self.max_reply_bytes => {
                    return Err(too_large());
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    let mut error = failure(&error);
                    error.status = Some(status.as_u16());
                    if error.kind == ProviderErrorKind::Connect {
                        error.kind = ProviderErrorKind::Interrupted;
                    }
                    return Err(error);
                }
            }
        }
        Ok(HttpResponse { status, headers, body: body.freeze() })
    }
}

/// The class of what reqwest says, and its words down to the cause. The URL is left out: some
/// providers take keys in it.
fn failure(error: &reqwest::Error) -> ProviderError {
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
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = inner.source();
    }
    let message = if words.is_empty() { kind_words(error) } else { words.join(": ") };
    ProviderError::new(kind, message)
}

fn kind_words(error: &reqwest::Error) -> String {
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
