//! The error for a response with an error status, from its body and its headers.

use http::header::LOCATION;
use http::{HeaderMap, HeaderValue};

use crate::conversation::ProviderError;
use crate::http::retry_after;
use crate::wire::decode_failure;

/// Returns the error for a response with an error status.
///
/// ```
/// use extract_llm::conversation::ProviderErrorKind;
/// use extract_core::model::read_failure;
///
/// let body = br#"{"error": {"message": "No credit.", "code": "insufficient_quota"}}"#;
/// let error = read_failure(429, &http::HeaderMap::new(), body);
/// assert_eq!(error.kind, ProviderErrorKind::QuotaExceeded);
/// ```
pub fn read_failure(status: u16, headers: &HeaderMap, body: &[u8]) -> ProviderError {
    let error_type = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok());
    let mut error = decode_failure(status, body, error_type);
    if let (300..=399, Some(to)) = (status, headers.get(LOCATION).and_then(|to| to.to_str().ok())) {
        error.message =
            format!("redirect to {to}; redirects are not followed: use that URL as the base URL");
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
