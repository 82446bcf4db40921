//! Parses numbers in the forms that people write, if only one number can be meant.

use serde_json::Number;

use super::scan::is_json_number;
use super::tree::number;

/// Returns the number of a token that is a JSON number except for its form: `.5`, `+1`, `2.`, `2e`.
/// Returns `None` for any other text.
pub(super) fn plain(text: &str) -> Option<Number> {
    let (sign, body) = match text.as_bytes().first()? {
        b'+' => ("", &text[1..]),
        b'-' => ("-", &text[1..]),
        _ => ("", text),
    };
    let first = *body.as_bytes().first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        return None;
    }
    let body = body.trim_end_matches(['+', '-']);
    let body = body.strip_suffix(['e', 'E']).unwrap_or(body);
    let body = body.strip_suffix('.').unwrap_or(body);
    let zero = if body.starts_with('.') { "0" } else { "" };
    let written = format!("{sign}{zero}{body}");
    is_json_number(written.as_bytes()).then(|| number(&written)).flatten()
}

/// A number, with the form in which it was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct FoundNumber {
    pub(super) number: Number,
    /// The text holds other words as well.
    pub(super) words: bool,
    /// The text was a fraction of two integers.
    pub(super) fraction: bool,
}

/// Returns the number in a text. Returns `None` if there is none or more than one, or if the text
/// holds JSON.
pub(super) fn written(text: &str) -> Option<FoundNumber> {
    let text = text.trim();
    if is_json_number(text.as_bytes()) {
        return number(text).map(|number| FoundNumber { number, words: false, fraction: false });
    }
    if text.len() > 4_096 || super::enum_match::holds_json(text) {
        return None;
    }
    if let Some(found) = token(text) {
        return Some(found);
    }
    among_words(text)
}

/// Parses a text that is one number: grouped, signed, with a currency or percent sign, or a
/// fraction.
fn token(text: &str) -> Option<FoundNumber> {
    let currency = ['$', '€', '£', '¥', '₹', '₩', '₽'];
    let (negative, body) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let body =
        body.trim_start_matches(currency).trim_end_matches(currency).trim_end_matches('%').trim();
    let (negative, body) = match body.strip_prefix('-') {
        Some(rest) if !negative => (true, rest),
        _ => (negative, body),
    };
    let sign = if negative { "-" } else { "" };
    if let Some((above, below)) = body.split_once('/') {
        return fraction(sign, above.trim(), below.trim());
    }
    let digits = ungrouped(body)?;
    let significant = digits.trim_start_matches('0');
    let zero = if significant.is_empty() || !significant.starts_with(|c: char| c.is_ascii_digit()) {
        "0"
    } else {
        ""
    };
    let number = plain(&format!("{sign}{zero}{significant}"))?;
    Some(FoundNumber { number, words: false, fraction: false })
}

/// Returns the quotient of two integers of at most 15 digits. Returns `None` for others, and for a
/// zero divisor.
fn fraction(sign: &str, above: &str, below: &str) -> Option<FoundNumber> {
    let whole = |text: &str| -> Option<f64> {
        let digits =
            !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (above, below) = (whole(above)?, whole(below)?);
    if below == 0.0 {
        return None;
    }
    let value = if sign.is_empty() { above / below } else { -above / below };
    let number = match integral(value) {
        Some(number) => number,
        None => Number::from_f64(value)?,
    };
    Some(FoundNumber { number, words: false, fraction: true })
}

/// Returns a number without its grouping marks: `1,234,567.5`, `1_000`, `1 000`. Returns `None` if
/// the text is no number, or is grouped irregularly.
fn ungrouped(text: &str) -> Option<String> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'))
    {
        return Some(text.to_owned());
    }
    let (whole, rest) = match text.find('.') {
        Some(point) => text.split_at(point),
        None => (text, ""),
    };
    if !rest.trim_start_matches('.').bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let group = whole.chars().find(|char| !char.is_ascii_digit())?;
    if !matches!(group, ',' | '_' | '\'' | '’' | '\u{a0}' | '\u{202f}' | '\u{2009}' | ' ') {
        return None;
    }
    let mut parts = whole.split(group);
    let first = parts.next()?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let grouped = digits(first)
        && (group == '_' || first.len() <= 3)
        && parts.all(|part| digits(part) && (part.len() == 3 || group == '_'));
    grouped.then(|| format!("{}{rest}", whole.replace(group, "")))
}

/// Returns the number in a text of several words, if exactly one word holds a number.
fn among_words(text: &str) -> Option<FoundNumber> {
    let mut only = None;
    for word in text.split(|char: char| {
        char.is_whitespace()
            || matches!(char, '(' | ')' | '"' | '*' | '`' | ';' | '~' | '=' | '[' | ']')
    }) {
        let word = word.trim_end_matches(['.', ',', ':', '!', '?']).trim_start_matches([':', ',']);
        if !word.bytes().any(|byte| byte.is_ascii_digit()) {
            continue;
        }
        // If a word has digits and is not a number, no number is clearly meant.
        let found = token(word)?;
        if only.replace(found).is_some() {
            return None;
        }
    }
    only.map(|found| FoundNumber { words: true, ..found })
}

/// Returns a float as an integer, or `None` if it has a fraction or is beyond 2^53.
pub(super) fn integral(value: f64) -> Option<Number> {
    // Beyond 2^53 a float does not determine one integer.
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    (value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_992.0)
        .then(|| Number::from(value as i64))
}

#[cfg(test)]
mod tests {
    use super::{plain, written};

    #[test]
    fn reads_what_people_write() {
        for (text, expected) in [
            ("1,234", 1234.0),
            ("$1,234.56", 1234.56),
            ("-$5", -5.0),
            ("€ 5", 5.0),
            ("1/2", 0.5),
            (".5", 0.5),
            ("007", 7.0),
            ("1_000", 1000.0),
            ("1 cup", 1.0),
            ("The answer is 42.", 42.0),
            ("50%", 50.0),
            ("0", 0.0),
            ("1e3", 1000.0),
        ] {
            let found = written(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.number.as_f64(), Some(expected), "{text}");
        }
        for text in
            ["", "-", "3,14", "10-12", "abc", "2024-01-05", "B2B", "1,2", "1.1.1", "12:30", "1/0"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn a_plain_token_keeps_its_value() {
        assert_eq!(plain("2.").unwrap().as_f64(), Some(2.0));
        assert_eq!(plain("-.3").unwrap().as_f64(), Some(-0.3));
        assert_eq!(plain("2.3e-").unwrap().as_f64(), Some(2.3));
        assert!(plain("05").is_none() && plain("-").is_none() && plain("1.1.1").is_none());
    }
}
