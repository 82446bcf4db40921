//! Reading as it arrives: what comes before the answer is passed over, the answer drives the
//! scanner, and the end is judged on the whole text, as if it had come at once.

use serde_json::Value;

use super::error::ReadError;
use super::fit::{Fitter, Growing, Out};
use super::report::{Ending, Level, Reading};
use super::scan::{ScanError, Scanner};
use super::strict::{self, Fits};
use super::tree::{NONE, Tree};
use super::{Reader, candidates};
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
#[derive(Debug)]
pub struct Incremental<'s> {
    reader: Reader<'s>,
    text: String,
    half: Vec<u8>,
    /// How much of the text was looked through for the beginning of a value.
    searched: usize,
    scanner: Option<Scanner<Tree>>,
    start: usize,
    too_large: bool,
}

impl<'s> Incremental<'s> {
    /// Begins a text.
    pub fn new(reader: Reader<'s>) -> Self {
        Self {
            reader,
            text: String::new(),
            half: Vec::new(),
            searched: 0,
            scanner: None,
            start: 0,
            too_large: false,
        }
    }

    /// Takes the next bytes, split anywhere; what is not UTF-8 is read as U+FFFD.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.half.is_empty() {
            if let Ok(text) = std::str::from_utf8(bytes) {
                self.feed_str(text);
                return;
            }
        }
        let mut all = std::mem::take(&mut self.half);
        all.extend_from_slice(bytes);
        let mut decoded = String::with_capacity(all.len());
        let mut chunks = all.utf8_chunks().peekable();
        while let Some(chunk) = chunks.next() {
            decoded.push_str(chunk.valid());
            let bad = chunk.invalid();
            if bad.is_empty() {
                continue;
            }
            // The beginning of a character at the very end may go on in the next bytes.
            let goes_on = chunks.peek().is_none()
                && std::str::from_utf8(bad).is_err_and(|error| error.error_len().is_none());
            if goes_on {
                self.half = bad.to_vec();
            } else {
                decoded.push(char::REPLACEMENT_CHARACTER);
            }
        }
        self.feed_str(&decoded);
    }

    /// Takes the next piece of the text.
    pub fn feed_str(&mut self, piece: &str) {
        if self.too_large || self.text.len() + piece.len() > self.reader.limits.bytes {
            self.too_large = true;
            return;
        }
        self.text.push_str(piece);
        match &mut self.scanner {
            Some(scanner) => scanner.feed_str(piece),
            None => self.locate(),
        }
    }

    /// The text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Looks for where a value begins.
    fn locate(&mut self) {
        let opens = |byte: u8| match self.reader.shape.form(self.reader.shape.root()) {
            Form::Object(_) => byte == b'{',
            _ => matches!(byte, b'{' | b'['),
        };
        let new = &self.text.as_bytes()[self.searched..];
        let Some(found) = new.iter().position(|&byte| opens(byte)) else {
            self.searched = self.text.len();
            return;
        };
        let start = self.searched + found;
        if thinking(&self.text[..start]) {
            // Still inside what the model thinks aloud: this bracket is not the answer.
            self.searched = start + 1;
            if start + 1 < self.text.len() {
                self.locate();
            }
            return;
        }
        let mut scanner = Scanner::with_limits(Tree::new(), self.reader.limits).starting_at(start);
        scanner.feed_str(&self.text[start..]);
        self.start = start;
        self.scanner = Some(scanner);
    }

    /// The value so far; `None` before there is one. It costs what the value is long: for values in
    /// place, listen to a [`Scanner`].
    pub fn partial(&self, growing: Growing) -> Option<Value> {
        let scanner = self.scanner.as_ref()?;
        let mut tree = scanner.sink().clone();
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
        if !self.half.is_empty() {
            self.half.clear();
            self.feed_str("\u{fffd}");
        }
        match self.read_already() {
            Some(reading) => Ok(reading),
            None => self.reader.read(&self.text),
        }
    }

    /// Where the text was JSON throughout and fits, the tree is there already.
    fn read_already(&self) -> Option<Reading> {
        let scanner = self.scanner.as_ref()?;
        let json = scanner.is_done()
            && scanner.is_strict()
            && scanner.error().is_none()
            && is_json_space(&self.text[..self.start])
            && is_json_space(&self.text[scanner.offset()..]);
        if !json {
            return None;
        }
        let tree = scanner.sink();
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

/// Whether a text ends inside of what a model thinks aloud.
fn thinking(text: &str) -> bool {
    let begins = text.trim_start().starts_with('<');
    begins && candidates::behind_thoughts(&format!("{text}\u{0}")) == 0 && {
        let name = text.trim_start()[1..].split('>').next().unwrap_or_default();
        matches!(name, "think" | "thinking" | "thought" | "reasoning" | "reflection" | "scratchpad" | "analysis")
            && !text.contains(&format!("</{name}>"))
    }
}
