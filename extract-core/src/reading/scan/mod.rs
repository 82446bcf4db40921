//! The scanner: takes bytes in pieces of any size and emits events. It reads JSON, and the
//! malformed JSON that people and models write. Each byte is examined a bounded number of times. A
//! decision waits until all its bytes have arrived, so the events do not depend on the pieces.

mod ahead;
mod bare;
mod closing;
mod event;
mod fast_path;
mod members;
mod open;
mod strings;
mod text;
mod utf8;

pub use event::{Container, NotePlace, Sink, Token, TokenRole};

use ahead::{Ahead, Lookahead, NeedMoreInput, space_len};
use closing::Within;
use open::Open;
use std::sync::Arc;

use thiserror::Error;

use super::report::{CutEnding, RepairKind};
use crate::contract::shape::MemberNames;
pub(super) use bare::is_json_number;
pub(super) use utf8::Utf8;

/// The limits on one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest text, in bytes. The default is 64 MiB.
    pub bytes: usize,
    /// The deepest nesting of objects and lists. The default is 128 levels.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 128 }
    }
}

/// The error of a text that exceeds its [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The text is longer than [`Limits::bytes`].
    #[error("the text is longer than {0} bytes")]
    TooLarge(usize),
    /// The value is nested deeper than [`Limits::depth`].
    #[error("the value is nested deeper than {0} levels")]
    TooDeep(usize),
}

/// The result of a scan: the sink, and how the value ended.
#[derive(Debug)]
pub(super) struct Scanned<S> {
    pub(super) sink: S,
    pub(super) ending: CutEnding,
    /// The offset after the value, in bytes.
    pub(super) end: usize,
    pub(super) error: Option<ScanError>,
    /// A string was ended before the closing brackets at the end of the text, as a guess.
    pub(super) guessed: bool,
}

/// A container that is open, or a function call around a value. `round` says that a parenthesis
/// opened the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Object,
    List { round: bool },
    Call,
}

/// The part of the text that the scanner expects next, or is inside of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    Key,
    AfterKey,
    AfterValue,
    String,
    /// Inside a block string, with the byte of its quotation mark.
    Block(u8),
    LineComment,
    BlockComment,
    /// The value is complete.
    Done,
}

/// The lenient, incremental scanner of one value.
///
/// ```
/// use extract_core::reading::{Scanner, Sink};
///
/// #[derive(Default)]
/// struct Texts(String);
/// impl Sink for Texts {
///     fn text(&mut self, text: &str) {
///         self.0.push_str(text);
///     }
/// }
///
/// let mut scanner = Scanner::new(Texts::default());
/// for byte in "{name: 'Zoë'".bytes() {
///     scanner.feed(&[byte]);
/// }
/// let (texts, _) = scanner.finish().unwrap();
/// assert_eq!(texts.0, "nameZoë");
/// ```
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the text")]
pub struct Scanner<S> {
    sink: S,
    /// The part of the text that is expected next.
    state: State,
    /// The state to which the scanner returns after a comment.
    back: State,
    stack: Vec<Frame>,
    open: Open,
    /// A comma was read, and no value or member after it.
    comma: bool,
    /// The innermost object has just been opened, and has no members yet.
    fresh: bool,
    /// Text that is not a value follows the last value.
    dangling: bool,
    /// The text of the open string since its first escape, as written.
    written: String,
    /// The length of the decoded text, since that escape, that was sent to the sink.
    sent: usize,
    /// The possible names of members, if the schema lists them all.
    names: Option<Arc<MemberNames>>,
    /// The text that was fed and not consumed.
    carry: String,
    /// The offset of the first byte that was not consumed.
    base: usize,
    /// The length that `carry` must reach before the scanner tries again.
    wait: usize,
    utf8: Utf8,
    /// The content so far of the block string that is open.
    block: String,
    limits: Limits,
    /// A line break ends a string if the text after it cannot continue the string.
    pub(super) lines: bool,
    error: Option<ScanError>,
    ending: CutEnding,
    /// A value has begun.
    began: bool,
    /// The last token was a string.
    last_string: bool,
    /// A string was ended before the closing brackets at the end of the text, as a guess.
    guessed: bool,
    /// A string was ended before its closing mark, as a guess.
    supposed: bool,
    /// A repair was noted, or text that is not JSON was read.
    lenient: bool,
}

