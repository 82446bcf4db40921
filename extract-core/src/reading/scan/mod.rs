//! The one scanner: bytes in, in any portions, events out. It reads JSON, and what people and
//! models write for JSON; each byte is looked at a bounded number of times, and no decision is
//! taken on half of what it needs, so that any portioning of a text gives the same events.

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

use ahead::{Ahead, Continuation, LookQuestion, space_len};
use closing::Within;
use open::Open;
use std::sync::Arc;

use thiserror::Error;

use super::report::{CutEnding, RepairKind};
use crate::contract::shape::MemberNames;
pub(super) use bare::is_json_number;
pub(super) use utf8::Utf8;

/// Bounds on what one text may ask of the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest text, in bytes.
    pub bytes: usize,
    /// The deepest nesting of objects and lists.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 128 }
    }
}

/// A text that is beyond its [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ScanError {
    /// The text is too long.
    #[error("the text is longer than {0} bytes")]
    TooLarge(usize),
    /// The value is nested too deeply.
    #[error("the value is nested deeper than {0} levels")]
    TooDeep(usize),
}

/// What is left of a scanner when the text is over.
#[derive(Debug)]
pub(super) struct Scanned<S> {
    pub(super) sink: S,
    pub(super) ending: CutEnding,
    /// The offset behind the value.
    pub(super) end: usize,
    pub(super) error: Option<ScanError>,
    /// That a string ended where the text did is a guess.
    pub(super) guessed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Object,
    List { round: bool },
    Call,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Value,
    Key,
    AfterKey,
    AfterValue,
    String,
    Block(u8),
    LineComment,
    BlockComment,
    Done,
}

/// The lenient, incremental scanner of one value.
///
/// ```
/// use extract_llm::reading::{Scanner, Sink};
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
    state: State,
    /// Where a comment came from.
    back: State,
    stack: Vec<Frame>,
    open: Open,
    /// A comma was passed, and nothing stands behind it yet.
    comma: bool,
    /// The innermost object was opened last, and has no members yet.
    fresh: bool,
    /// Behind the last value there is something that is none.
    dangling: bool,
    /// The string since its first escape as it was written, and how much of it the sink has.
    written: String,
    sent: usize,
    /// The names that members can have, where the schema names them all.
    names: Option<Arc<MemberNames>>,
    /// Text that was fed and not consumed; `base` is the offset of its first byte.
    carry: String,
    base: usize,
    /// Not before the carry is this long is it worth another try.
    wait: usize,
    utf8: Utf8,
    block: String,
    limits: Limits,
    /// A line break ends a string where what follows could not be its next line.
    pub(super) lines: bool,
    error: Option<ScanError>,
    ending: CutEnding,
    began: bool,
    /// What was read last is a string.
    last_string: bool,
    guessed: bool,
    /// That a string ended before its closing mark is a guess.
    supposed: bool,
    /// A repair was noted, or something was read that is not JSON.
    lenient: bool,
}

impl<S: Sink> Scanner<S> {
    /// A scanner that tells `sink` what it reads.
    pub fn new(sink: S) -> Self {
        Self::with_limits(sink, Limits::default())
    }

    /// A scanner with limits of its own.
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

    /// Where the value stands in a longer text, so that offsets are those of that text.
    pub(super) fn starting_at(mut self, offset: usize) -> Self {
        self.start_at(offset);
        self
    }

    /// The same, for a scanner that has read nothing yet.
    pub(super) fn start_at(&mut self, offset: usize) {
        self.base = offset;
    }

    /// Tells the names that members can have: where the text alone does not show whether a string
    /// has ended, a name among them does.
    pub(crate) fn knowing(mut self, names: Option<Arc<MemberNames>>) -> Self {
        self.names = names;
        self
    }

