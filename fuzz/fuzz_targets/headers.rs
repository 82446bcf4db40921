//! Headers with waits and limits: only sensible values come out of any text.
#![no_main]

use std::time::{Duration, SystemTime};

use extract_core::http::retry_after;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

// The module is private to the engine and stands for itself.
#[path = "../../extract-core/src/model/limits/rate_headers.rs"]
mod rate_headers;

const NAMES: [&str; 32] = [
    "retry-after",
    "retry-after-ms",
    "date",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-renewalperiod-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
    "x-ratelimit-renewalperiod-tokens",
    "x-ratelimit-limit-req-minute",
    "x-ratelimit-remaining-req-minute",
    "x-ratelimit-limit-req-10-second",
    "x-ratelimit-remaining-req-10-second",
    "x-ratelimit-limit-tokens-minute",
    "x-ratelimit-remaining-tokens-minute",
    "x-ratelimit-reset-tokens-minute",
    "x-ratelimit-limit-project-tokens",
    "x-ratelimit-remaining-project-tokens",
    "x-ratelimit-reset-project-tokens",
    "anthropic-ratelimit-requests-limit",
    "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-tokens-limit",
    "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-tokens-reset",
    "anthropic-ratelimit-input-tokens-limit",
    "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset",
    "anthropic-ratelimit-output-tokens-limit",
    "anthropic-ratelimit-output-tokens-remaining",
];

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        let Some((name, value)) = line.split_first() else { continue };
        let name = HeaderName::from_static(NAMES[usize::from(*name) % NAMES.len()]);
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    if let Some(wait) = retry_after(&headers) {
        // What uses the wait adds it to a time.
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let seconds = text("retry-after").and_then(|text| text.trim().parse::<u64>().ok());
        if let (Some(seconds), None) = (seconds, text("retry-after-ms")) {
            assert_eq!(wait.as_secs_f64(), Duration::from_secs(seconds).as_secs_f64());
        }
    }
    for now in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_150_049)] {
        let limits = rate_headers::stated_limits(&headers, now);
        assert_eq!(limits, rate_headers::stated_limits(&headers, now));
        for stated in [limits.requests, limits.tokens].into_iter().flatten() {
            assert!(stated.limit > 0 && stated.remaining <= stated.limit, "{stated:?}");
            assert!(stated.reset.is_none_or(|reset| !reset.is_zero()), "{stated:?}");
            assert!(stated.window.is_none_or(|window| !window.is_zero()), "{stated:?}");
        }
    }
});
