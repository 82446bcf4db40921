//! Finds the ends of tokens without quotation marks, and classifies them. A value continues over
//! commas, spaces and brackets if the next member or element cannot begin there.

use super::ahead::{Ahead, Lookahead, NeedMoreInput, is_word, mark_at, space_len};
use super::closing::Within;
use super::event::Token;

/// Returns whether a text is a number in JSON's form.
pub(crate) fn is_json_number(text: &[u8]) -> bool {
    let digits = |at: usize| text[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(text.first() == Some(&b'-'));
    match digits(at) {
        0 => return false,
        1 => at += 1,
        _ if text[at] == b'0' => return false,
        n => at += n,
    }
    if text.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return false,
            n => at += 1 + n,
        }
    }
    if matches!(text.get(at), Some(b'e' | b'E')) {
        at += 1;
        at += usize::from(matches!(text.get(at), Some(b'+' | b'-')));
        match digits(at) {
            0 => return false,
            n => at += n,
        }
    }
    at == text.len()
}

/// Returns the kind of a token without quotation marks, and whether it is in JSON's form.
pub(super) fn classify(text: &str) -> (Token, bool) {
    match text {
        _ if text.starts_with(|char: char| char.is_ascii_digit() || char == '-') => {
            let json = is_json_number(text.as_bytes());
            (if json { Token::Number } else { Token::Bare }, json)
        }
        "null" => (Token::Null, true),
        "true" => (Token::True, true),
        "false" => (Token::False, true),
        "None" | "undefined" | "NULL" | "Null" | "nil" => (Token::Null, false),
        "True" | "TRUE" => (Token::True, false),
        "False" | "FALSE" => (Token::False, false),
        _ => (Token::Bare, false),
    }
}

/// Returns whether a text is a complete number or literal, so the rest of the line need not belong
/// to it.
fn stands_alone(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| classify(text.trim_end()).0 != Token::Bare)
}

/// The end of a value without quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// The offset after the token.
    pub(super) token: usize,
    /// The offset at which the scanner goes on.
    pub(super) resume: usize,
    /// The token ends with a quotation mark that no other mark opened.
    pub(super) half_quoted: bool,
}

