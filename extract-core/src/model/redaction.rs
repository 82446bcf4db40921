//! Removes secrets from errors. Servers and proxies repeat keys: whole, cut off, broken over lines,
//! percent-encoded or escaped.

use std::collections::HashSet;
use std::ops::Range;

use crate::conversation::ProviderError;

/// The text in place of a secret.
pub(super) const MARK: &str = "[secret]";

/// The length of the shortest secret that is looked for. A shorter one would match ordinary text.
const SHORTEST: usize = 8;

/// The length from which on a piece of a secret is removed. A secret's first [`SHORTEST`] characters are
/// removed also at the end of a text that is cut off.
const LONGEST_PIECE: usize = 16;

/// Removes a secret from an error. A secret of less than 8 bytes stays, because it would match ordinary text.
///
/// ```
/// use extract_core::model::redact;
/// use extract_llm::conversation::{ProviderError, ProviderErrorKind};
///
/// let mut error = ProviderError::new(ProviderErrorKind::Authentication, "bad key sk-live-1234567");
/// redact(&mut error, "sk-live-1234567");
/// assert_eq!(error.message, "bad key [secret]");
/// ```
pub fn redact(error: &mut ProviderError, secret: &str) {
    let secret: Vec<u8> = plain(secret).iter().map(|byte| byte.value).collect();
    if secret.len() < SHORTEST {
        return;
    }
    let texts = [
        Some(&mut error.message),
        error.code.as_mut(),
        error.request_id.as_mut(),
        error.param.as_mut(),
        error.generation.as_mut(),
    ];
    for text in texts.into_iter().flatten() {
        for place in places(text, &secret).into_iter().rev() {
            text.replace_range(place, MARK);
        }
    }
}

/// Returns the places of a secret, and of long pieces of it, in a text. Empty for a secret of less than 8 bytes.
pub(super) fn secret_places(text: &str, secret: &str) -> Vec<Range<usize>> {
    let secret: Vec<u8> = plain(secret).iter().map(|byte| byte.value).collect();
    if secret.len() < SHORTEST { Vec::new() } else { places(text, &secret) }
}

/// A byte of a text without encodings and white space, and the characters that stand for it.
struct PlainByte {
    value: u8,
    place: Range<usize>,
}

/// Returns the bytes of a text without its encodings: `%2F` and `\/` are `/`. White space is left out.
fn plain(text: &str) -> Vec<PlainByte> {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = match (byte, bytes.get(at + 1)) {
            (b'%', _) => hex(bytes.get(at + 1..at + 3)).map(|value| (value, 3)),
            (b'\\', Some(b'u')) => match bytes.get(at + 2..at + 4) {
                Some(b"00") => hex(bytes.get(at + 4..at + 6)).map(|value| (value, 6)),
                _ => None,
            },
            (b'\\', Some(b'n' | b'r' | b't')) => Some((b' ', 2)),
            (b'\\', Some(&next)) if next.is_ascii_punctuation() => Some((next, 2)),
            _ => None,
        };
        let (value, length) = escaped.unwrap_or((byte, 1));
        if !value.is_ascii_whitespace() {
            plain.push(PlainByte { value, place: at..at + length });
        }
        at += length;
    }
    plain
}

/// Parses two hexadecimal digits.
fn hex(digits: Option<&[u8]>) -> Option<u8> {
    let digits = digits.filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Returns the places of a secret, and of long pieces of it, in a text.
fn places(text: &str, secret: &[u8]) -> Vec<Range<usize>> {
    let piece = (secret.len() / 3).clamp(SHORTEST, LONGEST_PIECE);
    let pieces: HashSet<&[u8]> = secret.windows(piece).collect();
    let plain = plain(text);
    let values: Vec<u8> = plain.iter().map(|byte| byte.value).collect();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut add = |from: usize, to: usize| {
        let (Some(first), Some(last)) = (plain.get(from), plain.get(to)) else { return };
        let place = first.place.start..last.place.end;
        match found.last_mut() {
            Some(before) if place.start <= before.end => before.end = before.end.max(place.end),
            _ => found.push(place),
        }
    };
    let start = secret.get(..SHORTEST).unwrap_or(secret);
    for at in 0..values.len() {
        let rest = values.get(at..).unwrap_or_default();
        if rest.get(..piece).is_some_and(|window| pieces.contains(window)) {
            add(at, at + piece - 1);
        } else if rest.starts_with(start) {
            // Long texts, and bodies that break off, end anywhere.
            let same = rest.iter().zip(secret).take_while(|(one, other)| one == other).count();
            let behind = plain.get(at + same).map_or("", |byte| &text[byte.place.start..]);
            if behind.is_empty() || behind.starts_with(['…', '"', '(']) {
                add(at, at + same - 1);
            }
        }
    }
    // A place may begin or end inside a character of several bytes only if the secret is no text.
    found.retain(|place| text.is_char_boundary(place.start) && text.is_char_boundary(place.end));
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::conversation::ProviderErrorKind;

    const KEY: &str = "sk-proj-aB3/dE6+gH9=jK2_mN5-pQ8";

    fn redacted(text: &str) -> String {
        let mut error = ProviderError::new(ProviderErrorKind::Other, text);
        redact(&mut error, KEY);
        error.message
    }

    #[test]
    fn a_key_is_removed_in_every_form_in_which_servers_repeat_it() {
        let broken = KEY.replace("gH9", "\n  gH9");
        let escaped = KEY.replace('/', "\\/");
        let unicode = KEY.replace('/', "\\u002f").replace('+', "\\u002B");
        let encoded = KEY.replace('/', "%2F").replace('+', "%2B").replace('=', "%3d");
        for (text, expected) in [
            (format!("bad key {KEY}."), "bad key [secret]."),
            (format!("{KEY}{KEY}"), "[secret]"),
            (format!("bad key {broken}!"), "bad key [secret]!"),
            (format!("bad key {escaped}!"), "bad key [secret]!"),
            (format!("bad key {unicode}!"), "bad key [secret]!"),
            (format!("/v1?key={encoded}&x=1"), "/v1?key=[secret]&x=1"),
            (format!("bad key {}…", &KEY[..9]), "bad key [secret]…"),
            (format!("bad key {}", &KEY[..22]), "bad key [secret]"),
            (
                format!("bad key {} (the body is cut off)", &KEY[..8]),
                "bad key [secret] (the body is cut off)",
            ),
            (format!("…{} is no key", &KEY[9..]), "…[secret] is no key"),
            (
                String::from("bad key sk-proj-… in 100% of \\cases"),
                "bad key [secret]… in 100% of \\cases",
            ),
            (String::from("über 5 % und sk-pro"), "über 5 % und sk-pro"),
        ] {
            assert_eq!(redacted(&text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_long_piece_of_a_key_is_left(before in "\\PC{0,20}", after in "\\PC{0,20}", from in 0..10usize, length in 16..20usize) {
            let piece = &KEY[from..(from + length).min(KEY.len())];
            let text = redacted(&format!("{before}{piece}{after}"));
            prop_assert!(!text.contains(piece), "{}", text);
        }
    }
}
