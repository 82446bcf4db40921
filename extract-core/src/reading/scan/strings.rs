//! Scans inside strings: emits plain text as it arrives, decodes escapes, and decides whether a
//! quotation mark ends the string.

use super::ahead::{Ahead, Lookahead, NeedMoreInput, QuoteKind, mark_at};
use super::closing::{
    DecidedQuote, QuoteContext, QuoteDecision, Within, decide_quote, is_possible_member,
};
use super::event::{NotePlace, Sink, TokenRole};
use super::fast_path::plain_len;
use super::open::{Escapes, Open, Tail};
use super::text::{Escape, escape};
use super::{Frame, Scanner, State, text};
use crate::reading::report::RepairKind;

impl<S: Sink> Scanner<S> {
    /// Opens a string at a quotation mark of `len` bytes.
    pub(super) fn open_string(&mut self, role: TokenRole, mark: QuoteKind, at: usize, len: usize) {
        self.began = true;
        self.comma = false;
        self.fresh = false;
        self.sink.string_begin(role, self.base + at);
        if mark != QuoteKind::Double {
            let offset = self.base + at;
            let place = if role == TokenRole::Key { NotePlace::Next } else { NotePlace::This };
            self.note(RepairKind::Quotes, place, (offset, offset + len));
        }
        self.open = Open { role, mark, ..Open::NEW };
        self.state = State::String;
    }

    /// Emits a repair of form of the open string.
    fn string_note(&mut self, kind: RepairKind, at: usize, len: usize) {
        let place =
            if self.open.role == TokenRole::Key { NotePlace::Next } else { NotePlace::This };
        let offset = self.base + at;
        self.note(kind, place, (offset, offset + len));
    }

