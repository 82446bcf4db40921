//! The state of the string that is open.

use super::ahead::Mark;
use super::event::TokenRole;

/// The end of the string so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tail {
    /// So many bytes of white space,
    pub(super) space: usize,
    /// with a raw line break among them,
    pub(super) broken: bool,
    /// and a comma before them.
    pub(super) comma: bool,
}

impl Tail {
    /// The bytes that are no part of the string if its closing mark was missing.
    pub(super) fn loose(self) -> usize {
        if self.comma { self.space + 1 } else { self.line_end() }
    }

    /// The white space around a line break.
    pub(super) fn line_end(self) -> usize {
        if self.broken { self.space } else { 0 }
    }
}

/// The string that is being read.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the string")]
pub(super) struct Open {
    pub(super) role: TokenRole,
    pub(super) mark: Mark,
    /// An odd number of quotation marks was met inside it.
    pub(super) odd: bool,
    pub(super) tail: Tail,
    /// The last byte of it so far.
    pub(super) last: u8,
    /// There is something in it besides white space.
    pub(super) solid: bool,
    /// There is nothing in it yet.
    pub(super) empty: bool,
    /// Its opening mark stood twice.
    pub(super) doubled: bool,
    pub(super) noted_control: bool,
    pub(super) noted_inner: bool,
    /// A quotation mark was met that belongs to it.
    pub(super) inner: bool,
    /// The last one of those opens something inside the string.
    pub(super) quoting: bool,
    /// One of those could have been its end.
    pub(super) doubtful: bool,
    pub(super) escapes: Escapes,
}

/// How the backslashes of a string are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Escapes {
    /// None was met yet.
    Unmet,
    /// As escapes; what was read since the first one is kept as it was written.
    Read,
    /// As they stand: one of them begins no escape of JSON.
    Literal,
}

impl Open {
    /// Takes in a quotation mark that belongs to the string and has `next` behind it. One that closes
    /// what none has opened may have closed the string itself, but for the sign of inches.
    pub(super) fn meet_mark(&mut self, next: Option<u8>) {
        let alone = matches!(self.last, b' ' | b'\t' | b'\r' | b'\n');
        let opens = alone || b"([{<=:,;/-".contains(&self.last);
        let word = next.is_some_and(|next| next.is_ascii_alphabetic() || next >= 0x80);
        if self.mark != Mark::Double && !opens && word {
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

    pub(super) const NEW: Self = Self {
        role: TokenRole::Value,
        mark: Mark::Double,
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
