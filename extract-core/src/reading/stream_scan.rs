//! Following a text as it arrives: what comes before the answer – prose, a fence, reasoning – is
//! passed over, and the answer drives the scanner. Knows no schema.

use std::sync::Arc;

use super::answer_start::AnswerStart;
use super::scan::{Limits, Scanner, Sink, Utf8};
use crate::contract::shape::MemberNames;

/// Tells a [`Sink`] the events of the answer in a text, while the text arrives in portions of any
/// size. The answer is the first value that the text holds.
///
/// ```
/// use extract_llm::reading::{Follower, Sink};
///
/// #[derive(Default)]
/// struct Heard(String);
/// impl Sink for Heard {
///     fn text(&mut self, text: &str) {
///         self.0.push_str(text);
///     }
/// }
///
/// let mut follower = Follower::new(Heard::default());
/// follower.feed_str("Here you are: [\"a\", \"b");
/// assert_eq!(follower.sink().0, "ab");
/// ```
#[derive(Debug)]
pub struct Follower<S> {
    scanner: Scanner<S>,
    limits: Limits,
    /// The answer is an object: a bracket before it is none.
    object: bool,
    text: String,
    utf8: Utf8,
    /// Where the answer begins.
    start: Option<usize>,
    beginning: AnswerStart,
    too_large: bool,
    bad_utf8: bool,
}

impl<S: Sink> Follower<S> {
    /// Follows a text to an answer of any kind.
    pub fn new(sink: S) -> Self {
        Self::with_limits(sink, Limits::default())
    }

    /// The same, with limits of its own.
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

    /// The answer is an object, so that a list before it is passed over.
    pub fn to_object(mut self, object: bool) -> Self {
        self.object = object;
        self
    }

    /// The answer may stand in a call of one of these tools.
    pub(crate) fn offering(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.beginning = AnswerStart::offering(names);
        self
    }

    /// The names that members can have; see [`Scanner::knowing`].
    pub(crate) fn knowing(mut self, names: Option<Arc<MemberNames>>) -> Self {
        self.scanner = self.scanner.knowing(names);
        self
    }

    /// Takes the next bytes, split anywhere; what is not UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut utf8 = std::mem::take(&mut self.utf8);
        utf8.decode(bytes, |text, bad| {
            self.bad_utf8 |= bad;
            self.feed_str(text);
        });
        self.utf8 = utf8;
    }

    /// Takes the next piece of the text.
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

    /// Takes what the bytes so far left open as the end of the text.
    pub(super) fn end(&mut self) {
        if self.utf8.ends_in_half() {
            self.bad_utf8 = true;
            self.feed_str("\u{fffd}");
        }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in the text the answer begins, once it does.
    pub fn start(&self) -> Option<usize> {
        self.start
    }

    /// The sink.
    pub fn sink(&self) -> &S {
        self.scanner.sink()
    }

    /// The sink, to take out of it what was heard.
    pub fn sink_mut(&mut self) -> &mut S {
        self.scanner.sink_mut()
    }

    /// Reads on in what was fed, as far as it can be told: see [`Scanner::catch_up`].
    pub fn catch_up(&mut self) {
        self.scanner.catch_up();
    }

    /// Whether the answer is complete.
    pub fn is_done(&self) -> bool {
        self.scanner.is_done()
    }

    pub(super) fn scanner(&self) -> &Scanner<S> {
        &self.scanner
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.too_large
    }

    pub(super) fn had_bad_utf8(&self) -> bool {
        self.bad_utf8
    }

    /// Looks for where a value begins: at the first bracket behind what is thought aloud.
    fn locate(&mut self) {
        let Some(start) = self.beginning.find(&self.text, !self.object) else { return };
        self.start = Some(start);
        self.scanner.start_at(start);
        self.scanner.feed_str(&self.text[start..]);
    }
}