    /// Who listens.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Who listens, to take out of it what was heard.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.sink
    }

    /// Whether the value is complete; what is fed after that is not looked at.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Whether everything so far is as JSON has it.
    pub(super) fn is_strict(&self) -> bool {
        !self.lenient
    }

    /// The offset of the first byte that was not consumed.
    pub(crate) fn offset(&self) -> usize {
        self.base
    }

    /// What stopped the scanner, if anything did.
    pub fn error(&self) -> Option<ScanError> {
        self.error
    }

    /// Takes the next bytes of the text, split anywhere; what is not UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.decode(bytes, |text, _| self.feed_str(text));
        self.utf8 = utf8;
    }

    /// Takes a piece that is nothing but more of the string that is open, as most small ones are, by
    /// `take`, which may refuse it; false where it is not taken.
    #[inline]
    pub(crate) fn flow(&mut self, text: &str, take: impl FnOnce(&mut S) -> bool) -> bool {
        let more = self.state == State::String && self.carry.is_empty() && self.error.is_none();
        let within = self.base + text.len() <= self.limits.bytes;
        let taken = more && within && self.is_plain(text) && take(&mut self.sink);
        if taken {
            self.base += text.len();
            self.keep(text);
            self.reckon(text);
        }
        taken
    }

    /// Takes the next piece of the text.
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
            if self.flow(text, tell) {
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

    /// Reads on in what was fed, as far as it can be told. A feed does the same, but tries only
    /// when enough has come to be worth a try: what was seen but not told is a few bytes.
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

    /// Takes the next piece, and reads on at once where only a few bytes are waiting: a try costs
    /// what is waiting, and every piece may make one. More of a word makes none where a
    /// token waits, or what may be the end of a string: what stands behind the word settles that.
    pub(crate) fn feed_eagerly(&mut self, text: &str) {
        const LITTLE: usize = 64;
        let few = self.carry.as_bytes().first().filter(|_| self.carry.len() <= LITTLE);
        if let Some(&first) = few {
            let mark = self.state == State::String && first != b'\\';
            let word = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
            // A digit behind a comma shows that a string in a list has ended.
            let more = |byte: u8| word(byte) || !mark && byte.is_ascii_digit();
            let in_vain = (mark || more(first)) && text.bytes().all(more);
            self.wait = if in_vain { LITTLE } else { 0 };
        }
        self.feed_str(text);
    }

    /// Ends the text, as [`finish`](Self::finish) does, and stays.
    pub(crate) fn end(&mut self) {
        // What stopped it before is known to who asks.
        let _ = self.conclude("");
    }

    /// Ends the text: what is open is closed, and marked as not whole.
    ///
    /// # Errors
    ///
    /// Where the text went beyond the limits.
    pub fn finish(self) -> Result<(S, CutEnding), ScanError> {
        let scanned = self.complete("");
        scanned.error.map_or(Ok((scanned.sink, scanned.ending)), Err)
    }

    /// Reads `text` as the last piece.
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

    /// Closes what the end of the text left open.
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
            // Behind a bracket, behind a comma, or in something that is no value. With a closing mark
            // missing further up it may also be a string that ends here.
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

    /// Whether the last thing in the text is a complete value, or a closer.
    fn ends_behind_a_value(&self) -> bool {
        let state = if self.state == State::LineComment { self.back } else { self.state };
        self.began && state == State::AfterValue && !self.comma && !self.dangling
    }

    fn unclear(&mut self, place: NotePlace) {
        self.lenient = true;
        self.sink.unclear(place);
    }

    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {
        self.lenient = true;
        self.sink.note(kind, place, span);
    }

    /// What the next value or member stands in.
    fn within(&self) -> Within {
        match self.stack.last() {
            Some(Frame::Object) => Within::Object,
            Some(Frame::List { .. }) => Within::List,
            Some(Frame::Call) | None => Within::Root,
        }
    }

    fn in_paren(&self) -> bool {
        self.stack.iter().any(|frame| matches!(frame, Frame::Call | Frame::List { round: true }))
    }

    /// Reads as far as the buffer allows; gives how much of it was consumed.
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
                    if at == bytes.len() { Err(Continuation) } else { Ok(()) }
                }
                State::BlockComment => {
                    if let Some(end) = memchr::memmem::find(&bytes[at..], b"*/") {
                        at += end + 2;
                        self.state = self.back;
                        Ok(())
                    } else {
                        let half = !eof && at < bytes.len() && bytes.last() == Some(&b'*');
                        at = bytes.len() - usize::from(half);
                        Err(Continuation)
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

    fn structure(&mut self, text: &str, at: &mut usize, eof: bool) -> LookQuestion<()> {
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

    fn comment(&mut self, bytes: &[u8], at: &mut usize, eof: bool) -> LookQuestion<bool> {
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

    /// A value was read; what comes next depends on what it stood in.
    fn value_done(&mut self) {
        self.comma = false;
        self.fresh = false;
        self.dangling = false;
        self.state = if self.stack.is_empty() { State::Done } else { State::AfterValue };
    }
}
