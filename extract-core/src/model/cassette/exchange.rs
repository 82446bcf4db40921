//! A recorded exchange: a request and its response, without secrets.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::http::HttpRequest;

/// The headers that are recorded, of requests and responses. Others may hold keys, cookies or the names of
/// accounts.
const KEPT_HEADERS: [&str; 14] = [
    "anthropic-version",
    "content-encoding",
    "content-type",
    "request-id",
    "retry-after",
    "retry-after-ms",
    "x-amzn-errortype",
    "x-amzn-requestid",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-request-id",
    "x-should-retry",
];

/// The query parameters whose values are recorded.
const KEPT_PARAMETERS: [&str; 2] = ["alt", "api-version"];

/// A request in a [`Cassette`](super::Cassette).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// The method, in capitals.
    pub method: String,
    /// Host and port of the server. Not compared.
    pub host: String,
    /// The path and the query. Values in the query are removed, except those of `alt` and `api-version`.
    pub path: String,
    /// The headers. Not compared.
    pub headers: BTreeMap<String, String>,
    /// The body: JSON, or a string of any other text. Bytes that are no text are a string in base64.
    pub body: Value,
}

impl RecordedRequest {
    /// Returns the request as it is recorded, with its secrets.
    pub(super) fn of(request: &HttpRequest) -> Self {
        let url = &request.url;
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let mut path = url.path().to_owned();
        for (index, (name, value)) in url.query_pairs().enumerate() {
            let value = if KEPT_PARAMETERS.contains(&&*name) { &*value } else { "[removed]" };
            path += &format!("{}{name}={value}", if index == 0 { '?' } else { '&' });
        }
        let body = match std::str::from_utf8(&request.body) {
            Ok("") => Value::Null,
            Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            Err(_) => STANDARD.encode(&request.body).into(),
        };
        let method = request.method.as_str().to_owned();
        Self { method, host, path, headers: kept(&request.headers), body }
    }

    /// Replaces a text in all strings of the path and the body.
    pub fn replace(&mut self, from: &str, to: &str) {
        if !from.is_empty() {
            self.path = self.path.replace(from, to);
            each_text(&mut self.body, &mut |text| *text = text.replace(from, to));
        }
    }

    /// Whether a recorded request is the same: method, path and body.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path && self.body == other.body
    }
}

/// Calls `change` with every string of a JSON value.
pub(super) fn each_text(value: &mut Value, change: &mut dyn FnMut(&mut String)) {
    match value {
        Value::String(text) => change(text),
        Value::Array(items) => items.iter_mut().for_each(|item| each_text(item, change)),
        Value::Object(members) => {
            members.values_mut().for_each(|member| each_text(member, change));
        }
        _ => {}
    }
}

/// Returns the headers that are recorded.
pub(super) fn kept(headers: &HeaderMap) -> BTreeMap<String, String> {
    let all = headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
    let text = all.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    text.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A response in a [`Cassette`](super::Cassette).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: BTreeMap<String, String>,
    /// The body in the chunks that came.
    pub(super) chunks: Vec<Bytes>,
    /// Whether the program stopped reading before the end of the body.
    pub(super) is_cut: bool,
}

impl RecordedResponse {
    /// Returns the body as text. `None` if it is no text, as with the binary streams of Bedrock.
    pub fn text(&self) -> Option<String> {
        String::from_utf8(self.chunks.concat()).ok()
    }

    /// Replaces a text in the body, also if it came in two chunks. It must stand there byte for byte: JSON may
    /// escape it, and the events of a stream may split it. A body that is no text stays as it is.
    pub fn replace(&mut self, from: &str, to: &str) {
        let Some(text) = self.text() else { return };
        if from.is_empty() {
            return;
        }
        let places = text.match_indices(from).map(|(at, found)| at..at + found.len());
        let places: Vec<_> = places.collect();
        self.replace_places(&places, to);
    }

    /// Replaces places of the body, which follow each other. The new text stands in the chunk in which the
    /// place begins.
    pub(super) fn replace_places(&mut self, places: &[std::ops::Range<usize>], to: &str) {
        let mut start = 0;
        for chunk in &mut self.chunks {
            let end = start + chunk.len();
            let mut changed = Vec::with_capacity(chunk.len());
            let mut at = start;
            for place in places.iter().filter(|place| place.start < end && place.end > start) {
                let before = chunk.get(at - start..place.start.max(at) - start);
                changed.extend_from_slice(before.unwrap_or_default());
                if place.start >= start {
                    changed.extend_from_slice(to.as_bytes());
                }
                at = place.end.min(end);
            }
            changed.extend_from_slice(chunk.get(at - start..).unwrap_or_default());
            *chunk = Bytes::from(changed);
            start = end;
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
    }
}
