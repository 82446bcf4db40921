//! [`HttpRequest`]: a request to send.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};

use crate::conversation::redacted_url;

/// A request to send.
#[non_exhaustive]
pub struct HttpRequest {
    /// The method. Default: POST.
    pub method: Method,
    /// The URL.
    pub url: reqwest::Url,
    /// The headers. Headers with keys are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the response is streamed. The [timeout](super::TransportOptions::timeout) then ends with the
    /// response headers. Default: `false`.
    pub streamed: bool,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
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
        Self { method: Method::POST, url, headers, body: body.into(), streamed: false }
    }
}
