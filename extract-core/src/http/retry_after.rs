//! How long a server asks to wait, from the headers that servers use for it.

use std::time::Duration;

use http::HeaderMap;

/// `retry-after-ms` (milliseconds), else `retry-after` (seconds, whole or not). A date in
/// `retry-after` is not read here.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| -> Option<f64> {
        headers
            .get(name)?
            .to_str()
            .ok()?
            .trim()
            .parse()
            .ok()
            .filter(|n: &f64| n.is_finite() && *n >= 0.0)
    };
    let millis = number("retry-after-ms").map(|millis| millis / 1000.0);
    let seconds = millis.or_else(|| number("retry-after"))?;
    Duration::try_from_secs_f64(seconds).ok()
}
