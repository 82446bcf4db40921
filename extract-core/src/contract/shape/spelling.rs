//! Decides whether two spellings are the same word: folds accents and case and, for names, removes
//! punctuation.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Returns the text without accents and in lower case.
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

/// Returns the letters and digits of the text, folded. Names are equal if their normal forms are, so case,
/// accents and punctuation are ignored.
pub(crate) fn normal_name(text: &str) -> String {
    let mut folded = fold(text);
    folded.retain(char::is_alphanumeric);
    folded
}

/// Returns the normal form of a value of an enum. It keeps signs that tell values apart: `C` and `C++`, `1`
/// and `-1`, `1.5` and `15`, `NA` and `N/A` stay different. All other punctuation is removed.
pub(crate) fn normal_enum_value(text: &str) -> String {
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
