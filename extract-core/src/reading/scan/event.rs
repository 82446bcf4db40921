//! The events of the scanner, and the trait that receives them. Both the tree of a whole reply and
//! the partial values of an incoming reply are built from these events.

use super::super::report::RepairKind;

/// The kind of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// `{ … }`
    Object,
    /// `[ … ]`, and `( … )` in place of a value.
    Array,
}

/// Whether a string is a key or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRole {
    /// The key of a member.
    Key,
    /// A value, of a member or of a list.
    Value,
}

/// The kind of a token without quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Token {
    /// `null`, in any of its spellings.
    Null,
    /// `true`, in any of its spellings.
    True,
    /// `false`, in any of its spellings.
    False,
    /// A number as JSON writes it.
    Number,
    /// Any other text: a string without quotation marks, a number in another form, a fraction.
    Bare,
    /// A missing value, where one was expected.
    Missing,
}

/// The value that a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotePlace {
    /// The last value that began.
    This,
    /// The next value that begins.
    Next,
    /// The innermost open container.
    Container,
}

/// Receives the events of the scanner, in the order of the text. Offsets are in bytes from the
/// first byte fed.
///
/// Every method does nothing by default, so an implementation needs only some of them.
#[expect(unused_variables, reason = "the defaults listen to nothing")]
pub trait Sink {
    /// A container opens at an offset.
    fn open(&mut self, container: Container, at: usize) {}
    /// The innermost container closes; `whole` is false if the text ended inside it.
    fn close(&mut self, at: usize, whole: bool) {}
    /// A string begins at its quotation mark.
    fn string_begin(&mut self, role: TokenRole, at: usize) {}
    /// The string continues with this decoded text.
    fn text(&mut self, text: &str) {}
    /// Removes the last `bytes` bytes from the open string. This happens if a closing quotation
    /// mark was missing before a comma, and the next key showed it. It also happens if escapes turn
    /// out to be literal text, which is then sent as written.
    fn retract(&mut self, bytes: usize) {}
    /// The string ends; `whole` is false if the text ended inside it.
    fn string_end(&mut self, at: usize, whole: bool) {}
    /// The last string, an element of a list, is the key of a member without an opening brace. An
    /// object with this key takes the place of the string, and stays open.
    fn string_became_key(&mut self) {}
    /// A token without quotation marks. `whole` is false if the text ended directly after it, so
    /// more of it could follow.
    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {}
    /// A repair of form was made, in this byte range.
    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {}
    /// A string ([`NotePlace::This`]) may have ended elsewhere, or the open container may hold
    /// members of another object: the text is ambiguous.
    fn unclear(&mut self, place: NotePlace) {}
}

/// Ignores all events.
impl Sink for () {}

/// Sends every event to both sinks, to the first one first.
impl<A: Sink, B: Sink> Sink for (A, B) {
    fn open(&mut self, container: Container, at: usize) {
        self.0.open(container, at);
        self.1.open(container, at);
    }

    fn close(&mut self, at: usize, whole: bool) {
        self.0.close(at, whole);
        self.1.close(at, whole);
    }

    fn string_begin(&mut self, role: TokenRole, at: usize) {
        self.0.string_begin(role, at);
        self.1.string_begin(role, at);
    }

    fn text(&mut self, text: &str) {
        self.0.text(text);
        self.1.text(text);
    }

    fn retract(&mut self, bytes: usize) {
        self.0.retract(bytes);
        self.1.retract(bytes);
    }

    fn string_end(&mut self, at: usize, whole: bool) {
        self.0.string_end(at, whole);
        self.1.string_end(at, whole);
    }

    fn string_became_key(&mut self) {
        self.0.string_became_key();
        self.1.string_became_key();
    }

    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {
        self.0.scalar(token, text, span, whole);
        self.1.scalar(token, text, span, whole);
    }

    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {
        self.0.note(kind, place, span);
        self.1.note(kind, place, span);
    }

    fn unclear(&mut self, place: NotePlace) {
        self.0.unclear(place);
        self.1.unclear(place);
    }
}
