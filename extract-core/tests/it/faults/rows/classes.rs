//! The classes of failures: the status first, then the code, then the words.

use std::time::Duration;

use extract_core::wire::Protocol::Bedrock;

use crate::faults::case::{Case, answers, head, repeats, sized, stalls};
use crate::faults::row::Expect::{self, Passes, Stays};
use crate::faults::row::{Chapter, Fault, Row};
use crate::faults::server::Step;
use crate::support::server::chunk;

/// A row of failures with this status, code and message.
fn failure(
    title: &str,
    status: u16,
    (kind, code): (&'static str, Option<&'static str>),
    message: &'static str,
    expect: Expect,
) -> Row {
    Row::plain(format!("{status} {title}."), move |case| {
        let body = case.failure(kind, code, message).to_string();
        let headers = "content-type: application/json\r\n";
        Some((answers(sized(status, headers, body.as_bytes())), expect.clone()))
    })
}

/// A row of failures in an event.
fn reported(title: &str, after_text: bool, code: &'static str, expect: Expect) -> Row {
    Row::plain(title, move |case| {
        let at = if after_text { case.after_first_piece() } else { case.before_first_piece() };
        let event = case.failure_event(code, "It failed.");
        let body = [&case.body()[..at], &event].concat();
        // The exceptions of Bedrock's streams do not include this one.
        let is_there = !(case.is(&[Bedrock]) && code == "invalid_api_key");
        (case.streamed && is_there).then(|| (case.replies(&body), expect.clone()))
    })
}

/// Returns the beginning of a failure's response that says that its body is longer.
fn begun(case: Case, status: u16, code: &'static str, message: &str) -> Vec<u8> {
    let body = case.failure(code, Some(code), message).to_string();
    let cut = &body[..body.len() - 4];
    [head(status, "content-length: 9999\r\n"), cut.as_bytes().to_vec()].concat()
}

/// Rows of statuses whose class the code or the words settle.
fn ambiguous_statuses() -> Vec<Row> {
    let plain = ("invalid_request_error", None);
    let spent = "Your credit balance is too low: insufficient credits.";
    vec![
        failure(
            "with the words of a passing failure",
            401,
            plain,
            "Overloaded, try again later.",
            Stays("authentication"),
        ),
        failure(
            "with the code of a bad key",
            403,
            ("authentication_error", Some("invalid_api_key")),
            "No.",
            Stays("authentication"),
        ),
        failure("without a code", 403, plain, "Blocked.", Stays("permission")),
        failure(
            "with the words of a rate limit",
            404,
            plain,
            "Rate limit reached.",
            Stays("not_found"),
        ),
        failure("without a code", 400, plain, "A field is wrong.", Stays("invalid_request")),
        failure(
            "with the words of a bad key",
            400,
            plain,
            "Incorrect API key provided.",
            Stays("authentication"),
        ),
        failure(
            "with the words of a long prompt",
            400,
            plain,
            "The prompt is too long.",
            Stays("context_too_long"),
        ),
        failure("without a code", 429, plain, "Too many requests.", Passes("rate_limited")),
        failure("with the words of an empty account", 429, plain, spent, Stays("quota_exceeded")),
        failure(
            "with the words of a request that is too large",
            429,
            plain,
            "Request too large for m.",
            Stays("context_too_long"),
        ),
        failure(
            "with the words of a bad key",
            500,
            plain,
            "The upstream did not accept the API key: invalid.",
            Passes("server"),
        ),
        failure(
            "that says that the request is invalid",
            503,
            plain,
            "Invalid request.",
            Passes("overloaded"),
        ),
    ]
}

