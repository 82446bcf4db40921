//! Reads the headers in which servers state their rate limits.

use std::time::{Duration, SystemTime};

use http::HeaderMap;

/// The state of one limit, as a server states it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stated {
    /// The limit, in requests or tokens.
    pub(super) limit: u64,
    /// The rest of the limit.
    pub(super) remaining: u64,
    /// The time until the whole limit is free again, if the server states it.
    pub(super) reset: Option<Duration>,
    /// The length of the window, if the name of the header or another header states it.
    pub(super) window: Option<Duration>,
}

/// The limits that a response states.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct StatedLimits {
    pub(super) requests: Option<Stated>,
    /// Of several limits on tokens, the one with the least left in proportion.
    pub(super) tokens: Option<Stated>,
}

/// The unit of a reset that is a bare number.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    Seconds,
    Millis,
}

/// Returns the limits that the headers of a response state. `now` is the time of a server whose headers do
/// not hold a `date`. Limits of a day or a month are left out: nobody waits for their end.
pub(super) fn stated_limits(headers: &HeaderMap, now: SystemTime) -> StatedLimits {
    let reader = Reader { headers, now: date(headers).unwrap_or(now) };
    let requests = [
        ("x-ratelimit-", "-requests", ""),
        ("x-ratelimit-", "-req-minute", ""),
        ("x-ratelimit-", "-req-10-second", ""),
        ("anthropic-ratelimit-requests", "", "-"),
    ];
    let tokens = [
        ("x-ratelimit-", "-tokens", ""),
        ("x-ratelimit-", "-project-tokens", ""),
        ("x-ratelimit-", "-tokens-minute", ""),
        ("anthropic-ratelimit-tokens", "", "-"),
        ("anthropic-ratelimit-input-tokens", "", "-"),
        ("anthropic-ratelimit-output-tokens", "", "-"),
    ];
    StatedLimits {
        requests: tightest(requests.iter().filter_map(|names| reader.read(names))),
        tokens: tightest(tokens.iter().filter_map(|names| reader.read(names))),
    }
}

/// Returns the limit with the least left, in proportion.
fn tightest(limits: impl Iterator<Item = Stated>) -> Option<Stated> {
    #[expect(clippy::cast_precision_loss, reason = "a proportion needs no more precision")]
    let rest = |stated: &Stated| stated.remaining as f64 / stated.limit as f64;
    limits.min_by(|one, other| rest(one).total_cmp(&rest(other)))
}

struct Reader<'h> {
    headers: &'h HeaderMap,
    now: SystemTime,
}

impl Reader<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok().map(str::trim)
    }

    /// Reads a limit from three headers, whose names differ in the word between `before` and `after`.
    fn read(&self, (before, after, dash): &(&str, &str, &str)) -> Option<Stated> {
        let text = |word: &str| self.text(&format!("{before}{dash}{word}{after}"));
        let count = |word: &str| text(word)?.parse::<u64>().ok();
        let (limit, remaining) = (count("limit")?, count("remaining")?);
        // Zero or less means unknown, and more than the limit is no rest of it.
        if limit == 0 || remaining > limit {
            return None;
        }
        let renewal = text("renewalperiod").and_then(|seconds| seconds.parse().ok());
        let renewal = renewal.filter(|seconds| *seconds > 0);
        let window = match *after {
            "-req-10-second" => Some(10),
            "-req-minute" | "-tokens-minute" => Some(60),
            _ => renewal,
        };
        // Azure states the time in which its bucket fills, in milliseconds: 1 of 120 requests is 500.
        let unit = if renewal.is_some() { Unit::Millis } else { Unit::Seconds };
        let reset = text("reset").and_then(|reset| self.reset(reset, unit));
        let window = window.map(Duration::from_secs);
        Some(Stated { limit, remaining, reset: reset.filter(|reset| !reset.is_zero()), window })
    }

    /// Reads the time until a reset: a Go duration, a number, a time in RFC 3339, or a Unix time in seconds
    /// or milliseconds.
    fn reset(&self, text: &str, unit: Unit) -> Option<Duration> {
        let since_now = |time: Duration| {
            let now = self.now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            Some(time.saturating_sub(now))
        };
        if let Ok(number) = text.parse::<f64>() {
            return match number {
                n if n > 1e12 => since_now(Duration::try_from_secs_f64(n / 1e3).ok()?),
                n if n > 1e9 => since_now(Duration::try_from_secs_f64(n).ok()?),
                n if unit == Unit::Millis => Duration::try_from_secs_f64(n / 1e3).ok(),
                n => Duration::try_from_secs_f64(n).ok(),
            };
        }
        go_duration(text).or_else(|| since_now(Duration::from_secs(rfc_3339(text)?)))
    }
}

/// Returns the server's time.
fn date(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(http::header::DATE)?.to_str().ok()?).ok()
}

/// Parses a duration as Go writes it: `6m0s`, `17.379s`, `26ms`, `120µs`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit = match unit {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86400.0,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * unit;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|_| !text.is_empty())
}

