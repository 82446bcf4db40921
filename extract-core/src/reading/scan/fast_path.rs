//! The fast path of the scanner for plain JSON. It emits the same events. The first byte that is
//! not plain JSON is left to the rest of the scanner.

use super::ahead::{Lookahead, NeedMoreInput, QuoteKind};
use super::event::{Sink, Token, TokenRole};
use super::{Frame, Scanner, State, bare};

/// The number of bytes within which no look ahead is ended by its reach.
const NEAR: usize = 128;

/// A word in which each byte is 1.
const ONES: u64 = u64::MAX / 255;

/// Sets the high bit of each byte that is a quotation mark, a backslash or a control character.
/// Only the lowest such bit is exact; higher ones may be set in error.
#[inline]
fn marks(word: u64) -> u64 {
    let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word & (ONES << 7);
    below(word, 0x20) | below(word ^ (ONES * 0x22), 1) | below(word ^ (ONES * 0x5c), 1)
}

/// Returns the number of bytes before the first quotation mark, backslash or control character.
#[inline]
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&chunk) = bytes[at..].first_chunk::<8>() {
        let found = marks(u64::from_le_bytes(chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = &bytes[at..];
    if let (Some(&first), Some(&last)) = (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        let word = u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32;
        if marks(word) == 0 {
            return bytes.len();
        }
    }
    let rest = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\');
    rest.map_or(bytes.len(), |rest| at + rest)
}

/// Returns the offset of the first byte that is not JSON white space.
#[inline]
fn behind_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
        at += 1;
    }
    at
}

impl<S: Sink> Scanner<S> {
    /// Reads tokens between strings, and keys, as long as the text is plain JSON.
    pub(super) fn fast_path(&mut self, text: &str, at: &mut usize) {
        let bytes = text.as_bytes();
        loop {
            *at = behind_space(bytes, *at);
            let Some(&byte) = bytes.get(*at) else { return };
            let on = match (self.state, byte) {
                (State::Key, b'"') => self.fast_key(text, at),
                (State::AfterKey, b':') => {
                    *at += 1;
                    self.state = State::Value;
                    true
                }
                (State::Value, b'"') => {
                    let opens = bytes.get(*at + 1).is_some_and(|&next| next != b'"');
                    if opens {
                        self.open_string(TokenRole::Value, QuoteKind::Double, *at, 1);
                        *at += 1;
                    }
                    return;
                }
                (State::Value, b'{') => self.fast_open(Frame::Object, at),
                (State::Value, b'[') => self.fast_open(Frame::List { round: false }, at),
                (State::Value, b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                    self.fast_scalar(text, at)
                }
                (State::AfterValue, b',') => match self.stack.last() {
                    Some(Frame::Object) => self.fast_comma(State::Key, at),
                    Some(Frame::List { .. }) => self.fast_comma(State::Value, at),
                    _ => false,
                },
                (State::AfterValue, b'}') => self.fast_close(Frame::Object, at),
                (State::AfterValue, b']') => self.fast_close(Frame::List { round: false }, at),
                _ => false,
            };
            if !on || self.state == State::Done {
                return;
            }
        }
    }

    /// Opens a container. Returns false if it is nested too deeply.
    #[inline]
    fn fast_open(&mut self, frame: Frame, at: &mut usize) -> bool {
        self.open_container(frame, at);
        self.error.is_none()
    }

    /// Reads a comma.
    #[inline]
    fn fast_comma(&mut self, next: State, at: &mut usize) -> bool {
        *at += 1;
        self.comma = true;
        self.state = next;
        true
    }

    /// Reads a key with its colon, if both are in the buffer. Returns whether it did.
    fn fast_key(&mut self, text: &str, at: &mut usize) -> bool {
        let start = *at + 1;
        let rest = &text.as_bytes()[start..];
        let len = plain_len(rest);
        if self.lines
            || len == 0
            || rest.get(len) != Some(&b'"')
            || rest.get(len + 1) != Some(&b':')
        {
            return false;
        }
        self.open_string(TokenRole::Key, QuoteKind::Double, *at, 1);
        self.sink.text(&text[start..start + len]);
        *at = start + len + 1;
        self.end_string(*at);
        *at += 1;
        self.state = State::Value;
        true
    }

    /// Reads a number or a literal, if the byte that ends it is in the buffer. Returns whether it
    /// did.
    fn fast_scalar(&mut self, text: &str, at: &mut usize) -> bool {
        let bytes = &text.as_bytes()[*at..];
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let Some(len) = bytes.iter().take(NEAR).position(|byte| !part(byte)) else { return false };
        let ends = match (bytes[len], self.stack.last()) {
            (b'}', Some(Frame::Object)) | (b',' | b']', Some(Frame::List { round: false })) => true,
            // A digit after a comma may be a part of the number.
            (b',', Some(Frame::Object)) => {
                let next = behind_space(bytes, len + 1);
                let digit = bytes.get(len + 1).is_some_and(u8::is_ascii_digit);
                !digit && next < bytes.len() && next < NEAR
            }
            _ => false,
        };
        let token = &text[*at..*at + len];
        let (kind, plain) = bare::classify(token);
        if !ends || !plain || kind == Token::Bare {
            return false;
        }
        self.began = true;
        let begin = self.base + *at;
        self.sink.scalar(kind, token, (begin, begin + len), true);
        *at += len;
        self.value_done();
        self.last_string = false;
        true
    }

    /// Closes the innermost container. Returns false if the bracket is not its own, or a comma
    /// precedes it.
    fn fast_close(&mut self, frame: Frame, at: &mut usize) -> bool {
        if self.stack.last() != Some(&frame) || self.comma {
            return false;
        }
        *at += 1;
        self.stack.pop();
        self.sink.close(self.base + *at, true);
        self.value_done();
        self.last_string = false;
        true
    }

    /// Returns whether the text after a quotation mark shows that it ends a value: the next member
    /// with its colon, the next element, or a closing bracket with text that can follow it.
    /// Otherwise the mark needs a decision.
    pub(super) fn ends_plainly(&self, bytes: &[u8], behind: usize, eof: bool) -> Lookahead<bool> {
        let bytes = &bytes[behind..bytes.len().min(behind + NEAR)];
        let get = |at: usize| match bytes.get(at) {
            // More bytes are needed to decide.
            None if !eof && bytes.len() < NEAR => Err(NeedMoreInput),
            found => Ok(found.copied()),
        };
        let next = behind_space(bytes, 0);
        match (get(next)?, self.stack.last()) {
            (Some(b','), Some(Frame::Object)) => {
                let key = behind_space(bytes, next + 1);
                if get(key)? != Some(b'"') {
                    return Ok(false);
                }
                let end = key + 1 + plain_len(&bytes[key + 1..]);
                Ok(get(end)? == Some(b'"')
                    && get(end + 1)? == Some(b':')
                    // A colon before `/` may be that of a URL.
                    && get(end + 2)?.is_some_and(|byte| byte != b'/'))
            }
            (Some(b','), Some(Frame::List { .. })) => {
                let element = get(behind_space(bytes, next + 1))?;
                let begins = matches!(element, Some(b'"' | b'{' | b'[' | b'0'..=b'9' | b'-'));
                Ok(begins && !self.open.odd)
            }
            (Some(b'}'), Some(Frame::Object)) | (Some(b']'), Some(Frame::List { .. })) => {
                let next = get(behind_space(bytes, next + 1))?;
                // No comma follows the closing bracket of the root.
                let comma = self.stack.len() > 1 && next == Some(b',');
                Ok(comma || matches!(next, Some(b'}' | b']')))
            }
            _ => Ok(false),
        }
    }
}
