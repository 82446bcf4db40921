//! Reading as it arrives: the answer grows while the text comes, and the end is judged on the whole
//! text, as if it had come at once.

use serde_json::Value;

use super::Reader;
use super::error::ReadError;
use super::fit::{FitNotes, Fitter, PartialMode};
use super::report::{CutEnding, Reading, Repair, RepairKind};
use super::scan::{ScanError, Sink};
use super::stream_scan::Follower;
use super::strict;
use super::tree::{NONE, Tree};
use crate::contract::shape::ShapeKind;

/// Reads a text for a schema while it arrives, in portions of any size.
///
/// [`finish`](Self::finish) gives what [`Reader::read`] gives for the whole text; meanwhile
/// [`partial`](Self::partial) shows the value so far.
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Growing, Incremental, Reader};
/// use serde_json::json;
///
/// let shape = Shape::any();
/// let mut incremental = Incremental::new(Reader::new(&shape));
/// for piece in ["```json\n{\"na", "me\": \"A", "da\"}\n`", "``"] {
///     incremental.feed(piece.as_bytes());
/// }
/// assert_eq!(incremental.partial(Growing::Shown), Some(json!({"name": "Ada"})));
/// assert_eq!(incremental.finish()?.value, json!({"name": "Ada"}));
/// # Ok::<(), extract_llm::reading::ReadError>(())
/// ```
///
/// A [`Sink`] of one's own hears the events of the answer as they come ([`with_sink`](Self::with_sink)):
///
/// ```
/// use extract_llm::contract::Shape;
/// use extract_llm::reading::{Incremental, Reader, Sink};
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
    follower: Follower<(Tree, S)>,
}

impl<'s> Incremental<'s> {
    /// Begins a text.
    pub fn new(reader: Reader<'s>) -> Self {
        Self::with_sink(reader, ())
    }
}

impl<'s, S: Sink> Incremental<'s, S> {
    /// Begins a text whose answer tells its events to `sink`, as a [`Follower`] does. Should the
    /// whole text turn out to mean another value than the first, only [`finish`](Self::finish)
    /// says so.
    pub fn with_sink(reader: Reader<'s>, sink: S) -> Self {
        let object = matches!(reader.shape.form(reader.shape.root()), ShapeKind::Object(_));
        let sinks = (Tree::new(), sink);
        let offered = reader.offered.iter().map(|name| (*name).to_owned());
        let follower = Follower::with_limits(sinks, reader.limits).to_object(object);
        let names = reader.shape.member_names();
        let follower = follower.offering(offered).knowing(names);
        Self { reader, follower }
    }

    /// Takes the next bytes, split anywhere; what is not UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.follower.feed(bytes);
    }

    /// Takes the next piece of the text.
    pub fn feed_str(&mut self, piece: &str) {
        self.follower.feed_str(piece);
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        self.follower.text()
    }

    /// The sink, to take out of it what was heard.
    pub fn sink_mut(&mut self) -> &mut S {
        &mut self.follower.sink_mut().1
    }

    /// The value so far; `None` before there is one. It costs what the value is long: for values in
    /// place, listen to a [`Follower`].
    pub fn partial(&mut self, growing: PartialMode) -> Option<Value> {
        self.follower.catch_up();
        let mut tree = self.follower.sink().0.clone();
        tree.settle();
        let root = tree.root;
        if root == NONE {
            return None;
        }
        let Reader { shape, level, limits, .. } = self.reader;
        let mut fitter = Fitter::new(self.follower.text(), tree, shape, level, limits);
        fitter.partial = Some(growing);
        fitter.build(root, &mut FitNotes::default())
    }

    /// The end of the text: what [`Reader::read`] reads in the whole of it.
    ///
    /// # Errors
    ///
    /// As [`Reader::read`].
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

    /// Where the text was JSON throughout and fits, the tree is there already.
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

fn is_json_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}