/// Parses a time in RFC 3339, such as `2026-08-19T14:34:19Z`, and returns its Unix time in whole seconds.
fn rfc_3339(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', 't', ' '])?;
    // Sixteen bits, so that no sum overflows.
    let number = |text: &str| text.parse::<u16>().ok().map(i64::from);
    let mut date = date.splitn(3, '-').map(number);
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let clock = time.get(..8)?;
    let zone = time.get(8..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let offset = match zone {
        "Z" | "z" => 0,
        _ => {
            let (hours, minutes) = zone.get(1..)?.split_once(':')?;
            let minutes = number(hours)? * 60 + number(minutes)?;
            match zone.get(..1)? {
                "+" => minutes * 60,
                "-" => -minutes * 60,
                _ => return None,
            }
        }
    };
    let mut clock = clock.splitn(3, ':').map(number);
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next()??);
    let in_range = (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&hour)
        && (0..60).contains(&minute)
        && (0..=60).contains(&second);
    if !in_range {
        return None;
    }
    // Days since 1970, with years that begin in March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days =
        year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    u64::try_from(days * 86_400 + hour * 3_600 + minute * 60 + second - offset).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let parsed = pairs.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), value.parse().expect("a header value"))
        });
        parsed.collect()
    }

    fn stated(limit: u64, remaining: u64, reset: Option<f64>, window: Option<u64>) -> Stated {
        let reset = reset.map(Duration::from_secs_f64);
        Stated { limit, remaining, reset, window: window.map(Duration::from_secs) }
    }

    fn read(pairs: &[(&'static str, &str)]) -> StatedLimits {
        // 2026-08-19T14:34:09Z
        stated_limits(&headers(pairs), SystemTime::UNIX_EPOCH + Duration::from_secs(1_787_150_049))
    }

    #[test]
    fn the_headers_of_each_provider_are_read() {
        let openai = read(&[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-reset-requests", "120ms"),
            ("x-ratelimit-limit-tokens", "200000"),
            ("x-ratelimit-remaining-tokens", "100000"),
            ("x-ratelimit-reset-tokens", "30s"),
            ("x-ratelimit-limit-project-tokens", "150000000"),
            ("x-ratelimit-remaining-project-tokens", "149999367"),
            ("x-ratelimit-reset-project-tokens", "0s"),
        ]);
        assert_eq!(openai.requests, Some(stated(500, 499, Some(0.12), None)));
        assert_eq!(openai.tokens, Some(stated(200_000, 100_000, Some(30.0), None)));

        let azure = read(&[
            ("x-ratelimit-limit-requests", "120"),
            ("x-ratelimit-remaining-requests", "119"),
            ("x-ratelimit-reset-requests", "500"),
            ("x-ratelimit-renewalperiod-requests", "60"),
            ("x-ratelimit-limit-tokens", "120000"),
            ("x-ratelimit-remaining-tokens", "119986"),
            ("x-ratelimit-reset-tokens", "7"),
            ("x-ratelimit-renewalperiod-tokens", "60"),
            ("x-ratelimit-abusepenalty-active", "False"),
        ]);
        assert_eq!(azure.requests, Some(stated(120, 119, Some(0.5), Some(60))));
        assert_eq!(azure.tokens, Some(stated(120_000, 119_986, Some(0.007), Some(60))));

        let azure_responses = read(&[
            ("x-ratelimit-limit-requests", "250"),
            ("x-ratelimit-remaining-requests", "249"),
            ("x-ratelimit-reset-requests", "0"),
            ("x-ratelimit-renewalperiod-requests", "60"),
        ]);
        assert_eq!(azure_responses.requests, Some(stated(250, 249, None, Some(60))));
        let unknown = read(&[
            ("x-ratelimit-limit-requests", "-1"),
            ("x-ratelimit-remaining-requests", "-1"),
            ("x-ratelimit-reset-requests", "0"),
        ]);
        assert_eq!(unknown, StatedLimits::default());

        let anthropic = read(&[
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-08-19T14:34:11Z"),
            ("anthropic-ratelimit-tokens-limit", "2400000"),
            ("anthropic-ratelimit-tokens-remaining", "2400000"),
            ("anthropic-ratelimit-tokens-reset", "2026-08-19T14:34:19Z"),
            ("anthropic-ratelimit-input-tokens-limit", "2000000"),
            ("anthropic-ratelimit-input-tokens-remaining", "1000000"),
            ("anthropic-ratelimit-input-tokens-reset", "2026-08-19T14:34:39+00:00"),
            ("anthropic-ratelimit-output-tokens-limit", "400000"),
            ("anthropic-ratelimit-output-tokens-remaining", "399000"),
            ("anthropic-ratelimit-output-tokens-reset", "2026-08-19T14:34:19Z"),
        ]);
        assert_eq!(anthropic.requests, Some(stated(4_000, 3_999, Some(2.0), None)));
        assert_eq!(anthropic.tokens, Some(stated(2_000_000, 1_000_000, Some(30.0), None)));

        let groq = read(&[
            ("x-ratelimit-limit-requests", "14400"),
            ("x-ratelimit-remaining-requests", "14398"),
            ("x-ratelimit-reset-requests", "10.593999999s"),
            ("x-ratelimit-limit-tokens", "30000"),
            ("x-ratelimit-remaining-tokens", "29987"),
            ("x-ratelimit-reset-tokens", "26ms"),
        ]);
        let reset = groq.requests.unwrap().reset.unwrap().as_secs_f64();
        assert!((reset - 10.594).abs() < 1e-6, "{reset}");
        assert_eq!(groq.tokens, Some(stated(30_000, 29_987, Some(0.026), None)));

        let mistral = read(&[
            ("x-ratelimit-limit-req-minute", "100"),
            ("x-ratelimit-remaining-req-minute", "96"),
            ("x-ratelimit-limit-req-10-second", "20"),
            ("x-ratelimit-remaining-req-10-second", "3"),
            ("x-ratelimit-limit-tokens-minute", "100000"),
            ("x-ratelimit-remaining-tokens-minute", "99879"),
            ("x-ratelimit-limit-tokens-month", "10000000000"),
            ("x-ratelimit-remaining-tokens-month", "9999999893"),
            ("x-ratelimit-tokens-query-cost", "97"),
        ]);
        assert_eq!(mistral.requests, Some(stated(20, 3, None, Some(10))));
        assert_eq!(mistral.tokens, Some(stated(100_000, 99_879, None, Some(60))));

        let cerebras = read(&[
            ("x-ratelimit-limit-requests-day", "14400"),
            ("x-ratelimit-remaining-requests-day", "14000"),
            ("x-ratelimit-reset-requests-day", "33011.382867"),
            ("x-ratelimit-limit-tokens-minute", "60000"),
            ("x-ratelimit-remaining-tokens-minute", "59000"),
            ("x-ratelimit-reset-tokens-minute", "26.5"),
        ]);
        assert_eq!(cerebras.requests, None, "the limit of a day is left out");
        assert_eq!(cerebras.tokens, Some(stated(60_000, 59_000, Some(26.5), Some(60))));

        let xai = read(&[
            ("x-ratelimit-limit-requests", "1800"),
            ("x-ratelimit-remaining-requests", "1800"),
            ("x-ratelimit-limit-tokens", "10000000"),
            ("x-ratelimit-remaining-tokens", "10000000"),
        ]);
        assert_eq!(xai.requests, Some(stated(1_800, 1_800, None, None)));
        assert_eq!(xai.tokens, Some(stated(10_000_000, 10_000_000, None, None)));
    }

    #[test]
    fn a_window_of_no_time_is_none() {
        let limits = read(&[
            ("x-ratelimit-limit-requests", "500"),
            ("x-ratelimit-remaining-requests", "499"),
            ("x-ratelimit-renewalperiod-requests", "0"),
        ]);
        assert_eq!(limits.requests, Some(stated(500, 499, None, None)));
    }

    #[test]
    fn resets_are_read_in_every_form() {
        let read = |reset: &str| {
            let limits = read(&[
                ("x-ratelimit-limit-requests", "9"),
                ("x-ratelimit-remaining-requests", "1"),
                ("x-ratelimit-reset-requests", reset),
            ]);
            limits.requests.unwrap().reset.map(|reset| reset.as_secs_f64())
        };
        for (text, seconds) in [
            ("6m0s", Some(360.0)),
            ("1h2m3s", Some(3723.0)),
            ("2ms", Some(0.002)),
            ("12", Some(12.0)),
            ("26.5", Some(26.5)),
            ("1787150069", Some(20.0)),
            ("1787150069000", Some(20.0)),
            ("2026-08-19T14:34:19Z", Some(10.0)),
            ("2026-08-19T14:34:19.5Z", Some(10.0)),
            ("2026-08-19T16:34:19+02:00", Some(10.0)),
            ("2026-08-19T09:04:19-05:30", Some(10.0)),
            ("2020-01-01T00:00:00Z", None),
            ("0s", None),
            ("0", None),
            ("-3", None),
            ("soon", None),
            ("", None),
            ("NaN", None),
            ("inf", None),
            ("1e400", None),
            ("2026-13-19T14:34:19Z", None),
            ("2026-08-19", None),
            ("2026-08-19T14:34:19+9223372036854775807:30", None),
            ("2026-08-19T14:34:19+65535:65535", None),
            ("9223372036854775807-08-19T14:34:19Z", None),
            ("2026-08-19Tüüüü", None),
        ] {
            assert_eq!(read(text), seconds, "{text}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T00:00:00Z", 951_782_400),
            ("2000-03-01T00:00:00Z", 951_868_800),
            ("2024-12-31T23:59:59Z", 1_735_689_599),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(rfc_3339(text), Some(seconds), "{text}");
        }
    }

    #[test]
    fn a_clock_that_is_wrong_does_not_matter_if_the_server_states_the_date() {
        let limits = read(&[
            ("date", "Wed, 19 Aug 2026 12:00:00 GMT"),
            ("anthropic-ratelimit-requests-limit", "50"),
            ("anthropic-ratelimit-requests-remaining", "0"),
            ("anthropic-ratelimit-requests-reset", "2026-08-19T12:00:07Z"),
        ]);
        assert_eq!(limits.requests, Some(stated(50, 0, Some(7.0), None)));
    }
}