impl<S: Sink> Scanner<S> {
    /// Creates a scanner that sends its events to `sink`, with the default [`Limits`].
    pub fn new(sink: S) -> Self {
        Self::with_limits(sink, Limits::default())
    }

    /// Creates a scanner with these limits.
    pub fn with_limits(sink: S, limits: Limits) -> Self {
        Self {
            sink,
            state: State::Value,
            back: State::Value,
            stack: Vec::new(),
            open: Open::NEW,
            comma: false,
            fresh: false,
            dangling: false,
            written: String::new(),
            sent: 0,
            names: None,
            carry: String::new(),
            base: 0,
            wait: 0,
            utf8: Utf8::default(),
            block: String::new(),
            limits,
            lines: false,
            error: None,
            ending: CutEnding::Whole,
            began: false,
            last_string: false,
            guessed: false,
            supposed: false,
            lenient: false,
        }
    }

    /// Sets the offset at which the value begins in a longer text. Offsets of events then refer to
    /// that text.
    pub(super) fn starting_at(mut self, offset: usize) -> Self {
        self.start_at(offset);
        self
    }

    /// Sets the offset of the first byte. The scanner must not have read anything yet.
    pub(super) fn start_at(&mut self, offset: usize) {
        self.base = offset;
    }

    /// Sets the possible names of members. They help to decide where a string ends if the text
    /// alone does not show it.
    pub(crate) fn member_names(mut self, names: Option<Arc<MemberNames>>) -> Self {
        self.names = names;
        self
    }

    /// Returns the sink.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Returns the sink, for example to take out the collected events.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Returns whether the value is complete. Bytes that are fed afterwards are ignored.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Returns whether the text so far is strict JSON.
    pub(super) fn is_strict(&self) -> bool {
        !self.lenient
    }

    /// Returns the offset of the first byte that was not consumed.
    pub(crate) fn offset(&self) -> usize {
        self.base
    }

    /// Returns the error that stopped the scanner, or `None`.
    pub fn error(&self) -> Option<ScanError> {
        self.error
    }

