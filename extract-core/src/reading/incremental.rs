//! Reads a text while it arrives. The value so far grows with the text; the final value is read
//! from the whole text.

use serde_json::Value;

use super::error::ReadError;
use super::fit::{FitNotes, Fitter, PartialMode};
use super::report::{CutEnding, Reading, Repair, RepairKind};
use super::scan::{ScanError, Sink};
use super::stream_scan::AnswerScan;
use super::tree::{NONE, Tree};
use super::{Reader, strict};
use crate::contract::shape::ShapeKind;

/// Reads a text for a schema while it arrives, in pieces of any size.
///
/// [`partial`](Self::partial) returns the value so far. [`finish`](Self::finish) returns the same
/// as [`Reader::read`] for the whole text.
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::{Incremental, PartialMode, Reader};
/// use serde_json::json;
///
/// let shape = Shape::any();
/// let mut incremental = Incremental::new(Reader::new(&shape));
/// for piece in ["```json\n{\"na", "me\": \"A", "da\"}\n`", "``"] {
///     incremental.feed(piece.as_bytes());
/// }
/// assert_eq!(incremental.partial(PartialMode::Shown), Some(json!({"name": "Ada"})));
/// assert_eq!(incremental.finish()?.value, json!({"name": "Ada"}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// A user-defined [`Sink`] receives the events of the answer as they arrive
/// ([`with_sink`](Self::with_sink)):
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::{Incremental, Reader, Sink};
///
/// #[derive(Default)]
/// struct Heard(String);
/// impl Sink for Heard {
///     fn text(&mut self, text: &str) {
///         self.0.push_str(text);
///     }
/// }
///
/// let shape = Shape::any();
/// let mut incremental = Incremental::with_sink(Reader::new(&shape), Heard::default());
/// incremental.feed(b"Here you are: [\"a\", \"b");
/// assert_eq!(incremental.sink_mut().0, "ab");
/// ```
#[derive(Debug)]
pub struct Incremental<'s, S = ()> {
    reader: Reader<'s>,
    follower: AnswerScan<(Tree, S)>,
}

impl<'s> Incremental<'s> {
    /// Creates an incremental reading of one text.
    pub fn new(reader: Reader<'s>) -> Self {
        Self::with_sink(reader, ())
    }
}

impl<'s, S: Sink> Incremental<'s, S> {
    /// Creates a reading that also sends the events of the answer to `sink`, as an [`AnswerScan`]
    /// does. The events are those of the first value. If the whole text means another value, only
    /// [`finish`](Self::finish) returns it.
    pub fn with_sink(reader: Reader<'s>, sink: S) -> Self {
        let object = matches!(reader.shape.kind(reader.shape.root()), ShapeKind::Object(_));
        let sinks = (Tree::new(), sink);
        let offered = reader.offered.iter().map(|name| (*name).to_owned());
        let follower = AnswerScan::with_limits(sinks, reader.limits).expect_object(object);
        let names = reader.shape.member_names();
        let follower = follower.offering(offered).member_names(names);
        Self { reader, follower }
    }

    /// Appends bytes. They may end inside a character; invalid UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.follower.feed(bytes);
    }

    /// Appends a piece of the text.
    pub fn feed_str(&mut self, piece: &str) {
        self.follower.feed_str(piece);
    }

    /// Returns the text so far.
    pub fn text(&self) -> &str {
        self.follower.text()
    }

    /// Returns the sink, for example to take out the collected events.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.follower.sink_mut().1
    }

    /// Returns the value so far, or `None` if it has not begun. Each call takes time proportional
    /// to the value's size. Use an [`AnswerScan`] to receive changes only.
    pub fn partial(&mut self, growing: PartialMode) -> Option<Value> {
        self.follower.catch_up();
        let mut tree = self.follower.sink().0.clone();
        tree.sort_notes();
        let root = tree.root;
        if root == NONE {
            return None;
        }
        let Reader { shape, level, limits, .. } = self.reader;
        let mut fitter = Fitter::new(self.follower.text(), tree, shape, level, limits);
        fitter.partial = Some(growing);
        fitter.build(root, &mut FitNotes::default())
    }

    /// Ends the text, and returns what [`Reader::read`] returns for the whole text.
    ///
    /// # Errors
    ///
    /// Fails as [`Reader::read`] does.
    pub fn finish(mut self) -> Result<Reading, ReadError> {
        self.follower.end();
        if self.follower.is_too_large() {
            return Err(ScanError::TooLarge(self.reader.limits.bytes).into());
        }
        let mut reading = match self.read_already() {
            Some(reading) => reading,
            None => self.reader.read(self.follower.text())?,
        };
        if self.follower.had_bad_utf8() {
            reading.repairs.push(Repair {
                pointer: String::new(),
                kind: RepairKind::BadUtf8,
                before: "".into(),
                after: "\u{fffd}".into(),
            });
        }
        Ok(reading)
    }

    /// Returns the value of the tree that was built, if the whole text is plain JSON that fits.
    fn read_already(&self) -> Option<Reading> {
        let (scanner, text) = (self.follower.scanner(), self.follower.text());
        let json = scanner.is_done()
            && scanner.is_strict()
            && scanner.error().is_none()
            && is_json_space(&text[..self.follower.start()?])
            && is_json_space(&text[scanner.offset()..]);
        if !json {
            return None;
        }
        let tree = &scanner.sink().0;
        let value = tree.plain_value(tree.root)?;
        let (repairs, misfits) = (Vec::new(), Vec::new());
        strict::fits(&value, self.reader.shape).then_some(Reading {
            value,
            repairs,
            misfits,
            ending: CutEnding::Whole,
            rivals: 0,
        })
    }
}

/// Returns whether a text is JSON white space only.
fn is_json_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}
