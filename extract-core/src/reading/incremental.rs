//! Reading as it arrives: what comes before the answer is passed over, the answer drives the
//! scanner, and the end is judged on the whole text, as if it had come at once.

use serde_json::Value;

use super::Reader;
use super::beginning::Beginning;
use super::error::ReadError;
use super::fit::{Fitter, Growing, Out};
use super::report::{Ending, Level, Reading, Repair, RepairKind};
use super::scan::{ScanError, Scanner, Sink, Utf8};
use super::strict::{self, Fits};
use super::tree::{NONE, Tree};
use crate::contract::shape::Form;

/// Reads a text for a schema while it arrives, in portions of any size.
///
/// [`finish`](Self::finish) gives what [`Reader::read`] gives for the whole text; meanwhile
/// [`partial`](Self::partial) shows the value so far.
///
/// ```
/// use extract_core::contract::Shape;
/// use extract_core::reading::{Growing, Incremental, Reader};
/// use serde_json::json;
///
/// let shape = Shape::any();
/// let mut incremental = Incremental::new(Reader::new(&shape));
/// for piece in ["```json\n{\"na", "me\": \"A", "da\"}\n`", "``"] {
///     incremental.feed(piece.as_bytes());
/// }
/// assert_eq!(incremental.partial(Growing::Shown), Some(json!({"name": "Ada"})));
/// assert_eq!(incremental.finish()?.value, json!({"name": "Ada"}));
/// # Ok::<(), extract_core::reading::ReadError>(())
/// ```
///
/// A [`Sink`] of one's own hears the events of the answer as they come ([`with_sink`](Self::with_sink)):
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
    text: String,
    utf8: Utf8,
    beginning: Beginning,
    stage: Stage<S>,
    start: usize,
    too_large: bool,
    bad_utf8: bool,
}

/// Before the answer was found the sink waits for it.
#[derive(Debug)]
enum Stage<S> {
    Before(S),
    Inside(Box<Scanner<(Tree, S)>>),
}

impl<'s> Incremental<'s> {
    /// Begins a text.
    pub fn new(reader: Reader<'s>) -> Self {
        Self::with_sink(reader, ())
    }
}

impl<'s, S: Sink + Default> Incremental<'s, S> {
    /// Begins a text whose answer tells its events to `sink`. What precedes the answer – prose, a
    /// fence, reasoning – is passed over. It is the first value that the text holds; should the
    /// whole text turn out to mean another, only [`finish`](Self::finish) says so.
    pub fn with_sink(reader: Reader<'s>, sink: S) -> Self {
        Self {
            reader,
            text: String::new(),
            utf8: Utf8::default(),
            beginning: Beginning::default(),
            stage: Stage::Before(sink),
            start: 0,
            too_large: false,
            bad_utf8: false,
        }
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
        if self.too_large || self.text.len() + piece.len() > self.reader.limits.bytes {
            self.too_large = true;
            return;
        }
        self.text.push_str(piece);
        match &mut self.stage {
            Stage::Inside(scanner) => scanner.feed_str(piece),
            Stage::Before(_) => self.locate(),
        }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Looks for where a value begins: at the first bracket behind what is thought aloud.
    fn locate(&mut self) {
        let object = matches!(self.reader.shape.form(self.reader.shape.root()), Form::Object(_));
        let Some(start) = self.beginning.find(&self.text, !object) else { return };
        let Stage::Before(sink) = &mut self.stage else { return };
        let sinks = (Tree::with_capacity(self.text.len() - start), std::mem::take(sink));
        let mut scanner = Scanner::with_limits(sinks, self.reader.limits).starting_at(start);
        scanner.feed_str(&self.text[start..]);
        self.start = start;
        self.stage = Stage::Inside(Box::new(scanner));
    }

    /// The sink, to take out of it what was heard.
    pub fn sink_mut(&mut self) -> &mut S {
        match &mut self.stage {
            Stage::Before(sink) => sink,
            Stage::Inside(scanner) => &mut scanner.sink_mut().1,
        }
    }

    /// The value so far; `None` before there is one. It costs what the value is long: for values in
    /// place, listen to a [`Scanner`].
    pub fn partial(&mut self, growing: Growing) -> Option<Value> {
        let Stage::Inside(scanner) = &mut self.stage else { return None };
        scanner.catch_up();
        let mut tree = scanner.sink().0.clone();
        tree.settle();
        let root = tree.root;
        if root == NONE {
            return None;
        }
        let mut fitter =
            Fitter::new(&self.text, tree, self.reader.shape, self.reader.level, self.reader.limits);
        fitter.partial = Some(growing);
        fitter.build(root, &mut Out::default())
    }

    /// The end of the text: what [`Reader::read`] reads in the whole of it.
    ///
    /// # Errors
    ///
    /// As [`Reader::read`].
    pub fn finish(mut self) -> Result<Reading, ReadError> {
        if self.too_large {
            return Err(ScanError::TooLarge(self.reader.limits.bytes).into());
        }
        if self.utf8.ends_in_half() {
            self.bad_utf8 = true;
            self.feed_str("\u{fffd}");
        }
        let mut reading = match self.read_already() {
            Some(reading) => reading,
            None => self.reader.read(&self.text)?,
        };
        if self.bad_utf8 {
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
        let Stage::Inside(scanner) = &self.stage else { return None };
        let json = scanner.is_done()
            && scanner.is_strict()
            && scanner.error().is_none()
            && is_json_space(&self.text[..self.start])
            && is_json_space(&self.text[scanner.offset()..]);
        if !json {
            return None;
        }
        let tree = &scanner.sink().0;
        let mut value = tree.value(tree.root);
        let mut repairs = Vec::new();
        match strict::fits(&value, self.reader.shape) {
            Fits::Exactly => {}
            Fits::WithAbsent if self.reader.level != Level::Strict => {
                strict::fill(&mut value, self.reader.shape, &mut repairs);
            }
            _ => return None,
        }
        Some(Reading { value, repairs, misfits: Vec::new(), ending: Ending::Whole, rivals: 0 })
    }
}

fn is_json_space(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\n' | b'\r' | b'\t'))
}
