//! Lone surrogates: an escaped half of a surrogate pair (`"\ud83d"`). Servers that cut text between
//! tokens send them. No Rust string can hold one, so `serde_json` rejects the whole document. Each is
//! replaced by U+FFFD.

use std::borrow::Cow;

/// Returns JSON text with every lone surrogate replaced.
pub(super) fn replace_lone(json: &str) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut kept = 0;
    let mut at = 0;
    let bytes = json.as_bytes();
    while let Some(found) = memchr::memchr(b'\\', bytes.get(at..).unwrap_or_default()) {
        at += found;
        match unit(bytes, at) {
            Some(0xd800..=0xdbff) if matches!(unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => {
                replaced.push_str(json.get(kept..at).unwrap_or_default());
                replaced.push_str("\\ufffd");
                at += 6;
                kept = at;
            }
            Some(_) => at += 6,
            // Another escape: skip the backslash and the next byte.
            None => at = (at + 2).min(bytes.len()),
        }
    }
    if kept == 0 {
        return Cow::Borrowed(json);
    }
    replaced.push_str(json.get(kept..).unwrap_or_default());
    Cow::Owned(replaced)
}

/// Returns the UTF-16 unit of a `\u` escape at this offset. `None` if there is no such escape.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let escape = bytes.get(at..at + 6)?;
    let digits = escape.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0, |unit, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(unit << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogates_are_replaced_and_nothing_else() {
        for (json, expected) in [
            (r#"{"a":"\ud83d\ude00"}"#, r#"{"a":"\ud83d\ude00"}"#),
            (r#"{"a":"\ud83d"}"#, r#"{"a":"\ufffd"}"#),
            (r#"{"a":"x\uDE00y\n"}"#, r#"{"a":"x\ufffdy\n"}"#),
            (r#"{"a":"\ud83d\ud83d\ude00"}"#, r#"{"a":"\ufffd\ud83d\ude00"}"#),
            (r#"{"a":"\\ud83d"}"#, r#"{"a":"\\ud83d"}"#),
            (r#"{"a":"\\\ud83d"}"#, r#"{"a":"\\\ufffd"}"#),
            (r#"{"a":"ü\u00fc"#, r#"{"a":"ü\u00fc"#),
            (r"\ud8", r"\ud8"),
            (r"\", r"\"),
            (r"\ü", r"\ü"),
        ] {
            assert_eq!(replace_lone(json), expected);
        }
    }
}
