//! What the scanner says as it goes, and who listens. The events are the one source for the tree
//! of a whole reply and for the partial values of a reply that is still arriving.

use super::super::report::RepairKind;

/// What a container was opened as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// `{ … }`
    Object,
    /// `[ … ]`, and `( … )` where a value stands.
    Array,
}

/// Whether a string is a key or a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenRole {
    /// The name of a member.
    Key,
    /// A value.
    Value,
}

/// What a token without quotes is.
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
    /// Anything else: a string without quotes, a number as people write it, a fraction.
    Bare,
    /// No value where one was expected.
    Missing,
}

/// Which value a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotePlace {
    /// The value that began last.
    This,
    /// The value that begins next.
    Next,
    /// The container that is open.
    Container,
}

/// Takes the scanner's events, in the order of the text. Offsets are bytes from the first byte fed.
///
/// Every method has an empty default: a listener implements what it needs.
#[expect(unused_variables, reason = "the defaults listen to nothing")]
pub trait Sink {
    /// A container opens.
    fn open(&mut self, container: Container, at: usize) {}
    /// The innermost container closes; `whole` is false where the text ended inside it.
    fn close(&mut self, at: usize, whole: bool) {}
    /// A string begins.
    fn string_begin(&mut self, role: TokenRole, at: usize) {}
    /// More of the string, decoded.
    fn text(&mut self, text: &str) {}
    /// Takes back the last `bytes` of the string. A closing quote was missing before a comma, and only
    /// the next key showed it; or what was decoded as an escape is sent again as it was written.
    fn retract(&mut self, bytes: usize) {}
    /// The string ends; `whole` is false where the text ended inside it.
    fn string_end(&mut self, at: usize, whole: bool) {}
    /// The string that ended last, an element of a list, is the key of a first member: braces are
    /// missing. It takes the string's place as an object that opens there.
    fn rekey(&mut self) {}
    /// A token without quotes. `whole` is false where the text ended right behind it, so that more
    /// of it could follow.
    fn scalar(&mut self, token: Token, text: &str, span: (usize, usize), whole: bool) {}
    /// A repair of form.
    fn note(&mut self, kind: RepairKind, place: NotePlace, span: (usize, usize)) {}
    /// A string (`This`) may have ended elsewhere, or the open container may hold members of
    /// another object: the text can be read in several ways.
    fn unclear(&mut self, place: NotePlace) {}
}

/// Listens to nothing.
impl Sink for () {}

/// Both listen, the first one first.
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

    fn rekey(&mut self) {
        self.0.rekey();
        self.1.rekey();
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
