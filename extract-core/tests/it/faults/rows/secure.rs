//! Faults of TLS and of HTTP/2.

use h2::Reason;

use crate::faults::case::{Case, chunked, head};
use crate::faults::http2::Http2;
use crate::faults::row::Expect::{self, Passes, Stays, Value};
use crate::faults::row::{Chapter, Fault, Row, Trust};
use crate::faults::server::Script;
use crate::faults::server::Step::{Cut, Hang, Pause, Read, Write};

/// A row of scripts on connections with TLS.
fn secure(
    title: &str,
    trust: Trust,
    make: impl Fn(Case) -> Option<(Script, Expect)> + Send + Sync + 'static,
) -> Row {
    Row::new(title, move |case| {
        make(case).map(|(script, expect)| (Fault::Tls(script, trust), expect))
    })
}

pub(super) fn tls() -> Chapter {
    let rows = vec![
        secure("The certificate is good.", Trust::Trusted, |case| Some((case.good(), Value))),
        secure("The issuer of the certificate is unknown.", Trust::UnknownIssuer, |case| {
            Some((case.good(), Stays("connect")))
        }),
        secure("The certificate is for another host.", Trust::OtherHost, |case| {
            Some((case.good(), Stays("connect")))
        }),
        secure(
            "The server requires a certificate of the client.",
            Trust::ClientCertificate,
            |case| Some((case.good(), Stays("connect"))),
        ),
        Row::new("The server refuses the handshake with an alert.", |_| {
            let alert = Write(b"\x15\x03\x03\x00\x02\x02\x46".to_vec());
            Some((Fault::NoTls(vec![alert]), Stays("connect")))
        }),
        Row::new("The connection closes in the handshake.", |_| {
            Some((Fault::NoTls(vec![]), Passes("connect")))
        }),
        Row::new("The server falls silent in the handshake.", |_| {
            Some((Fault::NoTls(vec![Hang]), Passes("timeout")))
        })
        .impatient(),
        secure(
            "The connection is cut after the whole reply, without the end of TLS.",
            Trust::Trusted,
            |case| {
                let mut script = case.good();
                script.push(Cut);
                Some((script, Value))
            },
        ),
        secure(
            "A body without a length is cut in the first piece of the text, without the end of TLS.",
            Trust::Trusted,
            |case| {
                let part = &case.body()[..case.before_first_piece() + 20];
                let headers = format!("content-type: {}\r\n", case.media_type());
                let script = vec![Read, Write([&head(200, &headers), part].concat()), Cut];
                Some((script, Passes("interrupted")))
            },
        ),
        secure(
            "A chunked body is cut after the first piece of the text, without the end of TLS.",
            Trust::Trusted,
            |case| {
                let part = &case.body()[..case.after_first_piece()];
                let script = vec![
                    Read,
                    Write(chunked(case.media_type(), part, false)),
                    Pause(std::time::Duration::from_millis(20)),
                    Cut,
                ];
                Some((
                    script,
                    if case.streamed { Stays("interrupted") } else { Passes("interrupted") },
                ))
            },
        ),
    ];
    Chapter {
        title: "2.3 TLS",
        about: "A certificate or a handshake that fails the same way every time is named and not tried again.",
        rows,
    }
}

/// A row of acts over HTTP/2.
fn second(
    title: impl Into<String>,
    make: impl Fn(Case) -> (Http2, Expect) + Send + Sync + 'static,
) -> Row {
    Row::new(title, move |case| {
        let (act, expect) = make(case);
        Some((Fault::Http2(act), expect))
    })
}

pub(super) fn http2() -> Chapter {
    let mut rows = vec![
        second("Nothing is wrong.", |case| (Http2::Answer(case.media_type(), case.body()), Value)),
        second(
            "GOAWAY comes before the good reply, which is the last one of its connection.",
            |case| (Http2::AnswerLast(case.media_type(), case.body()), Value),
        ),
        second("The connection closes instead of a reply.", |_| {
            (Http2::Close, Passes("interrupted"))
        }),
        second("The server falls silent.", |_| (Http2::Hang, Passes("timeout"))).impatient(),
    ];
    for (name, reason) in [
        ("NO_ERROR", Reason::NO_ERROR),
        ("INTERNAL_ERROR", Reason::INTERNAL_ERROR),
        ("ENHANCE_YOUR_CALM", Reason::ENHANCE_YOUR_CALM),
    ] {
        rows.push(second(format!("GOAWAY ({name}) instead of a reply."), move |_| {
            (Http2::GoAway(reason), Passes("interrupted"))
        }));
    }
    for (name, reason) in [
        ("REFUSED_STREAM", Reason::REFUSED_STREAM),
        ("INTERNAL_ERROR", Reason::INTERNAL_ERROR),
        ("CANCEL", Reason::CANCEL),
        ("ENHANCE_YOUR_CALM", Reason::ENHANCE_YOUR_CALM),
    ] {
        rows.push(second(format!("RST_STREAM ({name}) instead of a reply."), move |_| {
            (Http2::Reset(reason), Passes("interrupted"))
        }));
    }
    let begun =
        |case: Case| if case.streamed { Stays("interrupted") } else { Passes("interrupted") };
    rows.extend([
        second("RST_STREAM (INTERNAL_ERROR) after the head.", |case| {
            (
                Http2::ResetAfter(case.media_type(), Vec::new(), Reason::INTERNAL_ERROR),
                Passes("interrupted"),
            )
        }),
        second("RST_STREAM (INTERNAL_ERROR) after the first piece of the text.", move |case| {
            let part = case.body()[..case.after_first_piece()].to_vec();
            (Http2::ResetAfter(case.media_type(), part, Reason::INTERNAL_ERROR), begun(case))
        }),
        second("RST_STREAM (NO_ERROR) after the first piece of the text.", move |case| {
            let part = case.body()[..case.after_first_piece()].to_vec();
            (Http2::ResetAfter(case.media_type(), part, Reason::NO_ERROR), begun(case))
        }),
        second("GOAWAY (INTERNAL_ERROR) after the first piece of the text.", move |case| {
            let part = case.body()[..case.after_first_piece()].to_vec();
            (Http2::GoAwayAfter(case.media_type(), part, Reason::INTERNAL_ERROR), begun(case))
        }),
        second("RST_STREAM (CANCEL) after the whole reply.", |case| {
            let expect = if case.streamed { Value } else { Passes("interrupted") };
            (Http2::ResetAfter(case.media_type(), case.body(), Reason::CANCEL), expect)
        }),
    ]);
    Chapter {
        title: "2.4 HTTP/2",
        about: "The client speaks HTTP/2 with servers that offer it. All calls share the connection; \
            `tests/it/faults/connections.rs` counts the connections.",
        rows,
    }
}
