//! The state of the open string.

use super::ahead::QuoteKind;
use super::event::TokenRole;

/// White space, and a comma before it, at the end of the open string so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// The number of bytes of white space.
    pub(super) space: usize,
    /// The white space contains a raw line break.
    pub(super) broken: bool,
    /// A comma precedes the white space.
    pub(super) comma: bool,
}

impl Tail {
    /// Returns the number of bytes to remove if the closing mark was missing before them.
    pub(super) fn loose(self) -> usize {
        if self.comma { self.space + 1 } else { self.line_end() }
    }

    /// Returns the number of bytes of white space that contain a line break, or 0.
    pub(super) fn line_end(self) -> usize {
        if self.broken { self.space } else { 0 }
    }
}

/// The string that is being read.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the string")]
pub(super) struct Open {
    pub(super) role: TokenRole,
    pub(super) mark: QuoteKind,
    /// The number of quotation marks inside it so far is odd.
    pub(super) odd: bool,
    pub(super) tail: Tail,
    /// Its last byte so far.
    pub(super) last: u8,
    /// It contains more than white space.
    pub(super) solid: bool,
    /// It contains nothing yet.
    pub(super) empty: bool,
    /// Its opening mark was doubled.
    pub(super) doubled: bool,
    /// A control character was already noted.
    pub(super) noted_control: bool,
    /// An inner quotation mark was already noted.
    pub(super) noted_inner: bool,
    /// It contains a quotation mark.
    pub(super) inner: bool,
    /// The last inner quotation mark opens a quotation.
    pub(super) quoting: bool,
    /// One of the inner quotation marks may have been its end.
    pub(super) doubtful: bool,
    pub(super) escapes: Escapes,
}

/// The treatment of backslashes in a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// The string has no backslash yet.
    Unmet,
    /// Backslashes are escapes. The text since the first one is kept as written.
    Read,
    /// Backslashes are literal, because one of them begins no JSON escape.
    Literal,
}

impl Open {
    /// Records a quotation mark inside the string; `next` is the byte after it. A mark that closes
    /// no quotation may have ended the string, except after a digit, where it means inches.
    pub(super) fn meet_mark(&mut self, next: Option<u8>) {
        let alone = matches!(self.last, b' ' | b'\t' | b'\r' | b'\n');
        let opens = alone || b"([{<=:,;/-".contains(&self.last);
        let word = next.is_some_and(|next| next.is_ascii_alphabetic() || next >= 0x80);
        if self.mark != QuoteKind::Double && !opens && word {
            // An apostrophe.
            return;
        }
        self.inner = true;
        self.odd = !self.odd;
        let space = next.is_none_or(|next| next <= b' ');
        let closes = !opens || alone && space && self.quoting;
        self.doubtful |= closes && !self.quoting && !self.last.is_ascii_digit();
        self.quoting = !closes;
    }

    /// A string in double quotation marks that has just been opened.
    pub(super) const NEW: Self = Self {
        role: TokenRole::Value,
        mark: QuoteKind::Double,
        odd: false,
        tail: Tail { space: 0, broken: false, comma: false },
        last: b' ',
        solid: false,
        empty: true,
        doubled: false,
        noted_control: false,
        noted_inner: false,
        inner: false,
        quoting: false,
        doubtful: false,
        escapes: Escapes::Unmet,
    };
}
