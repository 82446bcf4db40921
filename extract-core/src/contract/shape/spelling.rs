//! When two spellings are the same word: letters without their accents, without case, and (for
//! names) without punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text without accents and without case.
pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut folded = String::with_capacity(text.len());
    for char in text.nfkd().filter(|&char| !is_combining_mark(char)) {
        for lower in char.to_lowercase() {
            match lower {
                'ß' => folded.push_str("ss"),
                'æ' => folded.push_str("ae"),
                'œ' => folded.push_str("oe"),
                'ø' => folded.push('o'),
                'ł' => folded.push('l'),
                'đ' | 'ð' => folded.push('d'),
                'ı' => folded.push('i'),
                'þ' => folded.push_str("th"),
                lower if is_combining_mark(lower) => {}
                lower => folded.push(lower),
            }
        }
    }
    folded
}

/// The letters and digits of the text, folded: what is left when case, accents and punctuation
/// do not count.
pub(crate) fn normal(text: &str) -> String {
    let mut folded = fold(text);
    folded.retain(char::is_alphanumeric);
    folded
}

/// The same for a value of an enum, where a sign can be all of the difference: `C` and `C++`, `1` and
/// `-1`, `1.5` and `15`, `NA` and `N/A` stay apart. Only what is punctuation in words is taken away.
pub(crate) fn normal_value(text: &str) -> String {
    let folded = fold(text.trim());
    let mut kept = String::with_capacity(folded.len());
    let mut chars = folded.chars().peekable();
    let mut before = None;
    while let Some(char) = chars.next() {
        let digit = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
        let keeps = char.is_alphanumeric()
            || match char {
                '.' | ',' | ':' => digit(before) && digit(chars.peek().copied()),
                '-' | '−' => kept.is_empty() && digit(chars.peek().copied()),
                '!' | '~' | '¬' => kept.is_empty() && chars.peek().is_some(),
                '+' | '#' | '/' | '%' | '&' | '=' | '<' | '>' | '^' | '$' | '€' | '£' | '¥'
                | '°' | '@' => true,
                _ => false,
            };
        if keeps {
            kept.push(char);
        }
        before = Some(char);
    }
    kept
}
