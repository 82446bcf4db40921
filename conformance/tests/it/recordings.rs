//! Compares every recorded exchange, whole and streamed, with a reading of its JSON that shares no
//! code with the library's. Needs `EXTRACT_CASES_DIR`; without it the tests print a notice and
//! pass.

use crate::expected;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};

use conformance::recordings::{self, Body, Outcome, protocol};
use extract_core::conversation::{Block, ProviderErrorKind, Reply};
use serde_json::Value;

use crate::expected::Expected;

fn exchanges() -> Vec<Value> {
    let Some(cases) = std::env::var_os("EXTRACT_CASES_DIR") else {
        eprintln!("skipped: EXTRACT_CASES_DIR is not set");
        return Vec::new();
    };
    let directory = std::path::Path::new(&cases).join("recordings");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let file = std::fs::File::open(entry.unwrap().path()).unwrap();
        for line in BufReader::new(file).lines() {
            all.push(serde_json::from_str(&line.unwrap()).unwrap());
        }
    }
    assert!(all.len() > 100, "too few recordings");
    all
}

fn said(reply: &Reply) -> Expected {
    let mut text = String::new();
    for block in &reply.blocks {
        match block {
            Block::Text(more) | Block::Commentary(more) => text.push_str(more),
            _ => {}
        }
    }
    let parsed = |arguments: &str| {
        serde_json::from_str(arguments).unwrap_or_else(|_| Value::String(arguments.to_owned()))
    };
    let calls = reply.tool_calls().map(|call| (call.name.clone(), parsed(&call.arguments)));
    Expected {
        text,
        calls: calls.collect(),
        stop: reply.raw_stop.clone(),
        tokens: reply.usage.map(|usage| (usage.input_tokens, usage.output_tokens)),
    }
}

#[test]
fn every_reply_equals_an_independent_reading_of_its_json() {
    let mut wrong = Vec::new();
    let (mut read, mut streams) = (0, BTreeMap::new());
    let exchanges = exchanges();
    for exchange in &exchanges {
        let Some(protocol) = protocol(exchange) else { continue };
        let Some(expected) = expected::of(exchange, protocol) else { continue };
        read += 1;
        let streamed = matches!(recordings::body(exchange), Body::Stream(_));
        *streams.entry(protocol.to_string()).or_insert(0) += usize::from(streamed);
        match recordings::replay(exchange) {
            Outcome::Reply(reply) if said(&reply) == expected => {}
            Outcome::Reply(reply) => {
                wrong.push(format!("{}: {:?} is not {expected:?}", exchange["id"], said(&reply)));
            }
            other => wrong.push(format!("{}: {other:?}", exchange["id"])),
        }
    }
    assert!(wrong.is_empty(), "{} of {read}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        exchanges.is_empty() || streams.values().all(|count| *count > 0) && streams.len() > 5,
        "streams of every protocol: {streams:?}"
    );
    eprintln!("{read} replies, of them streamed: {streams:?}");
}

#[test]
fn splitting_the_bytes_differently_never_changes_a_streamed_reply() {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % (limit as u64).max(1)).unwrap()
    };
    for exchange in exchanges() {
        let Body::Stream(bytes) = recordings::body(&exchange) else { continue };
        let Outcome::Reply(whole) = recordings::replay(&exchange) else { continue };
        for round in 0..6 {
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut rest = bytes.as_slice();
            while !rest.is_empty() {
                // The maximum size of a piece: from single bytes to a few network packets.
                let most = [2, 5, 40, 300, 3000, 20_000][round];
                let (piece, more) = rest.split_at((1 + below(most)).min(rest.len()));
                pieces.push(piece);
                rest = more;
            }
            match recordings::replay_stream(&exchange, &pieces) {
                Outcome::Reply(reply) => assert_eq!(reply, whole, "{}", exchange["id"]),
                other => panic!("{}: {other:?}", exchange["id"]),
            }
        }
    }
}

#[test]
fn a_truncated_stream_is_never_a_reply() {
    for exchange in exchanges() {
        let Body::Stream(bytes) = recordings::body(&exchange) else { continue };
        let Outcome::Reply(_) = recordings::replay(&exchange) else { continue };
        // The end marker is in the last fifth of even the shortest stream.
        for part in 1..8 {
            let cut = bytes.len() * part / 10;
            match recordings::replay_stream(&exchange, &[&bytes[..cut]]) {
                Outcome::Failure(error) => {
                    assert_eq!(error.kind, ProviderErrorKind::Interrupted, "{}", exchange["id"]);
                }
                other => {
                    let early = expected::ends_early(&bytes[..cut]);
                    assert!(early, "{} cut at {part}/10: {other:?}", exchange["id"]);
                }
            }
        }
    }
}

#[test]
fn damaged_bytes_are_an_error_or_a_reply_and_never_panic() {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let marks = [b'"', b'{', b'}', b'[', b']', b',', b':', b'\n', b'\\', b'0', 0xff, b'n'];
    for exchange in exchanges() {
        let protocol = protocol(&exchange);
        let bytes = match recordings::body(&exchange) {
            Body::Stream(bytes) => bytes,
            Body::Whole(bytes) => {
                // Whole bodies are damaged as JSON text.
                for _ in 0..4 {
                    let mut bytes = bytes.clone();
                    damage(&mut bytes, &mut next, &marks);
                    let _ = protocol.map(|protocol| protocol.decode(&bytes));
                }
                continue;
            }
        };
        for _ in 0..4 {
            let mut bytes = bytes.clone();
            damage(&mut bytes, &mut next, &marks);
            let _ = recordings::replay_stream(&exchange, &[&bytes]);
        }
    }
}

fn damage(bytes: &mut Vec<u8>, next: &mut impl FnMut() -> u64, marks: &[u8]) {
    for _ in 0..=next() % 6 {
        if bytes.is_empty() {
            return;
        }
        let at = usize::try_from(next() % bytes.len() as u64).unwrap();
        let mark = marks[usize::try_from(next() % marks.len() as u64).unwrap()];
        match next() % 4 {
            0 => bytes[at] = mark,
            1 => bytes.insert(at, mark),
            2 => drop(bytes.remove(at)),
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
}

#[test]
fn every_failure_has_a_class() {
    let mut failures = 0;
    for exchange in exchanges() {
        if exchange["status"].as_u64().unwrap() < 400 {
            continue;
        }
        failures += 1;
        let Outcome::Failure(error) = recordings::replay(&exchange) else {
            panic!("{} is a failure", exchange["id"])
        };
        assert_ne!(error.kind, ProviderErrorKind::Other, "{}: {error}", exchange["id"]);
        assert!(!error.is_retryable() || error.kind == ProviderErrorKind::RejectedAnswer);
        assert!(!error.message.is_empty(), "{}", exchange["id"]);
    }
    eprintln!("{failures} failures");
}

#[test]
fn a_reply_survives_conversion_to_its_parts_and_back() {
    for exchange in exchanges() {
        let Outcome::Reply(reply) = recordings::replay(&exchange) else { continue };
        let mut assembly = extract_core::conversation::Assembly::new();
        reply.clone().into_deltas().into_iter().for_each(|delta| assembly.push(delta));
        assert_eq!(assembly.finish().unwrap(), reply, "{}", exchange["id"]);
    }
}
