//! Bodies that are not what was asked for: too long, packed, of another kind, elsewhere, or very fast.

use std::time::Duration;

use extract_core::wire::Protocol::Bedrock;

use crate::faults::case::{answers, head, repeats, sized};
use crate::faults::row::Expect::{Passes, Stays, Value};
use crate::faults::row::{Chapter, Row};
use crate::support::exchanges::KEY;
use crate::support::replies::saying;

/// Returns zeros, packed by gzip: about a thousandth of `size`.
fn packed_zeros(size: usize) -> Vec<u8> {
    let mut bits: Vec<bool> = vec![true, true, false];
    // A literal zero, and then copies of 258 bytes at a distance of one.
    bits.extend([false, false, true, true, false, false, false, false]);
    let copies = (size - 1) / 258;
    for _ in 0..copies {
        bits.extend([true, true, false, false, false, true, false, true]);
        bits.extend([false; 5]);
    }
    bits.extend([false; 7]);
    let byte = |bits: &[bool]| {
        bits.iter().enumerate().fold(0, |byte, (at, bit)| byte | u8::from(*bit) << at)
    };
    let bytes = bits.chunks(8).map(byte);
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    packed.extend(bytes);
    let length = 1 + copies * 258;
    packed.extend(crc32fast::hash(&vec![0; length]).to_le_bytes());
    packed.extend(u32::try_from(length).unwrap().to_le_bytes());
    packed
}

pub(super) fn chapter() -> Chapter {
    let page = format!("<!doctype html>\n<html><body>Sign in, {KEY}</body></html>\n");
    let mut rows = vec![
        Row::plain("Status 200 with a web page.", move |_| {
            Some((
                answers(sized(200, "content-type: text/html\r\n", page.as_bytes())),
                Stays("malformed"),
            ))
        }),
        Row::plain("Status 200 with other JSON.", |_| {
            let headers = "content-type: application/json\r\n";
            Some((answers(sized(200, headers, br#"{"hello": "world"}"#)), Stays("malformed")))
        }),
        Row::plain("10 MiB of zeros, packed by gzip, which was not asked for.", |case| {
            let headers =
                format!("content-type: {}\r\ncontent-encoding: gzip\r\n", case.media_type());
            Some((answers(sized(200, &headers, &packed_zeros(10 << 20))), Stays("malformed")))
        }),
        Row::plain("The content length is smaller than the body.", |case| {
            let body = case.body();
            let headers = format!(
                "content-type: {}\r\ncontent-length: {}\r\n",
                case.media_type(),
                case.before_first_piece() + 10
            );
            Some((answers([head(200, &headers), body].concat()), Passes("interrupted")))
        }),
        Row::plain("The content length is 4 GiB.", |case| {
            let headers =
                format!("content-type: {}\r\ncontent-length: 4294967296\r\n", case.media_type());
            Some((
                answers([head(200, &headers), case.body()].concat()),
                if case.streamed { Value } else { Stays("too_large") },
            ))
        }),
        Row::plain("There is no content length, and the body ends with the connection.", |case| {
            let headers = format!("content-type: {}\r\n", case.media_type());
            Some((answers([head(200, &headers), case.body()].concat()), Value))
        }),
        Row::plain("The body does not end: one line of text.", |case| {
            let headers = format!("content-type: {}\r\n", case.media_type());
            let start = match (case.streamed, case.is_sse()) {
                (true, true) => "data: ",
                (true, false) if case.is(&[Bedrock]) => "\u{7f}\u{7f}\u{7f}\u{7f}",
                _ => "{\"",
            };
            let expect = if case.streamed && case.is(&[Bedrock]) {
                Stays("malformed")
            } else {
                Stays("too_large")
            };
            Some((
                repeats(
                    [head(200, &headers), start.into()].concat(),
                    vec![b'a'; 65536],
                    Duration::ZERO,
                ),
                expect,
            ))
        }),
        Row::plain("The text does not end: one event after the other.", |case| {
            let headers = format!("content-type: {}\r\n", case.media_type());
            let start =
                [head(200, &headers), case.body()[..case.before_first_piece()].to_vec()].concat();
            let piece = saying(case.protocol(), &["and on ".repeat(1000).as_str(), ""]);
            let event = piece.events[piece.first].clone();
            case.streamed.then(|| (repeats(start, event, Duration::ZERO), Stays("too_large")))
        }),
        Row::plain(
            "10,000 events with a piece of text each, as fast as they can be sent.",
            |case| {
                let blanks = vec![" "; 10_000];
                let pieces: Vec<&str> = [r#"{"name": "Ida", "age":"#]
                    .into_iter()
                    .chain(blanks)
                    .chain(["41}"])
                    .collect();
                let events = saying(case.protocol(), &pieces).events.concat();
                case.streamed.then(|| (case.replies(&events), Value))
            },
        ),
        Row::plain("10,000 comments and pings between two pieces of text.", |case| {
            let at = case.after_first_piece();
            let body = case.body();
            let bytes = [&body[..at], &case.ping().repeat(10_000), &body[at..]].concat();
            case.streamed.then(|| (case.replies(&bytes), Value))
        }),
    ];
    for status in [301, 302, 303, 307, 308] {
        rows.push(Row::plain(format!("A redirect to another server: {status}."), move |_| {
            let headers = format!("location: http://127.0.0.1:9/v1?key={KEY}\r\n");
            Some((answers(sized(status, &headers, b"")), Stays("not_found")))
        }));
    }
    Chapter {
        title: "2.2 Bodies",
        about: "Bodies are bounded (`max_reply_bytes`, 1 MiB in these cells), and the client asks for none that is \
            packed. Redirects are not followed, because they would send the key to another server.",
        rows,
    }
}
