//! The error for a response with an error status, from its body and its headers.

use http::header::LOCATION;
use http::{HeaderMap, HeaderValue};
use reqwest::Url;

use crate::conversation::{Mode, ProviderError, ProviderErrorKind, redacted_url};
use crate::http::{HttpResponse, retry_after};
use crate::wire::{self, decode_failure};

/// Returns the error for a response with an error status. `url` is the address of the request, and `mode`
/// its mode. The status and the bytes that came are kept if the body stalls, breaks or does not end.
pub(super) async fn error_response(
    mut response: HttpResponse,
    url: &Url,
    mode: Mode,
) -> ProviderError {
    let (status, headers) = (response.status, std::mem::take(&mut response.headers));
    let (body, cut) = response.error_body().await;
    let body = wire::without_byte_order_mark(&body);
    let error = read_failure(status.as_u16(), &headers, body);
    let mut error = with_feature(error, mode);
    if let Some(cut) = cut {
        error.message += &format!(" (the body is cut off: {cut})");
    }
    // A provider that does not know a model says so in its own form. Other answers come from a server
    // that does not know the path.
    if error.kind == ProviderErrorKind::NotFound && status.is_client_error() && error.code.is_none()
    {
        let url = redacted_url(url.as_str());
        error.message += &format!("; check the model and the base URL, the request went to {url}");
    }
    error
}

/// Completes an error that a server may have reported in the body of a successful response.
pub(super) fn reported_in_body(error: ProviderError, mode: Mode) -> ProviderError {
    let is_success = error.status.is_some_and(|status| (200..=299).contains(&status));
    if is_success { with_feature(error, mode) } else { error }
}

/// Returns the error for a response with an error status, from its headers and its whole body.
pub(super) fn failed(status: u16, headers: &HeaderMap, body: &[u8], mode: Mode) -> ProviderError {
    with_feature(read_failure(status, headers, body), mode)
}

/// Returns the error of a request of a batch.
pub(super) fn failed_in_batch(status: u16, body: &[u8], mode: Mode) -> ProviderError {
    failed(status, &HeaderMap::new(), body, mode)
}

/// Sets the kind [`Unsupported`](ProviderErrorKind::Unsupported) if the error refuses a feature of the
/// request.
fn with_feature(mut error: ProviderError, mode: Mode) -> ProviderError {
    if let Some(feature) = wire::unsupported(&error, mode) {
        error.kind = ProviderErrorKind::Unsupported;
        error.unsupported = Some(feature);
    }
    error
}

/// Returns the error for a response with an error status: its kind by the status and the body, the wait that the
/// server asks for, the request id. For a [`Model`](super::Model) that sends its requests with another client.
///
/// ```
/// use extract_llm::conversation::ProviderErrorKind;
/// use extract_llm::model::read_failure;
///
/// let body = br#"{"error": {"message": "No credit.", "code": "insufficient_quota"}}"#;
/// let error = read_failure(429, &http::HeaderMap::new(), body);
/// assert_eq!(error.kind, ProviderErrorKind::QuotaExceeded);
/// ```
pub fn read_failure(status: u16, headers: &HeaderMap, body: &[u8]) -> ProviderError {
    let error_type = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let mut error = decode_failure(status, body, error_type);
    if let (300..=399, Some(to)) = (status, headers.get(LOCATION).and_then(|to| to.to_str().ok())) {
        let to = redacted_url(to);
        error.message =
            format!("redirect to {to}; redirects are not followed: use that URL as the base URL");
    }
    if status == 407 {
        error.message = format!("the proxy requires credentials: {}", error.message);
    }
    error.request_id = request_id(headers).or(error.request_id);
    error.retry_after = retry_after(headers).or(error.retry_after);
    error.should_retry = match headers.get("x-should-retry").map(HeaderValue::as_bytes) {
        Some(b"true") => Some(true),
        Some(b"false") => Some(false),
        _ => None,
    };
    error
}

/// Returns the provider's id of the request from the response headers. `None` if no known header holds
/// one.
pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    const NAMES: [&str; 10] = [
        "x-request-id",
        "request-id",
        "x-amzn-requestid",
        "apim-request-id",
        "x-generation-id",
        "mistral-correlation-id",
        "x-ds-trace-id",
        "x-debug-trace-id",
        "x-groq-request-id",
        "cf-ray",
    ];
    NAMES.iter().find_map(|name| headers.get(*name)?.to_str().ok().map(str::to_owned))
}
