//! Texts: words of the input, and texts of a format.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fastrand::Rng;

use crate::schema::Lengths;

/// The longest text that is made, in characters.
pub(super) const LONGEST: usize = 100_000;

/// The most words of a text.
const MOST_WORDS: usize = 3;

/// The words of texts for an input without words, and of names.
const WORDS: [&str; 12] = [
    "amber", "basil", "cedar", "delta", "ember", "fern", "grove", "harbor", "iris", "juniper",
    "maple", "willow",
];

/// Returns a word of the list.
pub(super) fn word(rng: &mut Rng) -> String {
    rng.choice(WORDS).unwrap_or_default().to_owned()
}

/// Returns consecutive words of the input, or of a list if it has none, with an allowed length.
pub(super) fn words(input: &str, lengths: Lengths, rng: &mut Rng) -> String {
    let mut text = piece_of(input, rng).unwrap_or_else(|| word(rng));
    while text.chars().count() < lengths.min {
        text.push(' ');
        text += &piece_of(input, rng).unwrap_or_else(|| word(rng));
    }
    if text.chars().count() > lengths.max {
        text = text.chars().take(lengths.max).collect();
        let trimmed = text.trim_end();
        if trimmed.chars().count() >= lengths.min.max(1) {
            text = trimmed.to_owned();
        }
    }
    text
}

/// Returns some consecutive words of one line of the input.
fn piece_of(input: &str, rng: &mut Rng) -> Option<String> {
    let is_mark = |line: &&str| line.starts_with('<') && line.ends_with('>');
    let lines = input.lines().map(str::trim).filter(|line| !line.is_empty() && !is_mark(line));
    let line = rng.choice(lines.collect::<Vec<_>>())?;
    let starts: Vec<usize> = line
        .char_indices()
        .filter(|(at, c)| {
            let before = line.get(..*at).and_then(|before| before.chars().next_back());
            !c.is_whitespace() && before.is_none_or(char::is_whitespace)
        })
        .map(|(at, _)| at)
        .collect();
    let first = rng.usize(..starts.len());
    let behind = first + rng.usize(1..=MOST_WORDS);
    let end = starts.get(behind).copied().unwrap_or(line.len());
    let piece = line.get(*starts.get(first)?..end)?.trim_end();
    Some(piece.trim_end_matches(['.', ',', ';', ':', '!', '?']).to_owned())
        .filter(|piece| !piece.is_empty())
}

/// Returns a few bytes in base64.
pub(super) fn base64(rng: &mut Rng) -> String {
    let bytes: Vec<u8> = (0..rng.usize(1..=12)).map(|_| rng.u8(..)).collect();
    STANDARD.encode(bytes)
}

/// Returns a text of a format. `None` for an unknown format.
pub(super) fn of_format(format: &str, rng: &mut Rng) -> Option<String> {
    let date = |rng: &mut Rng| {
        format!("{}-{:02}-{:02}", rng.u16(1990..2030), rng.u8(1..=12), rng.u8(1..=28))
    };
    let clock =
        |rng: &mut Rng| format!("{:02}:{:02}:{:02}", rng.u8(..24), rng.u8(..60), rng.u8(..60));
    Some(match format {
        "date" => date(rng),
        "date-time" => format!("{}T{}Z", date(rng), clock(rng)),
        "time" => format!("{}Z", clock(rng)),
        "partial-time" => clock(rng),
        "partial-date-time" => format!("{}T{}", date(rng), clock(rng)),
        "zoned-date-time" => format!("{}T{}+00:00[UTC]", date(rng), clock(rng)),
        "duration" => format!("PT{}H{}M", rng.u8(..24), rng.u8(..60)),
        "email" | "idn-email" => format!("{}@example.org", word(rng)),
        "hostname" | "idn-hostname" => format!("{}.example.org", word(rng)),
        "uri" | "url" | "iri" | "uri-reference" | "iri-reference" => {
            format!("https://example.org/{}", word(rng))
        }
        "ipv4" | "ip" => format!("192.0.2.{}", rng.u8(1..255)),
        "ipv6" => format!("2001:db8::{:x}", rng.u16(1..)),
        "uuid" => {
            let (a, b) = (rng.u64(..), rng.u64(..));
            let hex = format!("{a:016x}{b:016x}");
            let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
            // Version 4, variant 1.
            format!(
                "{}-{}-4{}-a{}-{}",
                part(0, 8),
                part(8, 12),
                part(13, 16),
                part(17, 20),
                part(20, 32)
            )
        }
        "json-pointer" => format!("/{}", word(rng)),
        "regex" => word(rng),
        _ => return None,
    })
}
