//! Bodies and streams of every protocol, on the way that a provider takes: a stream gives the same deltas
//! however it is cut, no reply has a reason to stop that did not come, and no reply is larger than its
//! bytes.
#![no_main]

use extract_core::conversation::{Assembly, Block, Delta, ProviderErrorKind, Reply, StopReason};
use extract_core::model::DeltaReader;
use extract_core::wire::{Framing, Protocol};
use extract_fuzz::{amazon_header, amazon_message, pieces};
use libfuzzer_sys::fuzz_target;

const PROTOCOLS: [Protocol; 8] = [
    Protocol::Chat,
    Protocol::Responses,
    Protocol::Anthropic,
    Protocol::Gemini,
    Protocol::Interactions,
    Protocol::Cohere,
    Protocol::Bedrock,
    Protocol::Ollama,
];

/// The result of a whole stream: its deltas, and the kind of the error that ended it.
#[derive(Debug, PartialEq)]
struct Streamed {
    deltas: Vec<Delta>,
    failed: Option<ProviderErrorKind>,
}

fn stream<'a>(
    protocol: Protocol,
    limit: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Streamed {
    let mut reader = DeltaReader::new(protocol, limit);
    let mut deltas = Vec::new();
    for piece in pieces {
        if let Err(error) = reader.push(piece, &mut deltas) {
            return Streamed { deltas, failed: Some(error.kind) };
        }
    }
    let failed = reader.end(&mut deltas).err().map(|error| error.kind);
    Streamed { deltas, failed }
}

/// Frames lines as events, as the protocol frames them: `name<tab>data`, or `data` alone.
fn framed(protocol: Protocol, lines: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let at = line.iter().position(|byte| *byte == b'\t');
        let (name, data) = at.map_or((&b""[..], line), |at| (&line[..at], &line[at + 1..]));
        match protocol.framing() {
            Framing::AmazonEvents => {
                stream.extend(amazon_message(&amazon_header(b":event-type", name), data));
            }
            Framing::Lines => stream.extend([data, b"\n"].concat()),
            _ => {
                if !name.is_empty() {
                    stream.extend([b"event: ", name, b"\n"].concat());
                }
                stream.extend([b"data: ", data, b"\n\n"].concat());
            }
        }
    }
    stream
}

fn text_of(block: &Block) -> &str {
    match block {
        Block::Text(text)
        | Block::Commentary(text)
        | Block::Reasoning(text)
        | Block::Refusal(text) => text,
        Block::ToolCall(call) => &call.arguments,
        _ => "",
    }
}

/// Asserts what holds for every reply, wherever it comes from.
fn check(reply: &Reply, bytes: &[u8]) {
    let size: usize = reply.blocks.iter().map(|block| text_of(block).len()).sum();
    // Numbers in arguments that arrive as JSON are written again: `1e9` becomes `1000000000.0`.
    assert!(size <= bytes.len() * 8 + 64, "a reply of {size} bytes in {}", bytes.len());
    match &reply.raw_stop {
        Some(raw) => {
            // An escape in the JSON hides the name.
            let stated = bytes.windows(raw.len().max(1)).any(|window| window == raw.as_bytes());
            assert!(stated || raw.is_empty() || bytes.contains(&b'\\'), "where is {raw:?}?");
        }
        None => assert!(
            reply.stop == StopReason::Unstated || reply.refusal().is_some(),
            "no reason came, found {:?}",
            reply.stop
        ),
    }
}

fuzz_target!(|data: &[u8]| {
    let [protocol, way, seed, bytes @ ..] = data else { return };
    let protocol = PROTOCOLS[usize::from(*protocol) % PROTOCOLS.len()];
    if way % 3 == 0 {
        let Ok(reply) = protocol.decode(bytes) else { return };
        check(&reply, bytes);
        let mut assembly = Assembly::new();
        reply.clone().into_deltas().into_iter().for_each(|delta| assembly.push(delta));
        let again = assembly.finish().expect("the deltas of a reply hold its end");
        assert_eq!(again.text(), reply.text());
        assert!(again.tool_calls().eq(reply.tool_calls()));
        assert_eq!((again.stop, again.usage), (reply.stop, reply.usage));
        return;
    }
    let made = (way % 3 == 1).then(|| framed(protocol, bytes));
    let bytes = made.as_deref().unwrap_or(bytes);
    let limit = if way & 128 == 0 { 1 << 20 } else { 256 };
    let whole = stream(protocol, limit, [bytes]);
    assert_eq!(whole, stream(protocol, limit, pieces(bytes, *seed)));
    let mut assembly = Assembly::new();
    whole.deltas.into_iter().for_each(|delta| assembly.push(delta));
    if let Ok(reply) = assembly.finish() {
        check(&reply, bytes);
    }
});
