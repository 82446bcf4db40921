//! Follows a text as it arrives. Skips prose, fences and reasoning before the answer, and feeds the
//! answer to the scanner. It knows no schema.

use std::sync::Arc;

use super::answer_start::AnswerStart;
use super::scan::{Limits, Scanner, Sink, Utf8};
use crate::contract::shape::MemberNames;

/// Sends the events of the answer to a [`Sink`] while the text arrives, in pieces of any size. The
/// answer is the first value in the text.
///
/// ```
/// use extract_core::reading::{AnswerScan, Sink};
///
/// #[derive(Default)]
/// struct Heard(String);
/// impl Sink for Heard {
///     fn text(&mut self, text: &str) {
///         self.0.push_str(text);
///     }
/// }
///
/// let mut scan = AnswerScan::new(Heard::default());
/// scan.feed_str("Here you are: [\"a\", \"b");
/// assert_eq!(scan.sink().0, "ab");
/// ```
#[derive(Debug)]
pub struct AnswerScan<S> {
    scanner: Scanner<S>,
    limits: Limits,
    /// The answer must be an object, so a `[` before it is skipped.
    object: bool,
    text: String,
    utf8: Utf8,
    /// The offset of the answer, once it has begun.
    start: Option<usize>,
    beginning: AnswerStart,
    too_large: bool,
    bad_utf8: bool,
}

impl<S: Sink> AnswerScan<S> {
    /// Creates a follower for an answer of any kind, with the default [`Limits`].
    pub fn new(sink: S) -> Self {
        Self::with_limits(sink, Limits::default())
    }

    /// Creates a follower for an answer of any kind, with these limits.
    pub fn with_limits(sink: S, limits: Limits) -> Self {
        Self {
            scanner: Scanner::with_limits(sink, limits),
            limits,
            object: false,
            text: String::new(),
            utf8: Utf8::default(),
            start: None,
            beginning: AnswerStart::default(),
            too_large: false,
            bad_utf8: false,
        }
    }

    /// Sets whether the answer must be an object. If so, a list before it is skipped. The default
    /// is `false`.
    pub fn expect_object(mut self, object: bool) -> Self {
        self.object = object;
        self
    }

    /// Sets the names of the tools. The answer may be the arguments of a call of one of them.
    pub(crate) fn offering(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.beginning = AnswerStart::offering(names);
        self
    }

    /// Sets the possible names of members; see [`Scanner::knowing`].
    pub(crate) fn member_names(mut self, names: Option<Arc<MemberNames>>) -> Self {
        self.scanner = self.scanner.member_names(names);
        self
    }

    /// Appends bytes. They may end inside a character; invalid UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.decode(bytes, |text, bad| {
            self.bad_utf8 |= bad;
            self.feed_str(text);
        });
        self.utf8 = utf8;
    }

    /// Appends a piece of the text. Text beyond the limit on bytes is ignored.
    pub fn feed_str(&mut self, piece: &str) {
        if self.too_large || self.text.len() + piece.len() > self.limits.bytes {
            self.too_large = true;
            return;
        }
        self.text.push_str(piece);
        match self.start {
            Some(_) => self.scanner.feed_str(piece),
            None => self.locate(),
        }
    }

    /// Ends the text. An incomplete character at its end is read as U+FFFD.
    pub(super) fn end(&mut self) {
        if self.utf8.ends_in_half() {
            self.bad_utf8 = true;
            self.feed_str("\u{fffd}");
        }
    }

    /// Returns the text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the offset of the answer in the text, or `None` if it has not begun.
    pub fn start(&self) -> Option<usize> {
        self.start
    }

    /// Returns the sink.
    pub fn sink(&self) -> &S {
        self.scanner.sink()
    }

    /// Returns the sink, for example to take out the collected events.
    pub fn sink_mut(&mut self) -> &mut S {
        self.scanner.sink_mut()
    }

    /// Scans the pending text as far as it can be decided; see [`Scanner::catch_up`].
    pub fn catch_up(&mut self) {
        self.scanner.catch_up();
    }

    /// Returns whether the answer is complete.
    pub fn is_done(&self) -> bool {
        self.scanner.is_done()
    }

    /// Returns the scanner of the answer.
    pub(super) fn scanner(&self) -> &Scanner<S> {
        &self.scanner
    }

    /// Returns whether the text exceeded the limit on bytes.
    pub(super) fn is_too_large(&self) -> bool {
        self.too_large
    }

    /// Returns whether the text held invalid UTF-8.
    pub(super) fn had_bad_utf8(&self) -> bool {
        self.bad_utf8
    }

    /// Looks for the start of the answer, and feeds the text after it to the scanner.
    fn locate(&mut self) {
        let Some(start) = self.beginning.find(&self.text, !self.object) else { return };
        self.start = Some(start);
        self.scanner.start_at(start);
        self.scanner.feed_str(&self.text[start..]);
    }
}