/// Rows of failures whose body is odd, and of those in events.
fn failed_bodies() -> Vec<Row> {
    let mut rows = vec![
        Row::plain("An error status with an empty body: 503.", |_| {
            Some((answers(sized(503, "", b"")), Passes("overloaded")))
        }),
        Row::plain("An error status with a web page: 502.", |_| {
            Some((
                answers(sized(502, "content-type: text/html\r\n", b"<html>Bad gateway</html>")),
                Passes("server"),
            ))
        }),
        Row::plain("The body of a 429 for an empty account stalls.", |case| {
            Some((
                stalls(begun(
                    case,
                    429,
                    "insufficient_quota",
                    "Your credit balance is empty: insufficient credits.",
                )),
                Stays("quota_exceeded"),
            ))
        })
        .impatient(),
        Row::plain("The body of a 429 for an empty account breaks off.", |case| {
            Some((
                answers(begun(
                    case,
                    429,
                    "insufficient_quota",
                    "Your credit balance is empty: insufficient credits.",
                )),
                Stays("quota_exceeded"),
            ))
        }),
        Row::plain("The body of a 503 stalls.", |case| {
            Some((stalls(begun(case, 503, "overloaded", "Busy.")), Passes("overloaded")))
        })
        .impatient(),
        Row::plain("The body of a 503 does not end.", |_| {
            Some((repeats(head(503, ""), vec![b'a'; 65536], Duration::ZERO), Passes("overloaded")))
        }),
        Row::plain("The body of a 403 does not end.", |_| {
            Some((repeats(head(403, ""), vec![b'a'; 65536], Duration::ZERO), Stays("permission")))
        }),
        reported(
            "An event reports an overload before the text.",
            false,
            "overloaded_error",
            Passes("overloaded"),
        ),
        reported(
            "An event reports an overload after the first piece of the text.",
            true,
            "overloaded_error",
            Stays("overloaded"),
        ),
        reported(
            "An event reports a bad key before the text.",
            false,
            "invalid_api_key",
            Stays("authentication"),
        ),
    ];
    for (title, code, expect) in [
        ("an overload", "overloaded_error", Passes("overloaded")),
        ("a bad key", "invalid_api_key", Stays("authentication")),
    ] {
        rows.push(Row::plain(
            format!("Status 200 with a failure as its body: {title}."),
            move |case| {
                let body = case.failure(code, Some(code), "It failed.").to_string();
                let headers = "content-type: application/json\r\n";
                Some((answers(sized(200, headers, body.as_bytes())), expect.clone()))
            },
        ));
    }
    rows
}

pub(super) fn chapter() -> Chapter {
    let rows = [ambiguous_statuses(), failed_bodies(), wrong_peers()];
    Chapter {
        title: "1.4 Classes of failures",
        about: "The status decides first, then the code, then the words. A body that stalls, breaks off or does not \
            end keeps the status and what has come of it. A peer that is not a model's server is named and not asked \
            again.",
        rows: rows.into_iter().flatten().collect(),
    }
}

/// Rows of servers that do not speak HTTP or TLS, or break their framing.
fn wrong_peers() -> Vec<Row> {
    let banners: [(&str, &[u8]); 3] = [
        ("an SSH server", b"SSH-2.0-OpenSSH_9.6\r\n"),
        ("a mail server", b"220 mail.example ESMTP\r\n"),
        ("a server with TLS, which sends an alert", b"\x15\x03\x03\x00\x02\x02\x46"),
    ];
    let mut rows: Vec<Row> = banners
        .into_iter()
        .map(|(peer, bytes)| {
            Row::plain(format!("The peer is {peer}."), move |_| {
                Some((answers(bytes.to_vec()), Stays("malformed")))
            })
        })
        .collect();
    rows.push(Row::new("The peer does not speak TLS, and the URL says `https`.", |_| {
        let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec();
        let script = vec![Step::Write(answer)];
        Some((Fault::NoTls(script), Stays("connect")))
    }));
    let chunks = "transfer-encoding: chunked\r\n";
    for (how, broken) in
        [("is not a number", "xyz\r\n"), ("is smaller than the chunk", "5\r\nhello!!\r\n")]
    {
        rows.push(Row::plain(format!("The size of a chunk {how}."), move |case| {
            let headers = format!("content-type: {}\r\n{chunks}", case.media_type());
            Some((answers([head(200, &headers), broken.into()].concat()), Stays("malformed")))
        }));
    }
    rows.push(Row::plain(
        "The size of a chunk after the first piece of the text is not a number.",
        move |case| {
            let headers = format!("content-type: {}\r\n{chunks}", case.media_type());
            let body = chunk(&case.body()[..case.after_first_piece()]);
            Some((
                answers([head(200, &headers), body, b"xyz\r\n".to_vec()].concat()),
                Stays("malformed"),
            ))
        },
    ));
    for (how, lengths) in [
        ("The content length is not a number.", "content-length: many\r\n"),
        ("Two content lengths differ.", "content-length: 5\r\ncontent-length: 9\r\n"),
        ("A line of the head has no colon.", "no colon\r\n"),
    ] {
        rows.push(Row::plain(how, move |case| {
            Some((answers([head(200, lengths), case.body()].concat()), Stays("malformed")))
        }));
    }
    rows
}
