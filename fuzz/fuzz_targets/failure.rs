//! Responses with an error status, and failures inside of a body: the error is bounded, names no secret of
//! a redirect, and holds no key.
#![no_main]

use extract_core::conversation::{Mode, ProviderErrorKind};
use extract_core::model::{read_failure, redact};
use extract_core::wire::unsupported;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;

const KEY: &str = "sk-proj-aB3/dE6+gH9=jK2_mN5-pQ8";

fuzz_target!(|data: &[u8]| {
    let [high, low, header, key_at, rest @ ..] = data else { return };
    let status = 300 + u16::from_be_bytes([*high, *low]) % 300;
    let names = ["x-amzn-errortype", "location", "x-should-retry", "x-request-id", "retry-after"];
    let name = names[usize::from(*header) % names.len()];
    let (value, body) = rest.split_at(usize::from(*header >> 3).min(rest.len()));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
    // Servers repeat keys anywhere.
    let at = usize::from(*key_at).min(body.len());
    let with_key = [&body[..at], KEY.as_bytes(), &body[at..]].concat();
    for body in [body, with_key.as_slice()] {
        let mut error = read_failure(status, &headers, body);
        assert_eq!(error, read_failure(status, &headers, body), "the same again");
        assert_eq!(error.status, Some(status));
        assert!(error.message.len() <= 8192, "a message of {} bytes", error.message.len());
        assert!(error.generation.as_ref().is_none_or(|text| text.len() <= 256 * 1024 + 8));
        match status {
            401 | 407 => assert_eq!(error.kind, ProviderErrorKind::Authentication),
            402 => assert_eq!(error.kind, ProviderErrorKind::QuotaExceeded),
            404 => assert_eq!(error.kind, ProviderErrorKind::NotFound),
            503 | 529 => assert_eq!(error.kind, ProviderErrorKind::Overloaded),
            _ => {}
        }
        for mode in [Mode::JsonSchema, Mode::Tools, Mode::JsonObject, Mode::Text] {
            let _ = unsupported(&error, mode);
        }
        redact(&mut error, KEY);
        let texts = [Some(&error.message), error.code.as_ref(), error.request_id.as_ref()];
        let texts = texts.into_iter().chain([error.param.as_ref(), error.generation.as_ref()]);
        for text in texts.flatten() {
            for piece in KEY.as_bytes().windows(16) {
                let piece = std::str::from_utf8(piece).expect("the key is ASCII");
                assert!(!text.contains(piece), "{text:?}");
            }
        }
        let _ = error.to_string();
    }
});
