//! Scans between strings: values, keys, colons, commas and closing brackets, in any order.

use super::ahead::{Ahead, Lookahead, NeedMoreInput, QuoteKind, mark_at};
use super::bare::{self, KeyToken};
use super::closing::Within;
use super::event::{Container, NotePlace, Sink, Token, TokenRole};
use super::{Frame, ScanError, Scanner, State};
use crate::reading::report::{CutEnding, RepairKind};

impl<S: Sink> Scanner<S> {
    /// Emits a repair of `len` bytes at `at`.
    fn mark_here(&mut self, kind: RepairKind, place: NotePlace, at: usize, len: usize) {
        let offset = self.base + at;
        self.note(kind, place, (offset, offset + len));
    }

    /// Reads a value, or text in its place.
    pub(super) fn value(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        match bytes[*at] {
            b'{' => self.open_container(Frame::Object, at),
            b'[' => self.open_container(Frame::List { round: false }, at),
            b'"' => self.quoted(bytes, at, QuoteKind::Double, 1, eof)?,
            b'}' | b']' | b')' => {
                let missing = self.within() == Within::Object;
                self.close_with(bytes, at, eof, missing)?;
            }
            b',' => self.value_comma(at),
            b':' | b';' => {
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, 1);
                *at += 1;
            }
            b'(' if tuple_opens(bytes, *at, eof)? => {
                self.mark_here(RepairKind::StrayCloser, NotePlace::Next, *at, 1);
                self.open_container(Frame::List { round: true }, at);
            }
            b'\\' if Ahead::new(bytes, *at, eof).starts(b"\\\"")? => {
                self.mark_here(RepairKind::Escape, NotePlace::Next, *at, 1);
                *at += 1;
            }
            b'.' | 0xe2 if self.ellipsis(bytes, at, eof)? => {}
            _ => match mark_at(bytes, *at) {
                Some((mark, len)) => self.quoted(bytes, at, mark, len, eof)?,
                None => self.bare_value(text, at, eof)?,
            },
        }
        Ok(())
    }

    /// Opens a container, unless it is nested too deeply.
    pub(super) fn open_container(&mut self, frame: Frame, at: &mut usize) {
        if self.stack.len() >= self.limits.depth {
            self.error = Some(ScanError::TooDeep(self.limits.depth));
            return;
        }
        let (container, state) = match frame {
            Frame::Object => (Container::Object, State::Key),
            _ => (Container::Array, State::Value),
        };
        self.began = true;
        self.comma = false;
        self.fresh = true;
        self.sink.open(container, self.base + *at);
        self.stack.push(frame);
        self.state = state;
        *at += 1;
    }

    /// Reads `...` or `…` in place of omitted elements. Returns whether one was there.
    fn ellipsis(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> Lookahead<bool> {
        let here = Ahead::new(bytes, *at, eof);
        let three = here.starts(b"...")?;
        if self.stack.is_empty() || !(three || here.starts("…".as_bytes())?) {
            return Ok(false);
        }
        let mut behind = here;
        behind.at += 3;
        if !matches!(behind.space()?, None | Some(b',' | b']' | b'}' | b'"' | b'\''))
            && !behind.newline
        {
            return Ok(false);
        }
        self.mark_here(RepairKind::Ellipsis, NotePlace::Container, *at, 3);
        *at += 3;
        self.comma = false;
        self.dangling = true;
        // A comma may follow, as after a value.
        if self.within() != Within::Object || self.state == State::Key {
            self.state = State::AfterValue;
        }
        Ok(true)
    }

    /// Begins a string or a block string at a quotation mark.
    fn quoted(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        mark: QuoteKind,
        len: usize,
        eof: bool,
    ) -> Lookahead<()> {
        let byte = bytes[*at];
        if len == 1 {
            let here = Ahead::new(bytes, *at, eof);
            if here.starts(&[byte; 3])?
                && (byte != b'"' || !self.empty_then_quote(bytes, *at, eof)?)
            {
                self.sink.string_begin(TokenRole::Value, self.base + *at);
                self.began = true;
                self.open.role = TokenRole::Value;
                self.mark_here(RepairKind::BlockString, NotePlace::This, *at, 3);
                self.state = State::Block(byte);
                *at += 3;
                return Ok(());
            }
        }
        self.open_string(TokenRole::Value, mark, *at, len);
        *at += len;
        Ok(())
    }

    /// Returns whether `"""` is an empty string and one more quotation mark: only at the end of a
    /// text without a container.
    fn empty_then_quote(&self, bytes: &[u8], at: usize, eof: bool) -> Lookahead<bool> {
        let mut behind = Ahead::new(bytes, at + 3, eof);
        Ok(self.within() == Within::Root && behind.space()?.is_none())
    }

    /// Reads a comma in place of a value.
    fn value_comma(&mut self, at: &mut usize) {
        if self.within() == Within::Object {
            self.missing_value(*at, true);
            self.state = State::AfterValue;
            return;
        }
        self.mark_here(RepairKind::ExtraComma, NotePlace::Container, *at, 1);
        *at += 1;
    }

    /// Emits a missing value. `colon` says whether the key has a colon.
    fn missing_value(&mut self, at: usize, colon: bool) {
        self.mark_here(RepairKind::MissingValue, NotePlace::Next, at, 0);
        let offset = self.base + at;
        self.sink.scalar(Token::Missing, if colon { ":" } else { "" }, (offset, offset), true);
        self.comma = false;
        self.dangling = false;
    }

    /// Reads a closing bracket. In `{"a": [1}, "b": …` the brace counts as the bracket of the list.
    fn close_with(
        &mut self,
        bytes: &[u8],
        at: &mut usize,
        eof: bool,
        missing: bool,
    ) -> Lookahead<()> {
        let mut byte = bytes[*at];
        if byte == b'}'
            && matches!(self.stack.as_slice(), [Frame::Object, Frame::List { round: false }])
        {
            // Members follow, so the list was meant to be closed.
            let mut ahead = Ahead::new(bytes, *at + 1, eof);
            if ahead.space()? == Some(b',') {
                ahead.at += 1;
                ahead.space()?;
                if ahead.mark().is_some() && ahead.key()? {
                    self.mark_here(RepairKind::MissingCloser, NotePlace::Container, *at, 1);
                    byte = b']';
                }
            }
        }
        self.closer(byte, at, missing);
        Ok(())
    }

    /// Closes the innermost container that `byte` closes, and all containers inside it. Without
    /// such a container the bracket is stray. `missing` says that a value is missing before it.
    fn closer(&mut self, byte: u8, at: &mut usize, missing: bool) {
        let fits = |frame: &Frame| match byte {
            b'}' => *frame == Frame::Object,
            b']' => *frame == Frame::List { round: false },
            _ => matches!(frame, Frame::Call | Frame::List { round: true }),
        };
        let Some(index) = self.stack.iter().rposition(fits) else {
            self.mark_here(RepairKind::StrayCloser, NotePlace::Container, *at, 1);
            *at += 1;
            return;
        };
        if missing {
            self.missing_value(*at, true);
        }
        if self.comma {
            self.mark_here(RepairKind::ExtraComma, NotePlace::Container, *at, 0);
        }
        while self.stack.len() > index + 1 {
            let frame = self.stack.pop();
            if frame != Some(Frame::Call) {
                self.mark_here(RepairKind::MissingCloser, NotePlace::Container, *at, 0);
                self.sink.close(self.base + *at, true);
            }
        }
        *at += 1;
        if self.stack.pop() != Some(Frame::Call) {
            self.sink.close(self.base + *at, true);
        }
        self.value_done();
        self.last_string = false;
    }

    /// Reads a value without quotation marks.
    fn bare_value(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        if self.call(bytes, at, eof)? {
            return Ok(());
        }
        let paren = self.in_paren();
        let end = bare::value_end(self.within(), paren, bytes, *at, eof)?;
        let token = text[*at..end.token].trim_end();
        if token.is_empty() {
            // A mark that opens nothing is skipped, so that the scanner advances.
            let step = text[*at..].chars().next().map_or(1, char::len_utf8);
            self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, step);
            *at += step;
            return Ok(());
        }
        self.began = true;
        let span = (self.base + *at, self.base + *at + token.len());
        let (kind, plain) = bare::classify(token);
        if end.half_quoted {
            self.note(RepairKind::MissingQuote, NotePlace::Next, span);
        } else if kind == Token::Bare {
            self.note(RepairKind::BareString, NotePlace::Next, span);
        } else if !plain {
            self.note(RepairKind::Literal, NotePlace::Next, span);
        }
        // White space after a number ends it, as a comma does.
        let spaced = kind == Token::Number && *at + token.len() < end.token;
        let whole = end.token < bytes.len() || spaced;
        if !whole && matches!(kind, Token::Bare | Token::Number) && !self.stack.is_empty() {
            self.ending = CutEnding::Cut;
        }
        let kind = if end.half_quoted { Token::Bare } else { kind };
        self.sink.scalar(kind, token, span, whole);
        *at = end.resume;
        self.value_done();
        self.last_string = false;
        Ok(())
    }

    /// Enters a function call around a value, if one begins here. Returns whether it does.
    fn call(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> Lookahead<bool> {
        let Some(inside) = bare::call(bytes, *at, eof)? else { return Ok(false) };
        if self.stack.len() >= self.limits.depth {
            self.error = Some(ScanError::TooDeep(self.limits.depth));
            return Ok(true);
        }
        self.mark_here(RepairKind::Wrapper, NotePlace::Next, *at, inside - *at);
        self.stack.push(Frame::Call);
        *at = inside;
        Ok(true)
    }

    /// Reads a key, or text in its place.
    pub(super) fn key(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        match bytes[*at] {
            b'}' | b']' | b')' => return self.close_with(bytes, at, eof, false),
            b'"' => {
                self.open_string(TokenRole::Key, QuoteKind::Double, *at, 1);
                *at += 1;
                return Ok(());
            }
            b',' => {
                self.mark_here(RepairKind::ExtraComma, NotePlace::Container, *at, 1);
                *at += 1;
                return Ok(());
            }
            b'{' if self.object_in_list() && !self.fresh => {
                self.next_element(*at);
                return Ok(());
            }
            byte @ (b':' | b'{' | b'[' | b'(' | b';') => {
                // Members of an inner bracket would become members of this object. Doubled braces
                // open one object.
                if matches!(byte, b'[' | b'(') || byte == b'{' && !self.fresh {
                    self.unclear(NotePlace::Container);
                }
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, 1);
                *at += 1;
                return Ok(());
            }
            b'\\' if Ahead::new(bytes, *at, eof).starts(b"\\\"")? => {
                self.mark_here(RepairKind::Escape, NotePlace::Next, *at, 1);
                *at += 1;
                return Ok(());
            }
            b'`' if Ahead::new(bytes, *at, eof).starts(b"```")? => {
                let word =
                    bytes[*at + 3..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count();
                if *at + 3 + word == bytes.len() && !eof {
                    return Err(NeedMoreInput);
                }
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, 3 + word);
                *at += 3 + word;
                return Ok(());
            }
            b'.' | 0xe2 if self.ellipsis(bytes, at, eof)? => return Ok(()),
            _ => {}
        }
        if let Some((mark, len)) = mark_at(bytes, *at) {
            self.open_string(TokenRole::Key, mark, *at, len);
            *at += len;
            return Ok(());
        }
        self.bare_key(text, at, eof)
    }

    /// Reads a key without quotation marks.
    fn bare_key(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        match bare::key_end(bytes, *at, eof)? {
            KeyToken::Key { token, resume, colon } => {
                let key = text[*at..token].trim_end();
                self.comma = false;
                self.fresh = false;
                self.mark_here(RepairKind::BareKey, NotePlace::Next, *at, key.len());
                self.sink.string_begin(TokenRole::Key, self.base + *at);
                self.sink.text(key);
                self.sink.string_end(self.base + token, true);
                self.state = if colon { State::Value } else { State::AfterKey };
                *at = resume;
            }
            KeyToken::Stray(end) => {
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, end - *at);
                *at = end;
            }
            KeyToken::Cut => {
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, bytes.len() - *at);
                *at = bytes.len();
            }
        }
        Ok(())
    }

    /// Reads the text between a key and its value.
    pub(super) fn after_key(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> Lookahead<()> {
        match bytes[*at] {
            b':' => {
                *at += 1;
                self.state = State::Value;
            }
            b'=' => {
                let arrow = Ahead::new(bytes, *at + 1, eof).byte()? == Some(b'>');
                self.mark_here(RepairKind::MissingColon, NotePlace::Next, *at, 1);
                *at += 1 + usize::from(arrow);
                self.state = State::Value;
            }
            b',' | b'}' | b']' => {
                self.missing_value(*at, false);
                self.state = State::AfterValue;
            }
            _ => {
                self.mark_here(RepairKind::MissingColon, NotePlace::Next, *at, 0);
                self.state = State::Value;
            }
        }
        Ok(())
    }

    /// Reads the text after a value.
    pub(super) fn after_value(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> Lookahead<()> {
        let next = if self.within() == Within::Object { State::Key } else { State::Value };
        match bytes[*at] {
            b',' => {
                *at += 1;
                self.comma = true;
                self.state = next;
                if self.stack.last() == Some(&Frame::Call) {
                    self.mark_here(RepairKind::StrayText, NotePlace::Container, *at - 1, 1);
                    self.state = State::AfterValue;
                }
            }
            b'}' | b']' | b')' => self.close_with(bytes, at, eof, false)?,
            b':' if self.last_string && matches!(self.stack.last(), Some(Frame::List { .. })) => {
                if self.stack.len() >= self.limits.depth {
                    self.error = Some(ScanError::TooDeep(self.limits.depth));
                    return Ok(());
                }
                self.mark_here(RepairKind::MissingOpener, NotePlace::This, *at, 0);
                self.sink.string_became_key();
                self.stack.push(Frame::Object);
                self.state = State::Value;
                *at += 1;
            }
            b';' | b':' | b'+' => {
                self.mark_here(RepairKind::StrayText, NotePlace::Container, *at, 1);
                *at += 1;
                self.dangling = true;
            }
            b'`' if Ahead::new(bytes, *at, eof).starts(b"```")? => {
                // The fence around the value ends here, and so do all open containers.
                self.state = State::AfterValue;
                self.conclude_at(*at);
            }
            b'{' if self.object_in_list() => self.next_element(*at),
            _ if self.stack.last() == Some(&Frame::Call) => {
                // The call was never closed, so its value stands alone.
                self.stack.pop();
                self.mark_here(RepairKind::MissingCloser, NotePlace::Container, *at, 0);
                self.value_done();
            }
            byte => {
                // Words after a string in a list may be a part of it.
                let word = byte.is_ascii_alphabetic() || byte >= 0x80;
                if word && self.last_string && next == State::Value && mark_at(bytes, *at).is_none()
                {
                    self.unclear(NotePlace::Container);
                }
                self.mark_here(RepairKind::MissingComma, NotePlace::Container, *at, 0);
                self.state = next;
            }
        }
        Ok(())
    }

    /// Closes the object at the start of the next element, because its closing brace is missing.
    fn next_element(&mut self, at: usize) {
        self.mark_here(RepairKind::MissingCloser, NotePlace::Container, at, 0);
        self.stack.pop();
        self.sink.close(self.base + at, true);
        // A comma before the element was already read.
        self.state = if self.comma { State::Value } else { State::AfterValue };
    }

    /// Returns whether the innermost container is an object in a list.
    fn object_in_list(&self) -> bool {
        matches!(self.stack.as_slice(), [.., Frame::List { .. }, Frame::Object])
    }

    /// Ends the value at this offset, with its closing brackets missing.
    fn conclude_at(&mut self, at: usize) {
        let offset = self.base + at;
        while let Some(frame) = self.stack.pop() {
            if frame != Frame::Call {
                self.note(RepairKind::MissingCloser, NotePlace::Container, (offset, offset));
                self.sink.close(offset, true);
            }
        }
        self.ending = CutEnding::Unclosed;
        self.state = State::Done;
    }
}

/// Returns whether `(` opens a list: it is followed by a value that is not a bare word.
fn tuple_opens(bytes: &[u8], at: usize, eof: bool) -> Lookahead<bool> {
    let mut ahead = Ahead::new(bytes, at + 1, eof);
    let next = ahead.space()?;
    Ok(ahead.mark().is_some() || matches!(next, Some(b'0'..=b'9' | b'-' | b'{' | b'[' | b'(')))
}