    /// Appends bytes. They may end inside a character; invalid UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.decode(bytes, |text, _| self.feed_str(text));
        self.utf8 = utf8;
    }

    /// Takes a piece that is only plain text of the open string, as most small pieces are. `take`
    /// sends it to the sink, or refuses it. Returns whether the piece was taken.
    #[inline]
    pub(crate) fn take_plain(&mut self, text: &str, take: impl FnOnce(&mut S) -> bool) -> bool {
        let more = self.state == State::String && self.carry.is_empty() && self.error.is_none();
        let within = self.base + text.len() <= self.limits.bytes;
        let taken = more && within && self.is_plain(text) && take(&mut self.sink);
        if taken {
            self.base += text.len();
            self.keep_raw(text);
            self.update_tail(text);
        }
        taken
    }

    /// Appends a piece of the text. Nothing is read after the value is complete, or after an error.
    pub fn feed_str(&mut self, text: &str) {
        if self.is_done() || self.error.is_some() {
            return;
        }
        if self.base + self.carry.len() + text.len() > self.limits.bytes {
            self.error = Some(ScanError::TooLarge(self.limits.bytes));
            return;
        }
        if self.carry.is_empty() {
            let tell = |sink: &mut S| {
                sink.text(text);
                true
            };
            if self.take_plain(text, tell) {
                return;
            }
            let used = self.run(text, false);
            self.base += used;
            if used < text.len() && !self.is_done() {
                self.carry.push_str(&text[used..]);
                self.wait = self.carry.len() * 2;
            }
            return;
        }
        self.carry.push_str(text);
        if self.carry.len() >= self.wait {
            self.catch_up();
        }
    }

    /// Scans the pending text as far as it can be decided. `feed` does so too, but only after
    /// enough text has arrived; the pending text is usually a few bytes.
    pub fn catch_up(&mut self) {
        if self.is_done() || self.error.is_some() || self.carry.is_empty() {
            return;
        }
        let mut carry = std::mem::take(&mut self.carry);
        let used = self.run(&carry, false);
        self.base += used;
        if used == carry.len() {
            carry.clear();
        } else {
            carry.drain(..used);
        }
        self.wait = carry.len() * 2;
        self.carry = carry;
    }

    /// Appends a piece, and scans at once if only a few bytes are pending. Each try costs time
    /// proportional to the pending text. A piece that only continues a word or a number is not
    /// tried: the text after it decides.
    pub(crate) fn feed_eagerly(&mut self, text: &str) {
        const LITTLE: usize = 64;
        let few = self.carry.as_bytes().first().filter(|_| self.carry.len() <= LITTLE);
        if let Some(&first) = few {
            let mark = self.state == State::String && first != b'\\';
            let word = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            // A digit after a comma shows that a string in a list has ended.
            let more = |byte: u8| word(byte) || !mark && byte.is_ascii_digit();
            let in_vain = (mark || more(first)) && text.bytes().all(more);
            self.wait = if in_vain { LITTLE } else { 0 };
        }
        self.feed_str(text);
    }

    /// Ends the text as [`finish`](Self::finish) does, but keeps the scanner.
    pub(crate) fn end(&mut self) {
        // An error is also available from `error`.
        let _ = self.conclude("");
    }

    /// Ends the text. Open containers and strings are closed, and marked as not whole. Returns the
    /// sink and how the text ended.
    ///
    /// # Errors
    ///
    /// Returns an error if the text exceeds the limits.
    pub fn finish(self) -> Result<(S, CutEnding), ScanError> {
        let scanned = self.complete("");
        scanned.error.map_or(Ok((scanned.sink, scanned.ending)), Err)
    }

    /// Scans `text` as the last piece, and ends the text.
    pub(super) fn complete(mut self, text: &str) -> Scanned<S> {
        let error = self.conclude(text).err();
        Scanned {
            sink: self.sink,
            ending: self.ending,
            end: self.base,
            error,
            guessed: self.guessed,
        }
    }

    /// Scans `text` as the last piece, and closes all that is open. Fails if the text exceeds the
    /// limits.
    fn conclude(&mut self, text: &str) -> Result<(), ScanError> {
        if self.utf8.ends_in_half() {
            self.feed_str("\u{fffd}");
        }
        if self.error.is_none() && !self.is_done() {
            let carry = std::mem::take(&mut self.carry);
            if self.base + carry.len() + text.len() > self.limits.bytes {
                return Err(ScanError::TooLarge(self.limits.bytes));
            }
            let used = if carry.is_empty() {
                self.run(text, true)
            } else {
                self.run(&(carry + text), true)
            };
            self.base += used;
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        self.close_all();
        Ok(())
    }

    /// Closes all that the end of the text left open.
    fn close_all(&mut self) {
        let at = self.base;
        match self.state {
            State::Done => return,
            State::String | State::Block(_) => {
                let block = std::mem::take(&mut self.block);
                if !block.is_empty() {
                    self.sink.text(&block);
                }
                self.sink.string_end(at, false);
                self.ending = CutEnding::Cut;
                if self.open.role == TokenRole::Key {
                    self.sink.scalar(Token::Missing, "", (at, at), false);
                }
            }
            State::AfterKey => {
                self.sink.scalar(Token::Missing, "", (at, at), false);
                self.ending = CutEnding::Cut;
            }
            State::Value if self.within() == Within::Object => {
                self.sink.scalar(Token::Missing, "", (at, at), false);
                self.ending = CutEnding::Cut;
            }
            // The text ends after an opening bracket, after a comma, or in text that is not a
            // value. After a guessed end of a string, the end may also lie inside a string.
            _ if self.supposed && !self.stack.is_empty() || !self.ends_behind_a_value() => {
                self.ending = CutEnding::Cut;
            }
            _ => {}
        }
        while let Some(frame) = self.stack.pop() {
            if self.ending == CutEnding::Whole {
                self.ending = CutEnding::Unclosed;
            }
            if frame != Frame::Call {
                self.note(RepairKind::MissingCloser, NotePlace::Container, (at, at));
                self.sink.close(at, false);
            }
        }
        self.state = State::Done;
    }

    /// Returns whether the text ends with a complete value or a closing bracket.
    fn ends_behind_a_value(&self) -> bool {
        let state = if self.state == State::LineComment { self.back } else { self.state };
        self.began && state == State::AfterValue && !self.comma && !self.dangling
    }

    /// Emits that a value is unclear.
    fn unclear(&mut self, place: NotePlace) {
        self.lenient = true;
        self.sink.unclear(place);
    }

    /// Emits a repair of form.
    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {
        self.lenient = true;
        self.sink.note(kind, place, span);
    }

    /// Returns the kind of container that is innermost.
    fn within(&self) -> Within {
        match self.stack.last() {
            Some(Frame::Object) => Within::Object,
            Some(Frame::List { .. }) => Within::List,
            Some(Frame::Call) | None => Within::Root,
        }
    }

    /// Returns whether a parenthesis is open.
    fn in_paren(&self) -> bool {
        self.stack.iter().any(|frame| matches!(frame, Frame::Call | Frame::List { round: true }))
    }

    /// Scans the buffer as far as it can be decided. Returns the number of bytes consumed. `eof`
    /// says that the text ends with the buffer.
    fn run(&mut self, text: &str, eof: bool) -> usize {
        let bytes = text.as_bytes();
        let mut at = 0;
        while self.error.is_none() {
            let went = match self.state {
                State::Done => break,
                State::String => self.string(text, &mut at, eof),
                State::Block(mark) => self.block(text, &mut at, mark, eof),
                State::LineComment => {
                    match memchr::memchr(b'\n', &bytes[at..]) {
                        Some(line) => {
                            at += line;
                            self.state = self.back;
                        }
                        None => at = bytes.len(),
                    }
                    if at == bytes.len() { Err(NeedMoreInput) } else { Ok(()) }
                }
                State::BlockComment => {
                    if let Some(end) = memchr::memmem::find(&bytes[at..], b"*/") {
                        at += end + 2;
                        self.state = self.back;
                        Ok(())
                    } else {
                        let half = !eof && at < bytes.len() && bytes.last() == Some(&b'*');
                        at = bytes.len() - usize::from(half);
                        Err(NeedMoreInput)
                    }
                }
                _ => {
                    self.fast_path(text, &mut at);
                    if matches!(self.state, State::String | State::Done) {
                        continue;
                    }
                    while at < bytes.len() {
                        match space_len(bytes, at) {
                            0 => break,
                            len => {
                                self.lenient |= len > 1 || matches!(bytes[at], 0x0b | 0x0c);
                                at += len;
                            }
                        }
                    }
                    if at == bytes.len() {
                        break;
                    }
                    self.structure(text, &mut at, eof)
                }
            };
            if went.is_err() {
                break;
            }
        }
        at
    }

    /// Reads the next token between strings.
    fn structure(&mut self, text: &str, at: &mut usize, eof: bool) -> Lookahead<()> {
        let bytes = text.as_bytes();
        if matches!(bytes[*at], b'/' | b'#') && self.comment(bytes, at, eof)? {
            return Ok(());
        }
        match self.state {
            State::Value => self.value(text, at, eof),
            State::Key => self.key(text, at, eof),
            State::AfterKey => self.after_key(bytes, at, eof),
            _ => self.after_value(bytes, at, eof),
        }
    }

    /// Enters a comment, if one begins here. Returns whether it does.
    fn comment(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> Lookahead<bool> {
        let here = Ahead::new(bytes, *at, eof);
        if self.stack.is_empty() && bytes[*at] == b'#' && self.began || !here.comment()? {
            return Ok(false);
        }
        let offset = self.base + *at;
        let block = here.starts(b"/*")?;
        self.note(RepairKind::Comment, NotePlace::Container, (offset, offset));
        self.back = self.state;
        self.state = if block { State::BlockComment } else { State::LineComment };
        *at += if block { 2 } else { 1 };
        Ok(true)
    }

    /// Sets the state after a value, depending on its container.
    fn value_done(&mut self) {
        self.comma = false;
        self.fresh = false;
        self.dangling = false;
        self.state = if self.stack.is_empty() { State::Done } else { State::AfterValue };
    }
}