    /// Returns the end of the plain text that begins at `at`.
    fn run_end(&self, bytes: &[u8], at: usize) -> usize {
        let rest = &bytes[at..];
        let found = match self.open.mark {
            QuoteKind::Double if self.lines => {
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b','))
            }
            QuoteKind::Double => memchr::memchr2(b'"', b'\\', rest),
            QuoteKind::Single => memchr::memchr2(b'\'', b'\\', rest),
            QuoteKind::Tick | QuoteKind::CurlySingle => {
                rest.iter().position(|byte| matches!(byte, b'\'' | b'`' | b'\\' | 0xe2 | 0xc2))
            }
            QuoteKind::CurlyDouble => {
                rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0xe2 | 0xc2))
            }
        };
        found.map_or(bytes.len(), |end| at + end)
    }

    /// Returns whether a piece of the string needs no decision: it holds no quotation mark,
    /// backslash or control character.
    #[inline]
    pub(super) fn is_plain(&self, piece: &str) -> bool {
        let ours = self.open.mark == QuoteKind::Double && !self.lines;
        ours && plain_len(piece.as_bytes()) == piece.len()
    }

    /// Emits a piece of text, and notes a control character in it.
    fn emit(&mut self, piece: &str, at: usize) {
        let control = || piece.bytes().min().is_some_and(|least| least < 0x20);
        if !self.open.noted_control && control() {
            self.open.noted_control = true;
            self.string_note(RepairKind::ControlCharacter, at, piece.len());
        }
        self.pass(piece);
    }

    /// Emits a piece of text.
    fn pass(&mut self, piece: &str) {
        if !piece.is_empty() {
            self.update_tail(piece);
            self.keep_raw(piece);
            self.sink.text(piece);
        }
    }

    /// Keeps the text since the first escape as written, in case the backslashes are literal.
    #[inline]
    pub(super) fn keep_raw(&mut self, piece: &str) {
        if self.open.escapes == Escapes::Read {
            self.written.push_str(piece);
            self.sent += piece.len();
        }
    }

    /// Updates the facts about the end of the string.
    #[inline]
    pub(super) fn update_tail(&mut self, piece: &str) {
        let Some(&last) = piece.as_bytes().last() else { return };
        (self.open.empty, self.open.last) = (false, last);
        if matches!(last, b' ' | b'\t' | b'\r' | b'\n' | b',') {
            self.update_trailing_space(piece);
        } else {
            self.open.tail = Tail::default();
            self.open.solid = true;
        }
    }

    /// Updates the count of white space, and the comma before it, at the end of the string.
    fn update_trailing_space(&mut self, piece: &str) {
        let solid = piece.trim_end_matches([' ', '\t', '\r', '\n']);
        let space = &piece[solid.len()..];
        if !solid.is_empty() {
            self.open.tail = Tail { comma: solid.ends_with(','), ..Tail::default() };
            self.open.solid = true;
        }
        self.open.tail.space += space.len();
        self.open.tail.broken |= space.contains('\n');
    }

    /// Reads on in the open string.
    pub(super) fn string(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        if self.open.mark == QuoteKind::Double && !self.lines {
            let end = *at + plain_len(&bytes[*at..]);
            self.pass(&text[*at..end]);
            *at = end;
            match bytes.get(end) {
                None => return Err(NeedMoreInput),
                Some(b'"') => return self.quote(text, at, QuoteKind::Double, 1, eof),
                Some(b'\\') => return self.escape(text, at, eof),
                // A control character.
                Some(_) => {}
            }
        }
        let end = self.run_end(bytes, *at);
        if self.lines && eof && end == bytes.len() {
            if let Some(stop) = self.closers_behind(text, *at) {
                self.guessed = true;
                self.emit(&text[*at..stop], *at);
                self.string_note(RepairKind::MissingQuote, stop, 0);
                self.end_string(stop);
                *at = stop;
                return Ok(());
            }
        }
        self.emit(&text[*at..end], *at);
        *at = end;
        let Some(&byte) = bytes.get(end) else { return Err(NeedMoreInput) };
        match byte {
            b'\\' => self.escape(text, at, eof),
            b'\n' | b',' => self.line(text, at, eof),
            _ => match mark_at(bytes, end) {
                Some((mark, len)) if self.open.mark.closes_with(mark) => {
                    self.quote(text, at, mark, len, eof)
                }
                _ => {
                    let len = text[end..].chars().next().map_or(1, char::len_utf8);
                    self.emit(&text[end..end + len], end);
                    *at += len;
                    Ok(())
                }
            },
        }
    }

    /// Returns the start of the closing brackets at the end of the text, if they are some of those
    /// that are open.
    fn closers_behind(&self, text: &str, from: usize) -> Option<usize> {
        let closer = |char: char| char.is_whitespace() || matches!(char, '}' | ']');
        let stop = from + text[from..].trim_end_matches(closer).len();
        let mut open = self.stack.iter().rev();
        let mut any = false;
        for char in text[stop..].chars().filter(|char| !char.is_whitespace()) {
            any = true;
            let expected = match open.next() {
                Some(Frame::Object) => '}',
                Some(Frame::List { round: false }) => ']',
                _ => return None,
            };
            if char != expected {
                return None;
            }
        }
        (any && self.open.role == TokenRole::Value).then_some(stop)
    }

    /// Reads an escape.
    fn escape(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let (char, len, odd) = match escape(&text.as_bytes()[*at..], eof) {
            Escape::Char(char, len) => (Some(char), len, false),
            Escape::Odd(char, len) => (Some(char), len, true),
            Escape::Raw => (Some('\\'), 1, true),
            Escape::Nothing(len) => (None, len, true),
            Escape::Cut => {
                *at = text.len();
                return Ok(());
            }
            Escape::More => return Err(NeedMoreInput),
        };
        let written = &text[*at..*at + len];
        if len == 1 && self.open.escapes != Escapes::Literal {
            self.string_note(RepairKind::Escape, *at, len);
            self.read_literally();
        }
        // A quotation mark after a backslash is a part of the string, even if backslashes are
        // literal.
        let mark = mark_at(written.as_bytes(), len - 1).map(|(mark, _)| mark);
        let masked = len == 2 && mark.is_some_and(|mark| self.open.mark.closes_with(mark));
        let literally = &written[usize::from(masked)..];
        if self.open.escapes == Escapes::Literal {
            self.sink.text(literally);
        } else {
            if odd {
                self.string_note(RepairKind::Escape, *at, len);
            }
            let mut bytes = [0; 4];
            let decoded = char.map_or("", |char| char.encode_utf8(&mut bytes));
            if std::mem::replace(&mut self.open.escapes, Escapes::Read) == Escapes::Unmet {
                self.written.clear();
                self.sent = 0;
            }
            self.written.push_str(literally);
            self.sent += decoded.len();
            self.sink.text(decoded);
        }
        (self.open.solid, self.open.empty, self.open.last) = (true, false, b'\\');
        self.open.tail = Tail::default();
        *at += len;
        Ok(())
    }

    /// Makes all backslashes of the string literal. Text that was decoded before is replaced.
    fn read_literally(&mut self) {
        if self.open.escapes == Escapes::Read {
            self.sink.retract(self.sent);
            self.sink.text(&self.written);
        }
        self.written = String::new();
        self.open.escapes = Escapes::Literal;
    }

    /// Reads a line break or a comma, in the mode in which a line break may end a string.
    fn line(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let byte = text.as_bytes()[*at];
        let mut ahead = Ahead::new(text.as_bytes(), *at + 1, eof);
        let next = ahead.space()?;
        let ends = match next {
            _ if self.open.role == TokenRole::Key => false,
            Some(_) if byte == b',' => self.within() == Within::Object && self.member(ahead)?,
            None => false,
            Some(b'}' | b']' | b',') => true,
            Some(_) => self.member(ahead)?,
        };
        if ends {
            // Many lines of prose begin with a word and a colon.
            if self.open.inner || self.names.is_none() && ahead.mark().is_none() {
                self.unclear(NotePlace::This);
            }
            self.supposed = true;
            self.string_note(RepairKind::MissingQuote, *at, 0);
            if self.open.tail.loose() > 0 {
                self.sink.retract(self.open.tail.loose());
            }
            self.end_string(*at);
        } else {
            self.emit(&text[*at..=*at], *at);
            *at += 1;
        }
        Ok(())
    }

    /// Returns whether a member begins here, as far as its name shows.
    fn member(&self, ahead: Ahead<'_>) -> Lookahead<bool> {
        Ok(is_possible_member(self.names.as_deref(), ahead.member()?))
    }

    /// Reads a quotation mark, and decides whether it ends the string.
    fn quote(
        &mut self,
        text: &str,
        at: &mut usize,
        mark: QuoteKind,
        len: usize,
        eof: bool,
    ) -> Lookahead<()> {
        let bytes = text.as_bytes();
        if self.doubled(bytes, *at, len, eof)? {
            self.string_note(RepairKind::Quotes, *at, len);
            *at += len;
            if self.open.empty {
                self.open.doubled = true;
            } else {
                if self.open.inner {
                    self.unclear(NotePlace::This);
                }
                self.end_string(*at + len);
                *at += len;
            }
            return Ok(());
        }
        let value = self.open.role == TokenRole::Value && mark == QuoteKind::Double;
        let plain = value && !self.open.inner && !self.open.doubled;
        if plain && self.ends_plainly(bytes, *at + len, eof)? {
            self.trim_line_end(*at);
            self.end_string(*at + len);
            *at += len;
            return Ok(());
        }
        if self.open.role == TokenRole::Key {
            if !self.key_closes(bytes, *at + len, eof)? {
                self.inner(text, at, len);
                return Ok(());
            }
            self.end_string(*at + len);
            *at += len;
            return Ok(());
        }
        let setting = QuoteContext {
            within: self.within(),
            object: self.stack.contains(&Frame::Object),
            list: self.stack.iter().any(|frame| matches!(frame, Frame::List { .. })),
            paren: self.in_paren(),
            depth: self.stack.len(),
            odd: self.open.odd,
            break_before: self.open.tail.loose() > 0,
            stack: &self.stack,
            inner: self.open.inner,
            quoting: self.open.quoting,
            names: self.names.as_deref(),
        };
        let open = Ahead::new(bytes, *at, eof);
        let DecidedQuote { verdict, unclear } =
            decide_quote(&setting, mark, open, Ahead::new(bytes, *at + len, eof))?;
        let ends = !matches!(verdict, QuoteDecision::Inner | QuoteDecision::Joins(_));
        // If a doubled opening mark is not closed by a doubled one, its second mark was part of the
        // string.
        let doubt = self.open.doubtful || self.open.quoting || self.open.doubled;
        if ends && (unclear || doubt) {
            self.unclear(NotePlace::This);
        }
        self.open.doubtful |= unclear;
        match verdict {
            QuoteDecision::Ends => {
                self.trim_line_end(*at);
                self.end_string(*at + len);
                *at += len;
            }
            QuoteDecision::Inner => self.inner(text, at, len),
            QuoteDecision::EndedBefore => {
                self.supposed = true;
                self.string_note(RepairKind::MissingQuote, *at, 0);
                self.sink.retract(self.open.tail.loose());
                self.end_string(*at);
            }
            QuoteDecision::Joins(on) => {
                self.string_note(RepairKind::JoinedStrings, *at, on - *at);
                self.open.tail = Tail::default();
                let opening = (1..=3)
                    .rev()
                    .find_map(|len| mark_at(bytes, on - len).filter(|found| found.1 == len));
                if let Some((mark, _)) = opening {
                    self.open.mark = mark;
                }
                *at = on;
            }
        }
        Ok(())
    }

    /// Removes a raw line break directly before the closing mark: it belongs to the layout and not
    /// to the string.
    fn trim_line_end(&mut self, at: usize) {
        if self.open.tail.line_end() > 0 && self.open.solid && self.open.mark == QuoteKind::Double {
            self.string_note(RepairKind::ControlCharacter, at, 0);
            self.sink.retract(self.open.tail.line_end());
        }
    }

    /// Returns whether the mark is one of a doubled pair: `""key""`.
    fn doubled(&self, bytes: &[u8], at: usize, len: usize, eof: bool) -> Lookahead<bool> {
        let ahead = Ahead::new(bytes, at + len, eof);
        if self.open.empty {
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            return Ok(self.open.mark == QuoteKind::Double && ahead.byte()?.is_some_and(word)
                || self.open.mark == QuoteKind::Single && ahead.byte()?.is_some_and(word));
        }
        if !self.open.doubled {
            return Ok(false);
        }
        ahead.byte()?;
        Ok(ahead.mark().is_some_and(|(mark, _)| mark == self.open.mark))
    }

    /// Emits a quotation mark as a part of the string.
    fn inner(&mut self, text: &str, at: &mut usize, len: usize) {
        if !self.open.noted_inner {
            self.open.noted_inner = true;
            self.string_note(RepairKind::InnerQuote, *at, len);
        }
        self.open.meet_mark(text.as_bytes().get(*at + len).copied());
        self.emit(&text[*at..*at + len], *at);
        *at += len;
    }

    /// Returns whether the mark that ends at `at` closes a key. It does, unless a word follows
    /// whose closing mark precedes a colon.
    fn key_closes(&self, bytes: &[u8], at: usize, eof: bool) -> Lookahead<bool> {
        let mut ahead = Ahead::new(bytes, at, eof);
        match ahead.byte()? {
            Some(byte) if super::ahead::is_word(byte) && byte < 0x80 => {}
            _ => return Ok(true),
        }
        loop {
            match ahead.byte()? {
                None | Some(b':' | b',' | b'{' | b'}' | b'[' | b']' | b'\n') => return Ok(true),
                Some(_) => match ahead.mark() {
                    Some((mark, len)) if self.open.mark.closes_with(mark) => {
                        ahead.at += len;
                        return Ok(ahead.space()? != Some(b':'));
                    }
                    _ => ahead.at += 1,
                },
            }
        }
    }

    /// Ends the string. `at` is the offset after its closing mark.
    pub(super) fn end_string(&mut self, at: usize) {
        self.sink.string_end(self.base + at, true);
        if self.open.role == TokenRole::Key {
            self.state = State::AfterKey;
        } else {
            self.value_done();
            self.last_string = true;
        }
    }

    /// Reads on in a block string.
    pub(super) fn block(
        &mut self,
        text: &str,
        at: &mut usize,
        mark: u8,
        eof: bool,
    ) -> Lookahead<()> {
        let bytes = text.as_bytes();
        let Some(found) = memchr::memmem::find(&bytes[*at..], &[mark; 3]) else {
            let marks = bytes[*at..].iter().rev().take(2).take_while(|&&byte| byte == mark);
            let end = bytes.len() - if eof { 0 } else { marks.count() };
            self.block.push_str(&text[*at..end]);
            *at = end;
            return Err(NeedMoreInput);
        };
        let mut end = *at + found;
        // The last three marks of a longer run close the string.
        while bytes.get(end + 3) == Some(&mark) {
            end += 1;
        }
        if end + 3 == bytes.len() && !eof {
            self.block.push_str(&text[*at..end]);
            *at = end;
            return Err(NeedMoreInput);
        }
        let mut raw = std::mem::take(&mut self.block);
        raw.push_str(&text[*at..end]);
        self.sink.text(&text::block(&raw, mark == b'`'));
        *at = end + 3;
        self.end_string(*at);
        Ok(())
    }
}
