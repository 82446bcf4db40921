//! Connections that are slow, silent or broken, at each stage.

use std::time::Duration;

use crate::faults::case::{Case, answers, chunked, head, repeats, resets, sized, stalls};
use crate::faults::row::Expect::{Passes, Stays, Value};
use crate::faults::row::{Chapter, Row};
use crate::faults::server::Script;
use crate::faults::server::Step::{Pause, Read, Reset, Write};

/// Returns the pieces of these bytes with a pause after each.
fn slowly(bytes: &[u8], size: usize) -> Script {
    let pieces = bytes.chunks(size);
    let steps = pieces.flat_map(|piece| [Write(piece.to_vec()), Pause(Duration::from_millis(2))]);
    [Read].into_iter().chain(steps).collect()
}

/// A function that returns the bytes of a response.
type Response = fn(Case) -> Vec<u8>;

/// Returns the good response.
fn response(case: Case) -> Vec<u8> {
    if case.streamed {
        chunked(case.media_type(), &case.body(), true)
    } else {
        sized(200, "content-type: application/json\r\n", &case.body())
    }
}

/// Returns the response up to the end of the first piece of the text.
fn half(case: Case) -> Vec<u8> {
    let part = &case.body()[..case.after_first_piece()];
    if case.streamed {
        return chunked(case.media_type(), part, false);
    }
    let headers =
        format!("content-type: application/json\r\ncontent-length: {}\r\n", case.body().len());
    [&head(200, &headers), part].concat()
}

/// Returns the head of the response.
fn only_head(case: Case) -> Vec<u8> {
    head(200, &format!("content-type: {}\r\ntransfer-encoding: chunked\r\n", case.media_type()))
}

pub(super) fn chapter() -> Chapter {
    let mut rows = vec![
        Row::plain("The response comes slowly, seven bytes at a time.", |case| {
            Some((slowly(&response(case), 7), Value))
        }),
        Row::plain("The connection is closed after the request.", |_| {
            Some((vec![Read], Passes("interrupted")))
        }),
        Row::plain("The connection is reset after the request.", |_| {
            Some((vec![Read, Reset], Passes("interrupted")))
        }),
    ];
    let stages: [(&str, Response); 3] = [
        ("before the head", |_| Vec::new()),
        ("in the middle of the head", |_| b"HTTP/1.1 200 OK\r\ncontent-".to_vec()),
        ("after the head", only_head),
    ];
    for (stage, bytes) in stages {
        rows.push(
            Row::plain(format!("The server falls silent {stage}."), move |case| {
                Some((stalls(bytes(case)), Passes("timeout")))
            })
            .impatient(),
        );
        rows.push(Row::plain(format!("The connection is reset {stage}."), move |case| {
            Some((resets(bytes(case)), Passes("interrupted")))
        }));
    }
    let begun = |case: Case, kind| if case.streamed { Stays(kind) } else { Passes(kind) };
    rows.extend([
        Row::plain("The server falls silent after the first piece of the text.", move |case| {
            Some((stalls(half(case)), begun(case, "timeout")))
        })
        .impatient(),
        Row::plain("The connection is reset after the first piece of the text.", move |case| {
            Some((resets(half(case)), begun(case, "interrupted")))
        }),
        Row::plain("The head does not end: one line after the other, fast.", |_| {
            let start = b"HTTP/1.1 200 OK\r\n".to_vec();
            Some((
                repeats(start, b"x-more: and more\r\n".repeat(100), Duration::ZERO),
                Stays("malformed"),
            ))
        }),
        Row::plain("The head does not end: one line after the other, slowly.", |_| {
            let start = b"HTTP/1.1 200 OK\r\n".to_vec();
            let pause = Duration::from_millis(100);
            Some((repeats(start, b"x: y\r\n".to_vec(), pause), Passes("timeout")))
        })
        .impatient(),
        Row::plain(
            "The body does not end: blanks, or comments and pings, and nothing else.",
            |case| {
                let headers = format!("content-type: {}\r\n", case.media_type());
                let filler = if case.streamed { case.ping() } else { b" ".to_vec() };
                Some((
                    repeats(head(200, &headers), filler, Duration::from_millis(100)),
                    Passes("timeout"),
                ))
            },
        )
        .impatient(),
        Row::plain(
            "After the first piece of the text, comments and pings come, and nothing else.",
            |case| {
                let headers = format!("content-type: {}\r\n", case.media_type());
                let bytes =
                    [&head(200, &headers), &case.body()[..case.after_first_piece()]].concat();
                let script = repeats(bytes, case.ping(), Duration::from_millis(100));
                case.streamed.then_some((script, Stays("timeout")))
            },
        )
        .impatient(),
        Row::plain("An interim response comes first: status 103.", |case| {
            let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec();
            Some((answers([interim, response(case)].concat()), Value))
        }),
    ]);
    Chapter {
        title: "2.1 The connection",
        about: "A connection that breaks or falls silent is tried again, unless a part of the reply has been handed \
            out: a streamed reply that has begun fails at once. Comments and pings do not restart the read timeout. An \
            idle connection that the server closes while the next request is on its way is no failure: the request \
            is sent again (`tests/it/faults/connections.rs`).",
        rows,
    }
}
