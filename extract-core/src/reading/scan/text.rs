//! Decodes the escapes of strings, and the text of block strings.

/// The meaning of an escape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escape {
    /// This character; the number is the length of the escape in bytes.
    Char(char, usize),
    /// This character, by an escape that is not JSON.
    Odd(char, usize),
    /// The text is no escape: the backslash is literal.
    Raw,
    /// A line break that is not part of the string; the number is the length of the escape in
    /// bytes.
    Nothing(usize),
    /// The text ends inside the escape.
    Cut,
    /// More bytes are needed to decide.
    More,
}

/// Decodes the escape at the start of `bytes`, which begin with a backslash.
pub(super) fn escape(bytes: &[u8], eof: bool) -> Escape {
    let Some(&kind) = bytes.get(1) else {
        return if eof { Escape::Cut } else { Escape::More };
    };
    match kind {
        b'n' => Escape::Char('\n', 2),
        b't' => Escape::Char('\t', 2),
        b'r' => Escape::Char('\r', 2),
        b'b' => Escape::Char('\u{8}', 2),
        b'f' => Escape::Char('\u{c}', 2),
        b'"' | b'\\' | b'/' => Escape::Char(char::from(kind), 2),
        b'\'' | b'`' => Escape::Odd(char::from(kind), 2),
        b'\n' => Escape::Nothing(2),
        b'\r' => match bytes.get(2) {
            Some(b'\n') => Escape::Nothing(3),
            None if !eof => Escape::More,
            _ => Escape::Raw,
        },
        b'u' => unicode(bytes, eof),
        _ => Escape::Raw,
    }
}

/// Parses four hexadecimal digits. Returns `Err(true)` if the bytes end too soon, and `Err(false)`
/// for any other character.
fn hex(bytes: &[u8]) -> Result<u32, bool> {
    let mut code = 0;
    for at in 0..4 {
        let Some(&byte) = bytes.get(at) else { return Err(true) };
        let Some(digit) = char::from(byte).to_digit(16) else { return Err(false) };
        code = code * 16 + digit;
    }
    Ok(code)
}

/// Decodes a `\u` escape, or two of them for a surrogate pair.
fn unicode(bytes: &[u8], eof: bool) -> Escape {
    let short = if eof { Escape::Cut } else { Escape::More };
    let high = match hex(&bytes[2..]) {
        Ok(code) => code,
        Err(true) => return short,
        Err(false) => return Escape::Raw,
    };
    if let Some(char) = char::from_u32(high) {
        return Escape::Char(char, 6);
    }
    if high >= 0xdc00 {
        return Escape::Odd(char::REPLACEMENT_CHARACTER, 6);
    }
    match (bytes.get(6), bytes.get(7)) {
        (None, _) | (Some(b'\\'), None) => return short,
        (Some(b'\\'), Some(b'u')) => {}
        _ => return Escape::Odd(char::REPLACEMENT_CHARACTER, 6),
    }
    match hex(&bytes[8..]) {
        Ok(low @ 0xdc00..=0xdfff) => {
            let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            Escape::Char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12)
        }
        Err(true) => short,
        _ => Escape::Odd(char::REPLACEMENT_CHARACTER, 6),
    }
}

/// Returns the text of a block string. It removes the line of the opening mark, the indentation
/// that all lines share, and the line break before the closing mark.
pub(super) fn block(raw: &str, fenced: bool) -> String {
    let Some((first, rest)) = raw.split_once('\n') else { return raw.to_owned() };
    let info = fenced || first.trim().is_empty();
    if !info {
        return raw.to_owned();
    }
    let body = match rest.rsplit_once('\n') {
        Some((body, last)) if last.trim().is_empty() => body,
        None if rest.trim().is_empty() => "",
        _ => rest,
    };
    let indent = body
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches([' ', '\t']).len())
        .min()
        .unwrap_or(0);
    let mut text = String::with_capacity(body.len());
    for (index, line) in body.split('\n').enumerate() {
        if index > 0 {
            text.push('\n');
        }
        text.push_str(line.get(indent..).unwrap_or_else(|| line.trim_start()));
    }
    text
}