/// Finds the end of a value without quotation marks that begins at `start`.
pub(super) fn value_end(
    within: Within,
    paren: bool,
    bytes: &[u8],
    start: usize,
    eof: bool,
) -> Lookahead<End> {
    let mut at = start;
    let (mut round, mut nest) = (0_u32, 0_u32);
    let mut quotes = 0_usize;
    let end = |at: usize| Ok(End { token: at, resume: at, half_quoted: false });
    while let Some(&byte) = bytes.get(at) {
        let behind = Ahead::new(bytes, at + 1, eof);
        match byte {
            b',' if round == 0 && nest == 0 => {
                let ends = match within {
                    Within::Root | Within::List => true,
                    Within::Object if stands_alone(&bytes[start..at]) => {
                        let mut ahead = behind;
                        let digit = ahead.byte()?.is_some_and(|byte| byte.is_ascii_digit());
                        ahead.space()?;
                        !digit || ahead.key()?
                    }
                    Within::Object => member_follows(behind)?,
                };
                if ends {
                    return end(at);
                }
            }
            b')' if round > 0 => round -= 1,
            b')' if paren => return end(at),
            b'}' | b']' if nest > 0 => nest -= 1,
            b'}' | b']' => return end(at),
            b'{' | b'[' => {
                if stands_alone(&bytes[start..at]) {
                    return end(at);
                }
                nest += 1;
            }
            b'(' => round += 1,
            b'\n' => {
                (round, nest) = (0, 0);
                if line_ends(within, behind)? {
                    return end(at);
                }
            }
            b'/' | b'#' if at > start && space_len(bytes, at - 1) == 1 => {
                let here = Ahead::new(bytes, at, eof);
                if here.comment()? && (byte == b'/' || behind.byte()? == Some(b' ')) {
                    return end(at);
                }
            }
            b' ' if within == Within::List && stands_alone(&bytes[start..at]) => {
                let mut ahead = behind;
                if matches!(ahead.space()?, Some(b'0'..=b'9' | b'-')) {
                    return end(at);
                }
            }
            b'"' | b'\'' | b'`' | 0xc2 | 0xe2 => {
                if let Some((_, len)) = mark_at(bytes, at) {
                    if byte == b'`' && behind.starts(b"``")? {
                        return end(at);
                    }
                    let mut ahead = behind;
                    ahead.at = at + len;
                    let delimited = matches!(ahead.space()?, None | Some(b',' | b'}' | b']'));
                    if byte != b'\'' && quotes % 2 == 0 && delimited {
                        return Ok(End { token: at, resume: at + len, half_quoted: true });
                    }
                    let spaced = at > start && space_len(bytes, at - 1) == 1;
                    let key =
                        spaced && within == Within::Object && Ahead::new(bytes, at, eof).key()?;
                    if key || stands_alone(&bytes[start..at]) {
                        return end(at);
                    }
                    quotes += 1;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if eof { end(bytes.len()) } else { Err(NeedMoreInput) }
}

/// Returns whether the text after a comma can be the rest of an object.
fn member_follows(mut ahead: Ahead<'_>) -> Lookahead<bool> {
    match ahead.space()? {
        None | Some(b'}' | b']' | b',') => Ok(true),
        Some(_) if ahead.comment()? => Ok(true),
        Some(_) => ahead.key(),
    }
}

/// Returns whether a value without quotation marks ends with its line.
fn line_ends(within: Within, mut ahead: Ahead<'_>) -> Lookahead<bool> {
    let Some(next) = ahead.space()? else { return Ok(true) };
    if matches!(next, b'}' | b']' | b',') || ahead.comment()? || ahead.starts(b"```")? {
        return Ok(true);
    }
    match within {
        Within::Root => Ok(true),
        Within::Object => ahead.key(),
        Within::List => {
            Ok(ahead.mark().is_some() || matches!(next, b'{' | b'[' | b'0'..=b'9' | b'-'))
        }
    }
}

/// The kinds of text in place of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyToken {
    /// A key that ends at `token`. `resume` is the offset after its colon, if it has one.
    Key { token: usize, resume: usize, colon: bool },
    /// Text that is not a key, up to this offset.
    Stray(usize),
    /// The text ends inside the key.
    Cut,
}

/// Reads a key without quotation marks.
pub(super) fn key_end(bytes: &[u8], start: usize, eof: bool) -> Lookahead<KeyToken> {
    let mut at = start;
    let mut words = 1;
    while let Some(&byte) = bytes.get(at) {
        let mut behind = Ahead::new(bytes, at + 1, eof);
        match byte {
            b':' if !behind.starts(b"//")? => {
                return Ok(KeyToken::Key { token: at, resume: at + 1, colon: true });
            }
            b'=' if words == 1 => {
                let arrow = behind.byte()? == Some(b'>');
                let resume = at + 1 + usize::from(arrow);
                return Ok(KeyToken::Key { token: at, resume, colon: true });
            }
            b'\n' => {
                return Ok(match behind.space()? {
                    Some(b':') => KeyToken::Key { token: at, resume: behind.at + 1, colon: true },
                    _ => KeyToken::Stray(at),
                });
            }
            b',' | b'}' | b']' => {
                return Ok(match split(bytes, start, at) {
                    Some(space) => KeyToken::Key { token: space, resume: space, colon: false },
                    None => KeyToken::Stray(at),
                });
            }
            b'{' | b'[' if words == 1 => {
                return Ok(KeyToken::Key { token: at, resume: at, colon: false });
            }
            b'{' | b'[' => return Ok(KeyToken::Stray(at)),
            b' ' | b'\t' => {
                if at + 1 < bytes.len() || eof {
                    words += usize::from(bytes.get(at + 1).is_some_and(|&next| is_word(next)));
                } else {
                    return Err(NeedMoreInput);
                }
            }
            _ => {
                if let Some((_, len)) = mark_at(bytes, at) {
                    let here = Ahead::new(bytes, at, eof);
                    behind.at = at + len;
                    if behind.space()? == Some(b':') {
                        return Ok(KeyToken::Key { token: at, resume: behind.at + 1, colon: true });
                    }
                    return Ok(if here.key()? || words > 1 {
                        KeyToken::Stray(at)
                    } else {
                        KeyToken::Key { token: at, resume: at, colon: false }
                    });
                }
            }
        }
        at += 1;
    }
    if eof { Ok(KeyToken::Cut) } else { Err(NeedMoreInput) }
}

/// Returns the end of the key if the text is a key and a literal without a colon: `a true`.
fn split(bytes: &[u8], start: usize, end: usize) -> Option<usize> {
    let text = bytes.get(start..end)?;
    let space = text.iter().position(u8::is_ascii_whitespace)?;
    let key = &text[..space];
    let value = text[space..].trim_ascii();
    let word = !key.is_empty() && key.iter().all(|&byte| is_word(byte));
    (word && !value.is_empty() && stands_alone(value)).then_some(start + space)
}

/// Returns the offset after `name(`, if a value follows: a function call around a value.
pub(super) fn call(bytes: &[u8], start: usize, eof: bool) -> Lookahead<Option<usize>> {
    let mut ahead = Ahead::new(bytes, start, eof);
    let first = bytes[start];
    if !(first.is_ascii_alphabetic() || first == b'_' || first == b'$') {
        return Ok(None);
    }
    while ahead.byte()?.is_some_and(|byte| is_word(byte) && byte < 0x80) {
        ahead.at += 1;
    }
    if ahead.byte()? == Some(b' ') {
        ahead.at += 1;
    }
    if ahead.byte()? != Some(b'(') {
        return Ok(None);
    }
    ahead.at += 1;
    let inside = ahead.at;
    let opens = match ahead.space()? {
        Some(b'{' | b'[' | b'"' | b'\'' | b'-' | b'0'..=b'9') => true,
        Some(b't') => ahead.starts(b"true)")?,
        Some(b'f') => ahead.starts(b"false)")?,
        Some(b'n') => ahead.starts(b"null)")?,
        _ => false,
    };
    Ok(opens.then_some(inside))
}
